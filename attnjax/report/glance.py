"""The list of a run's main numbers at the top of the report."""

from typing import Any

from attnjax.report.facts import Facts
from attnjax.report.glance_models import models_at_a_glance
from attnjax.report.numbers import (
    as_estimate,
    estimated,
    interval,
    number,
    percent,
    wilson_interval,
)
from attnjax.report.sections_change import chance_levels
from attnjax.report.sections_exact import solved
from attnjax.report.sections_several import enclosed


def at_a_glance(facts: Facts) -> list[tuple[str, str]]:
    """Return the run's main numbers: what, and the number with its interval."""
    run, items = facts.run, []
    scores = run.results.get("performance", {}).get("test", {})
    if scores.get("accuracy") is not None:
        items.append(("Test accuracy", _accuracy(facts, scores["accuracy"])))
    for test, name in (
        ("gradient_agreement", "Mean tau, attention and gradient"),
        ("leave_one_out_agreement", "Mean tau, attention and leave-one-out"),
        ("gradient_leave_one_out", "Yardstick: mean tau, gradient and leave-one-out"),
        ("random_agreement", "Baseline: mean tau, random scores and gradient"),
    ):
        if test in facts.tests:
            items.append((name, facts.tests[test]["tau"]["overall"]))
    if "planted_evidence" in facts.tests:
        recovered = facts.tests["planted_evidence"]["attention"]["auprc"]
        items.append(("AUPRC of attention against the planted evidence", recovered))
        chance = chance_levels(facts, [facts.tests["planted_evidence"]])
        items.append(("AUPRC of a random ranking", number(chance["auprc"])))
    if "permutation" in facts.tests:
        change = facts.tests["permutation"]["median_output_change"]
        items.append(("Mean of the median output change under shuffled attention", change))
    items += _adversary(facts)
    items += models_at_a_glance(facts)
    if "plausibility" in facts.tests:
        test = facts.tests["plausibility"]
        name = "Plausibility, not faithfulness: AUPRC {} against what people marked"
        items.append((name.format("of attention"), test["attention"]["auprc"]))
        chance = number(as_estimate(test["chance"]["auprc"]).value)
        items.append((name.format("of a random ranking"), chance))
    return [(name, value if isinstance(value, str) else _glance(value)) for name, value in items]


def _adversary(facts: Facts) -> list[tuple[str, Any]]:
    """Return the numbers of the search and of the strongest adversary."""
    test, items = facts.tests.get("adversary", {}), []
    if "search" in test:
        jsd = test["search"]["max_jsd"]
        items.append(("Mean of the largest JSD that the search found (of at most 0.69 nats)", jsd))
    within = f"within an output change of {test.get('epsilon', 0):g}"
    if exact := solved(facts):
        items.append((f"Mean of the largest JSD of any attention {within}", exact["max_jsd"]))
        reach = exact["max_output_change"]
        items.append(("Mean of the largest output change that any attention can cause", reach))
    if bounds := enclosed(facts):
        name = f"Mean of the largest JSD of any attention {within}"
        items += [(f"{name}: {what}", bounds[key]) for key, what in
                  (("lower", "at least"), ("upper", "at most"))]  # fmt: skip
    return items


def _accuracy(facts: Facts, accuracy: float) -> str:
    n = int(facts.run.results["dataset"].get("splits", {}).get("test", 0))
    if not n:
        return percent(accuracy)
    low, high = wilson_interval(accuracy, n)
    return f"{percent(accuracy)} ({percent(low)} to {percent(high)})"


def _glance(summary: Any) -> str:
    estimate = as_estimate(summary)
    if estimate.low is None:
        return number(estimate.value)
    return f"{estimated(estimate)} ({interval(estimate)})"
