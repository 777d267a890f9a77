"""The figures of the tests that change the attention: permutation and adversary."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Num
from matplotlib.axes import Axes

from attnjax.report.figures import Group
from attnjax.report.numbers import defined, fine, number, plural
from attnjax.report.style import (
    COLOURS,
    HATCHES,
    INK,
    MUTED,
    Drawing,
    draw,
    label,
    new_figure,
    tidy,
)

BINS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Edges of the maximum attention, as in J&W's figures."""

LARGEST_JSD = math.log(2)
"""No Jensen-Shannon divergence is larger, in nats."""

_FEWEST_FOR_DENSITY = 10
"""Fewer instances are drawn as points: a density of them would be an invention."""


def bin_of(max_attention: Num[np.ndarray, " N"]) -> Num[np.ndarray, " N"]:
    """Return the bin, from 0, of each maximum attention.

    Example:
        >>> import numpy as np
        >>> bin_of(np.array([0.1, 0.25, 1.0])).tolist()
        [0, 1, 3]
    """
    return np.clip(np.digitize(max_attention, BINS) - 1, 0, len(BINS) - 2)


def density(
    values: Float[np.ndarray, " N"], points: Float[np.ndarray, " M"]
) -> Float[np.ndarray, " M"]:
    """Return a Gaussian kernel density at some points, scaled to a maximum of 1.

    The bandwidth is Silverman's, from the smaller of standard deviation and quartile range.

    Source: Silverman (1986), Density estimation, equation 3.31.

    Example:
        >>> import numpy as np
        >>> density(np.array([0.0, 1.0, 2.0]), np.array([1.0])).tolist()
        [1.0]
    """
    q25, q75 = np.percentile(values, [25, 75])
    spread = min(values.std(), (q75 - q25) / 1.34) or values.std()
    # At least half a hundredth: a narrower kernel than a line's width cannot be seen.
    width = max(0.9 * spread * len(values) ** -0.2, 0.005)
    counts, edges = np.histogram(values, bins=400, range=(values.min() - 1e-9, values.max() + 1e-9))
    centres = (edges[1:] + edges[:-1]) / 2
    kernel = np.exp(-0.5 * ((points[:, None] - centres[None]) / width) ** 2)
    height = kernel @ counts
    return height / height.max()


def violins(
    values: Num[np.ndarray, " N"],
    max_attention: Num[np.ndarray, " N"],
    parts: Sequence[Group],
    *,
    name: str,
    title: str,
    axis_label: str,
    limit: float,
    caption: str,
    mark: float | None = None,
) -> Drawing:
    """Draw the distribution of a value per quarter of the maximum attention, by class.

    Args:
        values: per instance, NaN where not measured.
        max_attention: the largest weight of each instance's attention.
        parts: the classes.
        name: of the file.
        title: of the figure.
        axis_label: what the values are, with unit.
        limit: right end of the axis; the left one is 0.
        caption: what stands below the figure.
        mark: a value to mark by a dotted line, or None.
    """
    figure = new_figure(1.15 + max(0.95, 0.42 * len(parts)) * (len(BINS) - 1))
    axes = figure.subplots()
    quarter = bin_of(max_attention)
    height = 0.86 / len(parts)
    words = []
    for index in range(len(BINS) - 1):
        for order, part in enumerate(parts):
            inside = defined(values[part.members & (quarter == index)])
            middle = index + 0.43 - height * (order + 0.5)
            violin(axes, inside, middle, height, part.style)
            axes.text(
                limit * 1.01, middle, f"n = {len(inside):,}", va="center", fontsize=9, color=INK
            )
            if len(inside):
                words.append(
                    f"maximum attention {BINS[index]:g} to {BINS[index + 1]:g}, {part.name}: "
                    f"median {fine(float(np.median(inside)))} ({plural(len(inside), 'instance')})"
                )
    if mark is not None:
        axes.axvline(mark, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.set_xlim(0, limit)
    axes.set_ylim(-0.5, len(BINS) - 1.5)
    last = len(BINS) - 2
    axes.set_yticks(
        range(last + 1),
        [f"[{BINS[i]:.2f}, {BINS[i + 1]:.2f}{']' if i == last else ')'}" for i in range(last + 1)],
    )
    for edge in range(last):
        axes.axhline(edge + 0.5, color="#E6E6E6", linewidth=0.8)
    axes.set_xlabel(axis_label)
    axes.set_ylabel("maximum attention")
    tidy(axes)
    if len(parts) > 1:
        handles = [_patch(axes, part) for part in parts]
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return draw(
        figure,
        name=name,
        title=title,
        description="Violins by maximum attention and predicted class. " + "; ".join(words) + ".",
        caption=caption,
    )


def _patch(axes: Axes, part: Group):
    return axes.fill(
        [],
        [],
        color=COLOURS[part.style],
        hatch=HATCHES[part.style],
        edgecolor="white",
        label=f"predicted {label(part.name)}",
    )[0]


def violin(axes: Axes, values: np.ndarray, middle: float, height: float, style: int) -> None:
    """Draw one violin along the axis, or the values as points where they are few.

    Args:
        axes: to draw on.
        values: without NaN.
        middle: where it lies across.
        height: that it may take.
        style: index of its colour and hatch.
    """
    if not len(values):
        return
    if len(values) < _FEWEST_FOR_DENSITY:
        axes.plot(
            values, np.full(len(values), middle), "o", color=COLOURS[style], markersize=4,
            markeredgecolor=INK, markeredgewidth=0.4, clip_on=False,
        )  # fmt: skip
    else:
        points = np.linspace(values.min(), values.max(), 120)
        half = 0.46 * height * density(values, points)
        axes.fill_between(
            points, middle - half, middle + half, facecolor=COLOURS[style], linewidth=0.8,
            hatch=HATCHES[style], edgecolor="white",
        )  # fmt: skip
        axes.plot(points, middle + half, color=COLOURS[style], linewidth=0.8)
        axes.plot(points, middle - half, color=COLOURS[style], linewidth=0.8)
    median = float(np.median(values))
    axes.plot(
        median, middle, "o", color="white", markeredgecolor=INK, markersize=5.5, clip_on=False,
        zorder=5,
    )  # fmt: skip


def jsd_histogram(jsd: Num[np.ndarray, " N"]) -> Drawing:
    """Draw the distribution of the largest divergence found, from 0 to ln 2."""
    values = defined(jsd)
    figure = new_figure(2.7)
    axes = figure.subplots()
    axes.hist(
        np.clip(values, 0, LARGEST_JSD),
        bins=np.linspace(0, LARGEST_JSD, 36).tolist(),
        color=COLOURS[0],
        edgecolor="white",
        linewidth=0.5,
    )
    axes.set_xlim(0, 0.74)
    axes.yaxis.get_major_locator().set_params(integer=True)  # pyright: ignore
    axes.axvline(LARGEST_JSD, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.text(
        LARGEST_JSD + 0.006,
        0.98,
        "ln 2",
        transform=axes.get_xaxis_transform(),
        va="top",
        fontsize=9,
    )
    tidy(axes, grid="y")
    axes.set_title(f"n = {len(values):,}")
    axes.set_xlabel("largest Jensen-Shannon divergence found for an instance (nats)")
    axes.set_ylabel("instances")
    mean, median = float(values.mean()), float(np.median(values))
    axes.axvline(mean, color=INK, linewidth=1.6, label=f"mean {number(mean)}")
    axes.axvline(
        median, color=INK, linewidth=1.4, linestyle=(0, (3, 2)), label=f"median {number(median)}"
    )
    figure.legend(loc="outside upper right", ncols=2)
    return draw(
        figure,
        name="adversary_jsd",
        title="Largest divergence of an adversarial attention",
        description=f"Histogram over {plural(len(values), 'instance')}: mean {number(mean)}, "
        f"median {number(median)} nats; the largest possible value is 0.69.",
        caption="How far from its own attention an instance's adversary lies. 0: the model's own "
        "attention; ln 2 = 0.69 (dotted): no token in common. Solid: mean; dashed: median.",
    )
