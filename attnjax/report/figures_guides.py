"""The figures of scores with intervals: guides, and learnt beside uniform attention."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from attnjax.report.comparisons import SCORE_NAMES, Scores, shown
from attnjax.report.numbers import Estimate
from attnjax.report.style import COLOURS, INK, MUTED, NARROW, Drawing, draw, new_figure, tidy


class ScoreRow(NamedTuple):
    """One model of the figure.

    Attributes:
        name: as on the axis.
        scores: means over its seeds, with intervals where there are some.
        per_seed: of each seed.
    """

    name: str
    scores: Scores
    per_seed: Sequence[Scores]


def guide_scores(rows: Sequence[ScoreRow]) -> Drawing:
    """Draw F1 and AUC of every guide with intervals, and of each of its seeds.

    Args:
        rows: the uniform guide first: the others are read against it.
    """
    figure = new_figure(1.1 + 2 * (0.45 + 0.34 * len(rows)), NARROW)
    panels = figure.subplots(2, 1)
    for axes, (key, name) in zip(panels, SCORE_NAMES.items(), strict=True):
        for place, row in enumerate(reversed(rows)):
            _row(axes, place, row, key)
        level = _of(rows[0].scores, key).value
        if level is not None:
            axes.axvline(level, color=MUTED, linewidth=1.2, linestyle=(0, (3, 2)), zorder=0.5)
        axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(name)
        axes.locator_params(axis="x", nbins=5)
        tidy(axes)
    words = "; ".join(
        f"{row.name}: F1 {shown(row.scores.f1)}, AUC {shown(row.scores.auc)}" for row in rows
    )
    return draw(
        figure,
        name="guide_scores",
        title="Scores of the model without context under each guide",
        description=f"Means with 95% intervals. {words}.",
        caption="Diamonds: means, with their 95% intervals as lines; dots: single seeds; dashed: "
        "the uniform guide. Intervals that overlap are no test: the differences in the table are "
        "paired.",
    )


def _of(scores: Scores, key: str) -> Estimate:
    return scores.f1 if key == "f1" else scores.auc


def _row(axes: Axes, place: int, row: ScoreRow, key: str) -> None:
    estimate = _of(row.scores, key)
    singles = [_of(one, key).value for one in row.per_seed]
    known = [one for one in singles if one is not None]
    axes.plot(
        known, [place - 0.24] * len(known), "o", color=COLOURS[0], markersize=3.5, alpha=0.7,
    )  # fmt: skip
    if estimate.value is None:
        return
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [place] * 2, color=INK, linewidth=2)
    axes.plot(
        estimate.value, place, "D", color=COLOURS[1], markeredgecolor=INK, markersize=6, zorder=4
    )
