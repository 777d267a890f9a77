"""The page: every table with how to read it, and the claims with what was found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attnjax.reproduce.claims import CLAIMS, Claim, Finding, findings
from attnjax.reproduce.compared import Records, why_not_judged
from attnjax.reproduce.plan import DATA
from attnjax.reproduce.record import read_records
from attnjax.reproduce.tables import (
    ATTENTIONS,
    TAUS,
    certainty_table,
    cost_table,
    counterfactual_table,
    data_table,
    markdown_table,
    performance_table,
    rows_with_records,
    tau_table,
)
from attnjax.reproduce.words import (
    AGREEMENT,
    CERTAINTY,
    CLAIMS_OPENING,
    COST,
    COUNTERFACTUAL,
    DATA_SETS,
    OPENING,
    PERFORMANCE,
)
from attnjax.workspace import write_atomically


def write_page(docs: Path) -> Path:
    """Write `reproduction.md` from the records in `results/` and return its path.

    Args:
        docs: the folder of both.

    Raises:
        DataError: for a file among the records that is none.
    """
    path = docs / "reproduction.md"
    docs.mkdir(parents=True, exist_ok=True)
    write_atomically(path, render(read_records(docs / "results")).encode())
    return path


def render(records: Records) -> str:
    """Return the whole page in Markdown.

    Args:
        records: by row; may be empty.

    Example:
        >>> "No row has been run yet." in render({})
        True
    """
    run = [record for _, record in rows_with_records(records)]
    if not run:
        return "# *Attention is not Explanation*, run again\n\nNo row has been run yet.\n"
    parts = [
        OPENING.format(seeds=_distinct(run, "seed"), protocols=_distinct(run, "protocol")),
        _changed(run),
        CLAIMS_OPENING,
        _overview(records),
        _unjudged(records),
        *(_claim(number, claim, records) for number, claim in enumerate(CLAIMS, 1)),
        PERFORMANCE,
        performance_table(records),
        AGREEMENT,
        *_taus(records),
        CERTAINTY,
        certainty_table(records),
        COUNTERFACTUAL,
        counterfactual_table(records),
        DATA_SETS,
        data_table(records),
        COST.format(devices=_distinct(run, "device")),
        cost_table(records),
        _missing(records),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _distinct(run: list[Mapping[str, Any]], key: str) -> str:
    return ", ".join(sorted({str(record[key]) for record in run}))


def _changed(run: list[Mapping[str, Any]]) -> str:
    """Say which rows were run with other settings than those of the plan."""
    lines = [f"- `{one['row']}`: `{' '.join(one['changed'])}`" for one in run if one["changed"]]
    if not lines:
        return ""
    return (
        "Marked * below and compared with nothing, because they were run with settings of the "
        "user's own:\n\n" + "\n".join(lines)
    )


def _overview(records: Records) -> str:
    """Return a line for each claim: on how many data sets its rule is passed."""
    lines = []
    for number, claim in enumerate(CLAIMS, 1):
        found = findings(claim, records)
        lines.append([str(number), claim.statement, *_counts(found), _published_count(found)])
    header = ["", "claim", "passed on", "failed on", "open on", "published means pass on"]
    return markdown_table(header, lines)


def _counts(found: list[Finding]) -> list[str]:
    if not found:
        return ["not run", "-", "-"]
    return [
        ", ".join(one.data for one in found if one.verdict == verdict) or "none"
        for verdict in ("passed", "failed", "open")
    ]


def _published_count(found: list[Finding]) -> str:
    known = [one.published for one in found if one.published is not None]
    return f"{sum(known)} of {len(known)}" if known else "no numbers"


def _unjudged(records: Records) -> str:
    """Say which rows no claim is judged by, and why."""
    reasons = [(row.name, why_not_judged(record)) for row, record in rows_with_records(records)]
    lines = [f"- `{name}`: {reason}" for name, reason in reasons if reason is not None]
    return "Not judged:\n\n" + "\n".join(lines) if lines else ""


def _claim(number: int, claim: Claim, records: Records) -> str:
    """Return what was found of one claim, data set by data set."""
    found = findings(claim, records)
    opening = f"### {number}. {claim.statement}\n\nSource: {claim.source}. Passed if {claim.rule}."
    if not found:
        return opening + " The runs that it needs are missing."
    words = {True: "passed", False: "not passed", None: "no numbers"}
    lines = [[one.data, one.figures, one.verdict, words[one.published]] for one in found]
    table = markdown_table(["data", "ours", "rule", "rule on published means"], lines)
    return f"{opening}\n\n{table}"


def _taus(records: Records) -> list[str]:
    parts = []
    for attention, name in ATTENTIONS.items():
        for test, compared in TAUS.items():
            table = tau_table(records, test, attention)
            if table:
                parts += [f"### {name} attention: {compared}", table]
    return parts


def _missing(records: Records) -> str:
    """Say which rows of the plan have not been run."""
    have = {row.name for row, _ in rows_with_records(records)}
    lines = []
    for data in DATA:
        models = [
            f"{encoder}-{attention}"
            for attention in ATTENTIONS
            for encoder in ("lstm", "cnn", "average")
            if f"{data.name}-{encoder}-{attention}" not in have
        ]
        if models:
            which = "no row" if len(models) == 6 else "all but " + ", ".join(models)
            lines.append(f"- {data.title}: {which}")
    if not lines:
        return ""
    return (
        "## What was run of each data set\n\nEvery data set has six rows (three encoders, two "
        "attentions). Where some were not run:\n\n" + "\n".join(lines)
    )
