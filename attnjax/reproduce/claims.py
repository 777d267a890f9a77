"""What Jain & Wallace (2019) claim, each with the rule by which a run passes or fails.

The rules were written before the runs. A rule looks at the ends of 95% intervals over test
texts: where an interval holds both what passes and what fails, the outcome is open. Models that
have learnt nothing, and runs with other settings than those of the plan, are not judged.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from attnjax.reproduce.compared import (
    Interval,
    Records,
    interval_of,
    is_comparable,
    judged,
    published_tau,
    tau_of,
)
from attnjax.reproduce.plan import DATA, Data, Row

Verdict = Literal["passed", "failed", "open"]


class Finding(NamedTuple):
    """What a rule says of one data set.

    Attributes:
        data: the data set's title.
        verdict: of our figures.
        figures: the numbers that it looked at, in words.
        published: whether the published means pass the rule, or None where there are none.
    """

    data: str
    verdict: Verdict
    figures: str
    published: bool | None


Judge = Callable[[Records, Data], Finding | None]
"""Records and a data set to a finding, or None where what it needs was not run."""


class Claim(NamedTuple):
    """A claim of the paper.

    Attributes:
        statement: in words.
        source: where the paper makes it.
        rule: when a data set passes, in words.
        judge: the rule.
    """

    statement: str
    source: str
    rule: str
    judge: Judge


Cell = tuple[str, str, str]
"""Encoder, attention and test of one mean tau."""

BASE = ("lstm", "additive")
"""The model that the paper's claims are about first."""

SAME = 0.05
"""Tau by which one mean may lie above another and still be called no higher."""


def _between(ours: Interval, bound: float, *, above: bool) -> Verdict:
    """Return whether a figure lies on the side of a bound that passes."""
    passed, failed = ours.low > bound, ours.high <= bound
    if not above:
        passed, failed = ours.high < bound, ours.low >= bound
    return "passed" if passed else "failed" if failed else "open"


def _higher(first: Cell, second: Cell) -> Judge:
    """Return the rule that the first mean tau lies above the second."""

    def judge(records: Records, data: Data) -> Finding | None:
        found = _pair(records, data, first, second)
        if found is None:
            return None
        high, low, published = found
        verdict: Verdict = "open"
        if high.low > low.high:
            verdict = "passed"
        elif high.high < low.low:
            verdict = "failed"
        gap = None if published is None else published > 0
        return Finding(data.title, verdict, f"{high} against {low}", gap)

    return judge


def _no_higher(first: Cell, second: Cell) -> Judge:
    """Return the rule that the first mean tau lies at most `SAME` above the second."""

    def judge(records: Records, data: Data) -> Finding | None:
        found = _pair(records, data, first, second)
        if found is None:
            return None
        high, low, published = found
        verdict: Verdict = "open"
        if high.high - low.low <= SAME:
            verdict = "passed"
        elif high.low - low.high > SAME:
            verdict = "failed"
        gap = None if published is None else published <= SAME
        return Finding(data.title, verdict, f"{high} against {low}", gap)

    return judge


def _pair(
    records: Records, data: Data, first: Cell, second: Cell
) -> tuple[Interval, Interval, float | None] | None:
    """Return two mean taus and the published difference of both."""
    rows = [Row(data, encoder, attention) for encoder, attention, _ in (first, second)]
    ours = [
        tau_of(records.get(row.name), test)
        for row, (_, _, test) in zip(rows, (first, second), strict=True)
    ]
    if ours[0] is None or ours[1] is None:
        return None
    theirs = [
        published_tau(row, test) if is_comparable(records[row.name], data) else None
        for row, (_, _, test) in zip(rows, (first, second), strict=True)
    ]
    known = theirs[0] is not None and theirs[1] is not None
    return ours[0], ours[1], theirs[0] - theirs[1] if known else None


def _weak(test: str, bound: float) -> Judge:
    """Return the rule that the base model's mean tau lies below a bound."""

    def judge(records: Records, data: Data) -> Finding | None:
        row = Row(data, *BASE)
        ours = tau_of(records.get(row.name), test)
        if ours is None:
            return None
        theirs = published_tau(row, test) if is_comparable(records[row.name], data) else None
        published = None if theirs is None else theirs < bound
        return Finding(data.title, _between(ours, bound, above=False), str(ours), published)

    return judge


def _of_texts(path: tuple[str, ...], bound: float, *, above: bool) -> Judge:
    """Return the rule that a figure of the base model's texts lies on one side of a bound."""

    def judge(records: Records, data: Data) -> Finding | None:
        record = records.get(Row(data, *BASE).name)
        summary = record
        for key in ("instances", *path):
            summary = None if summary is None else summary[key]
        if record is None:
            return None
        ours = interval_of(summary, "value", record)
        if ours is None:
            return None
        return Finding(data.title, _between(ours, bound, above=above), str(ours), None)

    return judge


GRADIENT, DELETION = "gradient_agreement", "leave_one_out_agreement"
YARDSTICK, RANDOM = "gradient_leave_one_out", "random_agreement"

CLAIMS = (
    Claim(
        "With a BiLSTM, attention agrees only weakly with gradients.",
        "section 4.1, table 2",
        "the mean tau of attention and gradient lies below 0.5",
        _weak(GRADIENT, 0.5),
    ),
    Claim(
        "With a BiLSTM, attention agrees only weakly with leave-one-out.",
        "section 4.1, table 2",
        "the mean tau of attention and leave-one-out lies below 0.5",
        _weak(DELETION, 0.5),
    ),
    Claim(
        "Attention agrees better with gradients in a model that reads each word by itself.",
        "section 4.1, table 2",
        "the mean tau of attention and gradient lies higher with Average than with the BiLSTM",
        _higher(("average", "additive", GRADIENT), (*BASE, GRADIENT)),
    ),
    Claim(
        "It agrees better with leave-one-out there, too.",
        "section 4.1, table 2",
        "the mean tau of attention and leave-one-out lies higher with Average than with the BiLSTM",
        _higher(("average", "additive", DELETION), (*BASE, DELETION)),
    ),
    Claim(
        "With a BiLSTM, gradients agree better with leave-one-out than attention does.",
        "section 4.1, figure 4; in the authors' own figures it fails on SNLI",
        "the mean tau of gradient and leave-one-out lies above that of attention and leave-one-out",
        _higher((*BASE, YARDSTICK), (*BASE, DELETION)),
    ),
    Claim(
        "With Average, gradients agree no better with leave-one-out than attention does.",
        "the authors' own figures: the difference is about zero or negative",
        "the mean tau of gradient and leave-one-out lies at most 0.05 above that of attention and "
        "leave-one-out",
        _no_higher(("average", "additive", YARDSTICK), ("average", "additive", DELETION)),
    ),
    Claim(
        "With a BiLSTM, scaled dot-product attention agrees less with gradients than additive.",
        "the authors' own figures of both attentions",
        "the mean tau of attention and gradient lies higher with additive attention",
        _higher((*BASE, GRADIENT), ("lstm", "dot", GRADIENT)),
    ),
    Claim(
        "With a BiLSTM, attention agrees better with gradients than a random ranking does.",
        "not a claim of the paper but the floor that every tau stands on",
        "the mean tau of attention and gradient lies above that of random scores and gradient",
        _higher((*BASE, GRADIENT), (*BASE, RANDOM)),
    ),
    Claim(
        "With a BiLSTM, shuffling the attention hardly moves the output.",
        "section 4.2.1, figure 6",
        "of each text the median output change over shuffles, and of these the median over the "
        "texts, lies below 0.1",
        _of_texts(("shuffled",), 0.1, above=False),
    ),
    Claim(
        "That holds even where one token has most of the attention.",
        "section 4.2.1, figure 6; the paper names Diabetes as an exception",
        "the same median lies below 0.1 over the texts whose largest weight is at least 0.5 (if "
        "there are ten)",
        _of_texts(("peaked", "shuffled"), 0.1, above=False),
    ),
    Claim(
        "With a BiLSTM, a very different attention leaves the output as it is, on most texts.",
        "section 4.2.2, figure 7",
        "the share of texts on which the search reaches a JSD of at least 0.6 nats (of at most "
        "0.693) within epsilon lies above one half",
        _of_texts(("near_maximal",), 0.5, above=True),
    ),
    Claim(
        "That holds even where one token has most of the attention.",
        "section 4.2.2, figure 8",
        "the median of the largest JSD found lies above 0.5 nats over the texts whose largest "
        "weight is at least 0.5 (if there are ten)",
        _of_texts(("peaked", "adversary"), 0.5, above=True),
    ),
)


def findings(claim: Claim, records: Records) -> list[Finding]:
    """Return what a claim's rule says of every data set whose runs are there.

    Args:
        claim: one of `CLAIMS`.
        records: by row; those that say nothing of the claims are passed over.

    Example:
        >>> findings(CLAIMS[0], {})
        []
    """
    found = (claim.judge(judged(records), data) for data in DATA)
    return [one for one in found if one is not None]
