"""What follows from a run's numbers, and what does not: performance.

Every function is a rule: it reads numbers and returns sentences that are true of them.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from attnjax.report.numbers import (
    percent,
    plural,
    wilson_interval,
)

SURE = 0.99
"""A predicted class with at least this probability counts as saturated."""

SURE_SHARE_WORTH_A_WORD = 0.25

PEAKED = 0.75
"""An attention with at least this weight on one token is called peaked."""

ENCODER_NAMES = {"lstm": "BiLSTM", "cnn": "convolutional network", "average": "Average"}


class Findings(NamedTuple):
    """Sentences about one test."""

    follows: tuple[str, ...] = ()
    does_not_follow: tuple[str, ...] = ()


class Level(NamedTuple):
    """What a model must beat to have learnt something.

    Attributes:
        share: right answers of who has learnt nothing, in [0, 1].
        guessing: whether that is guessing among the possible answers of each question, which
            does better than always giving the most frequent one.
    """

    share: float
    guessing: bool = False

    @property
    def words(self) -> str:
        """What would reach it."""
        if self.guessing:
            return "guessing among the possible answers"
        return "always answering the most frequent class"


def level_of(majority: float, possible: Int[np.ndarray, " N"] | None) -> Level:
    r"""Return the share of right answers that needs no text.

    The larger of the most frequent class's share and \\( \frac{1}{N} \sum_i 1 / c_i \\), with
    \\( c_i \\) possible answers to question i.

    Args:
        majority: share of the most frequent class.
        possible: answers of each instance, 1 or more; None where all classes are possible.

    Example:
        >>> level_of(0.1, np.array([2, 4])), level_of(0.6, None).words
        (Level(share=0.375, guessing=True), 'always answering the most frequent class')
    """
    guessed = 0.0 if possible is None or not len(possible) else float(np.mean(1 / possible))
    return Level(guessed, guessing=True) if guessed > majority else Level(majority)


def beats(accuracy: float | None, n: int, level: Level) -> bool:
    """Return whether an accuracy is known to lie above what needs no text.

    Args:
        accuracy: in [0, 1], or None where it is not known.
        n: instances that it is over.
        level: what must be beaten.

    Example:
        >>> beats(0.5, 1000, Level(0.4)), beats(0.5, 10, Level(0.4)), beats(None, 9, Level(0.4))
        (True, False, False)
    """
    return accuracy is not None and n > 0 and wilson_interval(accuracy, n)[0] > level.share


def performance_findings(
    accuracy: float | None, n: int, level: Level, sure: float, *, uniform_run: bool
) -> Findings:
    """Say whether the model has learnt enough for its attention to be worth explaining.

    Args:
        accuracy: on the test split, in [0, 1].
        n: instances of the test split.
        level: what needs no text.
        sure: share of the predictions with a probability of at least `SURE`.
        uniform_run: whether the run also trained a model with uniform attention.

    Example:
        >>> found = performance_findings(0.9, 1000, Level(0.5), 0.0, uniform_run=False)
        >>> found.follows[0][-36:]
        'attention could be asked to explain.'
    """
    follows: list[str] = []
    if accuracy is not None and n > 0:
        low, high = wilson_interval(accuracy, n)
        follows.append(
            f"On the test split the model is right in {percent(accuracy)} of "
            f"{plural(n, 'instance')} (95% interval {percent(low)} to {percent(high)}); "
            f"{level.words} would be right in {percent(level.share)}. "
            + _against(low, high, level.share)
        )
    if sure >= SURE_SHARE_WORTH_A_WORD:
        follows.append(saturation_sentence(sure))
    does_not = []
    if not uniform_run:
        does_not.append(
            "That the model predicts well does not mean that it needs its attention: the same "
            "model with uniform attention was not trained in this run, so how much the learnt "
            "weights contribute is not known from it."
        )
    return Findings(tuple(follows), tuple(does_not))


def _against(low: float, high: float, share: float) -> str:
    if low > share:
        return "It has learnt something that its attention could be asked to explain."
    if high < share:
        return (
            "It does worse than that: the tests below describe a model that has not learnt its "
            "task."
        )
    return (
        "The two cannot be told apart: the tests below describe a model that was not shown to "
        "have learnt its task."
    )


def saturation_sentence(sure: float) -> str:
    """Say how many predictions are saturated, and why that matters."""
    return (
        f"In {percent(sure)} of the instances the predicted class has a probability of 0.99 or "
        "more. There a change of the score before the sigmoid or softmax hardly shows in the "
        "probability, so that a small output change need not have to do with attention."
    )


def saturation_reminder(sure: float) -> str:
    """Say the same in a later section."""
    return (
        f"Where a prediction is saturated ({percent(sure)} of the instances have a probability of "
        "0.99 or more), a small output change may have more to do with that than with attention."
    )
