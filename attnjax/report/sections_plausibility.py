"""The section on plausibility, apart from all that is said of faithfulness."""

from attnjax.report import explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_evidence import evidence_bars
from attnjax.report.findings_plausibility import plausibility_findings
from attnjax.report.numbers import as_estimate, percent
from attnjax.report.sections import Section, limit_note
from attnjax.report.tables import evidence_table


def plausibility_section(facts: Facts) -> Section:
    """Return the section on how far scores agree with what people marked.

    Args:
        facts: of a run with the test `plausibility`.
    """
    test = facts.tests["plausibility"]
    models = {"this model": test}
    chance = {name: as_estimate(test["chance"][name]).value for name in ("auprc", "precision")}
    gaps = {
        name: facts.gap("plausibility.attention_auprc", f"plausibility.{key}_auprc")
        for key, name in (("gradient", "the gradient"), ("leave_one_out", "leave-one-out"))
    }
    caption = "Agreement with what people marked (plausibility)"
    return Section(
        "plausibility",
        "Plausibility: do people agree?",
        "Do people's reasons and the weights name the same words?",
        explanations.PLAUSIBILITY,
        (
            evidence_bars(
                models,
                chance,
                name="plausibility",
                marked="marked",
                title="How far each score agrees with what people marked",
            ),
        ),
        (evidence_table(models, chance, caption),),
        plausibility_findings(
            as_estimate(test["attention"]["auprc"]),
            chance,
            as_estimate(test["attention"]["precision"]),
            above=facts.gap("plausibility.attention_auprc", "plausibility.chance_auprc"),
            gaps=gaps,
            unmarked=test["unmarked"],
        ),
        (
            *limit_note(test),
            f"People marked {percent(test['marked_share'])} of the words of a text on average.",
        ),
    )
