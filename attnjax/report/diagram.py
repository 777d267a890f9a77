"""Which models a run compares, and how they depend on each other, with their scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.report.comparisons import plain
from attnjax.report.facts import Facts
from attnjax.report.findings_guides import GUIDE_NAMES
from attnjax.report.findings_mass import MARKED_NAMES
from attnjax.report.numbers import Estimate, as_estimate, fine, number, plural
from attnjax.report.published import ENCODERS
from attnjax.report.sweeps import read_hidden, read_sweep

COUNTER_TESTS = ("uniform", "seeds", "guides", "trained_adversary", "mass_adversary")
"""Tests that train other models than the base."""

GLUE = "\N{NO-BREAK SPACE}"
"""Keeps a name and its number on one line."""


class Model(NamedTuple):
    """A box of the diagram.

    Attributes:
        key: unique in the diagram.
        title: what the model is.
        lines: what is said of it, scores included.
        kind: `base`, `other`, `adversary` or `guide`.
    """

    key: str
    title: str
    lines: tuple[str, ...]
    kind: str


class Arrow(NamedTuple):
    """How a model depends on another one.

    Attributes:
        source: key of the model it depends on.
        target: its own key.
        label: what is copied, imitated or changed.
    """

    source: str
    target: str
    label: str


class Diagram(NamedTuple):
    """The models of a run.

    Attributes:
        models: with an encoder, the base first.
        guides: without context, whose attention is given.
        arrows: between them.
    """

    models: tuple[Model, ...]
    guides: tuple[Model, ...]
    arrows: tuple[Arrow, ...]


def diagram_of(facts: Facts) -> Diagram:
    """Return the models of the run; none that it did not train."""
    tests = facts.tests
    made = [
        _MADE[name](facts, tests[name])
        for name in ("seeds", "uniform", "mass_adversary", "trained_adversary")
        if tests.get(name)
    ]
    models = [_base(facts), *(model for models, _ in made for model in models)]
    arrows = [arrow for _, arrow in made]
    guides = _guides(tests.get("guides") or {})
    source = facts.guide_source
    if source and not tests.get("trained_adversary"):
        others, arrow = _source(facts, source)
        models, arrows = [*models, *others], [*arrows, arrow]
    sources = {"guide-base": "base", "guide-adversary": "trained_adversary"}
    present = {model.key for model in models}
    arrows += [
        Arrow(sources[one.key], one.key, "attention copied from")
        for one in guides
        if sources.get(one.key) in present
    ]
    return Diagram(tuple(models), tuple(guides), tuple(arrows))


def diagram_words(diagram: Diagram) -> str:
    """Say in words what the diagram shows."""
    titles = {one.key: one.title for one in (*diagram.models, *diagram.guides)}
    models = [f"{one.title}: {'; '.join(one.lines)}." for one in (*diagram.models, *diagram.guides)]
    arrows = [
        f"{titles[one.target]}: {one.label} {_lower(titles[one.source])}."
        if one.label.endswith((" from", " of"))
        else f"From {_lower(titles[one.source])} to {_lower(titles[one.target])}: {one.label}."
        for one in diagram.arrows
    ]
    return " ".join([*models, *arrows]).replace(GLUE, " ")


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def _base(facts: Facts) -> Model:
    encoder = ENCODERS.get(facts.encoder, facts.encoder)
    lines = (f"{encoder}, {facts.attention} attention", *_scores(facts.base_scores))
    return Model("base", "Base model", lines, "base")


def _seeds(facts: Facts, test: Mapping[str, Any]) -> tuple[list[Model], Arrow]:
    f1 = test.get("f1") or {}
    spread = f" ± {number(f1['std'], 3)}" if f1.get("std") is not None else ""
    score = (f"F1{GLUE}{number(f1['mean'], 3)}{spread}",) if f1.get("mean") is not None else ()
    jsd, change = (as_estimate(test.get(name)) for name in ("jsd", "output_change"))
    lines = (plural(int(test["count"]), "model"), *score, *_place(jsd, change))
    model = Model("seeds", "Other seeds", lines, "other")
    return [model], Arrow("base", "seeds", "same model, other seed")


def _uniform(facts: Facts, test: Mapping[str, Any]) -> tuple[list[Model], Arrow]:
    lines = (_mean_of(test), *_scores(test["uniform"]))
    model = Model("uniform", "Uniform attention", lines, "other")
    return [model], Arrow("base", "uniform", "same model, attention held uniform")


def _trained(facts: Facts, test: Mapping[str, Any]) -> tuple[list[Model], Arrow]:
    sweep = read_sweep(facts)
    if sweep.chosen is None:
        lines: tuple[str, ...] = ("no λ has numbers",)
    else:
        several = f" (of {len(sweep.lambdas)})" if len(sweep.lambdas) > 1 else ""
        point = sweep.points[sweep.chosen]
        lines = (
            f"λ{GLUE}={GLUE}{plain(sweep.lambdas[sweep.chosen])}{several}",
            *_scores(test["lambdas"][sweep.chosen]),
            *_place(point.jsd, point.tvd),
        )
    return _imitating(facts, lines)


def _source(facts: Facts, source: Mapping[str, Any]) -> tuple[list[Model], Arrow]:
    """Return the adversary of which a guide is known, but no test."""
    lines = (
        f"λ{GLUE}={GLUE}{plain(source['lambda'])}",
        *_place(Estimate(source.get("jsd")), Estimate(source.get("tvd"))),
        f"on the {facts.config('selection', 'split', 'dev')} split",
    )
    return _imitating(facts, lines)


def _imitating(facts: Facts, lines: tuple[str, ...]) -> tuple[list[Model], Arrow]:
    model = Model("trained_adversary", "Trained adversary", lines, "adversary")
    label = "trained to imitate the predictions, not the attention"
    elsewhere = str(facts.config("trained_adversary", "base", ""))
    if not elsewhere:
        return [model], Arrow("base", model.key, label)
    other = Model("other_base", "Base of another run", (Path(elsewhere).name,), "base")
    return [other, model], Arrow("other_base", model.key, label)


def _mass(facts: Facts, test: Mapping[str, Any]) -> tuple[list[Model], Arrow]:
    found = read_hidden(facts)
    chosen = found.chosen
    if chosen is None:
        lines: tuple[str, ...] = ("no penalty has numbers",)
    else:
        several = f" (of {len(found.models)})" if len(found.models) > 1 else ""
        lines = (
            f"penalty{GLUE}{plain(chosen.weight or 0.0)}{several}",
            f"mass{GLUE}{fine(chosen.mass, 3)}, base{GLUE}{fine(found.base.mass, 3)}",
            *_scores(chosen._asdict()),
        )
    model = Model("mass_adversary", "Mass adversary", lines, "adversary")
    label = f"same model, attention kept off {MARKED_NAMES.get(found.marked, found.marked)}"
    return [model], Arrow("base", model.key, label)


_MADE = {
    "seeds": _seeds,
    "uniform": _uniform,
    "trained_adversary": _trained,
    "mass_adversary": _mass,
}


def _guides(test: Mapping[str, Any]) -> list[Model]:
    titles = {
        "base": "Guide: the base's attention",
        "trained": "Guide: its own attention, learnt",
        "uniform": "Guide: uniform attention",
        "adversary": "Guide: the adversary's attention",
        "file": "Guide: attention from a file",
    }
    assert set(titles) == set(GUIDE_NAMES)
    return [
        Model(f"guide-{name}", title, _scores(test[name]), "guide")
        for name, title in titles.items()
        if test.get(name)
    ]


def _mean_of(test: Mapping[str, Any]) -> str:
    seeds = len(test.get("per_seed") or ())
    return f"mean of {seeds} seeds" if seeds > 1 else "one seed"


def _scores(one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return F1 and AUC as one line, or none where neither is known."""
    parts = [
        f"{name}{GLUE}{number(one[key], 3)}"
        for key, name in (("f1", "F1"), ("auc", "AUC"))
        if one.get(key) is not None
    ]
    return (", ".join(parts),) if parts else ()


def _place(jsd: Estimate, change: Estimate) -> tuple[str, ...]:
    """Return JSD and TVD from the base as one line."""
    if jsd.value is None or change.value is None:
        return ()
    return (f"JSD{GLUE}{fine(jsd.value)}, TVD{GLUE}{fine(change.value)}",)
