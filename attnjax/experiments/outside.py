"""What a run reads beside its data and weights, checked before anything is written."""

from collections.abc import Sequence
from pathlib import Path

from attnjax.errors import UserError, raise_all
from attnjax.experiments.another_run import check_run
from attnjax.experiments.guide_file import read_guides
from attnjax.experiments.marking import mark
from attnjax.experiments.stage import Stage
from attnjax.experiments.trial import Trial


def check_outside(trial: Trial, stages: Sequence[Stage]) -> None:
    """Refuse files and other runs that the stages cannot use, all mistakes together.

    Raises:
        UserError: naming each field whose file or work folder is at fault.
    """
    config, errors = trial.config, []
    names = {stage.name for stage in stages}
    guide, base = config.guides.file, config.trained_adversary.base
    checks = {
        "train_guide_file": lambda: _check_guide(trial, guide),
        "train_adversaries": lambda: base and check_run(trial, base, "config.trained_adversary.base"),
        "train_mass_adversary": lambda: mark(
            trial.data.corpus, trial.data.splits, config.mass_adversary
        ),
    }
    for name, check in checks.items():
        if name in names:
            try:
                check()
            except UserError as error:
                errors += getattr(error, "errors", (error,))
    raise_all(errors)


def _check_guide(trial: Trial, given: str) -> None:
    path = Path(given).expanduser()
    if path.is_dir():
        check_run(trial, given, "config.guides.file")
    else:
        read_guides(path, trial.data.splits)
