"""What follows from the agreement of scores with what people marked, and what does not."""

from collections.abc import Mapping

from attnjax.report.findings import Findings
from attnjax.report.numbers import Estimate, number, percent, plural, with_interval


def plausibility_findings(
    attention: Estimate,
    chance: Mapping[str, float | None],
    precision: Estimate,
    *,
    above: Estimate | None,
    gaps: Mapping[str, Estimate | None],
    unmarked: int,
) -> Findings:
    """Say how far attention is where people's reasons are, and that this is all it says.

    Args:
        attention: mean AUPRC of attention.
        chance: of a random ranking, `auprc` and `precision`.
        precision: of attention, at the number of marked tokens.
        above: AUPRC(attention) minus that of a random ranking, paired by instance.
        gaps: name of another score to AUPRC(attention) minus its AUPRC, paired by instance.
        unmarked: texts in which nothing is marked, or nothing of what the model read.

    Example:
        >>> one = Estimate(0.4, 0.35, 0.45, 90)
        >>> above = Estimate(0.1, 0.05, 0.15, 90)
        >>> found = plausibility_findings(one, {"auprc": 0.3}, one, above=above, gaps={},
        ...     unmarked=0)
        >>> found.follows[0].split(". ")[1]
        'It ranks them higher than a random ranking does: by 0.10 (95% interval 0.05 to 0.15).'
    """
    if attention.value is None:
        return Findings(("No text has a marked word among those that the model read.",))
    follows = [
        f"Attention ranks the words that people marked with a mean AUPRC of "
        f"{with_interval(attention)}; a random ranking reaches {number(chance.get('auprc'))}. "
        + _against_chance(above)
    ]
    if precision.value is not None and (level := chance.get("precision")) is not None:
        follows.append(
            f"If people marked k words of a text, on average {percent(precision.value)} of the k "
            f"words with the largest weights are among them; by chance {percent(level)} would be."
        )
    follows += [
        _gap(other, gap) for other, gap in gaps.items() if gap is not None and gap.value is not None
    ]
    if unmarked:
        follows.append(
            f"{plural(unmarked, 'text')} without a marked word among those that the model read "
            f"{'is' if unmarked == 1 else 'are'} left out of these means."
        )
    return Findings(tuple(follows), _LIMITS)


_LIMITS = (
    "Nothing about faithfulness: a model may be right for reasons that no reader would give, and "
    "its weights may stand at a reader's reasons that it does not use.",
    "High agreement is not a merit by itself: an explanation that convinces people and is not what "
    "decided the output misleads them.",
    "Low agreement need not be a fault of attention: people mark whole phrases, and one of their "
    "reasons may be all that a model needs.",
)


def _against_chance(above: Estimate | None) -> str:
    if above is None or above.value is None:
        return "The two were not compared."
    words = f"by {with_interval(above)}"
    if above.side > 0:
        return f"It ranks them higher than a random ranking does: {words}."
    if above.side < 0:
        return f"It ranks them lower than a random ranking does: {words}."
    return f"It was not shown to rank them higher than a random ranking does: {words}."


def _gap(other: str, gap: Estimate) -> str:
    words = f"difference in AUPRC {with_interval(gap)}"
    if gap.side > 0:
        return f"People agree more with attention than with {other}: {words}."
    if gap.side < 0:
        return f"People agree less with attention than with {other}: {words}."
    return f"People were not shown to agree more with attention or with {other}: {words}."
