"""From groups of functions to rows of numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.adversary_groups import SEARCHES
from benchmarks.gates import TOLERANCE, Gate
from benchmarks.groups import GROUPS
from benchmarks.machine import Peaks
from benchmarks.memory import Memory
from benchmarks.table import Found, Group, Row
from benchmarks.timing import Timing, first_calls, time_in_turns
from benchmarks.workload import Options, Workload, make_workload

ONCE = ("epoch",)
"""Groups that do not depend on the setting's texts."""

MeasureMemory = Callable[[str], Memory]
"""From `setting/group/function` to memory."""


def is_chosen(row: Row, only: Sequence[str]) -> bool:
    """Return whether a row's name is, or continues, one of those asked for."""
    return not only or any(f"{row.name}_".startswith(f"{name}_") for name in only)


def measure_setting(
    setting: str,
    options: Options,
    *,
    only: Sequence[str],
    peaks: Peaks,
    memory: MeasureMemory | None,
    say: Callable[[str], None],
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return the rows of one setting and the facts beside them.

    Args:
        setting: `sst` or `long`.
        options: how much of what.
        only: names of rows, or beginnings up to an underscore; none means all.
        peaks: of this machine.
        memory: how memory is measured; None leaves it out.
        say: told what is being done.
    """
    workload = make_workload(setting, options)
    rows, facts = [], {}
    for name, make in GROUPS.items():
        if setting == "long" and name in ONCE:
            continue
        if not may_have(name, only):
            continue
        group = make(workload)
        chosen = [row for row in group.rows if is_chosen(row, only)]
        say(f"{setting}: {name}")
        measured, found = measure_group(group, chosen, workload, peaks)
        facts |= group.facts(found)
        if memory is not None:
            _add_memory(measured, memory, f"{setting}/{name}")
        rows += measured
    return rows, facts


ROWS_OF_ADVERSARY = (*SEARCHES, "exact", "exact_from_text")


def may_have(group: str, only: Sequence[str]) -> bool:
    """Return whether a group can have a chosen row, before it is made, which costs seconds."""
    names = ROWS_OF_ADVERSARY if group == "adversary" else (group,)
    chosen = [f"{name}_".startswith(f"{wanted}_") for name in names for wanted in only]
    return not only or any(chosen)


def measure_group(
    group: Group, rows: Sequence[Row], workload: Workload, peaks: Peaks
) -> tuple[list[dict[str, Any]], Found]:
    """Return the rows of one group, refused ones without times, and what the functions found."""
    needed = {name for row in rows for name in (row.ours, row.reference)}
    functions = {name: call for name, call in group.functions.items() if name in needed}
    first, found = first_calls(functions)
    gates = [row.gate(found) for row in rows]
    agreed = {
        name
        for row, gate in zip(rows, gates, strict=True)
        if gate.open
        for name in (row.ours, row.reference)
    }
    options = workload.options
    times = time_in_turns(
        {name: call for name, call in functions.items() if name in agreed},
        repeats=options.repeats,
        seconds=options.row_seconds,
    )
    measured = [
        _describe(row, gate, times, workload, peaks)
        | {"first_call": {"ours": first[row.ours], "reference": first[row.reference]}}
        for row, gate in zip(rows, gates, strict=True)
    ]
    return measured, found


def _describe(
    row: Row, gate: Gate, times: dict[str, Timing], workload: Workload, peaks: Peaks
) -> dict[str, Any]:
    """Return a row as JSON has it."""
    described: dict[str, Any] = {
        "setting": workload.setting,
        "name": row.name,
        "functions": {"ours": row.ours, "reference": row.reference},
        "gate": gate._asdict() | {"tolerance": TOLERANCE, "open": gate.open},
        "seconds": None,
        "ratio": None,
    }
    if not np.isfinite(gate.difference):
        described["gate"]["difference"] = None
    if not gate.open:
        return described
    mine, theirs = times[row.ours], times[row.reference]
    floor = row.floor.seconds(peaks)
    return described | {
        "seconds": {"ours": mine.median, "reference": theirs.median},
        "runs": {"ours": list(mine.runs), "reference": list(theirs.runs)},
        "cpu": {"ours": list(mine.cpu), "reference": list(theirs.cpu)},
        "cpu_ratio": min(theirs.cpu) / min(mine.cpu),
        "ratio": theirs.median / mine.median,
        "floor": row.floor._asdict() | {"seconds": floor, "share": floor / mine.median},
    }


def _add_memory(rows: list[dict[str, Any]], memory: MeasureMemory, place: str) -> None:
    """Add both sides' memory to rows that were not refused; each function is measured once."""
    known: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["ratio"] is None:
            continue
        for name in row["functions"].values():
            if name not in known:
                found = memory(f"{place}/{name}")
                known[name] = found._asdict() | {"working": found.working}
        row["memory"] = {side: known[name] for side, name in row["functions"].items()}
