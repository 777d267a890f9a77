"""The sections on adversaries that are models: trained ones, and those that hide mass."""

from pathlib import Path

from attnjax.report import explanations_models as explanations
from attnjax.report.facts import Facts
from attnjax.report.figures_trained import lambda_curve
from attnjax.report.findings_mass import MARKED_NAMES, mass_findings
from attnjax.report.findings_trained import trained_findings
from attnjax.report.numbers import as_estimate, count, plural
from attnjax.report.published import published_models, published_note
from attnjax.report.sections import Section, limit_note
from attnjax.report.sweeps import Point, read_hidden, read_sweep
from attnjax.report.tables_trained import lambda_table, mass_table, norms_table


def trained_section(facts: Facts) -> Section:
    """Return the section on models trained to imitate the base with another attention."""
    test, sweep = facts.tests["trained_adversary"], read_sweep(facts)
    elsewhere = str(facts.config("trained_adversary", "base", ""))
    beside = explanations.BESIDE if sweep.others else ""
    if elsewhere:
        beside = explanations.OTHER_BASE.format(base=Path(elsewhere).name)
    per_seed = [] if elsewhere else facts.tests.get("seeds", {}).get("per_seed", [])
    seeds = [
        Point(as_estimate(one.get("jsd")), as_estimate(one.get("output_change")))
        for one in per_seed
    ]
    figures = published_models(
        facts.run.results["dataset"].get("published"),
        facts.encoder,
        facts.attention,
        "trained_adversary",
    )
    names = {"lambda": "λ", "f1": "F1", "tvd": "TVD", "jsd": "JSD"}
    tables = [lambda_table(sweep, test["lambdas"], published_note(figures, names, 4))]
    if sweep.norms:
        tables.append(norms_table(*sweep.norms, explanations.NORMS))
    drawn = any(one.known for one in sweep.points)
    return Section(
        "trained_adversary",
        "A trained adversary",
        "Is there a model that predicts the same and attends elsewhere?",
        explanations.TRAINED.format(beside=beside),
        (lambda_curve(sweep, seeds),) if drawn else (),
        tuple(tables),
        trained_findings(
            sweep,
            variant=facts.variant,
            encoder=facts.encoder,
            epsilon=float(facts.config("adversary", "epsilon", 0.01)),
        ),
        limit_note(test),
    )


def mass_section(facts: Facts) -> Section:
    """Return the section on models that keep their attention off marked tokens."""
    test = facts.tests["mass_adversary"]
    base, models, chosen, marked, target = read_hidden(facts)
    note = f"Mass that was asked for: {target:g} or less."
    if test.get("undefined"):
        note += (
            f" Over the {plural(int(test['n']), 'text')} in which some tokens are marked and some "
            f"are not; in {count(int(test['undefined']))} others nothing can be hidden."
        )
    return Section(
        "mass_adversary",
        "Attention kept off marked tokens",
        "Can a model be right while its attention hides what decides?",
        explanations.MASS.format(marked=MARKED_NAMES.get(marked, marked)),
        tables=(mass_table(base, models, target, note),),
        findings=mass_findings(base, chosen, marked=marked, target=target, encoder=facts.encoder),
        notes=limit_note(test),
    )
