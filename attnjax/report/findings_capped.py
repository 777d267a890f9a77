"""What follows from the strongest adversary under constraints, and what does not."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attnjax.report.findings import Findings
from attnjax.report.findings_change import ALL_SINGLE, HALF_JSD
from attnjax.report.numbers import between, count, number, percent, plural


class Together(NamedTuple):
    """Means over the instances that have an attention under every constraint.

    Attributes:
        n: instances.
        of: instances in all, whether or not a constraint leaves them an attention.
        short: whether some text has fewer tokens than a cap needs.
        free: mean of the largest JSD without a constraint, or None where it was not computed.
        lower: for each constraint the mean of the divergences found, nats.
        upper: for each constraint the mean of the bounds, nats.
        large: for each constraint the share with a JSD of at least `HALF_JSD` found.
        close: for each constraint the share whose bound is below that.
    """

    n: int
    of: int
    short: bool
    free: float | None
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    large: tuple[float, ...]
    close: tuple[float, ...]


def constraint_name(constraint: Mapping[str, Any]) -> str:
    """Say what a constraint of `results.json` asks.

    Example:
        >>> constraint_name({"cap": 0.25}), constraint_name({"entropy_share": 0.5})
        ('no weight above 0.25', 'at least 50% of the largest entropy')
    """
    if "cap" in constraint:
        return f"no weight above {constraint['cap']:g}"
    return f"at least {percent(constraint['entropy_share'])} of the largest entropy"


def capped_findings(
    constraints: Sequence[Mapping[str, Any]], together: Together, *, epsilon: float, single: bool
) -> Findings:
    """Say what is left of the strongest adversary where attention must be spread.

    Args:
        constraints: of `results.json`.
        together: what the rows say.
        epsilon: output change allowed.
        single: whether every text has one token.
    """
    if single:
        return Findings((f"{ALL_SINGLE}: no attention but its own exists.",))
    if not together.n:
        return Findings(
            (
                "No instance has an attention within the limit under every constraint: they "
                "cannot be compared with one another.",
                *_missing_sentences(constraints, together, epsilon),
            )
        )
    follows = [
        *_what_remains(constraints, together),
        *_missing_sentences(constraints, together, epsilon),
        *_large_sentences(constraints, together, epsilon),
    ]
    return Findings(tuple(follows), _caveats(constraints))


def _what_remains(constraints: Sequence[Mapping[str, Any]], together: Together) -> list[str]:
    """Compare the means with the unconstrained one, on the same instances."""
    means = "; ".join(
        f"with {constraint_name(one)} {between(low, high)}"
        for one, low, high in zip(constraints, together.lower, together.upper, strict=True)
    )
    over = (
        f"over the {count(together.n)} of {plural(together.of, 'instance')} that can meet every "
        "constraint"
    )
    if together.free is None:
        return [f"Mean of the largest JSD in nats, {over}: {means}."]
    first = (
        f"Mean of the largest JSD in nats, {over}: {number(together.free)} without a constraint; "
        f"{means}."
    )
    if not together.free:
        return [first]
    low = min(together.lower)
    strictest = constraints[together.lower.index(low)]
    return [
        first,
        f"So on these instances at least {percent(low / together.free)} of the largest distance "
        f"remains with {constraint_name(strictest)}: that much does not need an attention on one "
        "or two tokens.",
    ]


def _large_sentences(
    constraints: Sequence[Mapping[str, Any]], together: Together, epsilon: float
) -> list[str]:
    """Say for how many instances a spread attention is very different, and for how many none."""
    sentences = []
    shares = zip(constraints, together.large, together.close, strict=True)
    for constraint, large, close in shares:
        sentence = (
            f"With {constraint_name(constraint)}, {percent(large)} of the "
            f"{plural(together.n, 'instance')} compared above have an attention at a JSD of at "
            f"least {number(HALF_JSD)} (half of the largest possible) that moves the output by at "
            f"most {epsilon:g}"
        )
        none = f"; for {percent(close)} it is certain that none is so far" if close else ""
        sentences.append(f"{sentence}{none}.")
    return sentences


def _missing_sentences(
    constraints: Sequence[Mapping[str, Any]], together: Together, epsilon: float
) -> list[str]:
    """Say where nothing meets a constraint, and where the model's own attention does not."""
    sentences = []
    if missing := _listed(constraints, "infeasible_share"):
        short = ", or the text has fewer tokens than the cap needs" if together.short else ""
        sentences.append(
            "No attention at all meets the constraint and moves the output by at most "
            f"{epsilon:g}: {missing}. There nothing remains of the adversary, and the instance has "
            f"no number here: its output needs weights that are less spread{short}."
        )
    if broken := _listed(constraints, "own_violates_share"):
        sentences.append(
            f"The model's own attention already breaks the constraint: {broken}. There every "
            "attention that meets it differs from the model's own to begin with, and a part of "
            "the distance is the constraint's doing."
        )
    return sentences


def _listed(constraints: Sequence[Mapping[str, Any]], key: str) -> str:
    """Return the shares that are not 0, each with its constraint."""
    return "; ".join(
        f"in {percent(one[key])} of the instances with {constraint_name(one)}"
        for one in constraints
        if one[key]
    )


def _caveats(constraints: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    open_ = [one for one in constraints if one["optimal_share"] not in (None, 1.0)]
    does_not = [
        "That a spread attention with the same output exists does not mean that the model could "
        "have learnt it. The constraint answers one objection of Wiegreffe & Pinter (2019), that "
        "adversaries on one or two tokens are degenerate; the other stands: each is chosen for "
        "one text, with the rest of the model held fixed."
    ]
    if open_:
        worst = max(open_, key=lambda one: one["gap"]["mean"])
        does_not.append(
            "The lower numbers are those of attentions that were found, the upper ones bounds "
            "that no attention exceeds. Where they differ (most with "
            f"{constraint_name(worst)}, by {number(worst['gap']['mean'], 3)} nats on average), the "
            "true maximum lies between, and the difference says nothing about the model."
        )
    return tuple(does_not)
