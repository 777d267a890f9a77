"""The tables of the page, each from the records, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attnjax.report.published import ENCODERS as NAMES
from attnjax.report.published import published_performance, published_rerun
from attnjax.reproduce.compared import Interval, published_tau, tau_of
from attnjax.reproduce.plan import DATA, ENCODERS, Data, Row

Records = Mapping[str, dict[str, Any]]

NONE = "-"
"""What stands where there is no figure."""

ATTENTIONS = {"additive": "additive", "dot": "scaled dot-product"}

TAUS = {
    "gradient_agreement": "attention and gradient",
    "leave_one_out_agreement": "attention and leave-one-out",
    "gradient_leave_one_out": "gradient and leave-one-out",
}
"""The tests that give a tau, by what they compare."""


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown, or nothing where there are no rows.

    Args:
        header: names of the columns.
        rows: as many cells each.

    Example:
        >>> print(markdown_table(["a", "b"], [["1", "2"]]))
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    lines = [_line(row) for row in rows]
    if not lines:
        return ""
    return "\n".join([_line(header), _line(["---"] * len(header)), *lines])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def rows_with_records(records: Records) -> list[tuple[Row, dict[str, Any]]]:
    """Return the rows of the plan that have been run, in the order of the paper's tables.

    Args:
        records: by row.
    """
    every = [
        Row(data, encoder, attention)
        for data in DATA
        for attention in ATTENTIONS
        for encoder in ENCODERS
    ]
    return [(row, records[row.name]) for row in every if row.name in records]


def performance_table(records: Records) -> str:
    """Return how well each model predicts, beside what was published and aimed at."""
    rows = []
    for row, record in rows_with_records(records):
        scores, splits = record["performance"], record["dataset"]["splits"]
        rows.append(
            [
                *_named(row),
                f"{splits['train']:,} / {splits['test']:,}",
                _with_interval(scores, "accuracy"),
                _with_interval(scores, row.data.measure),
                _number(published_rerun(row.data.published, row.encoder, row.attention)),
                _table_one(row),
                _aim(row, scores[row.data.measure]),
            ]
        )
    return markdown_table(
        [
            *("data", "encoder", "attention", "train / test", "accuracy", "the paper's measure"),
            *("authors' later run", "paper's table 1 (unverified)", "aim"),
        ],
        rows,
    )


def _named(row: Row) -> list[str]:
    return [row.data.published, NAMES[row.encoder], row.attention]


def _with_interval(scores: Mapping[str, Any], name: str) -> str:
    label = {"f1": "F1 ", "accuracy": ""}[name]
    interval = scores.get(f"{name}_ci95")
    if interval is None:
        return f"{label}{scores[name]:.3f}"
    return label + str(Interval(scores[name], *interval))


def _table_one(row: Row) -> str:
    """Return the score of the paper's table 1, which is of the BiLSTM alone."""
    if (row.encoder, row.attention) != ("lstm", "additive"):
        return NONE
    published = published_performance(row.data.published)
    return NONE if published is None else _number(published["score"])


def _aim(row: Row, score: float) -> str:
    aim = row.data.aim
    if aim is None or (row.encoder, row.attention) != ("lstm", "additive"):
        return NONE
    return f"{aim:g}: " + ("reached" if score >= aim else f"missed by {aim - score:.3f}")


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def tau_table(records: Records, test: str, attention: str) -> str:
    """Return the mean taus of a test by data set and encoder, ours and the published one.

    Args:
        records: by row.
        test: of `TAUS`.
        attention: `additive` or `dot`.
    """
    rows = []
    for data in DATA:
        cells: list[str] = []
        for encoder in ENCODERS:
            record = records.get(Row(data, encoder, attention).name)
            ours = None if record is None else tau_of(record, test)
            cells += [
                NONE if ours is None else str(ours),
                _number(published_tau(data.published, encoder, attention, test)),
            ]
        if any(cell != NONE for cell in cells[::2]):
            rows.append([data.published, *cells])
    header = ["data"]
    for encoder in ENCODERS:
        header += [f"{NAMES[encoder]}, ours", "published"]
    return markdown_table(header, rows)


def counterfactual_table(records: Records) -> str:
    """Return what shuffled and adversarial attentions do, model by model."""
    rows = []
    for row, record in rows_with_records(records):
        tests = record["tests"]
        permutation, adversary = tests.get("permutation"), tests.get("adversary", {})
        search = adversary.get("search")
        rows.append(
            [
                *_named(row),
                NONE if permutation is None else _values(permutation["median_output_change"]),
                _number(adversary.get("epsilon")),
                NONE if search is None else _values(search["max_jsd"]),
                _share(record["near_maximal_share"]),
                _largest_possible(adversary),
                _limits(record),
            ]
        )
    return markdown_table(
        [
            *("data", "encoder", "attention", "median output change when shuffled", "epsilon"),
            *("largest JSD found", "at least 0.6", "largest possible JSD", "texts"),
        ],
        rows,
    )


def _values(summary: Mapping[str, Any]) -> str:
    if summary["mean"] is None:
        return NONE
    if summary["ci95"] is None:
        return f"{summary['mean']:.3f}"
    return str(Interval(summary["mean"], *summary["ci95"]))


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.0%}"


def _largest_possible(adversary: Mapping[str, Any]) -> str:
    """Return the certified maximum, the bounds that enclose it, or why there is neither."""
    exact = adversary.get("exact")
    if exact is None:
        return NONE
    if exact["status"] == "solved":
        return _values(exact["max_jsd"])
    if exact["status"] == "enclosed":
        bounds = adversary["multiclass"]
        return f"{bounds['lower']['mean']:.3f} to {bounds['upper']['mean']:.3f}"
    return "not known: the output is not affine in the attention"


def _limits(record: Mapping[str, Any]) -> str:
    """Return on how many texts each test was run, where that is not all."""
    total = record["dataset"]["splits"]["test"]
    limited = {
        name: min(test["limit"], total)
        for name, test in record["tests"].items()
        if isinstance(test, dict) and test.get("limit")
    }
    if not limited:
        return f"all {total:,}"
    parts = [f"{name} {count:,}" for name, count in limited.items()]
    return f"{total:,}; " + ", ".join(parts)


STAGES = {
    "training": ("train",),
    "gradients": ("gradient", "gradient_agreement"),
    "leave-one-out": ("leave_one_out", "leave_one_out_agreement", "gradient_leave_one_out"),
    "shuffles": ("permutation",),
    "search": ("adversary",),
    "exact": ("exact_adversary", "capped_adversary"),
}
"""Columns of the table of costs, and the stages whose seconds each adds up."""


def cost_table(records: Records) -> str:
    """Return seconds and memory of each run."""
    rows = []
    for row, record in rows_with_records(records):
        seconds = record["seconds"]
        parts = [sum(seconds.get(name, 0.0) for name in names) for names in STAGES.values()]
        peak = record["peak_bytes"]
        rows.append(
            [
                *_named(row),
                str(record["model"]["epochs_run"]),
                *(f"{part:.0f}" for part in parts),
                f"{sum(seconds.values()):.0f}",
                NONE if peak is None else f"{peak / 2**30:.2f}",
            ]
        )
    header = ["data", "encoder", "attention", "epochs", *STAGES, "all", "GiB"]
    return markdown_table(header, rows)


def data_table(records: Records) -> str:
    """Return what is in the data sets that were run, and what was left out of them."""
    rows = []
    for data in DATA:
        record = next(
            (one for row, one in rows_with_records(records) if row.data.name == data.name), None
        )
        if record is not None:
            rows.append(_data_row(data, record["dataset"]))
    header = ["data", "train / dev / test", "vocabulary", "cut", "left out", "not as in the paper"]
    return markdown_table(header, rows)


def _data_row(data: Data, dataset: Mapping[str, Any]) -> list[str]:
    splits = " / ".join(f"{dataset['splits'][name]:,}" for name in ("train", "dev", "test"))
    dropped = "; ".join(f"{count:,} {reason}" for reason, count in dataset["dropped"].items())
    differs = [data.differs, *dataset.get("notes", ())]
    return [
        data.published,
        splits,
        f"{dataset['vocabulary']:,}",
        f"{dataset['truncated']:,}",
        dropped or "none",
        " ".join(one for one in differs if one) or NONE,
    ]
