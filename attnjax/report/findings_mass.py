"""What follows from keeping attention off marked tokens, and what does not."""

from typing import NamedTuple

from attnjax.report.comparisons import plain
from attnjax.report.findings import Findings
from attnjax.report.numbers import fine, fine_together, number

MARKED_NAMES = {
    "evidence": "the planted evidence",
    "words": "the words of the list",
    "first_half": "the first half of the text",
}
"""What can be marked, as the config and as a reader calls it."""


KEPT = 0.95
"""A model with at least this share of the base's scores is said to have kept them."""


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
        return Findings(("No model has numbers: no test text has both marked and other tokens.",))
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
    """Return the scores of both, as far as they are known."""
    parts = [
        f"{name} {number(one, 3)} (the base's {number(own, 3)})"
        for name, one, own in (("F1", chosen.f1, base.f1), ("AUC", chosen.auc, base.auc))
        if one is not None and own is not None
    ]
    return f". It has {' and '.join(parts)}." if parts else "."


def kept_scores(base: Hidden, one: Hidden) -> bool | None:
    """Return whether a model predicts about as well as the base; None where it is not known.

    Both scores count, AUC as what it is above 0.5: a model that calls every text positive
    has no small F1, and knows nothing.

    Example:
        >>> base = Hidden(None, 0.5, 0.62, 0.69)
        >>> kept_scores(base, Hidden(1.0, 0.0, 0.64, 0.48)), kept_scores(base, base)
        (False, True)
    """
    if not base.f1 or one.f1 is None or base.auc is None or one.auc is None:
        return None
    return one.f1 >= KEPT * base.f1 and one.auc - 0.5 >= KEPT * (base.auc - 0.5)


def _meaning(base: Hidden, chosen: Hidden, target: float, name: str, encoder: str) -> list[str]:
    kept = kept_scores(base, chosen)
    if (chosen.mass or 0.0) > target or kept is None:
        return []
    if not kept:
        return [
            f"It does not predict as well as the base: keeping its attention off {name} cost it "
            "predictions, so these tokens could not be hidden for free."
        ]
    through = (
        " An encoder that mixes context can carry their content to other positions, and attention "
        "reads it there."
        if encoder != "average"
        else " Its states read one token each, so other tokens must have told the label, or the "
        "little weight that is left was enough."
    )
    return [
        f"It predicts about as well as the base with hardly any attention on {name}: whoever reads "
        f"its weights would think that these tokens played no part.{through}"
    ]


def mass_row_words(base: Hidden, one: Hidden, target: float) -> str:
    """Return the sentence for a row of the table.

    Example:
        >>> base = Hidden(None, 0.6, 0.8, 0.9)
        >>> mass_row_words(base, base, 0.01)[:37]
        'High mass: attention points at the ma'
    """
    if one.mass is None:
        return "No numbers: no test text has both marked and other tokens."
    if one.weight is None:
        return (
            "High mass: attention points at the marked tokens without being told to. Low: there is "
            f"little to hide. Here: {fine(one.mass, 3)} of its attention."
        )
    hidden = "hidden" if one.mass <= target else "not hidden"
    kept = kept_scores(base, one)
    scores = "unknown" if kept is None else "kept" if kept else "not kept"
    return (
        "High mass: this penalty does not move attention off the marked tokens. Low, with the "
        "scores kept: they can be hidden from whoever reads the weights. Here: "
        f"{hidden}, scores {scores}."
    )
