"""The kind "classifier": one model with attention, trained and put on trial."""

from pathlib import Path

from attnjax.config import Config
from attnjax.data.vocabulary import write_vocabulary
from attnjax.experiments.identity import input_digests
from attnjax.experiments.kind import Conduct, Kind
from attnjax.experiments.outside import check_outside
from attnjax.experiments.prepare import describe, prepare
from attnjax.experiments.results import write_results
from attnjax.experiments.stage import Stage
from attnjax.experiments.stages import needed
from attnjax.experiments.trial import Trial
from attnjax.workspace import SCHEMA, write_json


def begin(config: Config, directory: Path, conduct: Conduct) -> Trial:
    """Load and encode the data of a trial.

    Args:
        config: resolved.
        directory: the work folder.
        conduct: towards the user.

    Raises:
        DataError: for anything wrong with the data.
    """
    data = prepare(config)
    return Trial(
        config=config,
        data=data,
        directory=directory,
        described=describe(data),
        **conduct._asdict(),
    )


def _inputs(trial: Trial) -> dict[str, str | None]:
    return input_digests(trial.config, trial.described)


def _stages(trial: Trial) -> list[Stage]:
    return [stage for stage in needed(trial.config.tests) if stage.wanted(trial.config)]


def _write_data(trial: Trial) -> None:
    """Write what the data are; every command makes both files again from the data."""
    record = {"schema": SCHEMA, "stage": "data", "summary": trial.described}
    write_json(trial.directory / "stages" / "data.json", record)
    write_vocabulary(trial.directory / "vocabulary.txt", trial.data.vocabulary)


def _forget_params(trial: Trial, later: list[Stage]) -> None:
    """Free the weights of populations and controls that no later stage needs."""
    needed_later = {"train"}.union(*(stage.requires for stage in later))
    for name in set(trial.params) - needed_later:
        del trial.params[name]


CLASSIFIER = Kind(
    begin, _inputs, _stages, check_outside, _write_data, _forget_params, write_results
)
