"""Numbers as a reader sees them, and the few statistics that the report itself needs."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from attnjax.measures.bootstrap import bootstrap_interval

MISSING = "\N{EN DASH}"
"""Stands where there is no number."""

MOST_DIGITS = 5
"""No number is written with more decimals."""


class Estimate(NamedTuple):
    """A number with its 95% interval.

    Attributes:
        value: the estimate, or None where it is undefined.
        low: lower end of the interval, or None where there is none.
        high: upper end, or None.
        n: how many instances it is over, or None where that was not recorded.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def side(self) -> int:
        """1 or -1 where the whole interval is above or below 0, else 0."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def as_estimate(summary: Any) -> Estimate:
    """Read the mean of a summary of `results.json`, or a plain number.

    Example:
        >>> as_estimate({"mean": 0.5, "ci95": [0.4, 0.6], "n": 9})
        Estimate(value=0.5, low=0.4, high=0.6, n=9)
        >>> as_estimate(0.5).low is None
        True
    """
    if not isinstance(summary, Mapping):
        return Estimate(None if summary is None else float(summary))
    low, high = summary.get("ci95") or (None, None)
    # JSON has one kind of number: 1 and 1.0 are the same to whoever wrote it.
    mean, low, high = (
        None if one is None else float(one) for one in (summary.get("mean"), low, high)
    )
    return Estimate(mean, low, high, summary.get("n"))


def number(value: float | int | None, digits: int = 2) -> str:
    r"""Write a number with a fixed count of decimals, or `MISSING`.

    Example:
        >>> number(0.126), number(-0.00004), number(None) == MISSING
        ('0.13', '0.00', True)
        >>> number(-0.126) == "\N{MINUS SIGN}0.13"
        True
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    # A rounded nothing has no sign; a true minus is as wide as the digits.
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def fine(value: float | int | None, digits: int = 2) -> str:
    """Write a number with decimals enough that it does not round to a false 0.

    Example:
        >>> fine(0.126), fine(0.0004), fine(0.0), fine(3e-7)
        ('0.13', '0.0004', '0.00', 'under 0.00001')
    """
    return fine_together([value], digits)[0]


def fine_together(values: Sequence[float | int | None], digits: int = 2) -> list[str]:
    """Write numbers with the same decimals: none becomes a false 0, no two falsely the same.

    Example:
        >>> fine_together([0.1, 0.0004]), fine_together([0.121, 0.124])
        (['0.1000', '0.0004'], ['0.121', '0.124'])
    """
    known = [one for one in values if one is not None and math.isfinite(one)]
    while digits < MOST_DIGITS and (
        any(one and round(one, digits) == 0 for one in known)
        or len({round(one, digits) for one in known}) < len(set(known))
    ):
        digits += 1
    return [_written(one, digits) for one in values]


def _written(value: float | int | None, digits: int) -> str:
    """Write a number; one that even the most decimals cannot show, as a bound."""
    if value and round(value, MOST_DIGITS) == 0:
        least = number(10.0**-MOST_DIGITS, MOST_DIGITS)
        return f"under {least}" if value > 0 else f"over \N{MINUS SIGN}{least}"
    return number(value, digits)


def between(lower: float, upper: float, digits: int = 2) -> str:
    """Write two bounds, or one number where they do not differ in its decimals.

    Example:
        >>> between(0.41, 0.46), between(0.412, 0.414)
        ('0.41 to 0.46', '0.41')
    """
    low, high = fine(lower, digits), fine(upper, digits)
    return low if low == high else f"{low} to {high}"


def interval(estimate: Estimate, digits: int = 2) -> str:
    """Write an estimate's interval.

    Example:
        >>> interval(Estimate(0.5, 0.4, 0.6)), interval(Estimate(0.5)) == MISSING
        ('0.40 to 0.60', True)
        >>> interval(Estimate(0.01, 0.0012, 0.02))
        '0.001 to 0.020'
    """
    if estimate.low is None or estimate.high is None:
        return MISSING
    digits = _enough(estimate, digits)
    return f"{_written(estimate.low, digits)} to {_written(estimate.high, digits)}"


def estimated(estimate: Estimate, digits: int = 2) -> str:
    """Write an estimate without its interval, with the decimals of its interval.

    Example:
        >>> estimated(Estimate(0.01, 0.0012, 0.02)), estimated(Estimate(0.5))
        ('0.010', '0.50')
    """
    return _written(estimate.value, _enough(estimate, digits))


def _enough(estimate: Estimate, digits: int) -> int:
    """Return decimals enough that neither the value nor an end of its interval is a false 0."""
    ends = [end for end in estimate[:3] if end]
    while digits < MOST_DIGITS and any(round(end, digits) == 0 for end in ends):
        digits += 1
    return digits


def with_interval(estimate: Estimate, digits: int = 2) -> str:
    """Write an estimate with its interval, as in a sentence.

    Example:
        >>> with_interval(Estimate(0.5, 0.4, 0.6))
        '0.50 (95% interval 0.40 to 0.60)'
    """
    if estimate.low is None:
        return fine(estimate.value, digits)
    digits = _enough(estimate, digits)
    return f"{_written(estimate.value, digits)} (95% interval {interval(estimate, digits)})"


def percent(share: float | int | None) -> str:
    """Write a share in [0, 1] as a percentage that never rounds to a false 0% or 100%.

    Example:
        >>> percent(0.481), percent(0.0004), percent(0.9996), percent(0.0)
        ('48%', 'under 0.1%', 'over 99.9%', '0%')
    """
    if share is None or not math.isfinite(share):
        return MISSING
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share < 0.001 or share > 0.999:
        return "under 0.1%" if share < 0.001 else "over 99.9%"
    return f"{share:.1%}" if share < 0.01 or share > 0.99 else f"{share:.0%}"


def count(value: int | None) -> str:
    """Write a whole number with its thousands apart.

    Example:
        >>> count(1725), count(None) == MISSING
        ('1,725', True)
    """
    return MISSING if value is None else f"{int(value):,}"


def plural(value: int, one: str, several: str | None = None) -> str:
    """Write a count with its noun.

    Example:
        >>> plural(1, "instance"), plural(1200, "instance")
        ('1 instance', '1,200 instances')
    """
    return f"{count(value)} {one if value == 1 else several or one + 's'}"


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    r"""Return the 95% score interval of a share.

    \\( \frac{p + z^2/2n \pm z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n} \\), z = 1.96.

    Args:
        share: observed, in [0, 1].
        n: instances, at least 1.

    Source: Wilson (1927), Probable inference, the law of succession.

    Example:
        >>> [round(end, 3) for end in wilson_interval(0.5, 100)]
        [0.404, 0.596]
    """
    z = 1.959964
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


@cache
def tau_needed(length: int) -> float | None:
    r"""Return the smallest |tau| with a two-sided p of at most .05 at a length, without ties.

    Exact up to 33 tokens (counting permutations by inversions), the normal approximation
    \\( 1.96 \sqrt{2(2n+5) / 9n(n-1)} \\) beyond, as scipy's p-values are.

    Args:
        length: tokens, 0 or more.

    Returns:
        A value in (0, 1], or None where no tau reaches it (4 tokens or fewer).

    Source: Kendall (1938), A new measure of rank correlation.

    Example:
        >>> tau_needed(4) is None, tau_needed(5), round(tau_needed(200), 3)
        (True, 1.0, 0.093)
    """
    if length < 2:
        return None
    if length > 33:
        return 1.959964 * math.sqrt(2 * (2 * length + 5) / (9 * length * (length - 1)))
    ways = np.ones(1)
    for size in range(2, length + 1):
        ways = np.convolve(ways, np.ones(size))
    tail = 2 * np.cumsum(ways) / ways.sum()
    reached = np.flatnonzero(tail <= 0.05)
    if not len(reached):
        return None
    return 1 - 4 * int(reached[-1]) / (length * (length - 1))


def paired_difference(
    first: Num[np.ndarray, " N"] | None,
    second: Num[np.ndarray, " N"] | None,
    *,
    samples: int,
    seed: int,
) -> Estimate | None:
    """Return the mean of `first - second` over the instances that have both.

    Args:
        first: one number per instance, NaN where undefined; None where not measured.
        second: the other.
        samples: bootstrap samples of the interval.
        seed: of the bootstrap.

    Returns:
        The difference, or None where fewer than two instances have both.
    """
    if first is None or second is None:
        return None
    difference = defined(first - second)
    if len(difference) < 2:
        return None
    low, high = bootstrap_interval(difference, samples=samples, seed=seed)
    return Estimate(float(difference.mean()), float(low), float(high), len(difference))


def defined(values: Num[np.ndarray, " N"]) -> Float[np.ndarray, " M"]:
    """Return the values that are not NaN, as float64.

    Example:
        >>> import numpy as np
        >>> defined(np.array([1.0, np.nan])).tolist()
        [1.0]
    """
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values)]
