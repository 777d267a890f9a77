"""The figure of the seeds' divergence, the yardstick of every adversary."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attnjax.report.figures_change import BINS, LARGEST_JSD, bin_of, violin
from attnjax.report.numbers import defined, fine
from attnjax.report.style import (
    COLOURS,
    HATCHES,
    INK,
    MUTED,
    NARROW,
    Drawing,
    draw,
    new_figure,
    tidy,
)


class Series(NamedTuple):
    """Divergences from the base's attention, of one kind.

    Attributes:
        name: as in the legend.
        jsd: nats, NaN where there is none; several for one text where there are several.
        max_attention: of the base, for each of them.
        style: index of its colour and hatch.
    """

    name: str
    jsd: np.ndarray
    max_attention: np.ndarray
    style: int


def seeds_violins(series: Sequence[Series]) -> Drawing:
    """Draw the JSD of seeds and adversaries per quarter of the base's maximum attention.

    Args:
        series: the seeds first.
    """
    rows = len(BINS) - 1
    figure = new_figure(1.3 + rows * max(0.55, 0.32 * len(series)), NARROW)
    axes = figure.subplots()
    height = 0.88 / len(series)
    words = []
    for order, one in enumerate(series):
        quarter = bin_of(one.max_attention)
        for index in range(rows):
            inside = defined(one.jsd[quarter == index])
            middle = index + 0.44 - height * (order + 0.5)
            violin(axes, inside, middle, height, one.style)
            if order == 0:
                axes.text(0.732, index, f"n = {len(inside):,}", va="center", fontsize=8.5)
            if len(inside):
                words.append(
                    f"maximum attention {BINS[index]:g} to {BINS[index + 1]:g}, {one.name}: median "
                    f"{fine(float(np.median(inside)))}"
                )
        axes.fill([], [], color=COLOURS[one.style], hatch=HATCHES[one.style], edgecolor="white",
                  label=one.name)  # fmt: skip
    axes.axvline(LARGEST_JSD, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.set_xlim(0, 0.72)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_yticks(range(rows), [f"{BINS[i]:.2f} to\n{BINS[i + 1]:.2f}" for i in range(rows)])
    for edge in range(rows - 1):
        axes.axhline(edge + 0.5, color="#CCCCCC", linewidth=0.8)
    axes.set_xlabel("JSD from the base's attention (nats)")
    axes.set_ylabel("largest weight of the base", color=INK)
    tidy(axes)
    figure.legend(loc="outside upper left", ncols=2)
    beside = " The adversaries beside them are of the same texts." if len(series) > 1 else ""
    return draw(
        figure,
        name="seeds_jsd_by_max_attention",
        title="How far other seeds move the attention",
        description="Violins by the base's maximum attention. " + "; ".join(words) + ".",
        caption="JSD of every pair of text and seed, by the largest weight of the base's "
        f"attention; n counts pairs; white dots: medians; dotted: ln 2, the largest.{beside}",
    )
