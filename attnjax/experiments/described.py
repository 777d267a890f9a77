"""Which models each of the training stages of Wiegreffe & Pinter's tests trains, on what."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.experiments.another_run import adopt, names_run
from attnjax.experiments.guide_file import Guides, read_guides
from attnjax.experiments.marking import mark
from attnjax.experiments.mass_adversary import choose_weight, marked_mass
from attnjax.experiments.members import attention_jsd, output_changes
from attnjax.experiments.populations import (
    SPLITS,
    Population,
    Seen,
    member_seeds,
    population_params,
    predict_split,
    training_config,
    with_attention,
)
from attnjax.experiments.trained_adversary import choose
from attnjax.experiments.training import best_params
from attnjax.experiments.trial import Trial
from attnjax.training.members import Members, members_of_seeds
from attnjax.training.objectives import classification, concealment, guided, imitation
from attnjax.training.population import PopulationPredictions
from attnjax.training.predict import predict


def with_seeds(trial: Trial) -> Population:
    """Return the run's own model, with other seeds."""
    return _of_seeds(trial, trial.config.model.attention)


def with_uniform_attention(trial: Trial) -> Population:
    """Return the run's model with the same weight for every token, with those seeds."""
    return _of_seeds(trial, "uniform")


def _of_seeds(trial: Trial, attention: str) -> Population:
    config = training_config(trial.config, attention=attention)
    members = members_of_seeds(member_seeds(trial.config))
    weight = config.training.guide_weight
    if not weight:
        return Population(config, members, classification, trial.data.splits)
    # The run's own model was pulled to a guide too.
    members = members._replace(weights=np.full(len(members.seeds), weight, np.float32))
    return Population(config, members, guided, trial.data.splits)


def without_context(trial: Trial, attention: str, guides: Guides | None = None) -> Population:
    """Return the model that sees one word at a time, with those seeds.

    Args:
        trial: of the run.
        attention: its kind.
        guides: attention over the words of each text, for the kind `given`.
    """
    splits = dict(trial.data.splits)
    if guides is not None:
        splits = {name: dataclasses.replace(splits[name], guide=guides[name]) for name in SPLITS}
    epochs = trial.config.guides.epochs
    config = training_config(trial.config, epochs=epochs, encoder="average", attention=attention)
    members = members_of_seeds(member_seeds(trial.config))
    return Population(config, members, classification, splits)


def guided_by_nothing(trial: Trial) -> Population:
    """Return the model without context and with uniform attention."""
    return without_context(trial, "uniform")


def guided_by_itself(trial: Trial) -> Population:
    """Return the model without context that learns its own attention."""
    return without_context(trial, trial.config.model.attention)


def guided_by_base(trial: Trial) -> Population:
    """Return the model without context under the run's own model's attention."""
    return without_context(trial, "given", _attention_of(trial))


def guided_by_adversary(trial: Trial) -> Population:
    """Return the model without context under the chosen trained adversary's attention."""
    chosen = trial.summary("train_adversaries")["chosen"]
    population = adversaries(trial)
    params = population_params(trial, "train_adversaries", population)
    made = {name: predict_split(trial, population, params, name) for name in SPLITS}
    guides = {name: tuple(one[chosen] for one in made[name].attention) for name in SPLITS}
    return without_context(trial, "given", guides)


def guided_by_file(trial: Trial) -> Population:
    """Return the model without context under the attention of a file or of another run."""
    given = trial.config.guides.file
    if names_run(trial, given, "config.guides.file"):
        other = adopt(trial, given, "config.guides.file")
        return without_context(trial, "given", _attention_of(other))
    guides = read_guides(Path(given).expanduser(), trial.data.splits)
    return without_context(trial, "given", guides)


def _attention_of(trial: Trial) -> Guides:
    return {name: seen.attention for name, seen in see(trial, SPLITS).items()}


def see(trial: Trial, splits: Sequence[str]) -> dict[str, Seen]:
    """Return what the model of a run says about some splits."""
    params, seen = best_params(trial), {}
    for name in splits:
        found = predict(trial.model, params, trial.batches(split=name))
        place = {int(one): row for row, one in enumerate(found.instance_id)}
        order = [place[int(one)] for one in trial.data.splits[name].instance_id]
        attention = tuple(found.attention[row] for row in order)
        seen[name] = Seen(attention, found.probability[order])
    return seen


def base_of(trial: Trial) -> Trial:
    """Return the run whose model trained adversaries are to imitate: another one, or this."""
    given = trial.config.trained_adversary.base
    if not given:
        return trial
    return adopt(trial, given, "config.trained_adversary.base")


def adversaries(trial: Trial) -> Population:
    """Return the run's model, trained to imitate the base with other attention, by lambda.

    All begin with the same weights, which are not those that the base began with.
    """
    settings = trial.config.trained_adversary
    return Population(
        training_config(trial.config, epochs=settings.epochs),
        _members(trial, settings.lambdas),
        imitation(settings.tvd),
        with_attention(trial.data.splits, see(base_of(trial), SPLITS), reference=True),
    )


def choose_adversary(trial: Trial, made: PopulationPredictions) -> dict[str, Any]:
    """Return `chosen` by the mean JSD and output change on the split of choices, and both."""
    split = trial.config.selection.split
    base = see(base_of(trial), (split,))[split]
    jsd = attention_jsd(made.attention, base.attention).mean(axis=1)
    tvd = output_changes(made.probability, base.probability).mean(axis=1)
    return {"chosen": choose(jsd, tvd), split: {"jsd": jsd.tolist(), "tvd": tvd.tolist()}}


def concealing(trial: Trial) -> Population:
    """Return the run's model, trained to keep attention off marked tokens, by weight."""
    settings = trial.config.mass_adversary
    marks = mark(trial.data.corpus, trial.data.splits, settings)
    splits = {
        name: dataclasses.replace(split, marked=marks[name])
        for name, split in trial.data.splits.items()
    }
    members = _members(trial, settings.weights)
    return Population(training_config(trial.config), members, concealment(), splits)


def choose_concealing(trial: Trial, made: PopulationPredictions) -> dict[str, Any]:
    """Return `chosen` by the mean mass on the marked tokens of that split, and the mass."""
    settings, split = trial.config.mass_adversary, trial.config.selection.split
    marks = mark(trial.data.corpus, trial.data.splits, settings)[split]
    every = marked_mass(made.attention, marks)
    defined = every[~np.isnan(every).any(axis=1)]
    if not len(defined):
        return {"chosen": 0, split: {"mass": None}}
    mass = defined.mean(axis=0)
    return {
        "chosen": choose_weight(mass, target=settings.mass),
        split: {"mass": mass.tolist()},
    }


def _members(trial: Trial, weights: Sequence[float]) -> Members:
    """Return members that differ by a weight of the objective alone."""
    seeds = np.full(len(weights), trial.config.seed + 1, np.int64)
    return Members(seeds, np.asarray(weights, np.float32))
