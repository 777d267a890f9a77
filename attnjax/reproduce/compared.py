"""Our figures and the published ones, by data set, encoder, attention and test."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from attnjax.report.published import published_taus
from attnjax.reproduce.plan import DATA


class Interval(NamedTuple):
    """A mean with its 95% interval over the test instances."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def tau(
    records: Mapping[str, dict[str, Any]], data: str, encoder: str, attention: str, test: str
) -> Interval | None:
    """Return our mean tau of a test, or None where it was not run or is undefined.

    Args:
        records: by row.
        data: the paper's name of a data set.
        encoder: `lstm`, `cnn` or `average`.
        attention: `additive` or `dot`.
        test: a test of `results.json`.

    Example:
        >>> overall = {"mean": 0.3, "ci95": [0.2, 0.4]}
        >>> record = {"tests": {"gradient_agreement": {"tau": {"overall": overall}}}}
        >>> records = {"sst-lstm-dot": record}
        >>> str(tau(records, "SST", "lstm", "dot", "gradient_agreement"))
        '0.300 [0.200, 0.400]'
    """
    short = next(one.name for one in DATA if one.published == data)
    record = records.get(f"{short}-{encoder}-{attention}")
    return None if record is None else tau_of(record, test)


def tau_of(record: dict[str, Any], test: str) -> Interval | None:
    """Return the mean tau of a test of one record, or None where it has none."""
    overall = record["tests"].get(test, {}).get("tau", {}).get("overall")
    if overall is None or overall["mean"] is None or overall["ci95"] is None:
        return None
    return Interval(overall["mean"], *overall["ci95"])


def published_tau(data: str, encoder: str, attention: str, test: str) -> float | None:
    """Return the published mean tau, or None where the authors' files have none.

    Example:
        >>> published_tau("SST", "lstm", "additive", "gradient_agreement")
        0.3512
    """
    overall = published_taus(data, encoder, attention, test).get("overall")
    return None if overall is None else overall.mean


def largest_weight_quarter(record: dict[str, Any] | None, test: str) -> dict[str, Any] | None:
    """Return the group of texts with the most peaked attention that has at least ten texts.

    Args:
        record: of a run, or None.
        test: `permutation` or `adversary`.

    Returns:
        An entry of `by_max_attention`, or None where there is none.
    """
    if record is None or test not in record["tests"]:
        return None
    result = record["tests"][test]
    groups = result.get("search", {}) if test == "adversary" else result
    large = [one for one in groups.get("by_max_attention", ()) if one["n"] >= 10]
    return large[-1] if large else None
