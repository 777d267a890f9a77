"""A run in progress, in what all kinds of runs share."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from jaxtyping import Array, Key

from attnjax.experiments.result import read_rows
from attnjax.training.host import Interrupted
from attnjax.workspace import read_json


@dataclass(frozen=True, kw_only=True)
class InProgress:
    """A run in progress.

    Attributes:
        config: of the run, resolved.
        directory: the work folder.
        progress: whether to draw a bar.
        stop: whether the run was asked to stop.
        say: where one-line messages for the user go.
    """

    config: Any
    directory: Path
    progress: bool
    stop: Callable[[], bool]
    say: Callable[[str], None]

    def raise_if_stopped(self) -> None:
        """Raise `Interrupted` if the run was asked to stop."""
        if self.stop():
            raise Interrupted("stopped as asked; the same command continues")

    def key(self, stage: str) -> Key[Array, ""]:
        """Return the key of a stage, from the seed and a checksum of the stage's whole name."""
        return jax.random.fold_in(jax.random.key(self.config.seed), zlib.crc32(stage.encode()))

    def rows(self, stage: str) -> dict[str, Any]:
        """Return the rows of a finished stage."""
        return read_rows(self.directory / "stages" / f"{stage}.parquet")

    def summary(self, stage: str) -> dict[str, Any]:
        """Return what a finished stage found."""
        return read_json(self.directory / "stages" / f"{stage}.json")["summary"]
