"""The kind "fine_tuning": a GPT fine-tuned on a task, and the paper's analyses of it."""

from functools import partial
from pathlib import Path
from typing import Any

import jax

from attnjax.config import FineTuningRun
from attnjax.data.gpt.byte_pairs import write_byte_pairs
from attnjax.errors import raise_all
from attnjax.experiments.gpt import analyses
from attnjax.experiments.gpt.adapters import language_model
from attnjax.experiments.gpt.fine_tune import forget_checkpoints, initial, train_variant
from attnjax.experiments.gpt.fine_tuning_checks import NONE
from attnjax.experiments.gpt.fine_tuning_inputs import fine_tunes, prepare_task
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.gpt.starting_point import StartingPoint, read_pretrained, snapshot_steps
from attnjax.experiments.gpt.trial_results import with_trial
from attnjax.experiments.gpt.trial_stages import check_trial, trial_stages
from attnjax.experiments.gpt.variants import FULL, Variant, ablated, stage_name
from attnjax.experiments.kind import Conduct, Kind
from attnjax.experiments.result import Result
from attnjax.experiments.stage import Stage
from attnjax.models.gpt.model import build_gpt, init_params
from attnjax.types import Params
from attnjax.workspace import SCHEMA, read_json, write_json


def begin(config: FineTuningRun, directory: Path, conduct: Conduct) -> FineTuningTrial:
    """Read and check what a config names, writing nothing.

    Args:
        config: resolved.
        directory: the work folder.
        conduct: towards the user.

    Raises:
        UserError: for anything that cannot be used.
    """
    data = prepare_task(config)
    return FineTuningTrial(config=config, data=data, directory=directory, **conduct._asdict())


def inputs(trial: FineTuningTrial) -> dict[str, str | None]:
    """Return the digests of what a run reads from outside.

    Args:
        trial: of the run.
    """
    data = trial.data
    return {
        "tokenizer": data.tokenizer.byte_pairs.digest,
        "task": data.digest,
        "start": None if data.start is None else data.start.digest,
    }


def variants_of(trial: FineTuningTrial) -> tuple[Variant, ...]:
    """Return what is trained, the model itself first, each once.

    Args:
        trial: of the run.
    """
    if not fine_tunes(trial.config):
        return ()
    found = [FULL]
    if "ablations" in trial.config.analyses:
        found += ablated(lstm=trial.data.lstm is not None)
    if "layers" in trial.config.analyses:
        found += analyses.layer_variants(trial).values()
    return tuple(dict.fromkeys(found))


def stages(trial: FineTuningTrial) -> list[Stage]:
    """Return what is to be done, in order: a stage for each training of each seed.

    So a seed, an analysis, a number of layers or an LSTM that is added later trains only what
    is new: an analysis is done again when the stages that it requires are others.

    Args:
        trial: of the run.
    """
    found = []
    for variant in variants_of(trial):
        found += _trainings(variant, trial)
        if variant == FULL:
            requires = _names([FULL], trial)
            found.append(Stage("fine_tuning", analyses.fine_tuning, requires, ("bootstrap",)))
            found += trial_stages(trial)
    if "ablations" in trial.config.analyses and found:
        requires = _names(ablated(lstm=trial.data.lstm is not None), trial)
        found.append(Stage("ablations", analyses.ablations, requires, ("bootstrap",)))
    if "layers" in trial.config.analyses and found:
        requires = _names(analyses.layer_variants(trial).values(), trial)
        found.append(Stage("layers", analyses.layers, requires, ("bootstrap",)))
    if "zero_shot" in trial.config.analyses:
        found.append(Stage("zero_shot", zero_shot, (), ("bootstrap", "zero_shot")))
    return found


def _trainings(variant: Variant, trial: FineTuningTrial) -> list[Stage]:
    sections = ("ablations.lstm",) if variant.lstm else ()
    return [
        Stage(stage_name(variant, seed), partial(train_variant, variant, seed), (), sections)
        for seed in trial.seeds
    ]


def _names(variants: Any, trial: FineTuningTrial) -> tuple[str, ...]:
    return tuple(stage_name(one, seed) for one in variants for seed in trial.seeds)


def zero_shot(trial: FineTuningTrial) -> Result:
    """Score the language model over its pre-training: a stage of the run.

    The first point is of new weights, before any step; of weights whose pre-training is not at
    hand there is only the last.

    Args:
        trial: of the run.
    """
    start = trial.data.start
    assert start is not None  # asked of the config before
    gpt = build_gpt(trial.data.settings)
    model = language_model(gpt)
    folder = trial.config.fine_tuning.start
    last = start.steps or 0
    between = snapshot_steps(folder) if start.steps is not None else ()
    steps = sorted({*between, last, *((0,) if last else ())})

    def params_at(step: int) -> Params:
        if step == last:
            return _language_params(trial, start)
        if step not in between:
            key = jax.random.key(trial.config.seed)
            return jax.jit(partial(init_params, trial.data.settings))(key)
        return _language_params(trial, read_pretrained(folder, step=step))

    return analyses.zero_shot(
        trial, token_losses=jax.jit(model.token_losses), steps=steps, params_at=params_at
    )


def _language_params(trial: FineTuningTrial, start: StartingPoint) -> Params:
    """Return pretrained weights as params of a model without a task."""
    return initial(trial.data.settings, start, seed=trial.config.seed, layers=None).params


def write(trial: FineTuningTrial) -> None:
    """Write what is read: the counts of the task's rows and the tokenizer.

    Args:
        trial: of the run.
    """
    record = {"schema": SCHEMA, "stage": "data", "summary": _dataset(trial)}
    write_json(trial.directory / "stages" / "data.json", record)
    write_byte_pairs(trial.data.tokenizer.byte_pairs, trial.directory / "tokenizer")


def _dataset(trial: FineTuningTrial) -> dict[str, Any]:
    """Return what the rows are: counts by split, what was dropped and cut, and why."""
    rows = trial.data.rows
    if rows is None:
        return {"name": None, "splits": {}, "dropped": {}, "truncated": {}, "notes": []}
    return {
        "name": rows.name,
        "kind": rows.task.kind,
        "class_names": list(rows.task.class_names),
        "length": rows.length,
        **rows.counts,
    }


def results(trial: FineTuningTrial, names: list[str]) -> dict[str, Any]:
    """Write `results.json` from the finished stages and return its content.

    Args:
        trial: of the run.
        names: of the stages.
    """
    forget_checkpoints(trial)
    folder = trial.directory / "stages"
    done = {name: read_json(folder / f"{name}.json") for name in names}
    tests = {
        name: done[name]["summary"]
        for name in ("fine_tuning", "ablations", "layers", "zero_shot")
        if name in done
    }
    if "fine_tuning" in tests:
        # By task, as in every run of this package.
        tests["fine_tuning"] = {tests["fine_tuning"]["task"]: tests["fine_tuning"]}
    found = {
        "schema": SCHEMA,
        "kind": "fine_tuning",
        "dataset": _dataset(trial),
        "model": _model(trial, done),
        "tests": tests,
        "seconds": {name: one["seconds"] for name, one in done.items()},
    }
    if trial.config.tests:
        found = with_trial(trial, found, done)
    write_json(trial.directory / "results.json", found)
    return found


def _model(trial: FineTuningTrial, done: dict[str, Any]) -> dict[str, Any]:
    settings, start = trial.data.settings, trial.data.start
    first = done.get(stage_name(FULL, trial.seeds[0]))
    return {
        "layers": settings.num_layers,
        "heads": settings.num_heads,
        "width": settings.width,
        "lstm_units": settings.lstm_units,
        "mode": settings.mode,
        "parameters": None if first is None else first["summary"]["parameters"],
        "fresh": None if first is None else first["summary"]["fresh"],
        "start": NONE if start is None else trial.config.fine_tuning.start,
        "start_steps": None if start is None else start.steps,
        "tokenizer": trial.data.tokenizer.record,
    }


def _check(trial: FineTuningTrial, planned: list[Stage]) -> None:
    """Refuse what cannot be put on trial; `begin` has read all that the other stages read."""
    del planned
    rows = trial.data.rows
    is_score = rows is not None and rows.is_score
    raise_all(check_trial(trial.config, trial.data.settings, is_score=is_score))


def _forget(trial: FineTuningTrial, later: list[Stage]) -> None:
    """Keep the params that there are: only those of the model on trial are kept at all."""
    del trial, later


FINE_TUNING = Kind(begin, inputs, stages, _check, write, _forget, results)
