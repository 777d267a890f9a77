"""The section on the strongest adversary, and on how far attention can move the output."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_change import LARGEST_JSD, violins
from attnjax.report.figures_exact import SearchMark, exact_curve
from attnjax.report.findings import Findings
from attnjax.report.findings_change import HALF_JSD, SMALL_CHANGE, Peaked
from attnjax.report.findings_exact import (
    CLOSE,
    LARGE_CHANGE,
    ExactFacts,
    exact_findings,
    search_sentence,
)
from attnjax.report.numbers import as_estimate, defined, fine, percent
from attnjax.report.sections import Section, limit_note
from attnjax.report.style import Drawing
from attnjax.report.tables import Table, bins_table, spread_table


def solved(facts: Facts) -> Mapping[str, Any] | None:
    """Return the summary of the strongest adversary, or None where it was not computed."""
    exact = facts.tests.get("adversary", {}).get("exact", {})
    return exact if exact.get("status") == "solved" else None


def exact_section(facts: Facts) -> Section:
    """Return the section of a run whose strongest adversaries were computed."""
    test = facts.tests["adversary"]
    exact, epsilon = test["exact"], float(test["epsilon"])
    jsd = facts.run.numbers("exact_adversary.jsd")
    reach = facts.run.numbers("exact_adversary.max_output_change")
    drawings: tuple[Drawing, ...] = ()
    findings = Findings()
    if jsd is not None and reach is not None and len(defined(jsd)):
        drawings = (
            exact_curve(exact["curve"], epsilon=epsilon, search=_search_mark(test)),
            *_violins(facts, jsd, reach, epsilon),
        )
        findings = exact_findings(
            as_estimate(exact["max_jsd"]),
            as_estimate(exact["max_output_change"]),
            _exact_facts(facts, jsd, reach, epsilon),
            curve=exact["curve"],
            beside=_beside(test),
            sure=facts.sure,
        )
    rows = {
        "largest JSD (nats)": exact["max_jsd"],
        "its output change (TVD)": exact["output_change"],
        "largest output change of any attention (TVD)": exact["max_output_change"],
    }
    return Section(
        "exact_adversary",
        "The strongest adversary",
        "How different can an attention with the same output be, at most?",
        explanations.EXACT.format(epsilon=epsilon),
        drawings,
        (
            spread_table(f"The strongest adversary of each instance, ε = {epsilon:g}", rows, 3),
            _share_table(test),
            bins_table("Largest JSD (nats) by maximum attention", exact["by_max_attention"]),
            _curve_table(exact["curve"]),
        ),
        findings,
        limit_note(exact),
    )


def _search_mark(test: Mapping[str, Any]) -> SearchMark | None:
    search = test.get("search")
    if search is None or search["max_jsd"]["mean"] is None:
        return None
    return SearchMark(_search_limit(test), float(search["max_jsd"]["mean"]))


def _search_limit(test: Mapping[str, Any]) -> float:
    return float(test["search"].get("settings", {}).get("filter_epsilon", test["epsilon"]))


def _beside(test: Mapping[str, Any]) -> str | None:
    """Return what is to be said of the search beside the maximum."""
    if "ratio_to_exact" not in test:
        return None
    return search_sentence(
        test["ratio_to_exact"],
        test["share_reaching"]["0.97"],
        compared=test["compared"],
        limit=_search_limit(test),
    )


def _violins(
    facts: Facts, jsd: np.ndarray, reach: np.ndarray, epsilon: float
) -> tuple[Drawing, Drawing]:
    by = "by the largest weight of its own attention and by predicted class. White dots: medians"
    return (
        violins(
            jsd,
            facts.max_attention,
            facts.parts,
            name="exact_jsd_by_max_attention",
            title="Largest divergence of any attention with the same output",
            axis_label=f"largest Jensen-Shannon divergence within ε = {epsilon:g} (nats)",
            limit=0.72,
            mark=LARGEST_JSD,
            caption=f"Largest JSD of each instance, {by}; dotted line: ln 2, the largest possible "
            "value.",
        ),
        violins(
            reach,
            facts.max_attention,
            facts.parts,
            name="exact_max_output_change",
            title="Largest output change that any attention can cause",
            axis_label="largest output change of any attention (total variation distance)",
            limit=1.0,
            caption=f"How far any attention at all could move the output of each instance, {by}.",
        ),
    )


def _exact_facts(facts: Facts, jsd: np.ndarray, reach: np.ndarray, epsilon: float) -> ExactFacts:
    known = np.isfinite(jsd)
    several = known & ~facts.single
    large = known & (jsd >= HALF_JSD)
    peaked = known & facts.peaked
    certified = facts.run.numbers("exact_adversary.certified")
    return ExactFacts(
        n=int(known.sum()),
        epsilon=epsilon,
        large=float(large[known].mean()),
        close=float((jsd[several] < CLOSE).mean()) if several.any() else 0.0,
        free=float((reach[known] <= epsilon).mean()),
        still=float((reach[known] < SMALL_CHANGE).mean()),
        both=float((large & (reach >= LARGE_CHANGE))[known].mean()),
        peaked=Peaked(int(peaked.sum()), int((peaked & large).sum())),
        uncertified=0 if certified is None else int(np.sum(certified[known] == 0)),
        single=int(np.sum(known & facts.single)),
    )


def _share_table(test: Mapping[str, Any]) -> Table:
    """Return the share of the instances whose JSD stays below some values."""
    exact = test["exact"]["share_below"]
    rows = [("strongest adversary", *(percent(share) for share in exact.values()))]
    below = test.get("search", {}).get("share_below")
    if below:
        rows.append(
            (
                f"search, output change up to {_search_limit(test):g}",
                *(percent(below.get(limit)) for limit in exact),
            )
        )
    columns = ("", *(f"below {limit}" for limit in exact))
    return Table("Share of the instances by largest JSD (nats)", columns, tuple(rows))


def _curve_table(curve: list[Mapping[str, Any]]) -> Table:
    keys = ("mean", "q05", "q25", "median", "q75", "q95")
    return Table(
        "Largest JSD (nats) by output change allowed",
        ("ε", "mean", "5%", "25%", "median", "75%", "95%"),
        tuple((f"{point['epsilon']:g}", *(fine(point[key], 3) for key in keys)) for point in curve),
    )
