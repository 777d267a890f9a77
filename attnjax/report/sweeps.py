"""The sweep of trained adversaries as the report reads it: points, references and norms."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Num

from attnjax.measures.bootstrap import bootstrap_interval
from attnjax.report.comparisons import estimate_of
from attnjax.report.facts import Facts
from attnjax.report.findings_mass import Hidden
from attnjax.report.load import Ragged
from attnjax.report.numbers import Estimate, defined, paired_difference

ALIKE = 0.05
"""A trained adversary whose mean output change is below this predicts nearly as the base does."""


class Point(NamedTuple):
    """A place on the axes of the figure.

    Attributes:
        jsd: mean JSD from the base's attention, nats.
        tvd: mean output change from the base, TVD.
    """

    jsd: Estimate
    tvd: Estimate

    @property
    def known(self) -> bool:
        """Whether it can be drawn and compared."""
        return self.jsd.value is not None and self.tvd.value is not None

    @property
    def alike(self) -> bool:
        """Whether it predicts nearly as the base does."""
        return self.tvd.value is not None and self.tvd.value < ALIKE


class Gap(NamedTuple):
    """The chosen adversary minus another one, paired by text; None where it is not known."""

    jsd: Estimate | None
    tvd: Estimate | None


class Norms(NamedTuple):
    """Sizes of what a model's attention weighs.

    Attributes:
        states: mean length of the encoder's state of a token.
        decoder: length of the weights that read the average of the states: the output layer
            or, of a model with a question, the passage's part of the layer before it.
        values: mean of what a token adds to the logits at a weight of 1; None where the
            model has no readout.
    """

    states: float | None
    decoder: float | None
    values: float | None = None


class Sweep(NamedTuple):
    """What a sweep over lambda found.

    Attributes:
        lambdas: weights of the divergence, rising.
        points: where each ended.
        f1: of each.
        chosen: index of the one that the report speaks of; None where none has numbers.
        base_f1: of the base.
        others: what else lies on the axes, by name: seeds, search, exact.
        gaps: the chosen one minus each of the others.
        norms: of the base and of the chosen adversary, or None.
        split: on which it was chosen, `dev` or `test`.
    """

    lambdas: Sequence[float]
    points: Sequence[Point]
    f1: Sequence[float | None]
    chosen: int | None
    base_f1: float | None
    others: Mapping[str, Point]
    gaps: Mapping[str, Gap]
    norms: tuple[Norms, Norms] | None
    split: str

    @property
    def farthest(self) -> bool:
        """Whether none that predicts nearly as the base does lies farther than the chosen."""
        if self.chosen is None or not self.points[self.chosen].alike:
            return False
        own = self.points[self.chosen].jsd.value
        return all((one.jsd.value or 0.0) <= (own or 0.0) for one in self.points if one.alike)


def read_sweep(facts: Facts) -> Sweep:
    """Return the sweep of a run that trained adversaries."""
    test = facts.tests["trained_adversary"]
    entries, chosen = test["lambdas"], test.get("chosen")
    points = [_point(one) for one in entries]
    if chosen is not None and not points[chosen].known:
        chosen = None
    if chosen is not None:
        points[chosen] = _with_intervals(facts, points[chosen], chosen)
    elsewhere = bool(facts.config("trained_adversary", "base", ""))
    # What this run knows of seeds and other adversaries lies about another base then.
    references = (
        {} if elsewhere else {**(test.get("instance_adversary") or {}), "seeds": test.get("seeds")}
    )
    others = {name: _point(references[name]) for name in OTHERS if references.get(name)}
    return Sweep(
        lambdas=[float(one["lambda"]) for one in entries],
        points=points,
        f1=[one.get("f1") for one in entries],
        chosen=chosen,
        base_f1=None if elsewhere else facts.base_scores.get("f1"),
        others=others,
        gaps={} if chosen is None else {name: _gap(facts, name, chosen) for name in others},
        norms=_norms(test.get("norms")),
        split=str(facts.config("selection", "split", "dev")),
    )


def _point(one: Mapping[str, Any]) -> Point:
    return Point(estimate_of(one, "jsd"), estimate_of(one, "tvd"))


OTHERS: Mapping[str, tuple[str, str]] = {
    "seeds": ("seeds.jsd", "seeds.output_change"),
    "search": ("adversary.jsd", "adversary.output_change"),
    "exact": ("exact_adversary.jsd", "exact_adversary.output_change"),
}
"""What lies on the axes beside the sweep, and the columns of each text's JSD and TVD."""


def _with_intervals(facts: Facts, point: Point, chosen: int) -> Point:
    """Return a point whose missing intervals come from the rows."""
    columns = (f"trained_adversary.{name}" for name in ("jsd", "tvd"))
    rows = (picked(facts.run.ragged(name), chosen) for name in columns)
    return Point(*(_over(one, values, facts) for one, values in zip(point, rows, strict=True)))


def _over(estimate: Estimate, values: np.ndarray, facts: Facts) -> Estimate:
    known = defined(values)
    if estimate.low is not None or len(known) < 2:
        return estimate
    low, high = bootstrap_interval(
        known, samples=facts.intervals["samples"], seed=facts.intervals["seed"]
    )
    return Estimate(estimate.value, float(low), float(high), len(known))


def _gap(facts: Facts, name: str, chosen: int) -> Gap:
    """Return how much farther the chosen adversary lies than another one, text by text."""
    found = [
        paired_difference(
            picked(facts.run.ragged(f"trained_adversary.{ours}"), chosen),
            per_text(facts, theirs),
            **facts.intervals,
        )
        for ours, theirs in zip(("jsd", "tvd"), OTHERS[name], strict=True)
    ]
    return Gap(*found)


def per_text(facts: Facts, name: str) -> Num[np.ndarray, " N"] | None:
    """Return a column of numbers, or the mean of each list of a column of lists."""
    column = facts.run.columns.get(name)
    if not isinstance(column, Ragged):
        return column
    # Where a seed has no number the others' mean stands.
    known = np.append(np.isfinite(column.values), False)
    values = np.append(np.nan_to_num(column.values), 0.0)
    starts = column.offsets[:-1]
    totals, counts = (np.add.reduceat(each, starts) for each in (values, known.astype(int)))
    some = (column.lengths > 0) & (counts > 0)
    return np.where(some, totals / np.maximum(counts, 1), np.nan)


def picked(lists: Ragged, index: int) -> Float[np.ndarray, " N"]:
    """Return one entry of every list; NaN where a list is shorter or missing.

    Example:
        >>> import numpy as np
        >>> lists = Ragged(np.array([5.0, 6.0, 7.0]), np.array([0, 2, 3]), np.array([True, True]))
        >>> picked(lists, 1).tolist()
        [6.0, nan]
    """
    found = np.full(len(lists.present), np.nan)
    rows = np.flatnonzero(lists.lengths > index)
    found[rows] = lists.values[lists.offsets[:-1][rows] + index]
    return found


class HiddenRun(NamedTuple):
    """What a run found of models that keep attention off marked tokens.

    Attributes:
        base: the run's model.
        models: by rising penalty.
        chosen: the one that the report speaks of; None where none has numbers.
        marked: what is marked, as the config calls it.
        target: mass that was asked for.
    """

    base: Hidden
    models: list[Hidden]
    chosen: Hidden | None
    marked: str
    target: float


def read_hidden(facts: Facts) -> HiddenRun:
    """Return the models of a run that keep attention off marked tokens."""
    test = facts.tests["mass_adversary"]
    keys = ("mass", "f1", "auc")
    base = Hidden(None, *(test[key].get("base") for key in keys))
    columns = (test[key]["adversary"] for key in keys)
    models = [Hidden(*one) for one in zip(test["weight"], *columns, strict=True)]
    target = float(test["target"])
    chosen = models[test["chosen"]]
    known = None if chosen.mass is None else chosen
    return HiddenRun(base, models, known, str(test.get("marked", "")), target)


def norm_ratios(base: Norms, adversary: Norms) -> Norms:
    """Return how many times as large the adversary's norms are; None where one is not known.

    Example:
        >>> norm_ratios(Norms(2.0, 0.0), Norms(4.0, 1.0))
        Norms(states=2.0, decoder=None, values=None)
    """
    return Norms(*(
        one / other if one is not None and other else None
        for one, other in zip(adversary, base, strict=True)
    ))  # fmt: skip


def _norms(norms: Mapping[str, Any] | None) -> tuple[Norms, Norms] | None:
    if not norms or not norms.get("base") or not norms.get("adversary"):
        return None
    base, adversary = (
        Norms(*(norms[name].get(key) for key in Norms._fields)) for name in ("base", "adversary")
    )
    return base, adversary
