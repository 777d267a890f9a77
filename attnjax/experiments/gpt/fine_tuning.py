"""The kind "fine_tuning": a GPT fine-tuned on a task."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnjax.config import FineTuningRun
from attnjax.experiments.kind import Conduct, Kind
from attnjax.experiments.stage import Stage
from attnjax.training.host import Interrupted
from attnjax.workspace import SCHEMA, write_json


@dataclass(frozen=True)
class FineTuningWork:
    """A fine-tuning in progress.

    Attributes:
        config: of the run.
        directory: the work folder.
        progress: whether to draw a bar.
        stop: whether the run was asked to stop.
        say: where one-line messages for the user go.
    """

    config: FineTuningRun
    directory: Path
    progress: bool
    stop: Callable[[], bool]
    say: Callable[[str], None]

    def raise_if_stopped(self) -> None:
        """Raise `Interrupted` if the run was asked to stop."""
        if self.stop():
            raise Interrupted("stopped as asked; the same command continues")


def begin(config: FineTuningRun, directory: Path, conduct: Conduct) -> FineTuningWork:
    """Begin a fine-tuning.

    Args:
        config: resolved.
        directory: the work folder.
        conduct: towards the user.
    """
    return FineTuningWork(config, directory, conduct.progress, conduct.stop, conduct.say)


def _inputs(work: FineTuningWork) -> dict[str, str | None]:
    del work
    return {}


def _stages(config: FineTuningRun) -> list[Stage]:
    del config
    return []


def _nothing(work: FineTuningWork, stages: list[Stage] | None = None) -> None:
    del work, stages


def _results(work: FineTuningWork, names: list[str]) -> dict[str, Any]:
    del names
    results = {"schema": SCHEMA, "kind": "fine_tuning"}
    write_json(work.directory / "results.json", results)
    return results


FINE_TUNING = Kind(begin, _inputs, _stages, _nothing, _nothing, _nothing, _results)
