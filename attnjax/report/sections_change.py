"""The sections on changed attention and on planted evidence."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from attnjax.measures.recovery import evidence_share
from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_change import LARGEST_JSD, jsd_histogram, violins
from attnjax.report.figures_evidence import evidence_bars
from attnjax.report.findings import Findings
from attnjax.report.findings_change import (
    HALF_JSD,
    SMALL_CHANGE,
    AdversaryFacts,
    Peaked,
    adversary_findings,
    permutation_findings,
)
from attnjax.report.findings_evidence import control_findings, recovery_findings
from attnjax.report.numbers import (
    as_estimate,
    defined,
)
from attnjax.report.sections import Section, limit_note
from attnjax.report.style import Drawing
from attnjax.report.tables import bins_table, evidence_table, spread_table

_ROUNDING = 1e-6
"""Output changes are stored as float32: at the limit itself they may exceed it by an ulp."""


def permutation_section(facts: Facts) -> Section:
    """Return the section on shuffled attention."""
    test = facts.tests["permutation"]
    summary, bins = test["median_output_change"], test["by_max_attention"]
    change = facts.run.numbers("permutation.median_output_change")
    drawings: tuple[Drawing, ...] = ()
    findings = Findings()
    if change is not None and len(defined(change)):
        drawings = (
            violins(
                change,
                facts.max_attention,
                facts.parts,
                name="permutation",
                title="Median output change under shuffled attention",
                axis_label="median output change of an instance (total variation distance)",
                limit=1.0,
                caption="Median output change over the shuffles of each instance, by the largest "
                "weight of its attention and by predicted class. White dots: medians.",
            ),
        )
        findings = permutation_findings(
            as_estimate(summary),
            median=float(np.median(defined(change))),
            small=float(np.mean(defined(change) < SMALL_CHANGE)),
            peaked=Peaked(
                int(np.sum(facts.peaked & np.isfinite(change))),
                int(np.sum(facts.peaked & (change < SMALL_CHANGE))),
            ),
            bins=bins,
            sure=facts.sure,
            encoder=facts.encoder,
            single=int(np.sum(facts.single & np.isfinite(change))),
        )
    return Section(
        "permutation",
        "Shuffled attention",
        "Does the output notice when the weights change places?",
        explanations.PERMUTATION.format(count=facts.config("permutation", "count", 100)),
        drawings,
        (
            spread_table("Median output change (TVD)", {"all instances": summary}, 3),
            bins_table("Median output change by maximum attention", bins),
        ),
        findings,
        limit_note(test),
    )


def _how_it_searches(settings: Mapping[str, Any], steps: int) -> dict[str, str]:
    """Return what the explanation of the search says about how this run searched."""
    early = settings.get("constraint") == "projection" and settings.get("patience", 0) > 0
    return {
        "starts": explanations.SEARCH_STARTS[settings.get("starts", "noise")],
        "keeping": explanations.SEARCH_KEEPING[settings.get("constraint", "penalty")],
        "steps": f"at most {steps} steps, until nothing is gained" if early else f"{steps} steps",
    }


def adversary_section(facts: Facts) -> Section:
    """Return the section on the attention farthest from the model's own."""
    test = facts.tests["adversary"]
    search = test["search"]
    settings = search.get("settings", {})
    jsd = facts.run.numbers("adversary.jsd")
    limit = float(settings.get("filter_epsilon", test["epsilon"]))
    aim = float(settings.get("optimizer_epsilon", test["epsilon"]))
    candidates = int(settings.get("candidates", facts.config("adversary", "candidates", 5)))
    steps = int(settings.get("steps", facts.config("adversary", "steps", 500)))
    drawings: tuple[Drawing, ...] = ()
    findings = Findings()
    if jsd is not None and len(defined(jsd)):
        drawings = (jsd_histogram(jsd), _jsd_violins(facts, jsd))
        findings = adversary_findings(
            as_estimate(search["max_jsd"]),
            _adversary_facts(facts, jsd, limit, aim),
            candidates=candidates,
            steps=steps,
            sure=facts.sure,
        )
    rows = {"largest JSD (nats)": search["max_jsd"]}
    if "output_change" in search:
        rows["its output change (TVD)"] = search["output_change"]
    tables = [spread_table("The adversarial attention of each instance", rows, 3)]
    if bins := search.get("by_max_attention"):
        tables.append(bins_table("Largest JSD (nats) by maximum attention", bins))
    return Section(
        "adversary",
        "Adversarial attention",
        "Is there a very different attention with the same output?",
        explanations.ADVERSARY.format(
            candidates=candidates, epsilon=aim, limit=limit, **_how_it_searches(settings, steps)
        ),
        drawings,
        tuple(tables),
        findings,
        limit_note(test),
    )


def _jsd_violins(facts: Facts, jsd: np.ndarray) -> Drawing:
    return violins(
        jsd,
        facts.max_attention,
        facts.parts,
        name="adversary_jsd_by_max_attention",
        title="Largest divergence by maximum attention",
        axis_label="largest Jensen-Shannon divergence found (nats)",
        limit=0.72,
        mark=LARGEST_JSD,
        caption="Largest JSD of each instance, by the largest weight of its own attention and by "
        "predicted class. White dots: medians; dotted line: ln 2, the largest possible value.",
    )


def _adversary_facts(facts: Facts, jsd: np.ndarray, limit: float, aim: float) -> AdversaryFacts:
    run = facts.run
    searched = np.isfinite(jsd)
    change = run.numbers("adversary.output_change")
    within = searched if change is None else change <= limit + _ROUNDING
    large = searched & within & (jsd >= HALF_JSD)
    found = run.numbers("adversary.found")
    peaked = searched & facts.peaked
    return AdversaryFacts(
        n=int(searched.sum()),
        large=float(large.sum() / searched.sum()),
        found=None if found is None else float(np.nanmean(found)),
        flipped=int(np.sum(predicted_after(facts)[searched] != facts.predicted[searched])),
        peaked=Peaked(int(peaked.sum()), int((peaked & large).sum())),
        limit=limit,
        aim=aim,
        epsilon=float(facts.tests["adversary"]["epsilon"]),
        single=int(np.sum(searched & facts.single)),
        trained="trained_adversary" in facts.tests,
        encoder=facts.encoder,
    )


def predicted_after(facts: Facts) -> np.ndarray:
    """Return the class predicted under the adversary; the model's own where there is none."""
    after = facts.predicted.copy()
    ragged = facts.run.ragged("adversary.probability")
    for index in np.flatnonzero(ragged.present):
        row = ragged.row(index)
        # A tie stays with the model's own class: nothing was flipped.
        if len(row) and row[facts.predicted[index]] < row.max():
            after[index] = int(np.argmax(row))
    return after


def evidence_section(facts: Facts) -> Section:
    """Return the section on the planted evidence, with the controls where they were run."""
    test = facts.tests.get("planted_evidence", {})
    controls = facts.tests.get("planted_controls", {})
    models: dict[str, Any] = {"this model": test} if test else {}
    models |= {f"{name} control": controls[name] for name in controls if name in _CONTROLS}
    chance = chance_levels(facts, [test, *(controls.get(name, {}) for name in _CONTROLS)])
    findings = Findings()
    if test:
        attention = as_estimate(test["attention"]["auprc"])
        column = "planted_evidence.{}_auprc"
        gaps = {
            name: facts.gap(column.format("attention"), column.format(key))
            for key, name in (("gradient", "the gradient"), ("leave_one_out", "leave-one-out"))
        }
        precision = as_estimate(test["attention"].get("precision"))
        findings = recovery_findings(attention, chance["auprc"], precision, gaps)
    auprc = {
        name: as_estimate(controls[name]["attention"]["auprc"]).value if name in controls else None
        for name in _CONTROLS
    }
    checks = control_findings(auprc["positive"], auprc["negative"], chance["auprc"])
    return Section(
        "planted_evidence",
        "Planted evidence",
        "Does attention point at the tokens that decide the label?",
        explanations.PLANTED,
        (evidence_bars(models, chance),),
        (evidence_table(models, chance),),
        Findings((*findings.follows, *checks.follows), findings.does_not_follow),
        limit_note(test or controls),
    )


_CONTROLS = ("positive", "negative")


def chance_levels(facts: Facts, summaries: list[Any]) -> dict[str, float | None]:
    """Return what a random ranking reaches, by measure."""
    levels = next((one["chance"] for one in summaries if one and "chance" in one), None)
    auprc = levels.get("auprc") if isinstance(levels, dict) else levels
    evidence = facts.run.ragged("evidence")
    shares = [
        evidence_share(np.asarray(evidence.row(index), bool))
        for index in np.flatnonzero(evidence.present)
    ]
    known = defined(np.array(shares)) if shares else np.zeros(0)
    return {
        "auprc": as_estimate(auprc).value,
        "precision": float(known.mean()) if len(known) else None,
    }
