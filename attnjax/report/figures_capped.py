"""The figure of the strongest adversary under constraints on the attention."""

from collections.abc import Sequence
from typing import NamedTuple

from attnjax.report.figures_change import LARGEST_JSD
from attnjax.report.numbers import between, plural
from attnjax.report.style import COLOURS, INK, MUTED, Drawing, draw, new_figure, tidy


class Bar(NamedTuple):
    """The mean of the largest JSD under one constraint.

    Attributes:
        name: of the constraint.
        lower: mean of the divergences found, nats.
        upper: mean of the bounds, nats; `lower` where the maximum is known.
    """

    name: str
    lower: float
    upper: float


def constraint_bars(bars: Sequence[Bar], *, count: int) -> Drawing:
    """Draw how far the strongest adversary lies under each constraint.

    Args:
        bars: from the top.
        count: instances that the means are over, the same for all bars.
    """
    figure = new_figure(0.9 + 0.42 * len(bars))
    axes = figure.subplots()
    for place, bar in enumerate(bars):
        axes.barh(
            place, bar.lower, height=0.56, color=COLOURS[0], edgecolor=INK, linewidth=0.5,
            label="found" if place == 0 else None,
        )  # fmt: skip
        axes.barh(
            place, bar.upper - bar.lower, left=bar.lower, height=0.56, color="white",
            edgecolor=INK, linewidth=0.5, hatch="////",
            label="not excluded: up to the upper bound" if place == 0 else None,
        )  # fmt: skip
        axes.text(
            bar.upper + 0.008, place, between(bar.lower, bar.upper, 3), va="center", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    axes.axvline(LARGEST_JSD, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=0)
    axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
    axes.invert_yaxis()
    axes.set_xlim(0, 0.85)
    axes.set_xlabel("mean of the largest JSD (nats)")
    tidy(axes, grid="x")
    figure.legend(loc="outside upper left", ncols=2)
    words = "; ".join(f"{bar.name}: {between(bar.lower, bar.upper, 3)}" for bar in bars)
    return draw(
        figure,
        name="capped_adversary",
        title="Largest divergence under constraints on the attention",
        description=f"Means over {plural(count, 'instance')}. {words}.",
        caption=f"Mean of the largest JSD over the {plural(count, 'instance')} that have an "
        "attention under every constraint, so that the bars can be compared; dotted line: ln 2, "
        "the largest possible value.",
    )
