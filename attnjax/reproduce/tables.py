"""The tables of the page, each from the records, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attnjax.report.published import ENCODERS as NAMES
from attnjax.report.published import published_performance
from attnjax.reproduce.compared import (
    Interval,
    Records,
    interval_of,
    is_comparable,
    published_score,
    published_tau,
    tau_of,
)
from attnjax.reproduce.plan import DATA, ENCODERS, Data, Row, rows

NONE = "-"
"""What stands where there is no figure."""

ATTENTIONS = {"additive": "Additive", "dot": "Scaled dot-product"}

TAUS = {
    "gradient_agreement": "attention and gradient",
    "leave_one_out_agreement": "attention and leave-one-out",
    "gradient_leave_one_out": "gradient and leave-one-out",
}
"""The tests that give a tau, by what they compare."""


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown, or nothing where there are no lines.

    Args:
        header: names of the columns.
        lines: as many cells each.

    Example:
        >>> print(markdown_table(["a", "b"], [["1", "2"]]))
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    body = [_line(cells) for cells in lines]
    if not body:
        return ""
    return "\n".join([_line(header), _line(["---"] * len(header)), *body])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def rows_with_records(records: Records) -> list[tuple[Row, Mapping[str, Any]]]:
    """Return the rows of the plan that have been run, in the order of the paper's tables.

    Args:
        records: by row.
    """
    return [(row, records[row.name]) for row in rows() if row.name in records]


def performance_table(records: Records) -> str:
    """Return how well each model predicts, beside what was published and aimed at."""
    lines = []
    for row, record in rows_with_records(records):
        scores, splits = record["performance"], record["dataset"]["splits"]
        lines.append(
            [
                *_named(row, record),
                f"{splits['train']:,} / {splits['test']:,}",
                _score(scores, "accuracy"),
                _score(scores, row.data.measure),
                _number(published_score(row) if is_comparable(record, row.data) else None),
                _table_one(row, record),
                _aim(row, record),
                f"{scores['loss']:.2f}",
                f"{record['instances']['sure_share']:.0%}",
            ]
        )
    return markdown_table(
        [
            *("data", "encoder", "attention", "train / test", "accuracy", "the paper's measure"),
            *("authors' later run", "paper's table 1 (unverified)", "aim", "test loss", "sure"),
        ],
        lines,
    )


def _named(row: Row, record: Mapping[str, Any]) -> list[str]:
    mark = " *" if record["changed"] else ""
    return [row.data.title + mark, NAMES[row.encoder], row.attention]


def _score(scores: Mapping[str, Any], name: str) -> str:
    label = {"f1": "F1 ", "accuracy": ""}[name]
    interval = scores.get(f"{name}_ci95")
    if interval is None:
        return f"{label}{scores[name]:.3f}"
    return label + str(Interval(scores[name], *interval))


def _table_one(row: Row, record: Mapping[str, Any]) -> str:
    """Return the score of the paper's table 1, which is of the BiLSTM alone."""
    if (row.encoder, row.attention) != ("lstm", "additive") or not is_comparable(record, row.data):
        return NONE
    published = published_performance(row.data.published)
    return NONE if published is None else _number(published["score"])


def _aim(row: Row, record: Mapping[str, Any]) -> str:
    aim = row.data.aim
    if aim is None or (row.encoder, row.attention) != ("lstm", "additive"):
        return NONE
    missing = aim - record["performance"][row.data.measure]
    return f"{aim:g}: " + ("reached" if missing <= 0 else f"missed by {missing:.3f}")


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _shown(interval: Interval | None) -> str:
    return NONE if interval is None else str(interval)


def tau_table(records: Records, test: str, attention: str) -> str:
    """Return the mean taus of a test by data set and encoder, ours and the published one.

    Args:
        records: by row.
        test: of `TAUS`.
        attention: `additive` or `dot`.
    """
    lines = []
    for data in DATA:
        cells: list[str] = []
        for encoder in ENCODERS:
            row = Row(data, encoder, attention)
            record = records.get(row.name)
            comparable = record is not None and is_comparable(record, data)
            published = _number(published_tau(row, test) if comparable else None)
            cells += [_shown(tau_of(record, test)), published]
        if any(cell != NONE for cell in cells[::2]):
            lines.append([data.title, *cells])
    header = ["data"]
    for encoder in ENCODERS:
        header += [f"{NAMES[encoder]}, ours", "published"]
    return markdown_table(header, lines)


def certainty_table(records: Records) -> str:
    """Return the yardstick where a model is least sure, and where it is surest."""
    lines = []
    for row, record in rows_with_records(records):
        quarters = record["instances"]["by_certainty"]
        least, most = quarters["least_sure"], quarters["surest"]
        if least is not None and most is not None:
            shown = [str(Interval(one["value"], *one["ci95"])) for one in (least, most)]
            lines.append([*_named(row, record), *shown])
    header = ["data", "encoder", "attention", "least sure quarter", "surest quarter"]
    return markdown_table(header, lines)


def counterfactual_table(records: Records) -> str:
    """Return what shuffled and adversarial attentions do, model by model."""
    lines = []
    for row, record in rows_with_records(records):
        tests, texts = record["tests"], record["instances"]
        permutation = tests.get("permutation", {}).get("median_output_change")
        adversary = tests.get("adversary", {})
        search = adversary.get("search", {}).get("max_jsd")
        lines.append(
            [
                *_named(row, record),
                _shown(interval_of(permutation, "mean", record)),
                _shown(interval_of(texts["shuffled"], "value", record)),
                NONE if "epsilon" not in adversary else f"{adversary['epsilon']:g}",
                _shown(interval_of(search, "mean", record)),
                _shown(interval_of(texts["near_maximal"], "value", record)),
                _largest_possible(adversary, record),
            ]
        )
    return markdown_table(
        [
            *("data", "encoder", "attention", "change when shuffled, mean", "median text"),
            *("epsilon", "largest JSD found, mean", "share at least 0.6", "largest possible JSD"),
        ],
        lines,
    )


def _largest_possible(adversary: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the certified maximum, the bounds that enclose it, or why there is neither."""
    exact = adversary.get("exact")
    if exact is None:
        return NONE
    if exact["status"] == "solved":
        return _shown(interval_of(exact["max_jsd"], "mean", record))
    if exact["status"] == "enclosed":
        bounds = adversary["multiclass"]
        return f"{bounds['lower']['mean']:.3f} to {bounds['upper']['mean']:.3f}"
    return "not known: the output is not affine in the attention"


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
    lines = []
    for row, record in rows_with_records(records):
        seconds, peak = record["seconds"], record["peak_bytes"]
        parts = [sum(seconds.get(name, 0.0) for name in names) for names in STAGES.values()]
        lines.append(
            [
                *_named(row, record),
                str(record["model"]["epochs_run"]),
                *(f"{part:.0f}" for part in parts),
                f"{sum(seconds.values()):.0f}",
                NONE if peak is None else f"{peak / 2**30:.2f}",
            ]
        )
    header = ["data", "encoder", "attention", "epochs", *STAGES, "all", "GiB"]
    return markdown_table(header, lines)


def data_table(records: Records) -> str:
    """Return what is in the data sets that were run, and what was left out of them."""
    lines = []
    for data in DATA:
        found = [one for row, one in rows_with_records(records) if row.data.name == data.name]
        if found:
            lines.append(_data_line(data, found[0]))
    header = ["data", "train / dev / test", "vocabulary", "cut", "left out", "not as in the paper"]
    return markdown_table(header, lines)


def _data_line(data: Data, record: Mapping[str, Any]) -> list[str]:
    dataset = record["dataset"]
    splits = " / ".join(f"{dataset['splits'][name]:,}" for name in ("train", "dev", "test"))
    dropped = "; ".join(f"{count:,} {reason}" for reason, count in dataset["dropped"].items())
    differs = [data.differs, *dataset["notes"], _vectors(dataset["vectors"])]
    return [
        data.title,
        splits,
        f"{dataset['vocabulary']:,}",
        f"{dataset['truncated']:,}",
        dropped or "none",
        " ".join(one for one in differs if one) or NONE,
    ]


def _vectors(vectors: Mapping[str, Any] | None) -> str:
    """Say where word vectors began."""
    if vectors is None:
        return "Word vectors begin at random."
    if epochs := vectors["trained_epochs"]:
        return f"Word vectors begin as trained on the training texts (skip-gram, {epochs} epochs)."
    return f"Word vectors begin as in a file that has {vectors['share']:.0%} of the words."
