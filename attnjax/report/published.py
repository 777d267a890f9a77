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


def published_models(
    dataset: str | None, encoder: str, attention: str, test: str
) -> dict[str, float]:
    """Return W&P's figures of a test of trained models, by column; empty where none exist.

    None of them is verified: no copy of the paper's tables could be compared.

    Args:
        dataset: the paper's name of the dataset, or None.
        encoder: `lstm`, `cnn` or `average`; the paper has figures of its BiLSTM alone.
        attention: `additive` or `dot`; the paper has figures of `additive` alone.
        test: `uniform`, `guides` or `trained_adversary`.

    Source: Wiegreffe & Pinter (2019), tables 2, 3 and 4.

    Example:
        >>> published_models("SST", "lstm", "additive", "uniform")
        {'base': 0.831, 'uniform': 0.822}
        >>> published_models("SST", "cnn", "additive", "uniform")
        {}
    """
    if (encoder, attention) != ("lstm", "additive"):
        return {}
    table = published()["trained_models"][test]
    return dict(zip(table["columns"], table.get(dataset, ()), strict=False))


def published_note(figures: dict[str, float], names: dict[str, str], table: int) -> str:
    """Say published figures together with their status, or nothing where there are none.

    Example:
        >>> published_note({"base": 0.831}, {"base": "F1 of the base"}, 2)[-21:]
        'F1 of the base 0.831.'
    """
    if not figures:
        return ""
    values = ", ".join(f"{names[key]} {value:g}" for key, value in figures.items() if key in names)
    return (
        f"Published by Wiegreffe & Pinter (2019), table {table}, on the same data (from memory, "
        f"not verified against the paper; another training, so not to be matched): {values}."
    )


def published_rerun(dataset: str | None, encoder: str, attention: str) -> float | None:
    """Return the score of the authors' later run, or None where they have none.

    Args:
        dataset: the paper's name of the dataset, or None.
        encoder: `lstm`, `cnn` or `average`.
        attention: `additive` or `dot`.

    Returns:
        F1 of class 1, or accuracy for question answering and inference.

    Source: Jain & Wallace (2019): the result files of their code release.

    Example:
        >>> published_rerun("SST", "lstm", "additive") is not None
        True
    """
    cell = published()["rerun"].get(dataset, {}).get(ATTENTIONS.get(attention, ""), {})
    return cell.get(ENCODERS.get(encoder, ""))
