"""What follows from the strongest adversary, and what does not."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attnjax.report.findings import SURE_SHARE_WORTH_A_WORD, Findings, saturation_reminder
from attnjax.report.findings_change import ALL_SINGLE, HALF_JSD, Peaked, having
from attnjax.report.numbers import (
    Estimate,
    count,
    fine_together,
    number,
    percent,
    plural,
    with_interval,
)

CLOSE = 0.1
"""A JSD below this, in nats, is called close."""

LARGE_CHANGE = 0.5
"""An output change of at least this is called large."""


class ExactFacts(NamedTuple):
    """What the rows of the strongest adversary say beside its summary.

    Attributes:
        n: instances solved.
        epsilon: largest output change allowed.
        large: share with a JSD of at least `HALF_JSD`.
        close: share of the texts of several tokens with a JSD below `CLOSE`.
        free: share of all instances that no attention moves by more than epsilon.
        still: share of all instances that no attention moves by `SMALL_CHANGE` or more.
        both: share that some attention moves by at least `LARGE_CHANGE`, and that have a
            JSD of at least `HALF_JSD` all the same.
        peaked: instances with a peaked attention, and those of them with a large JSD.
        uncertified: instances whose values are not certified to be maxima.
        single: texts of one token.
    """

    n: int
    epsilon: float
    large: float
    close: float
    free: float
    still: float
    both: float
    peaked: Peaked
    uncertified: int
    single: int


def exact_findings(
    jsd: Estimate,
    reach: Estimate,
    facts: ExactFacts,
    *,
    curve: Sequence[Mapping[str, Any]],
    beside: str | None,
    sure: float,
) -> Findings:
    """Say what the strongest adversary and the reach of attention show.

    Args:
        jsd: mean of the largest JSD.
        reach: mean of the largest output change that any attention can cause.
        facts: from the rows.
        curve: of `results.json`.
        beside: what is to be said of the search, or None where it was not run.
        sure: share of the saturated predictions.
    """
    if facts.single and facts.single == facts.n:
        return Findings((f"{ALL_SINGLE}: no attention but its own exists.",))
    follows = [
        _large_sentence(facts),
        f"Mean of the largest JSD: {with_interval(jsd)} nats.",
        _certificate_sentence(facts),
    ]
    if facts.close > 0:
        texts = "texts of several tokens" if facts.single else "instances"
        follows.append(
            f"In {percent(facts.close)} of the {texts} not even the strongest adversary reaches a "
            f"JSD of {CLOSE:g}: there every attention with this output is close to the model's own."
        )
    if facts.peaked.n:
        follows.append(
            f"Of the {plural(facts.peaked.n, 'instance')} whose attention puts at least 0.75 on "
            f"one token, {having(facts.peaked)} "
            + ("has" if facts.peaked.having == 1 else "have")
            + f" a strongest adversary at a JSD of at least {number(HALF_JSD)}."
        )
    follows += [
        *([curve_sentence(curve)] if len(curve) > 1 else []),
        *reach_sentences(reach, facts),
        *([beside] if beside else []),
    ]
    if facts.single:
        follows.append(
            f"Texts of one token ({count(facts.single)}) have no attention but the model's own: "
            "they count with a JSD and a largest output change of 0, but not among the instances "
            "with a large weight."
        )
    return Findings(tuple(follows), _caveats(facts, sure))


def _large_sentence(facts: ExactFacts) -> str:
    words = (
        f"in {percent(facts.large)} of {plural(facts.n, 'instance')} the strongest adversary lies "
        f"at a JSD of at least {number(HALF_JSD)} (half of the largest possible), though it moves "
        f"the output by at most {facts.epsilon:g}"
    )
    if facts.large >= 0.5:
        return f"Most instances have a very different attention with the same output: {words}."
    if facts.large >= 0.05:
        return f"A part of the instances has a very different attention: {words}."
    return f"Few instances or none have a very different attention: {words}."


def _certificate_sentence(facts: ExactFacts) -> str:
    if not facts.uncertified:
        return (
            "No attention within the limit is farther: these values are certified maxima, up to "
            "rounding, for every instance and every ε."
        )
    return (
        f"For {plural(facts.uncertified, 'instance')} the values are not certified: rounding left "
        "no solution for some ε, and the model's own attention (JSD 0) stands in its place. The "
        "others are certified maxima, up to rounding."
    )


def curve_sentence(curve: Sequence[Mapping[str, Any]]) -> str:
    """Say how the largest JSD depends on the output change that is allowed.

    Example:
        >>> curve_sentence([{"epsilon": 0.01, "mean": 0.2}, {"epsilon": 0.5, "mean": 0.4}])
        'From ε = 0.01 to ε = 0.5 the mean of the largest JSD rises from 0.20 to 0.40 nats.'
    """
    first, last = curve[0], curve[-1]
    between = (
        f"From ε = {first['epsilon']:g} to ε = {last['epsilon']:g} the mean of the largest JSD"
    )
    low, high = fine_together([first["mean"], last["mean"]])
    if first["mean"] == last["mean"]:
        return f"{between} stays at {low} nats."
    return f"{between} rises from {low} to {high} nats."


def reach_sentences(reach: Estimate, facts: ExactFacts) -> list[str]:
    """Say how much attention could matter to the output at all."""
    sentences = [
        "The largest output change that any attention can cause is "
        f"{with_interval(reach)} on average; in {percent(facts.still)} of the instances it is "
        "below 0.05, so that there hardly anything depends on the attention."
        if facts.still > 0
        else "The largest output change that any attention can cause is "
        f"{with_interval(reach)} on average, and 0.05 or more in every instance."
    ]
    if facts.both > 0:
        sentences.append(
            f"In {percent(facts.both)} of the instances both hold: some attention would move the "
            f"output by {LARGE_CHANGE:g} or more, and yet one at a JSD of at least "
            f"{number(HALF_JSD)} moves it by {facts.epsilon:g} at most."
        )
    return sentences


def search_sentence(
    ratio: float | None, reached: float | None, *, compared: int, limit: float
) -> str | None:
    """Say how much of the maximum the search found.

    Args:
        ratio: mean of the search over mean of the maximum.
        reached: share of the instances where the search has at least 97% of it.
        compared: instances of both that have a choice of attention.
        limit: output change up to which the search accepts.

    Example:
        >>> search_sentence(0.81, 0.3, compared=10, limit=0.01)[:60]
        'The search found 81% of the maximum (means over 10 instances'
    """
    if ratio is None or reached is None:
        return None
    found = (
        f"The search found {percent(ratio)} of the maximum (means over "
        f"{plural(compared, 'instance')}, output change up to {limit:g}), and at least 97% of it "
        f"in {percent(reached)} of the instances."
    )
    if ratio >= 0.97:
        return found
    return f"{found} What it missed looks like robustness in the search's own numbers, and is none."


def _caveats(facts: ExactFacts, sure: float) -> tuple[str, ...]:
    does_not = []
    if facts.free > 0:
        does_not.append(
            f"In {percent(facts.free)} of the instances no attention at all moves the output by "
            f"more than {facts.epsilon:g}: there every attention is an adversary, and how far the "
            "farthest one lies says nothing about the model's own weights, only that this output "
            "does not depend on them."
        )
    does_not.append(
        "That the strongest adversary exists does not mean that the model could have learnt it: "
        "it has all its weight on one or two tokens, chosen for one text at a time with the rest "
        "of the model held fixed (the critique of Wiegreffe & Pinter, 2019). With a limit on "
        "single weights the largest JSD could only be smaller."
    )
    if facts.close > 0:
        does_not.append(
            "Where every attention with the same output is close to the model's own, the output "
            "layer needs such weights; that does not make them the reasons for the prediction, "
            "which may have been settled in the states that they weigh."
        )
    if facts.large > 0 and sure >= SURE_SHARE_WORTH_A_WORD:
        does_not.append(saturation_reminder(sure))
    return tuple(does_not)
