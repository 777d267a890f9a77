"""The section on the strongest adversary of several classes, between two bounds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.findings import Findings
from attnjax.report.findings_change import ALL_SINGLE, HALF_JSD
from attnjax.report.findings_exact import CLOSE
from attnjax.report.numbers import count, fine, fine_together, number, percent, plural
from attnjax.report.sections import Section, limit_note
from attnjax.report.tables import Table, spread_table

_MEANINGS: Mapping[str, str] = {
    "simplex": "all attentions, whatever the output",
    "pairs": "the log-odds of two groups of classes",
    "triples": "the log-odds of three groups of classes",
    "quadruples": "the log-odds of four groups of classes",
    "none": "nothing: a number is not finite, or there is no token",
}


def enclosed(facts: Facts) -> Mapping[str, Any] | None:
    """Return the bounds of a model of several classes, or None where there are none."""
    return facts.tests.get("adversary", {}).get("multiclass")


def several_section(facts: Facts) -> Section:
    """Return the section of a run of several classes whose adversaries were enclosed."""
    test = facts.tests["adversary"]
    bounds, epsilon = test["multiclass"], float(test["epsilon"])
    search = ", and what the search found within ε" if "search" in test else ""
    rows = {
        "found: the maximum is at least": bounds["lower"],
        "upper bound: it is at most": bounds["upper"],
        "gap between the two": bounds["gap"],
    }
    counts = tuple(
        (_MEANINGS[name], count(instances))
        for name, instances in bounds["guarantee"].items()
        if instances
    )
    return Section(
        "exact_adversary",
        "The strongest adversary, between two bounds",
        "How different can an attention with the same output be, at least and at most?",
        explanations.SEVERAL.format(epsilon=epsilon, search=search),
        (),
        (
            spread_table(f"Largest JSD (nats) of each instance, ε = {epsilon:g}", rows, 3),
            Table("What the upper bound rests on", ("", "instances"), counts),
        ),
        _findings(facts, bounds, epsilon),
        limit_note(test.get("exact", {})),
    )


def _findings(facts: Facts, bounds: Mapping[str, Any], epsilon: float) -> Findings:
    """Say what is certain of the largest JSD, and what is not."""
    if facts.single.all():
        return Findings((f"{ALL_SINGLE}: no attention but its own exists.",))
    low, high = fine_together([bounds[name]["mean"] for name in ("lower", "upper")])
    gap = bounds["gap"]
    follows = [
        "Mean of the largest JSD of any attention that moves the output by at most "
        f"{epsilon:g}: between {low} and {high} nats.",
        f"The interval is {fine(gap['mean'], 3)} nats wide on average, and "
        f"{fine(gap['median'], 3)} or less in half of the instances. It is certified, up to "
        "rounding: the true maximum of every instance lies between its two bounds.",
        *_shares(facts),
    ]
    nothing = bounds["says_nothing_share"]
    if nothing:
        follows.append(
            f"In {percent(nothing)} of the instances the upper bound is that of all attentions, "
            "whatever their output, and no attention that far was found: there it says nothing."
        )
    return Findings(tuple(follows), _CAVEATS)


def _shares(facts: Facts) -> list[str]:
    """Say for how many instances a distant adversary is certain, and certainly absent."""
    lower, upper = (facts.run.numbers(f"exact_adversary.{name}") for name in ("lower", "upper"))
    if lower is None or upper is None:
        return []
    searched = facts.run.numbers("adversary.jsd")
    moved = facts.run.numbers("adversary.output_change")
    if searched is not None and moved is not None:
        within = moved <= float(facts.tests["adversary"]["epsilon"])
        lower = np.minimum(np.fmax(lower, np.where(within, searched, 0.0)), upper)
    known = np.isfinite(lower)
    several = known & ~facts.single
    far, close = float((lower[known] >= HALF_JSD).mean()), float((upper[several] < CLOSE).mean())
    sentence = (
        f"In {percent(far)} of {plural(int(known.sum()), 'instance')} an attention with the same "
        f"output lies at a JSD of at least {number(HALF_JSD)} (half of the largest possible)"
    )
    if not close:
        return [f"{sentence}."]
    return [
        f"{sentence}; in {percent(close)} of the texts of several tokens it is certain that every "
        f"one lies below {CLOSE:g}."
    ]


_CAVEATS = (
    "Where the two bounds differ, the difference is not known to be of the model: a better search "
    "could raise the lower one, a better bound reduce the upper one.",
    "That such an attention exists does not mean that the model could have learnt it: it has its "
    "weight on few tokens, chosen for one text at a time with the rest of the model held fixed "
    "(the critique of Wiegreffe & Pinter, 2019).",
)
