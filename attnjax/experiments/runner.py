"""The runner: stages in order, each finished one kept, then the results."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnjax.config import AnyConfig
from attnjax.errors import UserError, raise_all
from attnjax.experiments.finished import differing_settings, read_finished, write_finished
from attnjax.experiments.identity import (
    differing_fields,
    differing_inputs,
    read_record,
    write_record,
)
from attnjax.experiments.in_progress import InProgress
from attnjax.experiments.kind import Conduct
from attnjax.experiments.kinds import kind_of
from attnjax.experiments.stage import Stage, stage_settings
from attnjax.training.hosts import is_writer, wait_for_hosts
from attnjax.workspace import read_json


def run_stages(
    config: AnyConfig,
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
    kind = kind_of(config)
    work = kind.begin(config, directory, Conduct(progress, stop, say))
    inputs = kind.inputs(work)
    stages = kind.stages(work)
    kind.check(work, stages)
    finished = _finished_before(work, stages, differing_inputs(directory, before, inputs))
    wait_for_hosts("everything is checked")
    if is_writer():
        write_record(directory, before, config, inputs=inputs, made_with=made_with)
        kind.write(work)
    wanted = {stage.name for stage in stages}
    for number, stage in enumerate(stages, 1):
        work.raise_if_stopped()
        title = f"[{number}/{len(stages)}] {stage.name}"
        # What a stage read may have been made again since, with another outcome.
        requires = {name: finished[name]["sha256"] for name in stage.requires if name in wanted}
        if finished.get(stage.name, {}).get("requires") == requires:
            say(f"{title}: finished before")
        else:
            finished[stage.name] = _do(stage, work, requires, title)
        kind.forget(work, stages[number:])
    names = [stage.name for stage in stages]
    if is_writer():
        return kind.results(work, names)
    return {}


def _finished_before(
    work: InProgress, stages: list[Stage], errors: list[UserError]
) -> dict[str, dict[str, Any]]:
    """Return what the JSON of each finished stage says, by the stage's name.

    Raises:
        UserError: the given errors, and those of stages finished with other settings.
    """
    folder = work.directory / "stages"
    finished = {}
    for stage in stages:
        record = read_finished(folder, stage.name, work.say)
        if record is not None:
            finished[stage.name] = record
            errors = errors + differing_settings(folder, record, stage_settings(stage, work))
    raise_all(errors)
    return finished


def _do(stage: Stage, work: InProgress, requires: dict[str, str], title: str) -> dict[str, Any]:
    """Run one stage and return what its JSON says."""
    work.say(f"{title} ...")
    begin = time.perf_counter()
    result = stage.run(work)
    seconds = time.perf_counter() - begin
    # Training counts the seconds of all its continuations.
    total = result.summary.pop("seconds", seconds)
    folder = work.directory / "stages"
    if is_writer():
        write_finished(
            folder,
            stage.name,
            result,
            settings=stage_settings(stage, work),
            requires=requires,
            seconds=total,
        )
    wait_for_hosts(f"the stage {stage.name} is written")
    record = read_json(folder / f"{stage.name}.json")
    work.say(f"{title}: {seconds:.1f} s")
    return record
