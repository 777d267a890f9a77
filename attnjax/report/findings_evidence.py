"""What follows from how well scores recover the planted evidence, and what does not."""

from collections.abc import Mapping

from attnjax.report.findings import Findings
from attnjax.report.numbers import Estimate, number, percent, with_interval


def recovery_findings(
    attention: Estimate,
    chance: float | None,
    precision: Estimate,
    gaps: Mapping[str, Estimate | None],
) -> Findings:
    """Say how well attention finds the evidence that the generator planted.

    Args:
        attention: mean AUPRC of attention.
        chance: mean AUPRC of a random ranking.
        precision: of attention, at the number of evidence tokens.
        gaps: name of another score to AUPRC(attention) minus its AUPRC, paired by instance.
    """
    follows = [
        f"Attention ranks the planted evidence with a mean AUPRC of {with_interval(attention)}; "
        f"a random ranking reaches {number(chance)}. " + _against_chance(attention, chance)
    ]
    if precision.value is not None:
        follows.append(
            f"If a text has k evidence tokens, on average {percent(precision.value)} of the k "
            "tokens with the largest weights are evidence."
        )
    for other, gap in gaps.items():
        if gap is not None and gap.value is not None:
            follows.append(_recovery_gap(other, gap))
    return Findings(
        tuple(follows),
        (
            "Recovering the planted evidence does not prove that the model went by it, and missing "
            "it does not prove the opposite: the evidence decides the label, but how this model "
            "came to its output is what the other tests ask.",
            "Where two phrases each suffice, both count as evidence: a model that goes by one of "
            "them alone is not wrong, but does not reach 1.",
            "Nor does it carry over to other data by itself: evidence in natural text is less "
            "clear-cut than what a generator plants.",
        ),
    )


def _against_chance(attention: Estimate, chance: float | None) -> str:
    if chance is None or attention.low is None or attention.high is None:
        return "Without both levels and an interval nothing more can be said."
    if attention.low > chance:
        return "It finds the evidence better than a random ranking does."
    if attention.high < chance:
        return "It finds the evidence worse than a random ranking does."
    return "It was not shown to find the evidence better than a random ranking does."


def _recovery_gap(other: str, gap: Estimate) -> str:
    words = f"difference in AUPRC {with_interval(gap)}"
    if gap.side > 0:
        return f"Attention finds the evidence better than {other} does: {words}."
    if gap.side < 0:
        return f"Attention finds the evidence less well than {other} does: {words}."
    return f"Attention and {other} were not shown to differ in finding the evidence: {words}."


def control_findings(
    positive: float | None, negative: float | None, chance: float | None
) -> Findings:
    """Say whether the test can succeed and can fail.

    Args:
        positive: AUPRC of attention in the control whose attention is forced onto evidence.
        negative: AUPRC of attention in the control whose attention is random.
        chance: of a random ranking.
    """
    follows = []
    if positive is not None:
        follows.append(
            f"The positive control, whose attention is trained onto the evidence, reaches "
            f"{number(positive)}: "
            + (
                "the test recognises an attention that is right."
                if positive >= 0.95
                else "less than 0.95, so that a low value of another model may be the test's fault."
            )
        )
    if negative is not None and chance is not None:
        follows.append(
            f"The negative control, whose attention is frozen noise, reaches {number(negative)} "
            f"(chance: {number(chance)}): "
            + (
                "the test does not reward noise."
                if negative <= chance + 0.05
                else "more than 0.05 above chance, so that part of another model's value may be "
                "the test's fault."
            )
        )
    return Findings(tuple(follows))
