"""One step of a run, and the settings that decide its result."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.experiments.another_run import check_run, names_run
from attnjax.experiments.result import Result


def always(config: Any) -> bool:
    """Return True: what most stages are wanted for."""
    del config
    return True


class Stage(NamedTuple):
    """One step of a run.

    Attributes:
        name: of its files in `stages/`.
        run: from the trial, or another kind's run in progress, to the result.
        requires: stages that must be finished before.
        sections: config sections, or single fields of them, that decide its result, beside the
            run's identity.
        wanted: whether a config has any use for it.
    """

    name: str
    run: Callable[[Any], Result]
    requires: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    wanted: Callable[[Any], bool] = always


def stage_settings(stage: Stage, trial: Any) -> dict[str, Any]:
    """Return the config fields that decide a stage's result, beside the run's identity."""
    settings: dict[str, Any] = {}
    for name in stage.sections:
        section, _, field = name.partition(".")
        fields = dataclasses.asdict(getattr(trial.config, section))
        kept = {field: fields[field]} if field else fields
        plain = {key: _plain(trial, f"{section}.{key}", one) for key, one in kept.items()}
        settings.setdefault(section, {}).update(plain)
    return settings


_OUTSIDE = (
    *("guides.file", "trained_adversary.base", "mass_adversary.words_file"),
    *("ablations.lstm", "zero_shot.winograd"),
)
"""Fields that say where something lies; what decides a result is what lies there."""


def _plain(trial: Any, name: str, value: Any) -> Any:
    """Return a setting as JSON gives it back: a finished stage's are compared with these."""
    if name in _OUTSIDE and value:
        return outside_digest(trial, name, value)
    if name == "zero_shot.tasks":
        # Each with what is asked: its files lie outside, too, and a stage is finished once.
        return [f"{task} {one.digest}" for task, one in trial.data.heuristics.items()]
    return list(value) if isinstance(value, tuple) else value


def outside_digest(trial: Any, name: str, value: str) -> str:
    """Return a digest of the file or of the other run's model that a field names.

    Raises:
        WorkFolderError: if another run cannot be used with this one.
    """
    if name == "ablations.lstm":
        # Read already, with the other weights of the run.
        return trial.data.lstm.digest
    field = f"config.{name}"
    if name == "trained_adversary.base" or (
        name == "guides.file" and names_run(trial, value, field)
    ):
        return check_run(trial, value, field)
    return hashlib.sha256(Path(value).expanduser().read_bytes()).hexdigest()
