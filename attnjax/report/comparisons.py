"""Scores of models that were trained to be compared, and what their differences allow to say.

An interval that includes 0 never means that two models are as good as each other: they cannot
be told apart, and the interval says how large a difference could still be.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from attnjax.report.numbers import (
    MISSING,
    Estimate,
    as_estimate,
    interval,
    number,
    plural,
    with_interval,
)

SCORE_NAMES = {"f1": "F1", "auc": "AUC"}
"""Scores by which models are compared, as `results.json` and as a reader calls them."""

NEGLIGIBLE = 0.02
"""A difference of F1 or AUC is called small where even its interval stays within this."""

Verdict = Literal["ahead", "behind", "close", "open", "mixed", "unknown"]
"""What an interval allows to say of the first of two models beside the second."""


class Scores(NamedTuple):
    """The two scores of a model, or the differences of two models' scores.

    Attributes:
        f1: with its interval where there is one.
        auc: likewise.
    """

    f1: Estimate
    auc: Estimate


def scores_of(one: Mapping[str, Any], intervals: Mapping[str, Any] | None = None) -> Scores:
    """Read `f1` and `auc` with their intervals, which stand beside them or in a mapping.

    Example:
        >>> scores_of({"f1": 0.8, "f1_ci95": [0.7, 0.9], "auc": None}).f1
        Estimate(value=0.8, low=0.7, high=0.9, n=None)
        >>> scores_of({"f1": 0.1, "auc": 0.2}, {"auc": [0.1, 0.3]}).auc.low
        0.1
    """
    if intervals is not None:
        one = {**one, **{f"{key}_ci95": intervals.get(key) for key in SCORE_NAMES}}
    return Scores(estimate_of(one, "f1"), estimate_of(one, "auc"))


def estimate_of(one: Mapping[str, Any], key: str) -> Estimate:
    """Read a number whose interval stands beside it, or a summary of its own.

    Example:
        >>> estimate_of({"jsd": 0.5, "jsd_ci95": [0.4, 0.6]}, "jsd").high
        0.6
        >>> estimate_of({"jsd": {"mean": 0.5, "ci95": [0.4, 0.6]}}, "jsd").high
        0.6
    """
    if isinstance(one.get(key), Mapping):
        return as_estimate(one[key])
    low, high = one.get(f"{key}_ci95") or (None, None)
    value, low, high = (None if end is None else float(end) for end in (one.get(key), low, high))
    return Estimate(value, low, high)


def verdict(difference: Estimate) -> Verdict:
    """Say what the interval of a difference allows to say.

    Example:
        >>> verdict(Estimate(0.05, 0.01, 0.09)), verdict(Estimate(-0.05, -0.09, -0.01))
        ('ahead', 'behind')
        >>> verdict(Estimate(0.0, -0.01, 0.01)), verdict(Estimate(0.0, -0.1, 0.1))
        ('close', 'open')
        >>> verdict(Estimate(0.05))
        'unknown'
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return "unknown"
    if difference.side:
        return "ahead" if difference.side > 0 else "behind"
    return "close" if _most(difference) <= NEGLIGIBLE else "open"


def together(differences: Scores) -> Verdict:
    """Say what both scores together allow to say: one that is told apart decides.

    A difference is small only where both scores say so.

    Example:
        >>> ahead, behind, close = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(
        ...     0.0, -0.01, 0.01)
        >>> together(Scores(ahead, close)), together(Scores(ahead, behind))
        ('ahead', 'mixed')
        >>> unknown = Estimate(None)
        >>> together(Scores(close, unknown)), together(Scores(unknown, unknown))
        ('open', 'unknown')
    """
    found = {verdict(one) for one in differences}
    if {"ahead", "behind"} <= found:
        return "mixed"
    if found == {"close", "unknown"}:
        return "open"
    order: tuple[Verdict, ...] = ("ahead", "behind", "open", "close")
    for one in order:
        if one in found:
            return one
    return "unknown"


def difference_sentence(what: str, difference: Estimate, first: str, second: str) -> str:
    """Say whether a score tells two models apart, and by how much.

    Args:
        what: the score.
        difference: of the first minus the second, paired.
        first: what the first model has, as in "with ...".
        second: what the second has.

    Example:
        >>> difference_sentence("F1", Estimate(0.05, 0.01, 0.09), "learnt attention", "none")
        'F1 is higher with learnt attention than with none: by 0.050 (95% interval 0.010 to 0.090).'
    """
    if difference.value is None:
        return f"{what} is undefined with {first} or with {second}: it cannot compare them."
    found = verdict(difference)
    if found in ("ahead", "behind"):
        word, sign = ("higher", 1) if found == "ahead" else ("lower", -1)
        shown = with_interval(_times(difference, sign), 3)
        return f"{what} is {word} with {first} than with {second}: by {shown}."
    if found == "unknown":
        return (
            f"{what} with {first} minus {what} with {second} is {number(difference.value, 3)}; it "
            "has no interval, so whether that is more than chance is not known."
        )
    if difference.value == difference.low == difference.high == 0:
        return f"{what} is the same with {first} and with {second}, whichever texts are drawn."
    words = (
        f"{what} with {first} and with {second} cannot be told apart: the difference is "
        f"{with_interval(difference, 3)}"
    )
    most = number(_most(difference), 3)
    if found == "close":
        return f"{words}, so that one of more than {most} is unlikely."
    return f"{words}, which leaves room for one as large as {most}."


def shown(estimate: Estimate, digits: int = 3) -> str:
    """Write a score with its interval in brackets, as in a cell of a table.

    Example:
        >>> shown(Estimate(0.8, 0.75, 0.85)), shown(Estimate(0.8))
        ('0.800 (0.750 to 0.850)', '0.800')
    """
    if estimate.value is None:
        return MISSING
    ends = "" if estimate.low is None else f" ({interval(estimate, digits)})"
    return number(estimate.value, digits) + ends


def seeds_note(seeds: int) -> str:
    """Say what scores are means over, and what their intervals are over.

    Example:
        >>> seeds_note(1)
        'Each model was trained once; in brackets 95% intervals over texts.'
    """
    if seeds <= 1:
        return "Each model was trained once; in brackets 95% intervals over texts."
    return (
        f"Means over {plural(seeds, 'seed')}; in brackets 95% intervals by bootstrap over texts "
        "and seeds; differences are paired by text and seed."
    )


def plain(value: float) -> str:
    """Write a small setting without an exponent.

    Example:
        >>> plain(6.5e-05), plain(0.1), plain(2.0)
        ('0.000065', '0.1', '2')
    """
    return np.format_float_positional(value, trim="-")


_SIDES: Mapping[Verdict, str] = {
    "ahead": "above 0",
    "behind": "below 0",
    "close": "not told apart from 0, and small",
    "open": "not told apart from 0",
    "unknown": "without an interval",
}


def sides(differences: Scores) -> str:
    """Say of both differences on which side of 0 their intervals lie.

    Example:
        >>> sides(Scores(Estimate(0.2, 0.1, 0.3), Estimate(0.0, -0.1, 0.1)))
        'F1 above 0, AUC not told apart from 0'
    """
    return ", ".join(
        f"{name} {_SIDES[verdict(one)]}"
        for name, one in zip(SCORE_NAMES.values(), differences, strict=True)
    )


def row_words(high: str, low: str, here: str) -> str:
    """Return what stands below a row of a table: how to read it, and what it says here.

    Example:
        >>> row_words("it learnt", "it did not", "F1 is 0.8.")
        'High: it learnt. Low: it did not. Here: F1 is 0.8.'
    """
    return f"High: {high}. Low: {low}. Here: {here}"


def _times(estimate: Estimate, sign: int) -> Estimate:
    if sign > 0 or estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(-estimate.value, -estimate.high, -estimate.low, estimate.n)


def _most(difference: Estimate) -> float:
    """Return the largest size of a difference that its interval holds."""
    return max(abs(difference.low or 0.0), abs(difference.high or 0.0))
