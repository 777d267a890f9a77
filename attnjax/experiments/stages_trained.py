"""The stages of the tests that train other models, after Wiegreffe & Pinter (2019)."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.config import Config
from attnjax.experiments import described
from attnjax.experiments.described import base_of, see
from attnjax.experiments.guides import summarise_guides
from attnjax.experiments.marking import mark
from attnjax.experiments.mass_adversary import marked_mass, summarise_mass_adversary
from attnjax.experiments.members import attention_jsd, output_changes
from attnjax.experiments.norms import norms
from attnjax.experiments.populations import (
    Choose,
    Describe,
    Seen,
    member,
    member_seeds,
    model_of,
    population_params,
    predict_split,
    predictions_of,
    train_population,
)
from attnjax.experiments.result import Result, aligned
from attnjax.experiments.seeds import summarise_seeds
from attnjax.experiments.stage import Stage
from attnjax.experiments.trained_adversary import summarise_trained_adversary
from attnjax.experiments.training import best_params
from attnjax.experiments.trial import Trial
from attnjax.experiments.uniform import summarise_uniform
from attnjax.training.mesh import make_mesh, replicate

_GUIDED = {
    "uniform": described.guided_by_nothing,
    "trained": described.guided_by_itself,
    "base": described.guided_by_base,
    "adversary": described.guided_by_adversary,
    "file": described.guided_by_file,
}


def _uniform(trial: Trial) -> Result:
    base = predictions_of(trial, "train_seeds", described.with_seeds)
    flat = predictions_of(trial, "train_uniform", described.with_uniform_attention)
    return summarise_uniform(
        base.label,
        base.probability,
        flat.probability,
        instance_id=base.instance_id,
        seeds=member_seeds(trial.config),
        **_bootstrap(trial),
    )


def _seeds(trial: Trial) -> Result:
    made = predictions_of(trial, "train_seeds", described.with_seeds)
    base = _predicted(trial, made.instance_id)
    rows = trial.rows("predictions")
    return summarise_seeds(
        made.label,
        made.probability,
        attention_jsd(made.attention, base.attention),
        output_changes(made.probability, base.probability),
        aligned(rows, "max_attention", made.instance_id),
        instance_id=made.instance_id,
        seeds=member_seeds(trial.config),
        **_bootstrap(trial),
    )


def _predicted(trial: Trial, instance_id: np.ndarray) -> Seen:
    """Return what the run's own model said about the test split."""
    rows = trial.rows("predictions")
    attention = tuple(aligned(rows, "attention", instance_id))
    return Seen(attention, np.array(aligned(rows, "probability", instance_id)))


def _guides(trial: Trial) -> Result:
    config = trial.config
    made = {
        name: predictions_of(trial, f"train_guide_{name}", describe)
        for name, describe in _GUIDED.items()
        if name != "file" or _has_guide_file(config)
    }
    training = trial.summary("train_adversaries")
    chosen, seen = training["chosen"], training[config.selection.split]
    source: dict[str, Any] = {
        "adversary": {
            "lambda": training["weights"][chosen],
            **{name: seen[name][chosen] for name in ("jsd", "tvd")},
        }
    }
    if _has_guide_file(config):
        source["file"] = {"name": Path(config.guides.file).name}
    return summarise_guides(
        made["uniform"].label,
        {name: one.probability for name, one in made.items()},
        instance_id=made["uniform"].instance_id,
        seeds=member_seeds(config),
        source=source,
        **_bootstrap(trial),
    )


def _has_guide_file(config: Config) -> bool:
    return bool(config.guides.file)


def _trained_adversary(trial: Trial) -> Result:
    population = described.adversaries(trial)
    params = population_params(trial, "train_adversaries", population)
    made = predict_split(trial, population, params, "test")
    training, base = trial.summary("train_adversaries"), base_of(trial)
    seen, chosen = see(base, ("test",))["test"], training["chosen"]
    # Members are split over the devices, batches too.
    own = replicate(member(params, chosen), make_mesh())
    return summarise_trained_adversary(
        made.label,
        made.probability,
        attention_jsd(made.attention, seen.attention),
        output_changes(made.probability, seen.probability),
        [one[chosen] for one in made.attention],
        instance_id=made.instance_id,
        training=training,
        setting=trial.config.trained_adversary.tvd,
        norms={
            "base": norms(base.model, best_params(base), trial.batches()),
            "adversary": norms(model_of(trial, population), own, trial.batches()),
        },
        **trial.intervals,
    )


def _mass_adversary(trial: Trial) -> Result:
    settings = trial.config.mass_adversary
    made = predictions_of(trial, "train_mass_adversary", described.concealing)
    base = _predicted(trial, made.instance_id)
    marks = mark(trial.data.corpus, trial.data.splits, settings)["test"]
    return summarise_mass_adversary(
        made.label,
        (base.probability, marked_mass(base.attention, marks)),
        (made.probability, marked_mass(made.attention, marks)),
        instance_id=made.instance_id,
        marks=marks,
        training=trial.summary("train_mass_adversary"),
        marked=settings.marked,
        target=settings.mass,
        **trial.intervals,
    )


def _bootstrap(trial: Trial) -> dict[str, int]:
    return {"samples": trial.config.bootstrap.samples, "bootstrap_seed": trial.config.seed}


def _training(
    name: str,
    describe: Describe,
    choose: Choose | None = None,
    requires: tuple[str, ...] = (),
    sections: tuple[str, ...] = (),
    **more: Any,
) -> Stage:
    run = partial(train_population, stage=name, describe=describe, choose=choose)
    return Stage(name, run, requires, sections, **more)


_GUIDES = ("seeds", "guides.epochs")
_HIDING = tuple(f"mass_adversary.{name}" for name in ("weights", "mass", "marked", "words_file"))

TRAINED_STAGES = (
    _training("train_seeds", described.with_seeds, sections=("seeds",)),
    _training("train_uniform", described.with_uniform_attention, sections=("seeds",)),
    Stage("uniform", _uniform, ("train_seeds", "train_uniform"), ("seeds", "bootstrap")),
    Stage("seeds", _seeds, ("predictions", "train_seeds"), ("seeds", "bootstrap")),
    _training(
        "train_adversaries",
        described.adversaries,
        described.choose_adversary,
        ("train",),
        ("trained_adversary",),
    ),
    Stage(
        "trained_adversary",
        _trained_adversary,
        ("train", "train_adversaries"),
        ("trained_adversary", "bootstrap"),
    ),
    _training("train_guide_uniform", described.guided_by_nothing, sections=_GUIDES),
    _training("train_guide_trained", described.guided_by_itself, sections=_GUIDES),
    _training("train_guide_base", described.guided_by_base, requires=("train",), sections=_GUIDES),
    _training(
        "train_guide_adversary",
        described.guided_by_adversary,
        requires=("train_adversaries",),
        sections=(*_GUIDES, "trained_adversary"),
    ),
    _training(
        "train_guide_file",
        described.guided_by_file,
        sections=(*_GUIDES, "guides.file"),
        wanted=_has_guide_file,
    ),
    Stage(
        "guides",
        _guides,
        tuple(f"train_guide_{name}" for name in _GUIDED),
        ("seeds", "trained_adversary", "guides", "bootstrap"),
    ),
    _training(
        "train_mass_adversary",
        described.concealing,
        described.choose_concealing,
        sections=_HIDING,
    ),
    Stage(
        "mass_adversary",
        _mass_adversary,
        ("predictions", "train_mass_adversary"),
        ("mass_adversary", "bootstrap"),
    ),
)
"""Every test and the populations it compares; trained on the devices as one program each."""
