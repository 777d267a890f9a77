"""What follows from a run's numbers, and what does not: changed attention, planted evidence."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attnjax.report.findings import SURE_SHARE_WORTH_A_WORD, Findings, saturation_reminder
from attnjax.report.numbers import (
    Estimate,
    count,
    fine,
    fine_together,
    number,
    percent,
    plural,
    with_interval,
)

SMALL_CHANGE = 0.05
"""An output change below this is called small (the release's tolerance of its adversaries)."""

HALF_JSD = math.log(2) / 2
"""A JSD of at least this, half of the largest possible, is called large."""

_FEWEST_IN_A_BIN = 10


class Peaked(NamedTuple):
    """Instances of several tokens with a peaked attention, and how many have a property."""

    n: int
    having: int


def permutation_findings(
    change: Estimate,
    *,
    median: float,
    small: float,
    peaked: Peaked,
    bins: Sequence[Mapping[str, Any]],
    sure: float,
    encoder: str,
    single: int = 0,
) -> Findings:
    """Say what shuffling the attention did to the output.

    Args:
        change: mean over instances of the median output change.
        median: its median over instances.
        small: share of the instances whose change is below `SMALL_CHANGE`.
        peaked: instances with a peaked attention, and those of them with a small change.
        bins: `by_max_attention` of `results.json`.
        sure: share of the saturated predictions.
        encoder: of the model.
        single: texts of one token.
    """
    if single and single == change.n:
        return Findings((f"{ALL_SINGLE}: there is nothing to shuffle.",))
    follows = [
        f"Under a typical shuffle the output of an instance changes by {with_interval(change)} on "
        f"average; in half of the instances by {fine(median)} or less.",
        _small_change_sentence(small),
    ]
    if trend := trend_sentence(bins):
        follows.append(trend)
    if peaked.n:
        follows.append(
            f"Of the {plural(peaked.n, 'instance')} with a weight of at least 0.75 on one token, "
            f"{having(peaked)} "
            + ("changes" if peaked.having == 1 else "change")
            + " by less than 0.05 under the typical shuffle, which moves that weight elsewhere."
        )
    if single:
        follows.append(
            f"Texts of one token ({count(single)}) have nothing to shuffle, and a weight of 1 "
            "whatever the model: they count above with a change of 0, but not among the instances "
            "with a large weight."
        )
    does_not = []
    if small > 0:
        alike = _ALIKE.get(encoder, _ALIKE[""])
        does_not.append(
            "A small change does not show that attention is meaningless: it also arises where the "
            f"weighed states are alike, so that any weights give the same sum{alike}."
        )
    if small > 0 and sure >= SURE_SHARE_WORTH_A_WORD:
        does_not.append(saturation_reminder(sure))
    if small < 1:
        does_not.append(
            f"A large change shows that {_reader(encoder)} depends on the weights, not that the "
            "tokens with large weights are the reasons for the prediction."
        )
    return Findings(tuple(follows), tuple(does_not))


_ALIKE = {
    "average": "; the states of one word each can be alike too where words have similar embeddings",
    "gpt": ", as earlier layers that mix context into every state can make them, and where what "
    "decides reaches the output past these weights, along the residual connections or through "
    "other layers and heads",
    "": ", as an encoder that mixes context into every state can make them",
}
"""Why weighed states can be alike, by encoder."""


def _reader(encoder: str) -> str:
    """Return what reads the mean that attention weighs."""
    return "the rest of the model" if encoder == "gpt" else "the output layer"


ALL_SINGLE = "Every text has one token, so this test says nothing about the model"
"""Where no attention can be changed at all."""


def _small_change_sentence(small: float) -> str:
    words = f"in {percent(small)} of the instances the output changes by less than 0.05"
    if small >= 0.5:
        return f"For most instances it hardly matters which token gets which weight: {words}."
    if small >= 0.05:
        return (
            "For a part of the instances it hardly matters which token gets which weight: "
            f"{words}; in the others by 0.05 or more."
        )
    if small > 0:
        return f"For nearly all instances it matters which token gets which weight: only {words}."
    return (
        "For every instance it matters which token gets which weight: the output never changes by "
        "less than 0.05."
    )


def trend_sentence(bins: Sequence[Mapping[str, Any]]) -> str | None:
    """Say whether the change grows with the maximum attention, over bins that are not tiny.

    Example:
        >>> trend_sentence([{"low": 0, "high": 0.25, "n": 9, "median": 0.1}]) is None
        True
    """
    used = [one for one in bins if one["n"] >= _FEWEST_IN_A_BIN and one["median"] is not None]
    if len(used) < 2:
        return None
    medians = [one["median"] for one in used]
    steps = [after - before for before, after in itertools.pairwise(medians)]
    first, last = fine_together([medians[0], medians[-1]])
    ends = f"from {first} ({_bin(used[0])}) to {last} ({_bin(used[-1])})"
    if all(step > 0 for step in steps):
        return f"The median change rises with the maximum attention, {ends}."
    if all(step < 0 for step in steps):
        return f"The median change falls as the maximum attention rises, {ends}."
    if not any(steps):
        return f"The median change is the same whatever the maximum attention, {ends}."
    return f"The median change does not move in one direction with the maximum attention: {ends}."


def having(peaked: Peaked) -> str:
    """Say how many peaked instances have the property.

    Example:
        >>> having(Peaked(4, 1)), having(Peaked(4, 0))
        ('1 (25%)', 'none')
    """
    if not peaked.having:
        return "none"
    return f"{count(peaked.having)} ({percent(peaked.having / peaked.n)})"


def _bin(one: Mapping[str, Any]) -> str:
    return f"{one['low']:g} to {one['high']:g}"


class AdversaryFacts(NamedTuple):
    """What the rows of the adversary say beside its summary.

    Attributes:
        n: instances searched.
        large: share with a JSD of at least `HALF_JSD` and an output within the limit.
        found: share for which another attention than the model's own was found.
        flipped: instances whose predicted class differs under the adversary.
        peaked: instances with a peaked attention, and those of them with a large JSD.
        limit: largest output change that was accepted.
        aim: output change up to which the search has no penalty.
        epsilon: of the config, which a setting of the protocol may overrule.
        single: texts of one token.
        trained: whether the run trained an adversary, which has a section of its own.
        encoder: of the model.
    """

    n: int
    large: float
    found: float | None
    flipped: int
    peaked: Peaked
    limit: float
    aim: float
    epsilon: float
    single: int = 0
    trained: bool = False
    encoder: str = ""


def adversary_findings(
    jsd: Estimate, facts: AdversaryFacts, *, candidates: int, steps: int, sure: float
) -> Findings:
    """Say what the search for a distant attention with the same output found.

    Args:
        jsd: mean of the largest JSD.
        facts: from the rows.
        candidates: searched per instance.
        steps: of the search.
        sure: share of the saturated predictions.
    """
    if facts.single and facts.single == facts.n:
        return Findings((f"{ALL_SINGLE}: no attention but its own exists.",))
    words = (
        f"in {percent(facts.large)} of {plural(facts.n, 'instance')} the search found weights at "
        f"a JSD of at least {number(HALF_JSD)} (half of the largest possible) under which the "
        f"output moves by at most {facts.limit:g}"
    )
    if facts.large >= 0.5:
        first = f"For most instances a very different attention was found: {words}."
    elif facts.large >= 0.05:
        first = f"For a part of the instances a very different attention was found: {words}."
    else:
        first = f"A very different attention was found for few instances or none: {words}."
    follows = [first]
    if facts.large > 0:
        follows.append(
            "For those instances the model's own weights are not the only ones with which "
            + ("the rest of it" if facts.encoder == "gpt" else "its output layer")
            + " arrives at this prediction, up to that limit."
        )
    follows.append(f"Mean of the largest JSD found: {with_interval(jsd)} nats.")
    if facts.peaked.n:
        follows.append(
            f"Of the {plural(facts.peaked.n, 'instance')} whose attention puts at least 0.75 on "
            f"one token, {having(facts.peaked)} "
            + ("has" if facts.peaked.having == 1 else "have")
            + " such a distant adversary."
        )
    if facts.found is not None and facts.found < 1:
        follows.append(
            f"For {percent(1 - facts.found)} of the instances no other attention was found within "
            "the limit: they count with the model's own one, JSD 0."
        )
    if facts.single:
        follows.append(
            f"Texts of one token ({count(facts.single)}) have no attention but the model's own: "
            "they count above with a JSD of 0, but not among the instances with a large weight."
        )
    if facts.flipped:
        follows.append(
            f"In {plural(facts.flipped, 'instance')} the predicted class itself changes, as it "
            f"can where the output stood within {facts.limit:g} of the border between classes."
        )
    if facts.limit != facts.aim:
        follows.append(
            f"The search aimed at an output change of at most {facts.aim:g} and accepted up to "
            f"{facts.limit:g} (adversary.optimizer_epsilon and adversary.filter_epsilon below)."
        )
    if facts.epsilon not in (facts.limit, facts.aim):
        follows.append(
            f"The config's adversary.epsilon, {facts.epsilon:g}, had no part in the search: the "
            "settings of the protocol decided both."
        )
    return Findings(tuple(follows), _adversary_caveats(facts, candidates, steps, sure))


def _adversary_caveats(
    facts: AdversaryFacts, candidates: int, steps: int, sure: float
) -> tuple[str, ...]:
    does_not = [
        "That another attention exists does not make the model's own one no explanation: an "
        "explanation need not be the only possible one, and these weights were searched for one "
        "instance at a time with the rest of the model held fixed (the critique of Wiegreffe & "
        "Pinter, 2019). "
        + (
            "Whether a trained model has other weights is asked further below."
            if facts.trained
            else "This run has no trained model that would produce them."
        ),
        f"A small JSD does not show that no distant attention exists: {plural(candidates, 'start')}"
        f" of at most {plural(steps, 'step')} per instance give a lower bound.",
    ]
    if facts.large > 0:
        does_not.append(
            "Nor does a distant adversary show that the tokens with large weights do not matter "
            "to the prediction: "
            + ("earlier layers" if facts.encoder == "gpt" else "the encoder")
            + " may have carried their content to other positions."
        )
    if sure >= SURE_SHARE_WORTH_A_WORD:
        does_not.append(saturation_reminder(sure))
    return tuple(does_not)
