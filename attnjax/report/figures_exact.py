"""The figure of the strongest adversary as a function of what it may change."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from attnjax.report.figures_change import LARGEST_JSD
from attnjax.report.numbers import fine, number
from attnjax.report.style import COLOURS, INK, MUTED, Drawing, draw, new_figure, tidy

_BANDS = (("q05", "q95", 0.16, "5th to 95th percentile"), ("q25", "q75", 0.34, "middle half"))
_TICKS = (0.0001, 0.001, 0.01, 0.1, 1.0)


class SearchMark(NamedTuple):
    """What a search found, as a point beside the curve.

    Attributes:
        limit: output change up to which it accepts.
        mean: of the largest JSD found, nats.
    """

    limit: float
    mean: float


def exact_curve(
    curve: Sequence[Mapping[str, Any]], *, epsilon: float, search: SearchMark | None
) -> Drawing:
    """Draw the largest JSD against the output change allowed, over the instances.

    Args:
        curve: of `results.json`, epsilons rising.
        epsilon: of the run, marked.
        search: the search's mean, or None where it was not run.
    """
    figure = new_figure(3.5)
    axes = figure.subplots()
    epsilons = [float(point["epsilon"]) for point in curve]
    for low, high, strength, name in _BANDS:
        _band(axes, epsilons, *([point[key] for point in curve] for key in (low, high)),
              strength=strength, name=name)  # fmt: skip
    axes.plot(
        epsilons, [point["median"] for point in curve], color=INK, linewidth=1.4,
        linestyle=(0, (3, 2)), label="median",
    )  # fmt: skip
    axes.plot(
        epsilons, [point["mean"] for point in curve], "o-", color=COLOURS[0], linewidth=1.8,
        markersize=4, label="mean",
    )  # fmt: skip
    if search is not None:
        axes.plot(
            search.limit, search.mean, "D", color=COLOURS[3], markeredgecolor=INK, markersize=7,
            linestyle="none", label="mean of the search", zorder=5,
        )  # fmt: skip
    _axes(axes, epsilons, epsilon)
    figure.legend(loc="outside upper left", ncols=3)
    words = "; ".join(
        f"epsilon {point['epsilon']:g}: mean {fine(point['mean'])}, "
        f"{number(point['q05'])} to {number(point['q95'])}"
        for point in curve
    )
    beside = f" The search: mean {number(search.mean)} at {search.limit:g}." if search else ""
    marked = " Diamond: mean of what the search found, at its own limit." if search else ""
    return draw(
        figure,
        name="exact_curve",
        title="Largest divergence against the output change allowed",
        description=f"Mean, median and percentiles over instances. {words}.{beside}",
        caption="Largest JSD of any attention whose output differs by at most ε, over the "
        f"instances. Vertical line: ε = {epsilon:g}, the limit of this run; dotted: ln 2, the "
        f"largest possible value.{marked}",
    )


def _band(
    axes: Axes, epsilons: list[float], low: list[float], high: list[float], *, strength: float,
    name: str,
) -> None:  # fmt: skip
    """Fill between two quantiles; a single epsilon gets a bar."""
    if len(epsilons) > 1:
        axes.fill_between(
            epsilons, low, high, color=COLOURS[0], alpha=strength, linewidth=0, label=name
        )
    else:
        axes.plot(
            epsilons * 2, [*low, *high], color=COLOURS[0], alpha=strength, linewidth=9, label=name,
            solid_capstyle="butt",
        )  # fmt: skip


def _axes(axes: Axes, epsilons: list[float], epsilon: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(epsilons[0] / 1.25, epsilons[-1] * 1.25)
    inside = [one for one in _TICKS if epsilons[0] / 1.25 <= one <= epsilons[-1] * 1.25]
    ticks = sorted({epsilons[0], epsilon, epsilons[-1], *inside})
    axes.set_xticks(_apart(ticks, epsilon), minor=False)
    axes.set_xticklabels([f"{one:g}" for one in _apart(ticks, epsilon)])
    axes.minorticks_off()
    axes.set_ylim(0, 0.74)
    axes.axhline(LARGEST_JSD, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.axvline(epsilon, color=MUTED, linewidth=1)
    axes.set_xlabel("ε: output change allowed (total variation distance, logarithmic axis)")
    axes.set_ylabel("largest JSD (nats)")
    tidy(axes, grid="both")


def _apart(ticks: list[float], epsilon: float) -> list[float]:
    """Return the ticks whose labels do not touch; the run's own epsilon always has one."""
    kept = [epsilon]
    for one in ticks:
        if all(max(one, other) / min(one, other) >= 1.6 for other in kept):
            kept.append(one)
    return sorted(kept)
