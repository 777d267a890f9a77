"""The figure of the trained adversaries: what distance of attention costs in the output."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from attnjax.report.comparisons import plain
from attnjax.report.figures_change import LARGEST_JSD
from attnjax.report.numbers import fine
from attnjax.report.style import COLOURS, INK, MUTED, NARROW, Drawing, draw, new_figure, tidy
from attnjax.report.sweeps import ALIKE, Point, Sweep

REFERENCES: Mapping[str, tuple[str, str, int]] = {
    "seeds": ("other seeds, mean", "^", 2),
    "search": ("search, text by text", "P", 1),
    "exact": ("strongest, text by text", "X", 5),
}
"""What lies on the axes beside the sweep: name, marker and colour."""


def lambda_curve(sweep: Sweep, seeds: Sequence[Point]) -> Drawing:
    """Draw mean JSD against mean TVD from the base for every lambda, with references.

    Args:
        sweep: of the run.
        seeds: each seed by itself; none where they were not trained.
    """
    figure = new_figure(4.5, NARROW)
    axes = figure.subplots()
    known = [
        (weight, one.tvd.value, one.jsd.value)
        for weight, one in zip(sweep.lambdas, sweep.points, strict=True)
        if one.tvd.value is not None and one.jsd.value is not None
    ]
    widest = _limits(axes, sweep, seeds)
    axes.axvspan(0, min(ALIKE, widest), color="#F1F1F1", zorder=0)
    axes.axhline(LARGEST_JSD, color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)))
    axes.plot(
        [tvd for _, tvd, _ in known], [jsd for *_, jsd in known], "o-", color=COLOURS[0],
        linewidth=1.4, markersize=5, label="trained adversaries, by λ",
    )  # fmt: skip
    _chosen(axes, sweep)
    for one in seeds:
        axes.plot(*_xy(one), "^", color=COLOURS[2], markersize=4, alpha=0.6)
    for name, (label, marker, colour) in REFERENCES.items():
        if name in sweep.others and sweep.others[name].known:
            axes.plot(
                *_xy(sweep.others[name]), marker, color=COLOURS[colour], linestyle="none",
                markeredgecolor=INK, markersize=9, label=label, zorder=4,
            )  # fmt: skip
    _label_lambdas(axes, known, widest, sweep)
    axes.set_xlabel("mean output change from the base (TVD)")
    axes.set_ylabel("mean JSD from the base's attention (nats)")
    tidy(axes, grid="both")
    figure.legend(loc="outside upper left", ncols=2, fontsize=9)
    return draw(
        figure,
        name="trained_adversary",
        title="Trained adversaries: distance of attention against change of output",
        description=_words(sweep, known),
        caption="Up: attention farther from the base's; right: output farther. Grey: mean output "
        f"change below {ALIKE:g}, where a model predicts nearly as the base does; dotted: ln 2, "
        "the largest JSD. Adversaries of single texts change the base's own weights "
        "and are no trained models.",
    )


def _xy(point: Point) -> tuple[list[float], list[float]]:
    """Return a point as `plot` takes it: no place where it has no numbers."""
    tvd, jsd = point.tvd.value, point.jsd.value
    return ([], []) if tvd is None or jsd is None else ([tvd], [jsd])


def _limits(axes: Axes, sweep: Sweep, seeds: Sequence[Point]) -> float:
    """Set both axes so that everything is on them; return the largest TVD shown."""
    places = [*sweep.points, *sweep.others.values(), *seeds]
    largest = max((one.tvd.value for one in places if one.tvd.value is not None), default=0.0)
    widest = max(1.18 * largest, 1.2 * ALIKE)
    axes.set_xlim(-0.02 * widest, widest)
    axes.set_ylim(-0.02, 0.74)
    return widest


def _chosen(axes: Axes, sweep: Sweep) -> None:
    if sweep.chosen is None:
        return
    axes.plot(
        *_xy(sweep.points[sweep.chosen]), "o", markersize=12, markerfacecolor="none",
        markeredgecolor=INK, markeredgewidth=1.4, label="the λ of the findings",
    )  # fmt: skip


def _label_lambdas(
    axes: Axes, known: Sequence[tuple[float, float, float]], widest: float, sweep: Sweep
) -> None:
    """Write the lambdas whose labels have room, the chosen one and both ends first."""
    chosen = None if sweep.chosen is None else sweep.lambdas[sweep.chosen]
    order = [one for one in known if one[0] == chosen] + [*known[-1:], *known[:1], *known[1:-1]]
    written: list[tuple[float, float]] = []
    for weight, tvd, jsd in order:
        # In shares of the axes: a label takes about a quarter of the width, a line of text
        # a twentieth of the height.
        place = (tvd / widest, jsd / 0.74)
        if any(abs(place[0] - x) < 0.25 and abs(place[1] - y) < 0.055 for x, y in written):
            continue
        written.append(place)
        left = place[0] > 0.75
        axes.annotate(
            plain(weight), (tvd, jsd), (-9 if left else 9, -4), textcoords="offset points",
            ha="right" if left else "left", fontsize=8.5,
        )  # fmt: skip


def _words(sweep: Sweep, known: Sequence[tuple[float, float, float]]) -> str:
    points = "; ".join(
        f"λ {plain(weight)}: TVD {fine(tvd, 3)}, JSD {fine(jsd)}" for weight, tvd, jsd in known
    )
    others = "; ".join(
        f"{REFERENCES[name][0]}: TVD {fine(one.tvd.value, 3)}, JSD {fine(one.jsd.value)}"
        for name, one in sweep.others.items()
        if one.known
    )
    return f"{points}." + (f" {others}." if others else "")
