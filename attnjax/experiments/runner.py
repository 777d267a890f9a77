"""The runner: stages in order, each finished one kept, then the results."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnjax.config import Config
from attnjax.data.vocabulary import write_vocabulary
from attnjax.errors import UserError, raise_all
from attnjax.experiments.finished import differing_settings, read_finished, write_finished
from attnjax.experiments.identity import (
    differing_fields,
    differing_inputs,
    input_digests,
    read_record,
    write_record,
)
from attnjax.experiments.outside import check_outside
from attnjax.experiments.prepare import describe, prepare
from attnjax.experiments.results import write_results
from attnjax.experiments.stage import Stage, stage_settings
from attnjax.experiments.stages import needed
from attnjax.experiments.trial import Trial
from attnjax.workspace import SCHEMA, write_json


def run_stages(
    config: Config,
    directory: Path,
    *,
    made_with: dict[str, Any],
    progress: bool,
    stop: Callable[[], bool],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Do every stage of a config that is not done yet, and write the results.

    Everything that can be refused is refused before anything is written.

    Args:
        config: resolved.
        directory: the work folder, locked by the caller.
        made_with: the command, and the versions and the device it runs on, for `config.json`.
        progress: whether to draw a progress bar.
        stop: asked between stages, between their batches, and by training between steps.
        say: takes one line for the user at a time.

    Returns:
        The content of `results.json`.

    Raises:
        UserError: for anything the user can mend.
        Interrupted: if `stop` said so; all that was finished is kept.
    """
    before = read_record(directory)
    raise_all(differing_fields(directory, before, config))
    data = prepare(config)
    described = describe(data)
    inputs = input_digests(config, described)
    trial = Trial(
        config=config, data=data, directory=directory, progress=progress, stop=stop, say=say
    )
    stages = [stage for stage in needed(config.tests) if stage.wanted(config)]
    check_outside(trial, stages)
    finished = _finished_before(trial, stages, differing_inputs(directory, before, inputs))
    write_record(directory, before, config, inputs=inputs, made_with=made_with)
    _write_data(trial, described)
    wanted = {stage.name for stage in stages}
    for number, stage in enumerate(stages, 1):
        trial.raise_if_stopped()
        title = f"[{number}/{len(stages)}] {stage.name}"
        # What a stage read may have been made again since, with another outcome.
        requires = {name: finished[name]["sha256"] for name in stage.requires if name in wanted}
        if finished.get(stage.name, {}).get("requires") == requires:
            say(f"{title}: finished before")
        else:
            finished[stage.name] = _do(stage, trial, requires, title)
        _forget_params(trial, stages[number:])
    return write_results(trial, [stage.name for stage in stages])


def _forget_params(trial: Trial, later: list[Stage]) -> None:
    """Free the weights of populations and controls that no later stage needs."""
    needed_later = {"train"}.union(*(stage.requires for stage in later))
    for name in set(trial.params) - needed_later:
        del trial.params[name]


def _finished_before(
    trial: Trial, stages: list[Stage], errors: list[UserError]
) -> dict[str, dict[str, Any]]:
    """Return what the JSON of each finished stage says, by the stage's name.

    Raises:
        UserError: the given errors, and those of stages finished with other settings.
    """
    folder = trial.directory / "stages"
    finished = {}
    for stage in stages:
        record = read_finished(folder, stage.name, trial.say)
        if record is not None:
            finished[stage.name] = record
            errors = errors + differing_settings(folder, record, stage_settings(stage, trial))
    raise_all(errors)
    return finished


def _write_data(trial: Trial, described: dict[str, Any]) -> None:
    """Write what the data are; every command makes both files again from the data."""
    record = {"schema": SCHEMA, "stage": "data", "summary": described}
    write_json(trial.directory / "stages" / "data.json", record)
    write_vocabulary(trial.directory / "vocabulary.txt", trial.data.vocabulary)


def _do(stage: Stage, trial: Trial, requires: dict[str, str], title: str) -> dict[str, Any]:
    """Run one stage and return what its JSON says."""
    trial.say(f"{title} ...")
    begin = time.perf_counter()
    result = stage.run(trial)
    seconds = time.perf_counter() - begin
    # Training counts the seconds of all its continuations.
    total = result.summary.pop("seconds", seconds)
    record = write_finished(
        trial.directory / "stages",
        stage.name,
        result,
        settings=stage_settings(stage, trial),
        requires=requires,
        seconds=total,
    )
    trial.say(f"{title}: {seconds:.1f} s")
    return record
