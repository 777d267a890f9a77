"""What follows from keeping attention off marked tokens, and what does not."""

from collections.abc import Sequence
from typing import NamedTuple

from attnjax.report.comparisons import plain
from attnjax.report.findings import Findings
from attnjax.report.numbers import fine, fine_together, number, percent

MARKED_NAMES = {
    "evidence": "the planted evidence",
    "words": "the words of the list",
    "first_half": "the first half of the text",
}
"""What can be marked, as the config and as a reader calls it."""


KEPT = 0.95
"""A model with at least this share of the base's F1 is said to have kept it."""


class Hidden(NamedTuple):
    """One model that keeps its attention off the marked tokens.

    Attributes:
        weight: of the penalty; None for the base.
        mass: mean share of the attention on marked tokens.
        f1: on the test split.
        auc: likewise.
    """

    weight: float | None
    mass: float | None
    f1: float | None
    auc: float | None


def least_hidden(models: Sequence[Hidden], mass: float) -> Hidden | None:
    """Return the least penalty that reaches a mass, else the model with the least mass.

    Example:
        >>> models = [Hidden(0.1, 0.3, 0.8, 0.9), Hidden(1.0, 0.005, 0.8, 0.9)]
        >>> least_hidden(models, 0.01).weight, least_hidden(models, 0.5).weight
        (1.0, 0.1)
    """
    known = [one for one in models if one.mass is not None]
    reached = [one for one in known if (one.mass or 0.0) <= mass]
    if reached:
        return min(reached, key=lambda one: one.weight or 0.0)
    return min(known, key=lambda one: one.mass or 0.0) if known else None


def mass_findings(
    base: Hidden, chosen: Hidden | None, *, marked: str, target: float, encoder: str
) -> Findings:
    """Say whether the model predicts as well with its attention elsewhere.

    Args:
        base: the run's model.
        chosen: the model with the penalty that the report speaks of.
        marked: which tokens, one of `MARKED_NAMES`.
        target: mass that was to be reached.
        encoder: of the model.

    Source: Pruthi et al. (2020), Learning to deceive with attention-based explanations.
    """
    if chosen is None or base.mass is None:
        return Findings(("No model has numbers: training diverged, or no text has marked tokens.",))
    name = MARKED_NAMES.get(marked, marked)
    before, after = fine_together([base.mass, chosen.mass], 3)
    follows = [
        f"The base puts {before} of its attention on {name} on average; the model with a penalty "
        f"of {plain(chosen.weight or 0.0)} puts {after} there"
        + _reached(chosen, target)
        + _cost(base, chosen),
        *_meaning(base, chosen, target, name, encoder),
    ]
    does_not = [
        "That attention can be kept off the tokens that decide does not show that the base's own "
        "attention misleads: the base was not trained to hide anything.",
        "F1 and AUC have no interval here: small differences may be chance.",
    ]
    return Findings(tuple(follows), tuple(does_not))


def _reached(chosen: Hidden, target: float) -> str:
    if (chosen.mass or 0.0) <= target:
        return f", at most the {target:g} that was asked for"
    return f", more than the {target:g} that was asked for"


def _cost(base: Hidden, chosen: Hidden) -> str:
    if base.f1 is None or chosen.f1 is None:
        return "."
    return f". Its F1 is {number(chosen.f1, 3)}, the base's {number(base.f1, 3)}."


def _meaning(base: Hidden, chosen: Hidden, target: float, name: str, encoder: str) -> list[str]:
    if (chosen.mass or 0.0) > target or not base.f1 or chosen.f1 is None:
        return []
    kept = chosen.f1 / base.f1
    if kept < KEPT:
        return [
            f"It kept {percent(kept)} of the base's F1: keeping its attention off {name} cost it "
            "predictions, so those tokens could not be hidden for free."
        ]
    through = (
        " An encoder that mixes context can carry their content to other positions, and attention "
        "reads it there."
        if encoder != "average"
        else " Its states read one token each, so other tokens must have told the label."
    )
    return [
        f"It kept {percent(kept)} of the base's F1 with hardly any attention on {name}: whoever "
        f"reads its weights would think that these tokens played no part.{through}"
    ]


def _change(one: float | None, base: float | None) -> str:
    """Say how a score lies beside the base's."""
    if one is None or base is None:
        return "F1 undefined"
    if one == base:
        return "F1 as the base's"
    return f"F1 {number(abs(one - base), 3)} {'above' if one > base else 'below'} the base's"


def mass_row_words(base: Hidden, one: Hidden, target: float) -> str:
    """Return the sentence for a row of the table.

    Example:
        >>> base = Hidden(None, 0.6, 0.8, 0.9)
        >>> mass_row_words(base, base, 0.01)[:37]
        'High mass: attention points at the ma'
    """
    if one.mass is None:
        return "No numbers: training diverged."
    if one.weight is None:
        return (
            "High mass: attention points at the marked tokens without being told to. Low: there is "
            f"little to hide. Here: {fine(one.mass, 3)} of its attention."
        )
    hidden = "hidden" if one.mass <= target else "not hidden"
    change = _change(one.f1, base.f1)
    return (
        "High mass: this penalty does not move attention off the marked tokens. Low, with F1 kept: "
        f"they can be hidden from whoever reads the weights. Here: {hidden}, {change}."
    )
