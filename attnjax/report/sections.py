"""The sections of the report, one per test: figure, numbers, how to read, what follows."""

from typing import Any, NamedTuple

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.figures import Row, agreement_overview, tau_histograms
from attnjax.report.findings import Findings, performance_findings
from attnjax.report.findings_agreement import (
    agreement_caveat,
    classes_sentence,
    encoder_sentence,
    level_sentence,
    random_findings,
    random_sentence,
    significance_sentence,
    undefined_sentence,
    yardstick_findings,
    yardstick_sentence,
)
from attnjax.report.numbers import Estimate, as_estimate, defined
from attnjax.report.published import published_taus
from attnjax.report.style import MAX_CLASSES, Drawing
from attnjax.report.tables import Table, agreement_table, performance_table


class Section(NamedTuple):
    """One section of the report."""

    anchor: str
    title: str
    question: str
    reading: str
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()
    findings: Findings = Findings()
    notes: tuple[str, ...] = ()


def limit_note(test: dict[str, Any]) -> tuple[str, ...]:
    """Say that a test saw only some instances, where a limit was set."""
    if not test.get("limit"):
        return ()
    return (
        f"At most {test['limit']:,} instances, drawn from the test split (a limit of the config).",
    )


def performance_section(facts: Facts) -> Section:
    """Return the section on how good the model is."""
    run = facts.run
    performance = run.results.get("performance", {})
    findings = performance_findings(
        performance.get("test", {}).get("accuracy"),
        facts.num_test,
        facts.level,
        facts.sure,
        uniform_run="uniform" in facts.tests,
    )
    table = performance_table(performance, run.class_names, run.results["dataset"].get("published"))
    return Section(
        "performance",
        "Performance",
        "Is the model good enough for its attention to be worth explaining?",
        explanations.PERFORMANCE.format(selection=_selection(facts)),
        tables=(table,),
        findings=findings,
    )


def _selection(facts: Facts) -> str:
    """Say which split chose the best epoch, and by which score."""
    name = facts.run.results.get("model", {}).get("score_name")
    by = f" by {SELECTED_BY[name]}" if name in SELECTED_BY else ""
    if facts.config("selection", "split", "dev") == "test":
        return (
            f", except that the best epoch was chosen{by} on the test split itself, which makes "
            "the test scores too good"
        )
    return f" (the dev split chose the best epoch{by})"


SELECTED_BY = {
    "auc": "the area under the ROC curve",
    "accuracy": "accuracy",
    "negative_loss": "the smallest loss",
}
"""What an epoch was judged by, as `results.json` and as a reader calls it."""

_COMPARISONS = {
    "gradient_agreement": ("attention", "gradient", "Attention and gradient"),
    "leave_one_out_agreement": ("attention", "leave-one-out", "Attention and leave-one-out"),
    "gradient_leave_one_out": (
        "gradient",
        "leave-one-out",
        "The yardstick: gradient and leave-one-out",
    ),
    "random_agreement": ("random scores", "gradient", "The baseline: random scores and gradient"),
}

_QUESTIONS = {
    "gradient_agreement": "Do the tokens with large weights have large gradients?",
    "leave_one_out_agreement": "Are the tokens with large weights those whose loss changes the "
    "output?",
    "gradient_leave_one_out": "How well do two measures of importance agree with each other?",
    "random_agreement": "What does no agreement look like?",
}


def overview_drawing(facts: Facts) -> Drawing | None:
    """Return the figure with every agreement of the run, or None with fewer than two."""
    rows = []
    for test, (first, second, _) in _COMPARISONS.items():
        tau = facts.tau(test)
        if tau is not None and len(defined(tau)):
            mean = as_estimate(facts.tests[test]["tau"]["overall"])
            reference = first != "attention"
            rows.append(Row(f"{first} / {second}", tau, mean, reference))
    return agreement_overview(rows) if len(rows) > 1 else None


def agreement_section(facts: Facts, test: str) -> Section:
    """Return the section of one test of agreement."""
    first, second, title = _COMPARISONS[test]
    summary = facts.tests[test]["tau"]
    model = (facts.run.results["dataset"].get("published"), facts.encoder, facts.attention)
    return Section(
        test,
        title,
        _QUESTIONS[test],
        _agreement_reading(facts, test),
        _histograms(facts, test, title),
        (agreement_table(summary, facts.run.class_names, published_taus(*model, test)),),
        _agreement_findings(facts, test, first, second),
        (*limit_note(facts.tests[test]), *_draws_note(facts.tests[test])),
    )


def _draws_note(test: dict[str, Any]) -> tuple[str, ...]:
    """Say what n counts where several random draws are pooled."""
    draws = test.get("draws", 1)
    if draws <= 1:
        return ()
    return (
        f"{draws} random draws per instance, pooled: the table counts every instance once per "
        "draw; the figure shows the first draw.",
    )


def _agreement_reading(facts: Facts, test: str) -> str:
    if test == "gradient_leave_one_out":
        return explanations.YARDSTICK
    if test == "random_agreement":
        return explanations.RANDOM
    other = _COMPARISONS[test][1]
    attached = facts.config("gradient", "attention", "detached") == "attached"
    meaning = explanations.MEANINGS[
        "gradient_attached" if attached and other == "gradient" else other
    ]
    named = "The gradient" if other == "gradient" else "Leave-one-out"
    return explanations.AGREEMENT.format(Other=named, meaning=meaning)


def _histograms(facts: Facts, test: str, title: str) -> tuple[Drawing, ...]:
    tau = facts.tau(test)
    if tau is None or not len(defined(tau)):
        return ()
    summary = facts.tests[test]["tau"]
    alone = len(facts.parts) == 1 and facts.parts[0].members.all()
    by_class = {
        part.style: summary["overall"] if alone else summary["by_class"].get(str(part.style))
        for part in facts.parts
    }
    return (tau_histograms(tau, facts.parts, by_class, name=test, title=title),)


def _agreement_findings(facts: Facts, test: str, first: str, second: str) -> Findings:
    summary = facts.tests[test]["tau"]
    overall = summary["overall"]
    mean = as_estimate(overall)
    undefined = undefined_sentence(mean.n or 0, overall.get("undefined", 0))
    if test == "gradient_leave_one_out":
        findings = yardstick_findings(mean, single=facts.single_share)
    elif test == "random_agreement":
        findings = random_findings(mean, overall.get("significant"), single=facts.single_share)
    else:
        findings = _attention_findings(facts, test, second, mean)
    # Pooled draws count an instance several times: `undefined` is then not of instances.
    pooled = facts.tests[test].get("draws", 1) > 1
    extra = (undefined,) if mean.value is not None and not pooled else ()
    return Findings((*findings.follows, *extra), findings.does_not_follow)


def _attention_findings(facts: Facts, test: str, other: str, mean: Estimate) -> Findings:
    """Return what the agreement of attention with one measure shows."""
    named = "the gradient" if other == "gradient" else other
    if mean.value is None:
        sentence = level_sentence("attention", named, mean, single=facts.single_share)
        return Findings((sentence,))
    summary, names = facts.tests[test]["tau"], facts.run.class_names
    by_class = {names[int(key)]: as_estimate(one) for key, one in summary["by_class"].items()}
    follows = [
        level_sentence("attention", named, mean),
        yardstick_sentence(named, facts.gap("gradient_leave_one_out.tau", f"{test}.tau")),
        random_sentence(facts.gap(f"{test}.tau", "random_agreement.tau"))
        if other == "gradient"
        else None,
        # Of very many classes some two always differ.
        classes_sentence(by_class) if len(names) <= MAX_CLASSES else None,
    ]
    does_not_follow = [
        agreement_caveat(named, mean),
        significance_sentence(summary["overall"].get("significant"), facts.median_length),
        encoder_sentence(facts.encoder, named),
    ]
    return Findings(_given(follows), _given(does_not_follow))


def _given(sentences: list[str | None]) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


AGREEMENTS: tuple[str, ...] = tuple(_COMPARISONS)
"""The tests of agreement, in the report's order."""
