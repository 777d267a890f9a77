"""What Jain & Wallace (2019) claim, each with the rule by which a run passes or fails.

The rules were written before the runs. A rule compares the ends of 95% intervals over test
instances, so that it is not passed by chance; the same rule without intervals says what the
published figures would give.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from attnjax.reproduce.compared import largest_weight_quarter, published_tau, tau
from attnjax.reproduce.plan import DATA

Records = Mapping[str, dict[str, Any]]


class Finding(NamedTuple):
    """What a rule says of one data set.

    Attributes:
        data: the paper's name of the data set.
        passed: whether the rule is passed.
        figures: the numbers that it compared, in words.
        published: whether the published figures pass it, or None where there are none.
    """

    data: str
    passed: bool
    figures: str
    published: bool | None


class Claim(NamedTuple):
    """A claim of the paper.

    Attributes:
        statement: in words.
        source: where the paper makes it.
        rule: when a data set passes, in words.
        judge: records and a data set to a finding, or None where its runs are missing.
    """

    statement: str
    source: str
    rule: str
    judge: Callable[[Records, str], Finding | None]


Cell = tuple[str, str, str]
"""Encoder, attention and test of one mean tau."""


def _higher(first: Cell, second: Cell) -> Callable[[Records, str], Finding | None]:
    """Return the rule that the first mean tau lies above the second."""

    def judge(records: Records, data: str) -> Finding | None:
        high, low = tau(records, data, *first), tau(records, data, *second)
        if high is None or low is None:
            return None
        theirs = published_tau(data, *first), published_tau(data, *second)
        published = None
        if theirs[0] is not None and theirs[1] is not None:
            published = theirs[0] > theirs[1]
        return Finding(data, high.low > low.high, f"{high} against {low}", published)

    return judge


def _below(test: str, bound: float) -> Callable[[Records, str], Finding | None]:
    """Return the rule that the BiLSTM's mean tau lies below a bound."""

    def judge(records: Records, data: str) -> Finding | None:
        ours = tau(records, data, "lstm", "additive", test)
        if ours is None:
            return None
        theirs = published_tau(data, "lstm", "additive", test)
        published = None if theirs is None else theirs < bound
        return Finding(data, ours.high < bound, f"{ours}", published)

    return judge


def _not_higher(encoder: str) -> Callable[[Records, str], Finding | None]:
    """Return the rule that leave-one-out agrees with gradients no better than with attention."""
    higher = _higher(
        (encoder, "additive", "gradient_leave_one_out"),
        (encoder, "additive", "leave_one_out_agreement"),
    )

    def judge(records: Records, data: str) -> Finding | None:
        found = higher(records, data)
        if found is None:
            return None
        published = None if found.published is None else not found.published
        return Finding(data, not found.passed, found.figures, published)

    return judge


def _above_random(records: Records, data: str) -> Finding | None:
    ours = tau(records, data, "lstm", "additive", "gradient_agreement")
    random = tau(records, data, "lstm", "additive", "random_agreement")
    if ours is None or random is None:
        return None
    return Finding(data, ours.low > random.high, f"{ours} against {random}", None)


def _permutation(bound: float) -> Callable[[Records, str], Finding | None]:
    """Return the rule that shuffling moves the output of the median text by little."""

    def judge(records: Records, data: str) -> Finding | None:
        record = records.get(f"{_short(data)}-lstm-additive")
        if record is None or "permutation" not in record["tests"]:
            return None
        median = record["tests"]["permutation"]["median_output_change"]["median"]
        return Finding(data, median < bound, f"median {median:.3f}", None)

    return judge


def _permutation_of_peaked(bound: float) -> Callable[[Records, str], Finding | None]:
    """Return the same rule over the texts with the most peaked attention."""

    def judge(records: Records, data: str) -> Finding | None:
        record = records.get(f"{_short(data)}-lstm-additive")
        group = largest_weight_quarter(record, "permutation")
        if group is None:
            return None
        figures = (
            f"median {group['median']:.3f} over {group['n']} texts whose largest weight is at "
            f"least {group['low']:g}"
        )
        return Finding(data, group["median"] < bound, figures, None)

    return judge


def _adversary(records: Records, data: str) -> Finding | None:
    record = records.get(f"{_short(data)}-lstm-additive")
    if record is None or record["near_maximal_share"] is None:
        return None
    share = record["near_maximal_share"]
    return Finding(data, share > 0.5, f"{share:.0%} of the texts", None)


def _adversary_of_peaked(records: Records, data: str) -> Finding | None:
    group = largest_weight_quarter(records.get(f"{_short(data)}-lstm-additive"), "adversary")
    if group is None:
        return None
    figures = (
        f"median {group['median']:.2f} nats over {group['n']} texts whose largest weight is at "
        f"least {group['low']:g}"
    )
    return Finding(data, group["median"] > 0.5, figures, None)


def _short(published: str) -> str:
    return next(data.name for data in DATA if data.published == published)


CLAIMS = (
    Claim(
        "Attention agrees only weakly with gradients, with a BiLSTM.",
        "section 4.1, table 2",
        "the interval of the mean tau of attention and gradient lies below 0.5",
        _below("gradient_agreement", 0.5),
    ),
    Claim(
        "Attention agrees only weakly with leave-one-out, with a BiLSTM.",
        "section 4.1, table 2",
        "the interval of the mean tau of attention and leave-one-out lies below 0.5",
        _below("leave_one_out_agreement", 0.5),
    ),
    Claim(
        "Attention agrees better with gradients in a model that reads each word by itself.",
        "section 4.1, table 2",
        "the interval of the mean tau of attention and gradient with Average lies above that "
        "with the BiLSTM",
        _higher(
            ("average", "additive", "gradient_agreement"),
            ("lstm", "additive", "gradient_agreement"),
        ),
    ),
    Claim(
        "It agrees better with leave-one-out there, too.",
        "section 4.1, table 2",
        "the interval of the mean tau of attention and leave-one-out with Average lies above that "
        "with the BiLSTM",
        _higher(
            ("average", "additive", "leave_one_out_agreement"),
            ("lstm", "additive", "leave_one_out_agreement"),
        ),
    ),
    Claim(
        "Gradients agree better with leave-one-out than attention does, with a BiLSTM.",
        "section 4.1, figure 4; in the authors' own figures it fails on SNLI",
        "the interval of the mean tau of gradient and leave-one-out lies above that of attention "
        "and leave-one-out",
        _higher(
            ("lstm", "additive", "gradient_leave_one_out"),
            ("lstm", "additive", "leave_one_out_agreement"),
        ),
    ),
    Claim(
        "With Average, gradients agree no better with leave-one-out than attention does.",
        "the authors' own figures: the difference is about zero or negative",
        "the interval of the mean tau of gradient and leave-one-out does not lie above that of "
        "attention and leave-one-out",
        _not_higher("average"),
    ),
    Claim(
        "Dot-product attention agrees less with gradients than additive attention.",
        "the authors' own figures of both attentions, with a BiLSTM",
        "the interval of the mean tau with additive attention lies above that with dot-product",
        _higher(("lstm", "additive", "gradient_agreement"), ("lstm", "dot", "gradient_agreement")),
    ),
    Claim(
        "Attention agrees better with gradients than a random ranking does.",
        "not a claim of the paper but the floor that every tau stands on",
        "the interval of the mean tau of attention and gradient lies above that of random scores",
        _above_random,
    ),
    Claim(
        "Shuffling the attention hardly moves the output.",
        "section 4.2.1, figure 6",
        "the median output change over the shuffles, taken of the median text, is below 0.1",
        _permutation(0.1),
    ),
    Claim(
        "It hardly moves it even where one token has most of the attention.",
        "section 4.2.1, figure 6; the paper names Diabetes as an exception",
        "the same holds of the texts in the highest quarter of largest weights that has ten texts",
        _permutation_of_peaked(0.1),
    ),
    Claim(
        "A very different attention leaves the output as it is, on most texts.",
        "section 4.2.2, figure 7",
        "the search reaches a JSD of at least 0.6 nats (of at most 0.693) within epsilon on more "
        "than half of the texts",
        _adversary,
    ),
    Claim(
        "It does even where one token has most of the attention.",
        "section 4.2.2, figure 8",
        "the median of the largest JSD found is above 0.5 nats over the texts in the highest "
        "quarter of largest weights (0 to 0.25, ..., 0.75 to 1) that has ten texts",
        _adversary_of_peaked,
    ),
)


def findings(claim: Claim, records: Records) -> list[Finding]:
    """Return what a claim's rule says of every data set whose runs are there.

    Args:
        claim: one of `CLAIMS`.
        records: by row.

    Example:
        >>> findings(CLAIMS[0], {})
        []
    """
    found = (claim.judge(records, data.published) for data in DATA)
    return [one for one in found if one is not None]
