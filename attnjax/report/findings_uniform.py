"""What follows from training the same model with uniform attention, and what does not."""

from attnjax.report.comparisons import (
    NEGLIGIBLE,
    SCORE_NAMES,
    Scores,
    difference_sentence,
    row_words,
    sides,
    together,
)
from attnjax.report.findings import Findings
from attnjax.report.findings_planted import expectation_sentence
from attnjax.report.numbers import number

POOR_SUBJECT = "on this task attention is a poor subject for either paper"
"""What W&P conclude where uniform attention is as good."""


def uniform_findings(
    base: Scores,
    difference: Scores,
    *,
    seeds: int,
    accurate: bool = False,
    variant: str = "",
    encoder: str = "",
) -> Findings:
    """Say whether the model needs its attention, and so whether explaining it is worth while.

    Args:
        base: of the model with learnt attention.
        difference: learnt attention minus uniform, paired by seed and instance.
        seeds: how many times each of the two was trained.
        accurate: whether the base's accuracy is known to be above what needs no text.
        variant: of the planted corpus, `sparse` or `redundant`; else "".
        encoder: of the model.

    Source: Wiegreffe & Pinter (2019), section 3.2.
    """
    named = zip(SCORE_NAMES.values(), difference, strict=True)
    follows = [
        difference_sentence(name, one, "learnt attention", "uniform attention")
        for name, one in named
    ]
    found = together(difference)
    if not learnt(base, accurate=accurate):
        follows.append(
            "The model with learnt attention was not shown to do better than chance: whether this "
            "task needs attention cannot be seen from models that have not learnt it."
        )
        return Findings(tuple(follows))
    follows.append(subject_sentence(difference))
    if expected := expectation_sentence(variant, encoder, lost=found == "ahead"):
        follows.append(expected)
    does_not = []
    if found == "ahead":
        does_not.append(
            "That learnt attention predicts better does not make its weights an explanation: it "
            "shows that they matter to the model, which every other test takes for granted."
        )
    if found == "open":
        does_not.append(
            "That the two cannot be told apart does not make uniform attention as good: the "
            "intervals leave room for a difference, and more seeds or texts would narrow them."
        )
    if found in ("close", "behind"):
        does_not.append(
            "That the model does not need its weights does not mean that it ignores them: shuffled "
            "or adversarial weights can still move the output of a model that has learnt some."
        )
    if seeds <= 1:
        does_not.append(
            "Each of the two was trained once: the interval is over texts alone, and training "
            "again could give another difference."
        )
    return Findings(tuple(follows), tuple(does_not))


def learnt(base: Scores, *, accurate: bool = False) -> bool:
    """Return whether a model's scores are known to be above those of chance.

    Args:
        base: its F1 and AUC.
        accurate: whether its accuracy is known to be above what needs no text; it decides
            where AUC is undefined, since F1 has no level of chance to compare it with.

    Example:
        >>> from attnjax.report.numbers import Estimate
        >>> learnt(Scores(Estimate(0.8), Estimate(0.9, 0.8, 0.95)))
        True
        >>> learnt(Scores(Estimate(0.6), Estimate(0.5, 0.4, 0.6)))
        False
        >>> learnt(Scores(Estimate(0.02), Estimate(None)))
        False
        >>> learnt(Scores(Estimate(0.6), Estimate(None)), accurate=True)
        True
    """
    if base.f1.value == 0:
        return False
    if base.auc.value is None:
        return accurate
    return base.auc.low is None or base.auc.low > 0.5


def subject_sentence(difference: Scores) -> str:
    """Say whether tests of what attention explains have a subject on this task.

    Example:
        >>> from attnjax.report.numbers import Estimate
        >>> lost = Estimate(0.05, 0.01, 0.09)
        >>> subject_sentence(Scores(lost, lost))[:43]
        'So the model gains by choosing among tokens'
    """
    found = together(difference)
    if found == "ahead":
        return (
            "So the model gains by choosing among tokens, and a test of what its weights explain "
            "has a subject here."
        )
    if found == "mixed":
        return (
            "The two scores contradict each other: whether the model gains by choosing among "
            "tokens depends on what is asked of it."
        )
    if found == "behind":
        return (
            f"So the model does better without choosing among tokens: {POOR_SUBJECT}, since "
            "whatever its weights show was not needed for predicting well."
        )
    if found == "close":
        return (
            "The two cannot be told apart, and neither score leaves room for a difference above "
            f"{number(NEGLIGIBLE)}: up to that, uniform attention is as good, and {POOR_SUBJECT}, "
            "since the model could have done without choosing among tokens."
        )
    if found == "open":
        return (
            "Nothing here shows that the model gains by choosing among tokens. Until more seeds "
            f"or texts show it, {POOR_SUBJECT}: an adversary of weights that may not matter proves "
            "little, and so does its absence."
        )
    return "Without intervals nothing can be said about whether the model needs its attention."


def uniform_row_words(base: Scores, uniform: Scores, difference: Scores) -> tuple[str, ...]:
    """Return a sentence for each row of the table: base, uniform, difference."""
    return (
        row_words(
            "the model has learnt its task",
            "it has not, and its attention is not worth explaining",
            "the level that uniform attention is read against.",
        ),
        row_words(
            "the task can be solved without choosing among tokens",
            "the model needs to choose",
            f"{beside_words(base, uniform)}.",
        ),
        row_words(
            "the learnt weights earn their place, if the interval lies above 0",
            "the task does not need them, or was not shown to",
            f"{sides(difference)}.",
        ),
    )


def beside_words(base: Scores, uniform: Scores) -> str:
    """Say how far the scores of uniform attention lie from those of learnt attention.

    Example:
        >>> from attnjax.report.numbers import Estimate
        >>> learnt = Scores(Estimate(0.8), Estimate(0.9))
        >>> beside_words(learnt, Scores(Estimate(0.75), Estimate(None)))
        'F1 0.050 below learnt attention, AUC undefined'
    """
    parts = []
    for name, one, other in zip(SCORE_NAMES.values(), base, uniform, strict=True):
        if one.value is None or other.value is None:
            parts.append(f"{name} undefined")
            continue
        if other.value == one.value:
            parts.append(f"{name} as with learnt attention")
            continue
        word = "below" if other.value < one.value else "above"
        parts.append(f"{name} {number(abs(one.value - other.value), 3)} {word} learnt attention")
    return ", ".join(parts)


def seed_words(base: Scores, uniform: Scores) -> str:
    """Say which of the two was ahead with one seed.

    Example:
        >>> from attnjax.report.numbers import Estimate
        >>> two = Scores(Estimate(0.8), Estimate(0.9)), Scores(Estimate(0.7), Estimate(0.9))
        >>> seed_words(*two)
        'learnt attention is ahead in F1'
    """
    ahead, behind = [], []
    for name, one, other in zip(SCORE_NAMES.values(), base, uniform, strict=True):
        if one.value is None or other.value is None or one.value == other.value:
            continue
        (ahead if one.value > other.value else behind).append(name)
    parts = [
        f"{who} is ahead in {' and '.join(names)}"
        for who, names in (("learnt attention", ahead), ("uniform attention", behind))
        if names
    ]
    return ", ".join(parts) or "neither is ahead"
