"""The kind "pretraining": a GPT trained as a language model on running text."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnjax.config import PretrainingRun
from attnjax.experiments.kind import Conduct, Kind
from attnjax.experiments.stage import Stage
from attnjax.training.host import Interrupted
from attnjax.workspace import SCHEMA, write_json


@dataclass(frozen=True)
class PretrainingWork:
    """A pre-training in progress.

    Attributes:
        config: of the run.
        directory: the work folder.
        progress: whether to draw a bar.
        stop: whether the run was asked to stop.
        say: where one-line messages for the user go.
    """

    config: PretrainingRun
    directory: Path
    progress: bool
    stop: Callable[[], bool]
    say: Callable[[str], None]

    def raise_if_stopped(self) -> None:
        """Raise `Interrupted` if the run was asked to stop."""
        if self.stop():
            raise Interrupted("stopped as asked; the same command continues")


def begin(config: PretrainingRun, directory: Path, conduct: Conduct) -> PretrainingWork:
    """Begin a pre-training.

    Args:
        config: resolved.
        directory: the work folder.
        conduct: towards the user.
    """
    return PretrainingWork(config, directory, conduct.progress, conduct.stop, conduct.say)


def _inputs(work: PretrainingWork) -> dict[str, str | None]:
    del work
    return {}


def _stages(work: PretrainingWork) -> list[Stage]:
    del work
    return []


def _nothing(work: PretrainingWork, stages: list[Stage] | None = None) -> None:
    del work, stages


def _results(work: PretrainingWork, names: list[str]) -> dict[str, Any]:
    del names
    results = {"schema": SCHEMA, "kind": "pretraining"}
    write_json(work.directory / "results.json", results)
    return results


PRETRAINING = Kind(begin, _inputs, _stages, _nothing, _nothing, _nothing, _results)
