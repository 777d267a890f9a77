"""What follows from scores before any fine-tuning, and what not."""

from collections.abc import Mapping, Sequence
from typing import Any

from attnjax.report.findings import Findings
from attnjax.report.gpt.published_tasks import METRICS, TASK_NAMES
from attnjax.report.numbers import Estimate, as_estimate, number, with_interval


def zero_shot_findings(analysis: Mapping[str, Any]) -> Findings:
    """Say of each task whether the model beats guessing, and whether it still improves.

    Args:
        analysis: `zero_shot` of the results.
    """
    follows = [_zero_shot_sentence(name, one) for name, one in analysis["tasks"].items()]
    return Findings(
        tuple(follows),
        (
            "These scores are of the heuristic as much as of the model: a model may know what the "
            "heuristic does not bring out.",
            "That a score rises with pre-training does not say what in the text it was learnt "
            "from.",
        ),
    )


def _zero_shot_sentence(name: str, one: Mapping[str, Any]) -> str:
    points = one["points"]
    task, metric = TASK_NAMES.get(name, name), METRICS[one["metric"]]
    if not points or points[-1]["score"] is None:
        return f"{task}: {metric} is undefined; one answer is given to all questions."
    last = _estimate(points[-1])
    shown = f"{task}: {metric} {with_interval(last, 3)} at the last step"
    chance = number(one["chance"], 3)
    if last.low is not None and last.low > one["chance"]:
        return f"{shown}, above guessing ({chance}){_rise(points)}."
    if last.high is not None and last.high < one["chance"]:
        return f"{shown}, below guessing ({chance})."
    return f"{shown}, not told apart from guessing ({chance})."


def _rise(points: Sequence[Mapping[str, Any]]) -> str:
    if len(points) < 2 or points[0]["score"] is None:
        return ""
    first = _estimate(points[0])
    last = _estimate(points[-1])
    if first.high is not None and last.low is not None and last.low > first.high:
        return f"; {number(first.value, 3)} at the first"
    return ""


def _estimate(point: Mapping[str, Any]) -> Estimate:
    """Return a point's score with its interval."""
    return as_estimate({"mean": point["score"], "ci95": point["ci95"]})
