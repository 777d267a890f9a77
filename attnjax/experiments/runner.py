"""The runner: stages in order, each finished one kept, then the results and the report."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnjax.config import Config
from attnjax.data.vocabulary import write_vocabulary
from attnjax.errors import WorkFolderError, raise_all
from attnjax.experiments.prepare import describe, prepare
from attnjax.experiments.result import write_rows
from attnjax.experiments.results import write_results
from attnjax.experiments.stages import Stage, needed, stage_settings
from attnjax.experiments.trial import Trial
from attnjax.training.loop import Interrupted
from attnjax.workspace import SCHEMA, check_schema, flatten, read_json, write_json


def run_stages(
    config: Config,
    directory: Path,
    *,
    progress: bool,
    stop: Callable[[], bool],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Do every stage of a config that is not done yet, and write the results.

    Args:
        config: resolved.
        directory: the work folder, locked by the caller.
        progress: whether to draw a progress bar.
        stop: asked between stages, and by training between steps.
        say: takes one line for the user at a time.

    Returns:
        The content of `results.json`.

    Raises:
        UserError: for anything the user can mend.
        Interrupted: if `stop` said so; all that was finished is kept.
    """
    data = prepare(config)
    _check_data(directory, describe(data))
    write_vocabulary(directory / "vocabulary.txt", data.vocabulary)
    trial = Trial(
        config=config,
        data=data,
        directory=directory,
        progress=progress,
        stop=stop,
        say=say,
    )
    stages = needed(config.tests)
    for number, stage in enumerate(stages, 1):
        if stop():
            raise Interrupted
        _finish(stage, trial, f"[{number}/{len(stages)}] {stage.name}")
    return write_results(trial, [stage.name for stage in stages])


def _check_data(directory: Path, described: dict[str, Any]) -> None:
    """Refuse a folder whose run was begun on other data."""
    path = directory / "stages" / "data.json"
    if path.exists():
        before = read_json(path)
        check_schema(before, path)
        if before["summary"]["sha256"] != described["sha256"]:
            raise WorkFolderError(
                str(directory),
                found="data that differ from those the folder was begun with",
                expected=f"the same {before['summary']['kept']} instances in the same order",
                action="restore the data, or give another --workdir",
            )
    write_json(path, {"schema": SCHEMA, "stage": "data", "summary": described})


def _finish(stage: Stage, trial: Trial, title: str) -> None:
    """Run one stage unless its files say that it is finished with the same settings."""
    folder = trial.directory / "stages"
    path = folder / f"{stage.name}.json"
    settings = stage_settings(stage, trial)
    if path.exists():
        before = read_json(path)
        check_schema(before, path)
        _check_settings(stage, path, flatten(before["settings"]), flatten(settings))
        trial.say(f"{title}: finished before")
        return
    trial.say(f"{title} ...")
    begin = time.perf_counter()
    result = stage.run(trial)
    seconds = time.perf_counter() - begin
    if result.rows:
        write_rows(folder / f"{stage.name}.parquet", result.rows)
    # The JSON is written last: it is what says that the stage is finished.
    write_json(
        path,
        {
            "schema": SCHEMA,
            "stage": stage.name,
            "settings": settings,
            "seconds": result.summary.get("seconds", seconds),
            "summary": result.summary,
        },
    )
    trial.say(f"{title}: {seconds:.1f} s")


def _check_settings(stage: Stage, path: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    raise_all(
        [
            WorkFolderError(
                f"{path} (config.{name})",
                found=f"{new.get(name)!r} in this command",
                expected=f"{old.get(name)!r}, with which the stage was finished",
                action=f"give the same value, another --workdir, or delete {path.name} so that "
                f"{stage.name} is done again",
            )
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    )


def identity(config: Config) -> dict[str, Any]:
    """Return the fields that make a work folder this config's and no other's.

    Left out are where local copies lie, which tests are run and what their own settings
    are (each stage keeps those), the memory bound and the report's looks.
    """
    nested = dataclasses.asdict(config)
    kept = ("seed", "protocol", "data", "model", "training", "selection")
    identity = {name: nested[name] for name in kept}
    identity["data"].pop("dir")
    return identity
