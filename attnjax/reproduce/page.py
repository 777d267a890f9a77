"""The page: every table with how to read it, and the claims with what was found."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attnjax.reproduce.claims import CLAIMS, Claim, Finding, findings
from attnjax.reproduce.plan import DATA
from attnjax.reproduce.record import read_records
from attnjax.reproduce.tables import (
    ATTENTIONS,
    TAUS,
    cost_table,
    counterfactual_table,
    data_table,
    markdown_table,
    performance_table,
    rows_with_records,
    tau_table,
)
from attnjax.workspace import write_atomically

OPENING = """# *Attention is not Explanation*, run again

Written by `python -m attnjax.reproduce` from the records in `results/`; the command writes both
again. Each row is a model: a data set of Jain & Wallace (2019), an encoder and an attention.
Every row is one training (seed {seeds}), so intervals, which are 95% bootstrap intervals over
the test texts, do not cover training again: another seed can move a mean by more than its
interval is wide.

Published taus are the means over all test texts in the authors' own result files. Scores are
those of the authors' later run, from their files too; the column of the paper's table 1 is from
memory of the paper and could not be compared with it. The paper shows shuffled and adversarial
attentions as figures only, so there is no number to set beside ours.
"""

PERFORMANCE = """## How well the models predict

*How to read this.* The paper's measure is F1 of class 1 for classification and accuracy for
question answering and inference. An explanation of a model that predicts badly explains little,
so this comes first. "Aim" is what this project set itself before the runs, for the BiLSTM.
"""

AGREEMENT = """## Does attention agree with gradients and with leave-one-out?

*How to read this.* Kendall's tau of two rankings of a text's tokens: 1 where they agree, 0
where they have nothing to do with each other, -1 where one is the other upside down. The cell
is the mean over the test texts with its interval; the published mean stands to its right. The
last table of each attention is the yardstick: how far gradients and leave-one-out agree with
each other.
"""

COUNTERFACTUAL = """## Does another attention leave the output as it is?

*How to read this.* Output changes are total variation distances, from 0 to 1. "When shuffled"
is the mean over the texts of each text's median over shuffles of its attention: near 0, the
order of the weights hardly matters. JSD is the divergence of an adversarial attention from the
model's own, in nats, at most 0.693; the adversary may move the output by epsilon. "At least
0.6" is the share of texts whose search came that far. "Largest possible" is a certified maximum
for two classes, and bounds that enclose it for more.
"""

CLAIMS_OPENING = """## The paper's claims

*How to read this.* Each rule was written down before the runs; it may come out false. It is
applied to each data set, with the models that stand in the rule. "Published" is what the
authors' own means give under the same rule, where they have the numbers (means alone: no
intervals).
"""

DATA_SETS = """## The data

*How to read this.* "Cut" are texts shortened to `data.max_length`; whatever was left out is
counted by its reason.
"""

COST = """## What it costs

*How to read this.* Seconds of each part, compilation included where it was not cached, and the
most memory the process held, on {devices}. Rows of one command share compilations, and other
work may have run beside them: these are sizes, not benchmarks.
"""


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


def render(records: Mapping[str, dict[str, Any]]) -> str:
    """Return the whole page in Markdown.

    Args:
        records: by row; may be empty.

    Example:
        >>> "No row has been run yet." in render({})
        True
    """
    run = [record for _, record in rows_with_records(records)]
    seeds = ", ".join(str(seed) for seed in sorted({record["seed"] for record in run})) or "0"
    devices = "; ".join(sorted({record["device"] for record in run}))
    parts = [OPENING.format(seeds=seeds)]
    if not run:
        return "\n".join([*parts, "No row has been run yet.\n"])
    parts += [
        _changed(run),
        CLAIMS_OPENING,
        _overview(records),
        *(_claim(number, claim, records) for number, claim in enumerate(CLAIMS, 1)),
        PERFORMANCE,
        performance_table(records),
        AGREEMENT,
        *_taus(records),
        COUNTERFACTUAL,
        counterfactual_table(records),
        DATA_SETS,
        data_table(records),
        COST.format(devices=devices),
        cost_table(records),
        _missing(records),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _changed(run: list[dict[str, Any]]) -> str:
    """Say which rows were run with other settings than those of the plan."""
    lines = [f"- `{one['row']}`: `{' '.join(one['changed'])}`" for one in run if one["changed"]]
    if not lines:
        return ""
    return "Rows that were run with settings of the user's own:\n\n" + "\n".join(lines)


def _overview(records: Mapping[str, dict[str, Any]]) -> str:
    """Return a line for each claim: on how many data sets its rule is passed."""
    rows = []
    for number, claim in enumerate(CLAIMS, 1):
        found = findings(claim, records)
        rows.append([str(number), claim.statement, _count(found), _published_count(found)])
    header = ["", "claim", "passed on", "published"]
    return markdown_table(header, rows)


def _count(found: list[Finding]) -> str:
    if not found:
        return "not run"
    return f"{sum(one.passed for one in found)} of {len(found)}"


def _published_count(found: list[Finding]) -> str:
    known = [one.published for one in found if one.published is not None]
    return f"{sum(known)} of {len(known)}" if known else "no numbers"


def _claim(number: int, claim: Claim, records: Mapping[str, dict[str, Any]]) -> str:
    """Return what was found of one claim, data set by data set."""
    found = findings(claim, records)
    opening = f"### {number}. {claim.statement}\n\nSource: {claim.source}. Passed if {claim.rule}."
    if not found:
        return opening + " The runs that it needs are missing."
    words = {True: "passed", False: "not passed", None: "no numbers"}
    rows = [[one.data, one.figures, words[one.passed], words[one.published]] for one in found]
    table = markdown_table(["data", "ours", "rule", "rule on published means"], rows)
    return f"{opening}\n\n{table}"


def _taus(records: Mapping[str, dict[str, Any]]) -> list[str]:
    parts = []
    for attention, name in ATTENTIONS.items():
        for test, compared in TAUS.items():
            table = tau_table(records, test, attention)
            if table:
                title = f"### {name[0].upper()}{name[1:]} attention: {compared}"
                parts += [title, table]
    return parts


def _missing(records: Mapping[str, dict[str, Any]]) -> str:
    """Say which data sets of the paper have no row here."""
    have = {row.data.name for row, _ in rows_with_records(records)}
    missing = [data for data in DATA if data.name not in have]
    if not missing:
        return ""
    names = ", ".join(data.published for data in missing)
    return (
        "## What was not run\n\n"
        f"No row of {names}. Diabetes and Anemia are of MIMIC-III, which only its credentialed "
        "users may have; CNN is a download of its own. The configs are there: with the files in "
        "`--data_dir`, the command runs them like the others."
    )
