"""What a run reads beside its data and weights, checked before anything is written."""

from collections.abc import Callable, Sequence
from pathlib import Path

from attnjax.errors import UserError, raise_all
from attnjax.experiments.another_run import check_run, names_run
from attnjax.experiments.guide_file import read_guides
from attnjax.experiments.marking import mark
from attnjax.experiments.stage import Stage
from attnjax.experiments.trial import Trial


def check_outside(trial: Trial, stages: Sequence[Stage]) -> None:
    """Refuse files and other runs that the stages cannot use, all mistakes together.

    Raises:
        UserError: naming each field whose file or work folder is at fault.
    """
    names, errors = {stage.name for stage in stages}, []
    for name, check in _CHECKS.items():
        if name in names:
            try:
                check(trial)
            except UserError as error:
                errors += getattr(error, "errors", (error,))
    raise_all(errors)


def _check_guide(trial: Trial) -> None:
    given = trial.config.guides.file
    if names_run(trial, given, "config.guides.file"):
        check_run(trial, given, "config.guides.file")
    else:
        read_guides(Path(given).expanduser(), trial.data.splits)


def _check_base(trial: Trial) -> None:
    if trial.config.trained_adversary.base:
        check_run(trial, trial.config.trained_adversary.base, "config.trained_adversary.base")


def _check_marks(trial: Trial) -> None:
    mark(trial.data.corpus, trial.data.splits, trial.config.mass_adversary)


_CHECKS: dict[str, Callable[[Trial], None]] = {
    "train_guide_file": _check_guide,
    "train_adversaries": _check_base,
    "train_mass_adversary": _check_marks,
}
