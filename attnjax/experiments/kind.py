"""What differs between the kinds of runs; the runner does the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.experiments.stage import Stage


class Conduct(NamedTuple):
    """How a run behaves towards whoever started it.

    Attributes:
        progress: whether to draw a progress bar.
        stop: whether the run was asked to stop.
        say: takes one line for the user at a time.
    """

    progress: bool
    stop: Callable[[], bool]
    say: Callable[[str], None]


class Kind(NamedTuple):
    """A kind of run.

    Attributes:
        begin: read and check what the config names, writing nothing; from the config, the
            work folder and the conduct to the run in progress.
        inputs: digests of all that it reads from outside, by name.
        stages: what is to be done, in order; from the run in progress.
        check: refuse, before anything is written, what a stage could not use.
        write: write what the inputs are, in every command anew.
        forget: free what none of the later stages needs.
        results: write `results.json` from the stages of these names, and return its content.
    """

    begin: Callable[[Any, Path, Conduct], Any]
    inputs: Callable[[Any], dict[str, str | None]]
    stages: Callable[[Any], list[Stage]]
    check: Callable[[Any, list[Stage]], None]
    write: Callable[[Any], None]
    forget: Callable[[Any, list[Stage]], None]
    results: Callable[[Any, list[str]], dict[str, Any]]
