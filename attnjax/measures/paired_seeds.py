"""Differences of two trainings that share their seeds, with intervals over the seeds."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from attnjax.measures.bootstrap import Interval


def student_interval(values: Sequence[float], *, level: float = 0.95) -> Interval | None:
    r"""Return Student's interval of a mean: for few seeds, where a bootstrap is too narrow.

    \\( \bar d \pm t_{n-1} \, s / \sqrt n \\), s with divisor n - 1. (The percentile bootstrap
    of five values covers their mean about 84 times in 100 instead of 95.)

    Args:
        values: one a seed.
        level: probability in (0, 1) that the interval is meant to cover.

    Returns:
        Both ends, or None for fewer than two values.

    Source: Student (1908), The probable error of a mean.

    Example:
        >>> low, high = student_interval([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> round(low, 3), round(high, 3)  # 3 +- 2.776 * 1.581 / sqrt(5)
        (1.037, 4.963)
    """
    from scipy.stats import t  # a second: not before it is needed

    if len(values) < 2:
        return None
    known = np.asarray(values, np.float64)
    half = float(t.ppf((1 + level) / 2, len(known) - 1))
    half *= float(np.std(known, ddof=1)) / math.sqrt(len(known))
    middle = float(np.mean(known))
    return Interval(middle - half, middle + half)


def paired_seeds(first: Sequence[float | None], second: Sequence[float | None]) -> dict[str, Any]:
    """Return the differences `first - second` by seed, and their mean with its interval.

    Args:
        first: scores, one a seed; None where undefined.
        second: those of the other training, of the same seeds in the same order.

    Returns:
        `mean`, `std` (divisor n), Student's `ci95` over the seeds (None for fewer than two),
        `n`, `undefined` (seeds where either score is), and `differences` (None there).

    Example:
        >>> found = paired_seeds([0.8, 0.9], [0.7, None])
        >>> round(found["mean"], 3), found["ci95"], found["n"], found["undefined"]
        (0.1, None, 1, 1)
    """
    pairs = zip(first, second, strict=True)
    differences = [None if one is None or other is None else one - other for one, other in pairs]
    known = [one for one in differences if one is not None]
    ends = student_interval(known)
    return {
        "mean": float(np.mean(known)) if known else None,
        "std": float(np.std(known)) if known else None,
        "ci95": None if ends is None else list(ends),
        "n": len(known),
        "undefined": len(differences) - len(known),
        "differences": differences,
    }
