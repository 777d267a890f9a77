"""Confidence intervals by resampling instances."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Num

STATISTICS = {"mean": np.mean, "median": np.median}

DRAWS_AT_A_TIME = 2**21
"""Resampled values held at a time: 32 MiB of indices and values."""


class Interval(NamedTuple):
    """The two ends of a confidence interval; both NaN where there are no values."""

    low: float
    high: float


def bootstrap_interval(
    values: Num[np.ndarray, " N"],
    *,
    samples: int,
    seed: int,
    statistic: str = "mean",
    level: float = 0.95,
) -> Interval:
    r"""Return the percentile bootstrap interval of the mean or the median.

    The ends are the \\( \frac{1 - c}{2} \\) and \\( \frac{1 + c}{2} \\) quantiles, c the
    level, of the statistic over samples of N values drawn with replacement.

    Args:
        values: one value an instance; NaN (undefined) ones are left out.
        samples: how many times to resample, at least 1.
        seed: of the resampling, 0 or more: the same seed, the same interval.
        statistic: "mean" or "median".
        level: probability c in (0, 1) that the interval is meant to cover.

    Returns:
        Both ends, in the units of the values.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.

    Example:
        >>> import numpy as np
        >>> low, high = bootstrap_interval(np.arange(100.0), samples=200, seed=0)
        >>> bool(40 < low < 49.5 < high < 60)
        True
    """
    if statistic not in STATISTICS:
        raise ValueError(f"statistic: found {statistic!r}; expected {' or '.join(STATISTICS)}")
    kept = np.asarray(values, np.float64)
    kept = kept[~np.isnan(kept)]
    if len(kept) == 0:
        return Interval(float("nan"), float("nan"))
    generator = np.random.default_rng(seed)
    rows = max(1, DRAWS_AT_A_TIME // len(kept))
    resampled = [
        STATISTICS[statistic](
            kept[generator.integers(len(kept), size=(min(rows, samples - start), len(kept)))],
            axis=1,
        )
        for start in range(0, samples, rows)
    ]
    ends = np.quantile(np.concatenate(resampled), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(ends[0]), float(ends[1]))
