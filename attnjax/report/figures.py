"""The figures of the agreement tests and of the planted evidence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes

from attnjax.report.numbers import Estimate, as_estimate, defined, interval, number, plural
from attnjax.report.style import (
    BAND,
    COLOURS,
    HATCHES,
    INK,
    MAX_CLASSES,
    MUTED,
    Drawing,
    draw,
    label,
    new_figure,
    tidy,
)

EDGES = np.linspace(-1.0, 1.0, 41)
"""Bins of every histogram of tau, 0.05 wide."""


class Group(NamedTuple):
    """The instances of one predicted class, or all of them.

    Attributes:
        name: of the class, or "all".
        members: true for its instances.
        style: index of its colour and hatch.
    """

    name: str
    members: np.ndarray
    style: int


def groups(predicted: np.ndarray, class_names: Sequence[str]) -> list[Group]:
    """Split instances by predicted class; all together where the classes are too many.

    Example:
        >>> import numpy as np
        >>> [group.name for group in groups(np.array([0, 1]), ["no", "yes"])]
        ['no', 'yes']
    """
    if len(class_names) > MAX_CLASSES:
        return [Group("all classes", np.ones(len(predicted), bool), 0)]
    return [
        Group(name, predicted == index, index)
        for index, name in enumerate(class_names)
        if np.any(predicted == index)
    ]


def tau_histograms(
    tau: Num[np.ndarray, " N"],
    parts: Sequence[Group],
    summaries: Mapping[int, Any],
    *,
    name: str,
    title: str,
) -> Drawing:
    """Draw the distribution of tau, one panel per predicted class, on the axis -1 to 1.

    Args:
        tau: per instance, NaN where undefined.
        parts: the panels.
        summaries: per class number, the summary with its interval.
        name: of the file.
        title: of the figure.
    """
    figure = new_figure(0.75 + 1.45 * len(parts))
    panels = figure.subplots(len(parts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, part in zip(panels, parts, strict=True):
        _tau_panel(axes, tau[part.members], part, as_estimate(summaries.get(part.style)))
    panels[-1].set_xlabel("Kendall's tau-b of an instance (-1: opposite order, 1: same order)")
    figure.supylabel("instances", fontsize=10)
    words = "; ".join(f"{part.name}: {_tau_words(tau[part.members])}" for part in parts)
    return draw(
        figure,
        name=name,
        title=title,
        description=f"Histograms of tau by predicted class. {words}.",
        caption="Kendall's tau of each instance, by predicted class. Solid line: mean, with its "
        "95% interval as a grey band (it may be narrower than the line); dashed line: median.",
    )


def _tau_words(tau: np.ndarray) -> str:
    values = defined(tau)
    if not len(values):
        return "no defined tau"
    return (
        f"mean {number(values.mean())}, median {number(np.median(values))} "
        f"over {plural(len(values), 'instance')}"
    )


def _tau_panel(axes: Axes, tau: np.ndarray, part: Group, mean: Estimate) -> None:
    values = defined(tau)
    axes.hist(
        np.clip(values, -1, 1),
        bins=EDGES.tolist(),
        color=COLOURS[part.style],
        edgecolor="white",
        linewidth=0.5,
        hatch=HATCHES[part.style],
    )
    axes.set_xlim(-1, 1)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    tidy(axes, grid="y")
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)  # pyright: ignore
    undefined = len(tau) - len(values)
    counted = f"n = {len(values):,}" + (f", {undefined:,} undefined" if undefined else "")
    axes.set_title(f"predicted {label(part.name)} ({counted})")
    if not len(values):
        return
    value = float(values.mean()) if mean.value is None else mean.value
    if mean.low is not None and mean.high is not None:
        axes.axvspan(mean.low, mean.high, color=BAND, zorder=0.5)
    axes.axvline(value, color=INK, linewidth=1.6)
    axes.axvline(float(np.median(values)), color=INK, linewidth=1.4, linestyle=(0, (3, 2)))
    bounds = f"\n[{interval(mean)}]" if mean.low is not None else ""
    # The words go where the histogram is not.
    left = value >= 0
    axes.text(
        0.02 if left else 0.98,
        0.93,
        f"mean {number(value)}{bounds}\nmedian {number(float(np.median(values)))}",
        transform=axes.transAxes,
        ha="left" if left else "right",
        va="top",
        fontsize=9,
    )


class Row(NamedTuple):
    """One row of the overview of agreements.

    Attributes:
        name: what is compared with what.
        tau: per instance, NaN where undefined.
        mean: with its interval.
        reference: whether it is there to compare the others with.
    """

    name: str
    tau: np.ndarray
    mean: Estimate
    reference: bool


def agreement_overview(rows: Sequence[Row]) -> Drawing:
    """Draw every agreement of the run on one axis: quartiles, median, mean and interval."""
    figure = new_figure(1.0 + 0.55 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(reversed(rows)):
        values = defined(row.tau)
        if not len(values):
            continue
        low, q25, median, q75, high = np.percentile(values, [5, 25, 50, 75, 95])
        axes.plot([low, high], [place, place], color=MUTED, linewidth=1)
        axes.barh(
            place,
            q75 - q25,
            left=q25,
            height=0.46,
            color="white" if row.reference else COLOURS[0],
            edgecolor=INK,
            linewidth=0.8,
            hatch="////" if row.reference else "",
        )
        axes.plot([median, median], [place - 0.23, place + 0.23], color=INK, linewidth=2)
        if row.mean.value is not None:
            axes.plot(
                row.mean.value, place, marker="D", color="white", markeredgecolor=INK, markersize=6
            )
    axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    axes.set_xlim(-1, 1)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_xlabel("Kendall's tau-b of an instance")
    tidy(axes)
    words = "; ".join(f"{row.name}: {_tau_words(row.tau)}" for row in rows)
    return draw(
        figure,
        name="agreement",
        title="All agreements of this run on one axis",
        description=f"Box plots of tau. {words}.",
        caption="Box: the middle half of the instances; thick line: median; diamond: mean; thin "
        "line: 5th to 95th percentile. Hatched: what the others are to be compared with.",
    )
