"""The sections of the tests that train other models: seeds, guides and trained adversaries."""

from dataclasses import dataclass

from attnjax.config.fields import FOLLOWING, choice, number, numbers, whole_numbers


@dataclass(frozen=True)
class SeedsConfig:
    """The seeds of all tests that train one model several times."""

    count: int = number(8, 2, 1000)  # seeds after the run's own: seed + 1, seed + 2, ...
    values: tuple[int, ...] = whole_numbers(0, 2**31 - 1)  # these instead, if any


@dataclass(frozen=True)
class GuidesConfig:
    """A model without context whose attention is given, by several guides."""

    # one more guide: an array file (.npz, .parquet) or the work folder of another run
    file: str = ""
    epochs: int = number(0, 0, 100_000)  # of the model without context; 0: training.epochs


@dataclass(frozen=True)
class TrainedAdversaryConfig:
    """A model trained to predict as the base does with another attention."""

    # weights of the divergence, nats, beside an output change in [0, 1]
    lambdas: tuple[float, ...] = numbers(
        (6.5e-5, 1.3e-4, 2.6e-4, 5.25e-4, 1.05e-3, 2.1e-3, 4.2e-3, 8.4e-3), 0.0, 1e6, least=1
    )
    tvd: str = choice("protocol", FOLLOWING)  # release: half the true distance of two classes
    epochs: int = number(80, 1, 100_000)
    base: str = ""  # work folder of another run on the same data, whose model is the base


@dataclass(frozen=True)
class MassAdversaryConfig:
    """A model trained to be right with hardly any attention on marked tokens."""

    weights: tuple[float, ...] = numbers((0.1, 1.0), 0.0, 1e6, least=1)  # of the penalty
    mass: float = number(0.01, 0.0, 1.0, above=True)  # the least weight that reaches it is chosen
    marked: str = choice("evidence", ("evidence", "words", "first_half"))
    words_file: str = ""  # with marked=words: one word a line
