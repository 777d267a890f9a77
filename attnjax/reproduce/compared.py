"""Our figures and the published ones, by data set, encoder, attention and test."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from attnjax.report.published import published_rerun, published_taus
from attnjax.reproduce.plan import Data, Row

Records = Mapping[str, dict[str, Any]]


class Interval(NamedTuple):
    """A figure with its 95% interval over test texts.

    Attributes:
        value: the figure.
        low: lower end.
        high: upper end.
        n: texts that it is of, where they are fewer than the test split has; else 0.
    """

    value: float
    low: float
    high: float
    n: int = 0

    def __str__(self) -> str:
        text = f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
        return f"{text} ({self.n:,} texts)" if self.n else text


def interval_of(
    summary: Mapping[str, Any] | None, value: str, record: Mapping[str, Any]
) -> Interval | None:
    """Return a figure of a record with its interval, or None where it is undefined.

    Args:
        summary: with `ci95` and `n`, or None.
        value: key of the figure.
        record: the record that it is of.

    Example:
        >>> record = {"dataset": {"splits": {"test": 9}}}
        >>> str(interval_of({"mean": 0.3, "ci95": [0.2, 0.4], "n": 7}, "mean", record))
        '0.300 [0.200, 0.400] (7 texts)'
    """
    if summary is None or summary[value] is None or summary["ci95"] is None:
        return None
    whole = summary["n"] >= record["dataset"]["splits"]["test"]
    return Interval(summary[value], *summary["ci95"], 0 if whole else summary["n"])


def tau_of(record: Mapping[str, Any] | None, test: str) -> Interval | None:
    """Return the mean tau of a test of a record, or None where it has none.

    Args:
        record: of a row, or None.
        test: a test of `results.json`.
    """
    if record is None:
        return None
    overall = record["tests"].get(test, {}).get("tau", {}).get("overall")
    return interval_of(overall, "mean", record)


def published_tau(row: Row, test: str) -> float | None:
    """Return the published mean tau of a row, or None where the authors' files have none.

    Example:
        >>> from attnjax.reproduce.plan import DATA
        >>> published_tau(Row(DATA[0], "lstm", "additive"), "gradient_agreement")
        0.3512
    """
    taus = published_taus(row.data.published, row.encoder, row.attention, test)
    return taus["overall"].mean if "overall" in taus else None


def published_score(row: Row) -> float | None:
    """Return the score of a row in the authors' later run, or None."""
    return published_rerun(row.data.published, row.encoder, row.attention)


def is_comparable(record: Mapping[str, Any], data: Data) -> bool:
    """Return whether published figures may stand beside a record: the same texts and settings.

    Args:
        record: of a row.
        data: its data set.
    """
    same = record["dataset"]["published"] == data.published
    return data.published is not None and same and not record["changed"]


def why_not_judged(record: Mapping[str, Any]) -> str | None:
    """Return why a record says nothing of the claims, or None where it does.

    Args:
        record: of a row.
    """
    if record["changed"]:
        return "run with settings of the user's own"
    if record["performance"]["accuracy_ci95"][0] <= record["instances"]["majority_share"]:
        return "predicts no better than the commonest class would"
    return None


def judged(records: Records) -> Records:
    """Return the records that say something of the claims.

    Args:
        records: by row.
    """
    return {name: one for name, one in records.items() if why_not_judged(one) is None}
