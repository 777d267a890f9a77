"""What follows from the agreement of two scores of the tokens, and what does not."""

from collections.abc import Mapping

from attnjax.report.findings import Findings
from attnjax.report.numbers import (
    Estimate,
    count,
    number,
    percent,
    plural,
    tau_needed,
    with_interval,
)

ENOUGH = 10
"""Instances of a class below which its interval says too little to compare it."""

ENCODER_NAMES = {"lstm": "BiLSTM", "cnn": "convolutional network", "average": "Average"}


def level_sentence(first: str, second: str, mean: Estimate, *, single: float = 0.0) -> str:
    """Say what the mean tau of two scores amounts to.

    Args:
        first: of the scores.
        second: the other.
        mean: of their taus.
        single: share of the texts that have one token, and so no order.

    Example:
        >>> level_sentence("attention", "the gradient", Estimate(0.01, -0.1, 0.1, 9))[:45]
        'Attention and the gradient: mean tau 0.01 (95'
    """
    if mean.value is None:
        return f"No instance has a defined tau between {first} and {second}: {_no_order(single)}."
    begin = f"{first[0].upper()}{first[1:]} and {second}: mean tau {with_interval(mean)}. "
    same = f"about {(1 + mean.value) / 2:.0%} of the pairs of tokens of a text (ties aside)"
    if mean.side > 0:
        return begin + f"They agree more than by chance: they put {same} in the same order."
    if mean.side < 0:
        return begin + f"They tend to opposite orders: they put only {same} in the same order."
    if mean.low is None:
        return begin + "Without an interval nothing more can be said."
    return begin + "The interval contains 0: no agreement on average was shown."


def _no_order(single: float) -> str:
    """Say why no tau is defined, as far as lengths tell."""
    if single == 1:
        return "every text has one token, and one token has no order"
    same = "one of the two gives every token of a text the same score"
    return f"{same}, or the text has one token ({percent(single)} have)" if single else same


def yardstick_sentence(other: str, gap: Estimate | None) -> str:
    """Compare attention's agreement with the yardstick's.

    Args:
        other: what attention is compared with.
        gap: tau(gradient, leave-one-out) minus tau(attention, other), paired by instance.
    """
    if gap is None or gap.value is None:
        return (
            "The yardstick (agreement of gradient with leave-one-out) is not known for these "
            "instances: without it no tau can be called high or low for this model."
        )
    words = f"on the same instances, the difference in tau is {with_interval(gap)}"
    if gap.side > 0:
        return (
            "Gradient and leave-one-out agree with each other more than attention agrees with "
            f"{other}: {words}. Attention's disagreement is larger than that between the two "
            "other measures."
        )
    if gap.side < 0:
        return (
            f"Attention agrees with {other} more than gradient and leave-one-out agree with each "
            f"other: {words}. By this yardstick attention's agreement is not low."
        )
    return (
        f"Attention's agreement with {other} was not shown to differ from that between gradient "
        f"and leave-one-out: {words}, an interval that contains 0."
    )


def random_sentence(gap: Estimate | None) -> str | None:
    """Compare attention's agreement with the gradient to that of random scores.

    Args:
        gap: tau(attention, gradient) minus tau(random, gradient), paired by instance.
    """
    if gap is None or gap.value is None:
        return None
    words = f"difference in tau {with_interval(gap)}"
    if gap.side > 0:
        return f"It agrees with the gradient more than random scores do: {words}."
    if gap.side < 0:
        return f"It agrees with the gradient less than random scores do: {words}."
    return f"It was not shown to agree with the gradient more than random scores do: {words}."


def significance_sentence(share: float | None, median_length: int) -> str | None:
    """Say that the share of significant taus is about length, and what this run's asks for."""
    if share is None:
        return None
    needed = tau_needed(median_length)
    at_length = (
        "no tau can reach it" if needed is None else f"|tau| must reach about {number(needed)}"
    )
    return (
        f"The share of instances with p ≤ 0.05 ({percent(share)} here) is not a measure of how "
        f"strong the agreement is. It grows with length: at this run's median length of "
        f"{plural(median_length, 'token')} {at_length}, at 200 tokens {number(tau_needed(200))} "
        "is enough. Shares of data with other lengths cannot be compared with it."
    )


def undefined_sentence(n: int, undefined: int) -> str:
    """Say how many instances the mean leaves out.

    Example:
        >>> undefined_sentence(10, 0)
        'Tau is defined for all 10 instances.'
    """
    if not undefined:
        return f"Tau is defined for all {plural(n, 'instance')}."
    return (
        f"{plural(undefined, 'instance is', 'instances are')} left out of the mean of the other "
        f"{count(n)}: tau is undefined where a text has one token or a score is the same for "
        "all its tokens."
    )


def classes_sentence(by_class: Mapping[str, Estimate]) -> str | None:
    """Say where two predicted classes have intervals that do not overlap, if any do.

    Nothing is said of a class of fewer than `ENOUGH` instances, whose bootstrap interval is too
    narrow (of one instance it is a point).

    Args:
        by_class: mean tau by the class's name.

    Example:
        >>> no, yes = Estimate(0.1, 0.0, 0.2, 20), Estimate(0.5, 0.4, 0.6, 20)
        >>> classes_sentence({"no": no, "yes": yes})[:30]
        'It differs by predicted class:'
    """
    known = [
        (one.low, one.high, name)
        for name, one in by_class.items()
        if one.low is not None and one.high is not None and (one.n or 0) >= ENOUGH
    ]
    if len(known) < 2:
        return None
    # The class that ends lowest and the one that begins highest: if even these overlap,
    # every two classes do.
    lowest, highest = min(known, key=lambda ends: ends[1]), max(known)
    if lowest[1] >= highest[0]:
        return None
    low, high = lowest[2], highest[2]
    return (
        f"It differs by predicted class: mean tau {with_interval(by_class[low])} where “{low}” is "
        f"predicted, {with_interval(by_class[high])} where “{high}” is; these two intervals do "
        "not overlap."
    )


def encoder_sentence(encoder: str, other: str) -> str | None:
    """Say whether context mixed into the states can be behind a disagreement."""
    if encoder == "gpt":
        return (
            "From the second layer on every state that a GPT weighs has earlier words mixed in: "
            f"weight on a position is not weight on that word alone, while {other} is about the "
            "word itself. Part of a disagreement can come from this."
        )
    name = ENCODER_NAMES.get(encoder)
    if name is None:
        return None
    if encoder == "average":
        return (
            "With the Average encoder each weighed state comes from one word alone, so mixed-in "
            "context cannot be the reason for a disagreement."
        )
    return (
        f"The {name} mixes neighbouring words into every state that attention weighs: weight on a "
        f"position is not weight on that word alone, while {other} is about the word itself. "
        "Part of a disagreement can come from this."
    )


def agreement_caveat(other: str, mean: Estimate) -> str:
    """Say what the level of the mean tau does not show."""
    if mean.value is not None and mean.value >= 0.5:
        return (
            f"High agreement with {other} does not prove that attention is the explanation: "
            f"{other} is itself an approximation of what mattered."
        )
    return (
        f"Low agreement with {other} does not by itself show that attention is wrong: {other} is "
        "another approximation of what mattered, not the truth."
    )


def yardstick_findings(mean: Estimate, *, single: float = 0.0) -> Findings:
    """Say what gradient against leave-one-out means for the taus of attention."""
    follows = [level_sentence("the gradient", "leave-one-out", mean, single=single)]
    if mean.high is not None and mean.high < 0.3:
        follows.append(
            "With a mean tau below 0.3 even these two measures of importance hardly agree: a low "
            "tau of attention with either is then to be expected."
        )
    if mean.low is not None and mean.low > 0.6:
        follows.append(
            "With a mean tau above 0.6 the two measures have much in common, so that a low tau of "
            "attention with both of them says something about attention."
        )
    return Findings(
        tuple(follows),
        (
            "Agreement of the two does not make either of them the truth: both change one token "
            "at a time, and share that blind spot (two phrases that each suffice can both look "
            "unimportant).",
        ),
    )


def random_findings(mean: Estimate, significant: float | None, *, single: float = 0.0) -> Findings:
    """Say whether the random baseline behaves as a baseline should."""
    if mean.value is None:
        return Findings((level_sentence("random scores", "the gradient", mean, single=single),))
    if mean.side == 0:
        first = (
            f"Random scores and the gradient: mean tau {with_interval(mean)}. No agreement on "
            "average was shown, as it should be."
        )
    else:
        first = (
            f"Random scores and the gradient: mean tau {with_interval(mean)}. The interval misses "
            "0, as one in twenty such intervals does by chance; its distance from 0 shows how "
            "small a mean tau can be and still mean nothing."
        )
    follows = [first]
    if significant is not None:
        follows.append(
            f"{percent(significant)} of the instances reach p ≤ 0.05 with random scores; without "
            "any relation about 5% or fewer are expected to."
        )
    return Findings(
        tuple(follows),
        (
            "To agree more than random scores do is a low hurdle: clearing it does not by itself "
            "make attention an explanation.",
        ),
    )
