"""The section on the strongest adversary where attention has to be spread."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_capped import Bar, constraint_bars
from attnjax.report.findings_capped import Together, capped_findings, constraint_name
from attnjax.report.findings_change import HALF_JSD
from attnjax.report.numbers import as_estimate, count, estimated, fine, interval, percent
from attnjax.report.sections import Section, limit_note
from attnjax.report.style import Drawing
from attnjax.report.tables import Table


def constraints(facts: Facts) -> Sequence[Mapping[str, Any]]:
    """Return the constraints under which adversaries were enclosed; none where none were."""
    capped = facts.tests.get("adversary", {}).get("capped", [])
    return capped if isinstance(capped, list) else []


def capped_section(facts: Facts) -> Section:
    """Return the section of a run that enclosed its adversaries under constraints."""
    entries = constraints(facts)
    epsilon = float(facts.tests["adversary"]["epsilon"])
    together = _together(facts, entries)
    drawings: tuple[Drawing, ...] = ()
    if together.n:
        bars = [] if together.free is None else [Bar("any attention", *[together.free] * 2)]
        names = map(constraint_name, entries)
        bars += map(Bar, names, together.lower, together.upper)
        drawings = (constraint_bars(bars, count=together.n),)
    return Section(
        "capped_adversary",
        "The strongest adversary among spread attentions",
        "What remains of it where no attention may rest on one or two tokens?",
        explanations.CAPPED.format(epsilon=epsilon),
        drawings,
        (_table(entries, epsilon),),
        capped_findings(entries, together, epsilon=epsilon, single=bool(facts.single.all())),
        limit_note(dict(entries[0])),
    )


def _table(entries: Sequence[Mapping[str, Any]], epsilon: float) -> Table:
    rows = []
    for one in entries:
        lower, upper = (as_estimate(one[key]) for key in ("lower", "upper"))
        rows.append(
            (
                constraint_name(one),
                count(lower.n),
                f"{estimated(lower, 3)} ({interval(lower, 3)})",
                f"{estimated(upper, 3)} ({interval(upper, 3)})",
                fine(one["gap"]["mean"], 4),
                percent(one["optimal_share"]),
                percent(one["infeasible_share"]),
                percent(one["own_violates_share"]),
            )
        )
    gap = entries[0].get("optimal_gap", 0.001)
    return Table(
        f"Largest JSD (nats) under each constraint, ε = {epsilon:g}: means (95% intervals)",
        ("constraint", "n", "found", "upper bound", "gap", f"gap ≤ {gap:g}", "infeasible",
         "own attention breaks it"),
        tuple(rows),
        "n: instances with an attention that meets the constraint and keeps the output within ε; "
        "the others are infeasible. Guarantee of every row: the true maximum of each of the n "
        "instances lies between what was found and its upper bound.",
    )  # fmt: skip


def _together(facts: Facts, entries: Sequence[Mapping[str, Any]]) -> Together:
    """Compare the constraints on the instances that have numbers under all of them."""
    bounds = {name: [_column(facts, one, name) for one in entries] for name in ("lower", "upper")}
    exact = facts.run.numbers("exact_adversary.jsd")
    known = np.isfinite([*bounds["lower"], *([] if exact is None else [exact])]).all(axis=0)
    n, caps = int(known.sum()), [one["cap"] for one in entries if "cap" in one]
    tried = facts.run.lengths[_tried(facts, entries[0])]
    short = any(bool((tried * cap < 1 - 1e-6).any()) for cap in caps)
    if not n:
        return Together(0, len(tried), short, None, (), (), (), ())

    def means(values: Sequence[np.ndarray]) -> tuple[float, ...]:
        return tuple(float(one[known].mean()) for one in values)

    return Together(
        n,
        len(tried),
        short,
        None if exact is None else float(exact[known].mean()),
        means(bounds["lower"]),
        means(bounds["upper"]),
        means([one >= HALF_JSD for one in bounds["lower"]]),
        means([one < HALF_JSD for one in bounds["upper"]]),
    )


def _tried(facts: Facts, entry: Mapping[str, Any]) -> np.ndarray:
    """Return which instances were not left out by a limit."""
    return np.isfinite(_column(facts, entry, "status"))


def _column(facts: Facts, entry: Mapping[str, Any], name: str) -> np.ndarray:
    """Return one column of a constraint's rows; NaN where it is missing."""
    kind = "cap" if "cap" in entry else "entropy_share"
    found = facts.run.numbers(f"capped_adversary.{kind}_{entry[kind]:g}_{name}")
    return np.full(facts.run.size, np.nan) if found is None else found
