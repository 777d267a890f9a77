"""What follows from guiding a model without context by others' attention, and what does not."""

from collections.abc import Mapping

from attnjax.report.comparisons import (
    SCORE_NAMES,
    Scores,
    Verdict,
    difference_sentence,
    row_words,
    sides,
    together,
)
from attnjax.report.findings import Findings
from attnjax.report.findings_exact import CLOSE
from attnjax.report.numbers import number
from attnjax.report.sweeps import ALIKE

GUIDE_NAMES: Mapping[str, str] = {
    "uniform": "uniform",
    "trained": "learnt by itself",
    "base": "the base's",
    "adversary": "the adversary's",
    "file": "from the file",
}
"""Attentions that guide the small model, in the order of reading."""

ATTENTIONS: Mapping[str, str] = {
    "uniform": "uniform attention",
    "trained": "attention that it learns itself",
    "base": "the base's attention",
    "adversary": "the trained adversary's attention",
    "file": "the file's attention",
}


def guides_findings(
    differences: Mapping[str, Scores], *, seeds: int, flaw: str | None = None
) -> Findings:
    """Say which attention helps a model that sees no context.

    Args:
        differences: per guide but `uniform`, its scores minus the uniform guide's, paired.
        seeds: how many times each was trained.
        flaw: why the adversary is none of the base with a distant attention, if it is not.

    Source: Wiegreffe & Pinter (2019), section 3.4.
    """
    verdicts: dict[str, Verdict] = {
        name: together(differences[name]) for name in GUIDE_NAMES if name in differences
    }
    follows: list[str] = []
    for name, found in verdicts.items():
        named = zip(SCORE_NAMES.values(), differences[name], strict=True)
        words = [
            difference_sentence(score, one, ATTENTIONS[name], ATTENTIONS["uniform"])
            for score, one in named
        ]
        follows.append(" ".join([*words, *_meaning(name, found)]))
    if contrast := contrast_sentence(verdicts):
        follows.append(contrast if flaw is None else f"{SET_ASIDE} {flaw}.")
    return Findings(tuple(follows), _caveats(verdicts, seeds))


SET_ASIDE = "Base and adversary are not set against each other here, because the adversary"


def adversary_flaw(jsd: float | None, tvd: float | None, *, elsewhere: bool) -> str | None:
    """Say why a trained adversary is no other account of the base's predictions, if it is none.

    Args:
        jsd: mean distance of its attention from that of the model it imitates, nats.
        tvd: mean output change from that model.
        elsewhere: whether that model is another run's.

    Example:
        >>> adversary_flaw(0.4, 0.2, elsewhere=False)
        'does not predict as the base does (mean output change 0.200)'
        >>> adversary_flaw(0.4, 0.02, elsewhere=False) is None
        True
    """
    if elsewhere:
        return "imitates the model of another run"
    if jsd is None or tvd is None:
        return "has no distances from the base in this run"
    if tvd >= ALIKE:
        return f"does not predict as the base does (mean output change {number(tvd, 3)})"
    if jsd < CLOSE:
        return f"attends nearly as the base does (mean JSD {number(jsd, 3)})"
    return None


def _meaning(name: str, found: Verdict) -> list[str]:
    """Return what a guide's place beside uniform attention means, where it means something."""
    if name == "base":
        return _base_meaning(found)
    if name == "adversary":
        return _adversary_meaning(found)
    if name == "trained" and found == "ahead":
        return ["So choosing among tokens pays even for a model that sees no context."]
    return []


def _base_meaning(found: Verdict) -> list[str]:
    if found == "ahead":
        return [
            "So the base's weights carry information about the task that is of use to a model "
            "which did not learn them."
        ]
    if found == "behind":
        return ["So the base's weights mislead a model that reads each token by itself."]
    if found in ("close", "open"):
        return [
            "So the base's weights were not shown to be of use outside the model that learnt them."
        ]
    return []


def _adversary_meaning(found: Verdict) -> list[str]:
    if found == "ahead":
        return [
            "So the adversary's weights, too, carry information about the task to another model."
        ]
    if found == "behind":
        return [
            "So the adversary's weights are worse than none for another model: they serve the "
            "adversary's own predictions and are no alternative account of the texts."
        ]
    if found in ("close", "open"):
        return [
            "So the adversary's weights were not shown to carry information about the task to "
            "another model."
        ]
    return []


def contrast_sentence(verdicts: Mapping[str, Verdict]) -> str | None:
    """Say whether base and adversary stand on different sides of the uniform guide.

    Example:
        >>> contrast_sentence({"base": "ahead", "adversary": "open"})[:47]
        "What the base's weights do for the small model,"
        >>> contrast_sentence({"base": "ahead"}) is None
        True
    """
    base, adversary = verdicts.get("base"), verdicts.get("adversary")
    if base != "ahead" or adversary not in ("open", "close", "behind"):
        return None
    do = "do the opposite" if adversary == "behind" else "were not shown to do"
    return (
        f"What the base's weights do for the small model, the adversary's {do}: that is the "
        "critique, that adversarial weights are no equal alternative. Both are compared with the "
        "uniform guide here, not with each other."
    )


def _caveats(verdicts: Mapping[str, Verdict], seeds: int) -> tuple[str, ...]:
    does_not = []
    if "ahead" in verdicts.values():
        does_not.append(
            "A guide that helps shows that its weights point at tokens that are useful for the "
            "task, not that the model they come from used them in this way."
        )
    if {"open", "close"} & set(verdicts.values()):
        does_not.append(
            "A guide that was not told apart from uniform attention is not shown to be useless: "
            "where single words carry little of the label, no weights can help a model without "
            "context much."
        )
    if seeds <= 1:
        does_not.append(
            "Each guided model was trained once: the intervals are over texts alone, and training "
            "again could give others."
        )
    return tuple(does_not)


def guide_row_words(name: str, scores: Scores, difference: Scores | None) -> str:
    """Return the sentence for a guide's row of the table."""
    if name == "uniform" or difference is None:
        return row_words(
            "the words alone, weighed equally, tell the label",
            "they do not",
            f"F1 {number(scores.f1.value, 3)}: the level that the other guides are read against.",
        )
    high, low = _ROWS[name]
    return row_words(high, low, f"minus uniform, {sides(difference)}.")


_ROWS: Mapping[str, tuple[str, str]] = {
    "trained": (
        "choosing among tokens pays without context",
        "the small model gains nothing by choosing",
    ),
    "base": (
        "the base's weights carry information about the task to another model",
        "they are of use only to the base, or to nobody",
    ),
    "adversary": (
        "even the adversary's weights carry such information",
        "they are no alternative account of the texts",
    ),
    "file": (
        "the file's weights carry information about the task",
        "they carry none that this model can use",
    ),
}
