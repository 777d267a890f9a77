"""What follows from training an adversary from scratch, and what does not."""

from collections.abc import Sequence

from attnjax.report.comparisons import plain
from attnjax.report.findings import Findings
from attnjax.report.findings_change import HALF_JSD
from attnjax.report.findings_exact import CLOSE
from attnjax.report.findings_planted import contrast_sentences
from attnjax.report.numbers import (
    Estimate,
    fine,
    number,
    plural,
    with_interval,
)
from attnjax.report.sweeps import ALIKE, Gap, Norms, Point, Sweep, norm_ratios

SAME_NORM = 0.1
"""Norms that differ by less than this share are called about the same."""


def trained_findings(sweep: Sweep, *, variant: str, encoder: str, epsilon: float) -> Findings:
    """Say how far a model can take its attention from the base's and still predict alike.

    Args:
        sweep: of the run.
        variant: of the planted corpus; else "".
        encoder: of the model.
        epsilon: output change that an adversary of a single text may cause.

    Source: Wiegreffe & Pinter (2019), section 4.
    """
    lost = sum(not one.known for one in sweep.points)
    without = [f"{lost} of {len(sweep.points)} λ: no numbers."] if lost else []
    contrast = contrast_sentences(variant, encoder)
    if sweep.chosen is None:
        return Findings((*without, *contrast))
    chosen = sweep.points[sweep.chosen]
    follows = [
        chosen_sentence(sweep),
        reach_sentence(chosen),
        *_beside(sweep),
        curve_sentence(sweep.lambdas, sweep.points),
        norms_sentence(*sweep.norms) if sweep.norms else "",
        *without,
        *contrast,
    ]
    return Findings(tuple(one for one in follows if one), _caveats(sweep, chosen, epsilon))


def chosen_sentence(sweep: Sweep) -> str:
    """Say which adversary is spoken of, and where it ended."""
    assert sweep.chosen is not None
    one, f1 = sweep.points[sweep.chosen], sweep.f1[sweep.chosen]
    name = f"The adversary with λ = {plain(sweep.lambdas[sweep.chosen])}"
    place = (
        f"has its attention at a mean JSD of {with_interval(one.jsd)} nats from the base's, with a "
        f"mean output change (TVD) of {with_interval(one.tvd, 3)}"
    )
    scores = (
        f"; its F1 is {number(f1, 3)}, the base's {number(sweep.base_f1, 3)}"
        if f1 is not None and sweep.base_f1 is not None
        else ""
    )
    several = len(sweep.lambdas) > 1
    if one.alike:
        among = f", the farthest of those with a mean output change below {ALIKE:g},"
        if not (several and sweep.farthest):
            among = f", chosen on the {sweep.split} split," * several
        return f"{name}{among} {place}{scores}."
    if not several:
        return (
            f"{name} {place}{scores}: not below {ALIKE:g}, so it does not predict as the base does."
        )
    if any(point.alike for point in sweep.points):
        return (
            f"{name}, chosen on the {sweep.split} split, {place}{scores}: on the test split not "
            f"below {ALIKE:g}, so it does not predict as the base does here."
        )
    return (
        f"No adversary stayed below a mean output change of {ALIKE:g}: none predicts nearly as the "
        f"base does. {name}, chosen on the {sweep.split} split, {place}{scores}."
    )


def reach_sentence(chosen: Point) -> str:
    """Say what the distance of the chosen adversary means.

    Example:
        >>> reach_sentence(Point(Estimate(0.05), Estimate(0.01)))[:40]
        'So training found no distant attention: '
    """
    jsd = chosen.jsd.value
    if not chosen.alike or jsd is None:
        return "So this run has no trained model that stands for the base with another attention."
    if jsd >= HALF_JSD:
        return (
            "So a model can be trained that predicts nearly as the base does and attends very "
            "differently: here the other weights come from a model, and need not be put in place "
            "text by text."
        )
    if jsd < CLOSE:
        return (
            "So training found no distant attention: what predicts nearly as the base does attends "
            "nearly as it does."
        )
    return (
        "So a model can be trained that predicts nearly as the base does with another attention, "
        f"though not a very different one (half of the largest JSD is {number(HALF_JSD)})."
    )


_OTHERS = {
    "seeds": "Another seed alone moves the attention",
    "search": "The search, text by text with the rest of the model held fixed, moves the attention",
    "exact": "The strongest adversary, text by text with the rest held fixed, moves the attention",
}


def _beside(sweep: Sweep) -> list[str]:
    """Compare with seeds and with adversaries of single texts, where both are known."""
    sentences = []
    for name, words in _OTHERS.items():
        one = sweep.others.get(name)
        if one is None or one.jsd.value is None:
            continue
        gap = sweep.gaps.get(name, Gap(None, None))
        output = f" and the output by {fine(one.tvd.value, 3)}" if one.known else ""
        sentences.append(
            f"{words} by {fine(one.jsd.value)} nats{output} on average. Beside that the trained "
            f"adversary's attention {gap_words(gap.jsd, ('farther away', 'nearer'))}, and its "
            f"output {gap_words(gap.tvd, ('farther away', 'nearer'), 3)}."
        )
    return sentences


def gap_words(gap: Estimate | None, words: tuple[str, str], digits: int = 2) -> str:
    """Say on which side of another one something lies, paired text by text.

    Args:
        gap: the first minus the other; None where it is not known.
        words: for an interval above 0, and for one below.
        digits: decimals.

    Example:
        >>> gap_words(Estimate(0.2, 0.1, 0.3), ("farther away", "nearer"))
        'lies farther away, by 0.20 (95% interval 0.10 to 0.30)'
        >>> gap_words(Estimate(0.0, -0.1, 0.1), ("farther away", "nearer"))[:20]
        'cannot be told apart'
    """
    if gap is None or gap.value is None:
        return "cannot be compared text by text"
    if not gap.side:
        return f"cannot be told apart ({with_interval(gap, digits).replace(' (', ', ', 1)}"
    low, high = sorted((abs(gap.low or 0.0), abs(gap.high or 0.0)))
    size = Estimate(abs(gap.value), low, high)
    return f"lies {words[0] if gap.side > 0 else words[1]}, by {with_interval(size, digits)}"


def curve_sentence(lambdas: Sequence[float], points: Sequence[Point]) -> str:
    """Say how JSD and output change move from the smallest to the largest lambda.

    Example:
        >>> ends = [Point(Estimate(0.1), Estimate(0.01)), Point(Estimate(0.6), Estimate(0.2))]
        >>> curve_sentence([0.001, 0.1], ends)[:44]
        'From λ = 0.001 to λ = 0.1 the mean JSD goes '
    """
    known = [(weight, one) for weight, one in zip(lambdas, points, strict=True) if one.known]
    if len(known) < 2:
        return ""
    (first, before), (last, after) = known[0], known[-1]
    jsd = _from_to(before.jsd.value, after.jsd.value, 2)
    tvd = _from_to(before.tvd.value, after.tvd.value, 3)
    return (
        f"From λ = {plain(first)} to λ = {plain(last)} the mean JSD {jsd} nats and the mean output "
        f"change {tvd}."
    )


def _from_to(before: float | None, after: float | None, digits: int) -> str:
    """Say that a number stays or goes somewhere, as far as its decimals show."""
    first, last = fine(before, digits), fine(after, digits)
    return f"stays at {first}" if first == last else f"goes from {first} to {last}"


def norms_sentence(base: Norms, adversary: Norms) -> str:
    """Say whether larger values can make up for smaller weights.

    Example:
        >>> norms_sentence(Norms(2.0, 1.0), Norms(4.0, 1.0))[:59]
        "The adversary's states are 2.0 times as long as the base's,"
    """
    ratios = norm_ratios(base, adversary)
    states, decoder = ratios.states, ratios.decoder
    if states is None or decoder is None:
        return ""
    words = (
        f"The adversary's states are {number(states, 1)} times as long as the base's, and its "
        f"layer that reads their average is {number(decoder, 1)} times as large"
    )
    # What a token adds is what counts; without it, the product of what it is made of.
    added = states * decoder if ratios.values is None else ratios.values
    if ratios.values is not None:
        words += f"; at the same weight a token adds {number(added, 1)} times as much to the output"
    if added > 1 + SAME_NORM:
        return (
            f"{words}: larger values can make up for smaller weights, since a token counts by its "
            "weight times its value, and a small weight on a long state can decide as much as a "
            "large weight on a short one."
        )
    return f"{words}: larger values do not make up for smaller weights here."


def _caveats(sweep: Sweep, chosen: Point, epsilon: float) -> tuple[str, ...]:
    does_not = []
    if chosen.tvd.value is not None and chosen.tvd.value > epsilon:
        does_not.append(
            f"A mean output change of {fine(chosen.tvd.value, 3)} is not the same output: it is "
            f"more than the {epsilon:g} that an adversary of a single text may cause, and a mean "
            "hides texts whose output changed much."
        )
    does_not += [
        "That such a model exists would not make the base's own attention wrong: it was trained to "
        "avoid it, and nothing leads a model there by itself.",
        "That none was found would not show that none exists: this is one training recipe, "
        f"{plural(len(sweep.lambdas), 'λ', 'λ')} and one seed. The intervals are over texts; "
        "neighbouring λ may differ by chance in training.",
    ]
    return tuple(does_not)
