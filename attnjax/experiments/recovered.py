"""How well rankings of tokens find tokens that are marked, whoever marked them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attnjax.measures.recovery import average_precision, precision_at_evidence
from attnjax.measures.summary import summarise_values


class Recovered(NamedTuple):
    """Summaries by the name of each score, and its AUPRC of every instance."""

    summary: dict[str, Any]
    auprc: dict[str, np.ndarray]


def recovered(
    scores: Mapping[str, Sequence[np.ndarray]],
    marked: Sequence[np.ndarray],
    *,
    samples: int,
    seed: int,
) -> Recovered:
    """Score each importance as a ranking of marked tokens.

    Args:
        scores: name to the scores of each instance's tokens; larger is more important.
        marked: which tokens are to be found, by instance.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.

    Returns:
        Per name `auprc` and `precision` at the number of marked tokens; undefined, and counted
        as that, where an instance has none.

    Example:
        >>> found = recovered({"attention": [np.array([0.9, 0.1])]}, [np.array([True, False])],
        ...     samples=10, seed=0)
        >>> found.summary["attention"]["auprc"]["mean"], found.auprc["attention"].tolist()
        (1.0, [1.0])
    """
    summary, columns = {}, {}
    for name, values in scores.items():
        pairs = list(zip(values, marked, strict=True))
        columns[name] = np.array([average_precision(one, flags) for one, flags in pairs])
        precision = np.array([precision_at_evidence(one, flags) for one, flags in pairs])
        summary[name] = {
            "auprc": summarise_values(columns[name], samples=samples, seed=seed),
            "precision": summarise_values(precision, samples=samples, seed=seed),
        }
    return Recovered(summary, columns)
