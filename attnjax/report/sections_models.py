"""The sections on the models of a run, on uniform attention and on guides."""

from collections.abc import Mapping
from typing import Any

from attnjax.report import explanations_models as explanations
from attnjax.report.comparisons import Scores, plain, scores_of, seeds_note, shown
from attnjax.report.diagram import COUNTER_TESTS, diagram_of
from attnjax.report.diagram_drawing import draw_diagram
from attnjax.report.facts import Facts
from attnjax.report.figures_guides import ScoreRow, guide_scores
from attnjax.report.findings import beats
from attnjax.report.findings_guides import (
    ATTENTIONS,
    GUIDE_NAMES,
    adversary_flaw,
    guide_row_words,
    guides_findings,
)
from attnjax.report.findings_uniform import (
    seed_words,
    uniform_findings,
    uniform_row_words,
)
from attnjax.report.numbers import MISSING, number
from attnjax.report.published import published_models, published_note
from attnjax.report.sections import Section, limit_note
from attnjax.report.tables import Table


def trained_models(facts: Facts) -> list[str]:
    """Return the tests of this run that train other models than the base."""
    return [name for name in COUNTER_TESTS if facts.tests.get(name)]


def models_section(facts: Facts) -> Section:
    """Return the section that shows which models are compared, and how they depend."""
    parts = " ".join(explanations.MODEL_PARTS[name] for name in trained_models(facts))
    return Section(
        "models",
        "The models of the counter-tests",
        "Which models are compared, and how does one come from another?",
        explanations.MODELS.format(parts=parts),
        (draw_diagram(diagram_of(facts)),),
    )


def uniform_section(facts: Facts) -> Section:
    """Return the section on training with uniform attention."""
    test = facts.tests["uniform"]
    base, uniform = scores_of(test["base"]), scores_of(test["uniform"])
    difference = uniform_difference(test)
    seeds = len(test.get("per_seed") or ())
    figures = published_models(*_model(facts), "uniform")
    names = {"base": "F1 of the base", "uniform": "of uniform attention"}
    rows = {
        "learnt attention": (base, test["base"].get("accuracy")),
        "uniform attention": (uniform, test["uniform"].get("accuracy")),
        "learnt minus uniform": (difference, None),
    }
    table = Table(
        "Learnt and uniform attention on the test split",
        ("", "F1", "AUC", "accuracy"),
        tuple(
            (name, shown(scores.f1), shown(scores.auc), number(accuracy, 3))
            for name, (scores, accuracy) in rows.items()
        ),
        " ".join(filter(None, (seeds_note(seeds), published_note(figures, names, 2)))),
        uniform_row_words(base, uniform, difference),
    )
    per_seed = [_seed_table(test["per_seed"])] if seeds > 1 else []
    return Section(
        "uniform",
        "Uniform attention",
        "Does the model need its attention at all?",
        explanations.UNIFORM,
        tables=(table, *per_seed),
        findings=uniform_findings(
            base,
            difference,
            seeds=seeds,
            accurate=beats(test["base"].get("accuracy"), facts.num_test, facts.level),
            variant=facts.variant,
            encoder=facts.encoder,
        ),
        notes=limit_note(test),
    )


def uniform_difference(test: Mapping[str, Any]) -> Scores:
    """Return the scores with learnt attention minus those with uniform attention."""
    return scores_of(test.get("difference") or {}, test.get("difference_ci95") or {})


def _seed_table(per_seed: list[Mapping[str, Any]]) -> Table:
    rows, words = [], []
    for one in per_seed:
        base, uniform = scores_of(one["base"]), scores_of(one["uniform"])
        rows.append(
            (
                f"seed {one['seed']}",
                *(number(each.value, 3) for each in (base.f1, uniform.f1, base.auc, uniform.auc)),
            )
        )
        words.append(f"With this seed {seed_words(base, uniform)}.")
    return Table(
        "Seed by seed",
        ("", "F1, learnt", "F1, uniform", "AUC, learnt", "AUC, uniform"),
        tuple(rows),
        "One seed alone shows nothing: what counts is the difference above.",
        tuple(words),
    )


def guides_section(facts: Facts) -> Section:
    """Return the section on guiding a model without context by others' attention."""
    test = facts.tests["guides"]
    guides = {name: test[name] for name in GUIDE_NAMES if test.get(name)}
    differences = guide_differences(test)
    rows, words, drawn = [], [], []
    for name, one in guides.items():
        scores, difference = scores_of(one), differences.get(name)
        cells = (shown(scores.f1), shown(scores.auc))
        minus = (
            (MISSING, MISSING)
            if difference is None
            else (shown(difference.f1), shown(difference.auc))
        )
        rows.append((GUIDE_NAMES[name], cells[0], minus[0], cells[1], minus[1]))
        words.append(guide_row_words(name, scores, difference))
        singles = [scores_of(each) for each in one.get("per_seed") or ()]
        drawn.append(ScoreRow(GUIDE_NAMES[name], scores, singles))
    seeds = max((len(row.per_seed) for row in drawn), default=0)
    figures = published_models(*_model(facts), "guides")
    names = {name: f"F1 with {words}" for name, words in ATTENTIONS.items()}
    table = Table(
        "The model without context under each guide, on the test split",
        ("attention", "F1", "minus uniform", "AUC", "minus uniform"),
        tuple(rows),
        " ".join(filter(None, (_guides_note(facts, test, seeds),
                               published_note(figures, names, 3)))),
        tuple(words),
    )  # fmt: skip
    return Section(
        "guides",
        "Attention as a guide",
        "Are the weights of use to a model that did not learn them?",
        explanations.GUIDES,
        (guide_scores(drawn),) if drawn else (),
        (table,),
        guides_findings(differences, seeds=seeds, flaw=_flaw(facts)),
        limit_note(test),
    )


def _flaw(facts: Facts) -> str | None:
    source, elsewhere = facts.guide_source, facts.config("trained_adversary", "base", "")
    return adversary_flaw(source.get("jsd"), source.get("tvd"), elsewhere=bool(elsewhere))


def guide_differences(test: Mapping[str, Any]) -> dict[str, Scores]:
    """Return each guide's scores minus the uniform guide's."""
    found = test.get("differences") or {}
    return {name: scores_of(found[name]) for name in GUIDE_NAMES if found.get(name)}


def _guides_note(facts: Facts, test: Mapping[str, Any], seeds: int) -> str:
    """Say what the numbers are over, and where two of the guides come from."""
    source = facts.guide_source
    adversary = (
        f" The adversary is the one with λ = {plain(source['lambda'])}."
        if source.get("lambda") is not None
        else ""
    )
    file = facts.config("guides", "file", "")
    named = f" The file is {file}." if test.get("file") and file else ""
    return seeds_note(seeds) + adversary + named


def _model(facts: Facts) -> tuple[str | None, str, str]:
    return facts.run.results["dataset"].get("published"), facts.encoder, facts.attention
