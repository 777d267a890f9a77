"""The tables of numbers beside the figures."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attnjax.report.numbers import (
    MISSING,
    as_estimate,
    count,
    estimated,
    fine,
    interval,
    number,
    percent,
)
from attnjax.report.published import PublishedTau, published_performance
from attnjax.report.style import MAX_CLASSES


class Table(NamedTuple):
    """A table of text.

    Attributes:
        caption: above it.
        columns: the header; the first column names the rows.
        rows: one text per column.
        note: below it, or "".
        meanings: a sentence below each row, or none: what a high or low number means.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    meanings: tuple[str, ...] = ()


METHODS = {"attention": "attention", "gradient": "gradient", "leave_one_out": "leave-one-out"}
"""Scores of tokens, as `results.json` and as a reader calls them."""

SCORES = {
    "accuracy": "accuracy",
    "f1": "F1",
    "f1_macro": "F1, mean over classes",
    "auc": "area under the ROC curve",
    "loss": "loss (nats per instance)",
}


def performance_table(
    performance: Mapping[str, Any], class_names: Sequence[str], published: str | None
) -> Table:
    """Return the scores by split, with the published one beside them.

    Example:
        >>> performance_table({"test": {"accuracy": 0.8}}, ["no", "yes"], None).rows
        (('accuracy', '0.800'),)
    """
    binary = len(class_names) == 2
    splits = [name for name in ("dev", "test") if name in performance]
    beside = published_performance(published)
    columns = ["score", *splits, *(["published (J&W, table 1)"] if beside else [])]
    rows = []
    for key, name in SCORES.items():
        values = [performance[split].get(key) for split in splits]
        # With more classes F1 is the mean over the classes, which has its own row.
        if all(value is None for value in values) or (key == "f1" and not binary):
            continue
        shown = [number(value, 3) for value in values]
        if beside:
            shown.append(number(beside["score"]) if key == "f1" else MISSING)
        rows.append((f"F1 of “{class_names[1]}”" if key == "f1" else name, *shown))
    note = (
        "Published: F1 of an LSTM with attention, from memory and not verified against the paper."
        if beside
        else ""
    )
    return Table("Performance of the model", tuple(columns), tuple(rows), note)


def agreement_table(
    summary: Mapping[str, Any],
    class_names: Sequence[str],
    cells: Mapping[str, PublishedTau],
) -> Table:
    """Return tau overall and by predicted class, with the published cells beside them.

    With more classes than figures tell apart, overall alone.

    Args:
        summary: of the test, `overall` and `by_class`.
        class_names: from class 0.
        cells: published ones, by "overall" or the class's number.

    Example:
        >>> one = {"mean": 0.5, "n": 9, "undefined": 0}
        >>> summary = {"overall": one, "by_class": {"0": one, "1": one}}
        >>> [row[0] for row in agreement_table(summary, ["no", "yes"], {}).rows]
        ['all', 'no', 'yes']
    """
    columns = ["predicted class", "n", "undefined", "mean tau", "95% interval", "std", "p ≤ 0.05"]
    if cells:
        columns += ["published mean (std)", "published p ≤ 0.05"]
    rows = [_agreement_row("all", summary["overall"], cells.get("overall"), bool(cells))]
    by_class = summary.get("by_class", {})
    pooled = len(class_names) > MAX_CLASSES
    for key, one in {}.items() if pooled else by_class.items():
        name = class_names[int(key)] if int(key) < len(class_names) else f"class {key}"
        rows.append(_agreement_row(name, one, cells.get(key), bool(cells)))
    note = (
        "Published: Jain & Wallace (2019), same dataset, encoder and attention; verified in the "
        "authors' own result files. Their models are not this one (their training, their word "
        "vectors), so equal numbers are not to be expected."
        if cells
        else ""
    )
    if pooled:
        note = (
            f"{len(by_class)} of {len(class_names)} classes are predicted: too many for a row "
            f"each (results.json has them). {note}"
        ).rstrip()
    return Table("Kendall's tau", tuple(columns), tuple(rows), note)


def _agreement_row(
    name: str, one: Mapping[str, Any], cell: PublishedTau | None, beside: bool
) -> tuple[str, ...]:
    mean = as_estimate(one)
    row = (
        name,
        count(mean.n),
        count(one.get("undefined")),
        estimated(mean),
        interval(mean),
        number(one.get("std")),
        percent(one.get("significant")),
    )
    if not beside:
        return row
    if cell is None:
        return (*row, MISSING, MISSING)
    if cell.mean is None:
        return (*row, "undefined in the authors' file", percent(cell.significant))
    return (*row, f"{number(cell.mean)} ({number(cell.std)})", percent(cell.significant))


def spread_table(
    caption: str, rows: Mapping[str, Mapping[str, Any]], digits: int, note: str = ""
) -> Table:
    """Return mean, interval and quartiles of some values, a row each."""
    return Table(
        caption,
        ("", "n", "mean", "95% interval", "25%", "median", "75%"),
        tuple(
            (
                name,
                count(one.get("n")),
                estimated(as_estimate(one), digits),
                interval(as_estimate(one), digits),
                *(fine(one.get(key), digits) for key in ("q25", "median", "q75")),
            )
            for name, one in rows.items()
        ),
        note,
    )


def bins_table(caption: str, bins: Sequence[Mapping[str, Any]]) -> Table:
    """Return mean and median of some values by maximum attention."""
    return Table(
        caption,
        ("maximum attention", "n", "mean", "median"),
        tuple(
            (
                f"{one['low']:.2f} to {one['high']:.2f}",
                count(one["n"]),
                fine(one["mean"], 3),
                fine(one["median"], 3),
            )
            for one in bins
        ),
    )


def evidence_table(
    models: Mapping[str, Mapping[str, Any]],
    chance: Mapping[str, float | None],
    caption: str = "Recovery of the planted evidence",
) -> Table:
    """Return how well each score of each model finds tokens that are marked."""
    rows = []
    for model, summary in models.items():
        for method, name in METHODS.items():
            if method not in summary:
                continue
            auprc, precision = (
                as_estimate(summary[method].get(key)) for key in ("auprc", "precision")
            )
            rows.append(
                (
                    f"{model}: {name}",
                    count(auprc.n),
                    estimated(auprc),
                    interval(auprc),
                    estimated(precision),
                    interval(precision),
                )
            )
    rows.append(
        ("a random ranking", MISSING, number(chance.get("auprc")), MISSING,
         number(chance.get("precision")), MISSING)
    )  # fmt: skip
    return Table(
        caption,
        ("", "n", "AUPRC", "95% interval", "precision", "95% interval"),
        tuple(rows),
    )


def two_columns(caption: str, name: str, values: Mapping[str, Any]) -> Table:
    """Return a table of names and what stands for each.

    Args:
        caption: of the table.
        name: what the names are.
        values: by name; what is no text is written as Python writes it.

    Example:
        >>> two_columns("Settings", "field", {"seed": 0, "task": "cola"}).rows
        (('seed', '0'), ('task', 'cola'))
    """
    rows = tuple(
        (key, value if isinstance(value, str) else repr(value)) for key, value in values.items()
    )
    return Table(caption, (name, "value"), rows)
