"""What follows from the trial of a GPT, and what does not."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.findings import Findings
from attnjax.report.numbers import Estimate, plural, with_interval

SCORES = {"f1": "F1", "auc": "AUC"}


def part_words(part: Mapping[str, Any]) -> str:
    """Say in words which weights are on trial.

    Args:
        part: of the results: `layer` and `head` from 1, None for all; `rows`.

    Example:
        >>> part_words({"layer": 4, "head": None, "rows": "classify", "layers": 4, "heads": 2})
        'the weights of the classify token in layer 4 of 4 (2 heads)'
        >>> part_words({"layer": None, "head": 1, "rows": "all", "layers": 4, "heads": 2})
        'the weights of every position in all 4 layers (head 1 of 2)'
    """
    rows = "the classify token" if part["rows"] == "classify" else "every position"
    layers = plural(part["layers"], "layer")
    where = f"layer {part['layer']} of {part['layers']}" if part["layer"] else f"all {layers}"
    heads = f"head {part['head']} of {part['heads']}" if part["head"] else plural(
        part["heads"], "head"
    )  # fmt: skip
    return f"the weights of {rows} in {where} ({heads})"


def evened_findings(change: Estimate, difference: Mapping[str, Any], *, learnt: bool) -> Findings:
    """Say what equal weights do to a model that was trained with weights of its own.

    Args:
        change: mean output change.
        difference: the model's own scores less those under equal weights, with `f1_ci95` and
            `auc_ci95`; None where undefined.
        learnt: whether the model's accuracy is known to be above what needs no text.

    Example:
        >>> difference = {"f1": 0.1, "f1_ci95": [0.05, 0.15], "auc": None, "auc_ci95": None}
        >>> evened_findings(Estimate(0.2, 0.1, 0.3, 9), difference, learnt=True).follows[1][:45]
        'With its own weights F1 is 0.10 higher (95% i'
    """
    follows = [
        f"With equal weights the output of an instance changes by {with_interval(change)} on "
        "average."
    ]
    sides = []
    for key, name in SCORES.items():
        ends, value = difference.get(f"{key}_ci95"), difference.get(key)
        if value is None or ends is None:
            continue
        one = Estimate(value, *ends)
        sides.append(one.side)
        follows.append(_score_sentence(name, one))
    if not learnt:
        follows.append(
            "The model was not shown to have learnt its task: whether it makes use of its weights "
            "for it cannot be seen."
        )
        return Findings(tuple(follows))
    does_not = [
        "That the scores fall does not make the weights an explanation: it shows that they matter "
        "to this model, which every other test takes for granted."
        if any(side > 0 for side in sides)
        else "That no loss was shown does not mean that the model ignores its weights: single "
        "predictions move, as far as the output change says."
    ]
    does_not.append(
        "Nor does it say what a model trained with equal weights would score: none was trained."
    )
    return Findings(tuple(follows), tuple(does_not))


def _score_sentence(name: str, one: Estimate) -> str:
    """Say how a score differs."""
    if one.side == 0:
        return (
            f"No difference in {name} was shown: {with_interval(one)}, its own weights less equal "
            "ones, an interval that contains 0."
        )
    low, high = sorted((abs(one.low or 0.0), abs(one.high or 0.0)))
    size = Estimate(abs(one.value or 0.0), low, high)
    word = "higher" if one.side > 0 else "lower"
    return f"With its own weights {name} is {_with_word(size, word)}."


def _with_word(size: Estimate, word: str) -> str:
    value, _, rest = with_interval(size).partition(" ")
    return f"{value} {word} {rest}"
