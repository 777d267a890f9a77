"""The figure of tokens that are marked: planted evidence, or what people marked."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from attnjax.report.numbers import as_estimate, number
from attnjax.report.style import COLOURS, HATCHES, INK, Drawing, draw, new_figure, tidy
from attnjax.report.tables import METHODS


def evidence_bars(
    models: Mapping[str, Mapping[str, Any]],
    chance: Mapping[str, float | None],
    *,
    name: str = "planted_evidence",
    marked: str = "evidence",
    title: str = "How well each score recovers the planted evidence",
) -> Drawing:
    """Draw how well each score finds tokens that are marked, beside the controls.

    Args:
        models: name of a model to its summary: per method `auprc` and `precision`.
        chance: per measure what a random ranking reaches.
        name: of the figure.
        marked: what a marked token is called.
        title: of the figure, for those who do not see it.
    """
    figure = new_figure(1.4 + 0.95 * len(models))
    panels = figure.subplots(1, 2, sharey=True)
    axis_labels = {"auprc": "AUPRC", "precision": f"precision at number of {marked} tokens"}
    for axes, (measure, words) in zip(panels, axis_labels.items(), strict=True):
        for place, summary in enumerate(reversed(list(models.values()))):
            _evidence_group(axes, place, summary, measure)
        if (level := chance.get(measure)) is not None:
            axes.axvline(level, color=INK, linewidth=1.6, linestyle=(0, (3, 2)), label="chance")
        axes.set_xlim(0, 1)
        axes.set_xlabel(words)
        tidy(axes)
    panels[0].set_yticks(range(len(models)), list(reversed(list(models))))
    handles, labels = panels[0].get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique.keys(), loc="outside upper center", ncols=4)
    levels = "; ".join(
        f"{model}, {METHODS[method]}: {number(as_estimate(summary[method]['auprc']).value)}"
        for model, summary in models.items()
        for method in METHODS
        if method in summary
    )
    return draw(
        figure,
        name=name,
        title=title,
        description=f"Mean AUPRC. {levels}; chance: {number(chance.get('auprc'))}.",
        caption="Mean over the instances, with its 95% interval as a line at the bar's end; "
        f"dashed: what a random ranking reaches. 1 is best: every {marked} token ranked above "
        "every other token.",
    )


def _evidence_group(axes: Axes, place: int, summary: Mapping[str, Any], measure: str) -> None:
    for index, (method, name) in enumerate(METHODS.items()):
        estimate = as_estimate(summary.get(method, {}).get(measure))
        if estimate.value is None:
            continue
        height = place + 0.26 * (1 - index)
        axes.barh(
            height,
            estimate.value,
            height=0.24,
            color=COLOURS[index],
            edgecolor=INK,
            linewidth=0.5,
            hatch=HATCHES[index],
            label=name,
        )
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [height] * 2, color=INK, linewidth=2.2)
