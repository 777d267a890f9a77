"""The figures of a fine-tuning's analyses."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from attnjax.report.gpt.findings_tasks import VARIANTS
from attnjax.report.gpt.published_tasks import METRICS, TASK_NAMES
from attnjax.report.numbers import as_estimate, number, with_interval
from attnjax.report.style import (
    COLOURS,
    INK,
    MUTED,
    NARROW,
    Drawing,
    draw,
    new_figure,
    tidy,
)

MOST_TICKS = 6
"""Steps that are named on an axis."""

MARKERS = ("o", "s", "^", "D", "v", "P")
"""So that lines stay apart where the page is printed in grey."""


def ablation_differences(analysis: Mapping[str, Any]) -> Drawing:
    """Draw how much each part that is taken away changes the score, seed by seed.

    Args:
        analysis: `ablations` of the results.
    """
    metric = analysis["metric"]
    others = analysis["variants"][1:]
    figure = new_figure(1.1 + 0.55 * len(others), NARROW)
    axes = figure.subplots()
    words = []
    for place, one in enumerate(reversed(others)):
        difference = one["difference"][metric]
        estimate = as_estimate(difference)
        colour = COLOURS[place % len(COLOURS)]
        known = [each for each in difference["differences"] if each is not None]
        axes.plot(known, [place] * len(known), "o", color=colour, markersize=4, alpha=0.5)
        if estimate.value is not None:
            axes.plot([estimate.value], [place], "D", color=INK, markersize=5)
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [place, place], color=INK, linewidth=1.5)
        words.append(f"{VARIANTS[one['name']]}: {with_interval(estimate, 3)}")
    axes.axvline(0, color=MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
    axes.set_yticks(range(len(others)), [VARIANTS[one["name"]] for one in reversed(others)])
    axes.set_ylim(-0.6, len(others) - 0.4)
    axes.set_xlabel(f"{METRICS[metric]} minus that of the full model")
    tidy(axes)
    return draw(
        figure,
        name="ablations",
        title="What each part is worth",
        description="Differences from the full model. " + "; ".join(words) + ".",
        caption="Dots: one seed each; diamonds: means; lines: 95% intervals over the seeds "
        "(Student's). Left of 0 the model is worse without the part.",
    )


def layer_curve(analysis: Mapping[str, Any]) -> Drawing:
    """Draw the score by the number of layers transferred.

    Args:
        analysis: `layers` of the results.
    """
    metric, variants = analysis["metric"], analysis["variants"]
    figure = new_figure(2.9, NARROW)
    axes = figure.subplots()
    counts, means, words = [], [], []
    for one in variants:
        seeds = [each[metric] for each in one["seeds"] if each[metric] is not None]
        axes.plot([one["name"]] * len(seeds), seeds, "o", color=COLOURS[0], markersize=4, alpha=0.4)
        mean = one["scores"][metric]["mean"]
        if mean is not None:
            counts.append(one["name"])
            means.append(mean)
        words.append(f"{one['name']}: {number(mean, 3)}")
    axes.plot(counts, means, "-D", color=INK, markersize=5, linewidth=1.4)
    names = {-1: "nothing", 0: "embed-\ndings"}
    places = [one["name"] for one in variants]
    axes.set_xticks(places, [names.get(place, str(place)) for place in places])
    axes.set_xlabel("layers transferred")
    axes.set_ylabel(METRICS[metric])
    tidy(axes, grid="y")
    return draw(
        figure,
        name="layers",
        title="How much of pre-training is transferred",
        description=f"{METRICS[metric]} by layers transferred (-1: nothing, 0: the table of "
        "embeddings). " + "; ".join(words) + ".",
        caption="Dots: one seed each; line: means. The layers that are not transferred begin anew.",
    )


def zero_shot_curves(analysis: Mapping[str, Any]) -> Drawing:
    """Draw scores without fine-tuning over the course of pre-training, on a common scale.

    Args:
        analysis: `zero_shot` of the results.
    """
    figure = new_figure(3.4, NARROW)
    axes = figure.subplots()
    words = []
    for place, (name, one) in enumerate(analysis["tasks"].items()):
        points = [each for each in one["points"] if each["relative"] is not None]
        axes.plot(
            [each["step"] for each in points],
            [each["relative"] for each in points],
            "-" + MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            markersize=4.5,
            linewidth=1.4,
            label=TASK_NAMES.get(name, name),
        )
        words.append(f"{TASK_NAMES.get(name, name)}: {_ends(points)}")
    axes.axhline(0, color=MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
    _step_axis(axes, analysis["steps"])
    axes.set_xlabel("steps of pre-training")
    axes.set_ylabel("relative score (0: guessing)")
    tidy(axes, grid="y")
    figure.legend(loc="outside upper left", ncols=3)
    return draw(
        figure,
        name="zero_shot",
        title="What the language model can do before any fine-tuning",
        description="Relative scores over pre-training. " + "; ".join(words) + ".",
        caption="0 is guessing; 1 is the best published single model of the paper's time, where "
        "it is known, else a perfect score (see the table).",
    )


def _ends(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return "undefined"
    first, last = points[0], points[-1]
    return (
        f"{number(first['relative'])} at step {first['step']:,}, "
        f"{number(last['relative'])} at step {last['step']:,}"
    )


def _step_axis(axes: Axes, steps: Sequence[int]) -> None:
    """Mark some of the steps; by their logarithm where a line would hide the first."""
    positive = [step for step in steps if step > 0]
    if len(positive) > 2 and max(positive) >= 50 * min(positive):
        axes.set_xscale("symlog", linthresh=min(positive))
    chosen = [steps[place] for place in range(0, len(steps), -(-len(steps) // MOST_TICKS))]
    axes.set_xticks(chosen, [f"{step:,}" for step in chosen])
    axes.minorticks_off()
    axes.margins(x=0.06)
