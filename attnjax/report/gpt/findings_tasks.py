"""What follows from a fine-tuning, its ablations, the layers and zero-shot scores, and what not."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.comparisons import verdict
from attnjax.report.findings import Findings
from attnjax.report.gpt.published_tasks import METRICS, TASK_NAMES
from attnjax.report.numbers import (
    MISSING,
    Estimate,
    as_estimate,
    number,
    plural,
    with_interval,
)

VARIANTS = {
    "fine_tune": "the full model",
    "no_pretraining": "no pre-training",
    "no_auxiliary": "no auxiliary loss",
    "lstm": "an LSTM",
}
"""Trainings, as a reader calls them."""


def task_findings(summary: Mapping[str, Any]) -> Findings:
    """Say how well the model does, over seeds, and beside knowing nothing.

    Args:
        summary: `fine_tuning` of the results.

    Example:
        >>> scores = {"accuracy": {"mean": 0.9, "std": 0.01, "ci95": [0.88, 0.92], "n": 3}}
        >>> one = {"metric": "accuracy", "scores": scores, "without_learning": {"accuracy": 0.5},
        ...     "num_test": 100, "seeds": [{}, {}, {}]}
        >>> task_findings(one).follows[0]
        'Over 3 seeds the accuracy on 100 test rows is 0.900 (95% interval 0.880 to 0.920).'
    """
    metric, seeds = summary["metric"], summary["seeds"]
    score = as_estimate(summary["scores"][metric])
    name = METRICS[metric]
    if score.value is None:
        return Findings(
            (f"The {name} is undefined for every seed: one answer is given to all test rows.",)
        )
    undefined = summary["scores"][metric].get("undefined", 0)
    follows = [
        f"Over {plural(len(seeds) - undefined, 'seed')} the {name} on "
        f"{plural(summary['num_test'], 'test row')} is {with_interval(score, 3)}."
    ]
    if undefined:
        follows.append(
            f"For {undefined} of {plural(len(seeds), 'seed')} it is undefined, because one answer "
            "is given to all test rows: these are in no mean."
        )
    least = summary["without_learning"].get(metric)
    if least is not None and score.low is not None:
        follows.append(_beside_nothing(name, score, least))
    return Findings(
        tuple(follows),
        (
            "How well it does on one task says nothing of others.",
            "A difference from the published figure has many causes: the size of the model, what "
            "it was pre-trained on, which rows it is judged by.",
        ),
    )


def undefined_notes(metric: str, scores: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Say which means leave seeds out, and what they would be with these counted as 0.

    A correlation is undefined where a model gives one answer to all rows; a mean of the other
    seeds makes a training that sometimes fails look better than it is.

    Args:
        metric: of the scores.
        scores: by how a reader calls the training.

    Example:
        >>> undefined_notes("matthews", {"an LSTM": {"mean": 0.4, "n": 1, "undefined": 3}})[0][:53]
        'Of an LSTM 3 of 4 seeds give one answer to all test r'
    """
    found = []
    for name, score in scores.items():
        known, missing = score["n"], score.get("undefined", 0)
        if missing and known:
            found.append(
                f"Of {name} {missing} of {known + missing} seeds give one answer to all test rows: "
                f"their {METRICS[metric]} is undefined and in no mean. Counted as 0, as GLUE "
                f"does, the mean would be {number(score['mean'] * known / (known + missing), 3)}."
            )
    return tuple(found)


def _beside_nothing(name: str, score: Estimate, least: float) -> str:
    low, high = score.low or 0.0, score.high or 0.0
    what = f"who reads no text and always gives one answer (or guesses) has {number(least, 3)}"
    if low > least:
        return f"The texts are of use to it: {what}, below the whole interval."
    if high < least:
        return f"It does worse than knowing nothing: {what}, above the whole interval."
    return f"It cannot be told apart from knowing nothing: {what}, within the interval."


def ablation_findings(analysis: Mapping[str, Any]) -> Findings:
    """Say of each part that was taken away whether the model is worse without it.

    Args:
        analysis: `ablations` of the results.
    """
    metric = analysis["metric"]
    full, *others = analysis["variants"]
    follows = [
        part_sentence(METRICS[metric], as_estimate(one["difference"][metric]), one["name"])
        for one in others
    ]
    caveats = _seed_caveats(analysis, len(full["seeds"]))
    named = {VARIANTS[one["name"]]: one["scores"][metric] for one in analysis["variants"]}
    return Findings(
        tuple(follows),
        (
            *undefined_notes(metric, named),
            *caveats,
            "Whether the auxiliary loss helps depends on how many rows there are: in the paper it "
            "helps on larger data sets and hurts on smaller ones.",
        ),
    )


def part_sentence(score: str, difference: Estimate, name: str) -> str:
    """Say whether the model is worse without a part of it.

    Args:
        score: by which it is judged.
        difference: of the training without the part minus the full one, over seeds.
        name: of the training.

    Example:
        >>> part_sentence("F1", Estimate(-0.05, -0.09, -0.01), "no_pretraining")
        'Without pre-training F1 is lower: by 0.050 (95% interval 0.010 to 0.090).'
        >>> part_sentence("F1", Estimate(0.0, -0.1, 0.1), "lstm")[:52]
        'With an LSTM for the transformer F1 cannot be told a'
    """
    how = _WITHOUT[name]
    found = verdict(difference)
    if difference.value is None:
        return f"{how} {score} is undefined for some training."
    if _without_width(difference):
        return (
            f"{how} {score} differs by {number(difference.value, 3)} for every seed alike: seeds "
            "that do not differ cannot say what chance would do."
        )
    if found == "unknown":
        return (
            f"{how} {score} differs by {number(difference.value, 3)}; of one seed, so whether that "
            "is more than chance is not known."
        )
    if found in ("ahead", "behind"):
        word, sign = ("higher", 1) if found == "ahead" else ("lower", -1)
        low, high = sorted(sign * (each or 0.0) for each in (difference.low, difference.high))
        shown = Estimate(sign * difference.value, low, high)
        return f"{how} {score} is {word}: by {with_interval(shown, 3)}."
    return (
        f"{how} {score} cannot be told apart from the full model's: the difference is "
        f"{with_interval(difference, 3)}."
    )


def _without_width(difference: Estimate) -> bool:
    """Return whether an interval over seeds is a point: all of them differ by the same."""
    low, high = difference.low, difference.high
    return low is not None and high is not None and high - low < 1e-9


_WITHOUT = {
    "no_pretraining": "Without pre-training",
    "no_auxiliary": "Without the auxiliary loss",
    "lstm": "With an LSTM for the transformer",
}


def _seed_caveats(analysis: Mapping[str, Any], seeds: int) -> tuple[str, ...]:
    task = TASK_NAMES.get(analysis["task"], analysis["task"])
    caveats = [
        "The intervals are over seeds, on these test rows: other test rows would move all "
        "trainings together, and their differences a little.",
        f"{task} is one task: on another one the same parts may be worth more or less.",
    ]
    if seeds < 2:
        caveats.insert(0, "With one seed no difference can be told apart from chance.")
    return tuple(caveats)


def layer_findings(analysis: Mapping[str, Any]) -> Findings:
    """Say with which transfers the model is better, and with which worse, than without any.

    Args:
        analysis: `layers` of the results.
    """
    metric, variants = analysis["metric"], analysis["variants"]
    follows = []
    sides: dict[str, list[str]] = {"ahead": [], "behind": []}
    for one in variants[1:]:
        difference = as_estimate(one["difference"][metric])
        side = verdict(difference)
        if side in sides and not _without_width(difference):
            sides[side].append(_layers(one["name"]))
    name = METRICS[metric]
    first = _layers(variants[0]["name"])
    for side, word in (("ahead", "higher"), ("behind", "lower")):
        if sides[side]:
            shown = ", ".join(sides[side])
            follows.append(f"The {name} is {word} than with {first} for these transfers: {shown}.")
    if not follows:
        follows.append(f"No transfer can be told apart from {first} by its {name}.")
    known = [one for one in variants if one["scores"][metric]["mean"] is not None]
    if known:
        best = max(known, key=lambda one: one["scores"][metric]["mean"])
        follows.append(
            f"The highest mean is that of {_layers(best['name'])}: "
            f"{number(best['scores'][metric]['mean'], 3)}."
        )
    notes = undefined_notes(
        metric, {_layers(one["name"]): one["scores"][metric] for one in variants}
    )
    return Findings(tuple(follows), (*notes, *_seed_caveats(analysis, len(variants[0]["seeds"]))))


def _layers(count: int) -> str:
    """Return how a reader calls a number of transferred layers.

    Example:
        >>> _layers(-1), _layers(0), _layers(2)
        ('nothing transferred', 'the embeddings alone', '2 layers')
    """
    if count == -1:
        return "nothing transferred"
    return "the embeddings alone" if count == 0 else plural(count, "layer")


def cell(score: Mapping[str, Any]) -> str:
    """Write a score with the deviation between seeds, if there are several.

    Example:
        >>> cell({"mean": 0.5, "std": 0.01})
        '0.500 (0.010)'
        >>> cell({"mean": 0.5, "std": 0.0, "n": 1})
        '0.500'
    """
    if score["mean"] is None:
        return MISSING
    if score.get("n") == 1:
        return number(score["mean"], 3)
    return f"{number(score['mean'], 3)} ({number(score['std'], 3)})"
