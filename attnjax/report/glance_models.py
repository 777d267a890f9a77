"""The main numbers of the tests that train other models, for the top of the report."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.comparisons import plain, shown
from attnjax.report.facts import Facts
from attnjax.report.findings_mass import MARKED_NAMES
from attnjax.report.findings_seeds import ADVERSARIES
from attnjax.report.numbers import (
    Estimate,
    as_estimate,
    estimated,
    fine,
    interval,
    number,
    percent,
    plural,
)
from attnjax.report.sections_models import guide_differences, uniform_difference
from attnjax.report.sections_seeds import seed_quantiles
from attnjax.report.sweeps import ALIKE, read_hidden, read_sweep


def models_at_a_glance(facts: Facts) -> list[tuple[str, str]]:
    """Return what the tests that train other models found: what, and the number."""
    items = []
    for test, read in _READ.items():
        if facts.tests.get(test):
            items += read(facts, facts.tests[test])
    return items


def _uniform(facts: Facts, test: Mapping[str, Any]) -> list[tuple[str, str]]:
    seeds = len(test.get("per_seed") or ())
    over = f" (means of {seeds} seeds)" if seeds > 1 else ""
    gain = shown(uniform_difference(test).f1)
    return [(f"F1 with learnt minus F1 with uniform attention{over}", gain)]


def _seeds(facts: Facts, test: Mapping[str, Any]) -> list[tuple[str, str]]:
    jsd = as_estimate(test["jsd"])
    seeds = plural(int(test["count"]), "other seed")
    items = [(f"Mean JSD of {seeds}: the yardstick of adversaries", _with_ends(jsd))]
    for name, share in seed_quantiles(facts).items():
        if share is not None:
            who = ADVERSARIES[name]
            items.append((f"Share of the seeds that {who} is farther away than", percent(share)))
    return items


def _guides(facts: Facts, test: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = {"base": "the base's attention", "adversary": "the trained adversary's attention"}
    found = guide_differences(test)
    return [
        (f"F1 of the model without context: {what} minus uniform", shown(found[name].f1))
        for name, what in names.items()
        if name in found
    ]


def _trained(facts: Facts, test: Mapping[str, Any]) -> list[tuple[str, str]]:
    sweep = read_sweep(facts)
    if sweep.chosen is None:
        return []
    one = sweep.points[sweep.chosen]
    within = f"below {ALIKE:g}" if one.alike else f"not below {ALIKE:g}"
    what = f"Trained adversary (λ = {plain(sweep.lambdas[sweep.chosen])}): mean JSD"
    return [
        (what, _with_ends(one.jsd)),
        (f"Its mean output change ({within})", _with_ends(one.tvd, 3)),
    ]


def _mass(facts: Facts, test: Mapping[str, Any]) -> list[tuple[str, str]]:
    base, _, chosen, marked, _ = read_hidden(facts)
    if chosen is None:
        return []
    words = f"{fine(chosen.mass, 3)} (base {fine(base.mass, 3)})"
    return [
        (f"Mean attention left on {MARKED_NAMES.get(marked, marked)} by the mass adversary", words),
        ("Its F1", f"{number(chosen.f1, 3)} (base {number(base.f1, 3)})"),
    ]


_READ = {
    "uniform": _uniform,
    "seeds": _seeds,
    "guides": _guides,
    "trained_adversary": _trained,
    "mass_adversary": _mass,
}


def _with_ends(estimate: Estimate, digits: int = 2) -> str:
    ends = "" if estimate.low is None else f" ({interval(estimate, digits)})"
    return estimated(estimate, digits) + ends
