"""The published figures that stand beside a run's own."""

import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

ENCODERS = {"lstm": "BiLSTM", "cnn": "ConvNet", "average": "Average"}
"""The papers' names of the encoders."""

ATTENTIONS = {"additive": "tanh", "dot": "dot"}
"""The papers' names of the attention functions."""


class PublishedTau(NamedTuple):
    """One cell of a published table of correlations.

    Attributes:
        mean: of tau over the test instances; None where the authors' file has no number.
        std: standard deviation over the instances.
        significant: share of the instances with p of at most .05.
    """

    mean: float | None
    std: float | None
    significant: float | None


@cache
def published() -> dict[str, Any]:
    """Return the package's copy of the published figures.

    Example:
        >>> published()["agreement"]["SST"]["tanh"]["BiLSTM"]["gradient_agreement"]["0"][0]
        0.3432
    """
    text = resources.files("attnjax.report").joinpath("published.json").read_text("utf-8")
    return json.loads(text)


def published_taus(
    dataset: str | None, encoder: str, attention: str, test: str
) -> dict[str, PublishedTau]:
    """Return the cells of a test by predicted class (or "overall"); empty where none exist.

    Args:
        dataset: the paper's name of the dataset, or None.
        encoder: `lstm`, `cnn` or `average`.
        attention: `additive` or `dot`.
        test: a test of `results.json`.

    Source: Jain & Wallace (2019), the authors' own result files of their table 2.

    Example:
        >>> cells = published_taus("SST", "lstm", "additive", "gradient_agreement")
        >>> cells["overall"].mean
        0.3512
    """
    cell = published()["agreement"].get(dataset, {}).get(ATTENTIONS.get(attention, ""), {})
    taus = cell.get(ENCODERS.get(encoder, ""), {}).get(test, {})
    return {name: PublishedTau(*values) for name, values in taus.items()}


def published_performance(dataset: str | None) -> dict[str, Any] | None:
    """Return the row of a dataset in J&W's table 1, with the status of each number.

    Example:
        >>> published_performance("SST")["score"]
        0.81
    """
    return published()["datasets"].get(dataset)
