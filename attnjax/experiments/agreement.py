"""Agreement of two rankings of the tokens, by Kendall's tau-b, over the instances of a test."""

from collections.abc import Sequence

import numpy as np

from attnjax.experiments.result import Result
from attnjax.measures.kendall import kendall_taus
from attnjax.measures.summary import summarise_tau


def agreement(
    name: str,
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    *,
    instance_id: np.ndarray,
    predicted: np.ndarray,
    samples: int,
    seed: int,
) -> Result:
    """Rank-correlate two scores of every token, instance by instance.

    Args:
        name: prefix of the row columns.
        first: scores of each instance's real tokens.
        second: the other scores, of the same lengths.
        instance_id: ids of the instances.
        predicted: predicted classes, by which the summary is split.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.

    Returns:
        Summary `tau` (overall and by predicted class); rows `.tau` and `.p_value`, NaN
        where a score is constant or the text has one token.

    Source: Jain & Wallace (2019), section 4.1, algorithm 1.

    Example:
        >>> import numpy as np
        >>> scores = [np.array([0.1, 0.2, 0.7], np.float32)]
        >>> one = np.array([0])
        >>> result = agreement("t", scores, scores, instance_id=one, predicted=one,
        ...                    samples=10, seed=0)
        >>> result.rows["t.tau"].tolist()
        [1.0]
    """
    tau, p_value = taus(first, second)
    summary = summarise_tau(tau, p_value, predicted, samples=samples, seed=seed)
    return Result(
        {"tau": summary},
        {"instance_id": instance_id, f"{name}.tau": tau, f"{name}.p_value": p_value},
    )


def taus(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return tau-b and its p-value of each pair of vectors, compiled once per padded length."""
    lengths = np.array([len(one) for one in first])
    padded = np.maximum(8, 2 ** np.ceil(np.log2(np.maximum(lengths, 1))).astype(int))
    tau, p_value = np.full(len(lengths), np.nan), np.full(len(lengths), np.nan)
    for length in np.unique(padded).tolist():
        rows = np.flatnonzero(padded == length)
        where = np.arange(length)[None] < lengths[rows][:, None]
        result = kendall_taus(_pad(first, rows, length), _pad(second, rows, length), where)
        tau[rows], p_value[rows] = np.asarray(result.tau), np.asarray(result.p_value)
    return tau, p_value


def _pad(scores: Sequence[np.ndarray], rows: np.ndarray, length: int) -> np.ndarray:
    padded = np.zeros((len(rows), length), np.float32)
    for place, row in enumerate(rows):
        padded[place, : len(scores[row])] = scores[row]
    return padded


def random_scores(lengths: Sequence[int], instance_id: np.ndarray, *, seed: int, draw: int) -> list:
    """Return random scores of each instance's tokens, keyed by the instance.

    Tau only reads ranks, so any continuous distribution gives the same baseline.

    Example:
        >>> import numpy as np
        >>> [len(one) for one in random_scores([3, 2], np.array([0, 1]), seed=0, draw=0)]
        [3, 2]
    """
    return [
        np.random.default_rng([seed, int(one), draw]).random(length, np.float32)
        for length, one in zip(lengths, instance_id, strict=True)
    ]
