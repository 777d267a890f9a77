"""The figure of a pre-training: its course beside n-grams."""

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from attnjax.report.style import COLOURS, MUTED, Drawing, draw, new_figure, tidy

MOST_SHOWN = 1e5
"""Perplexity above which the first steps of a training are cut off."""


def curve_drawing(language_model: Mapping[str, Any]) -> Drawing:
    """Draw perplexity over the tokens seen: the model's, a trigram's and a unigram's.

    Args:
        language_model: of `results.json`.
    """
    figure = new_figure(4.2)
    axes = figure.subplots()
    yardsticks, curve = language_model["yardsticks"], language_model["curve"]
    held_out = [one for one in curve["held_out"] if one.get("perplexity")]
    training = [(one["tokens"], math.exp(min(one["loss"], 700))) for one in curve["training"]]
    shown = [(tokens, value) for tokens, value in training if value < MOST_SHOWN]
    if shown:
        axes.plot(
            *zip(*shown, strict=True), color=COLOURS[4], linewidth=0.9, label="model, training text"
        )
    if held_out:
        axes.plot(
            [one["tokens"] for one in held_out],
            [one["perplexity"] for one in held_out],
            color=COLOURS[0],
            marker="o",
            markersize=3.5,
            linewidth=1.6,
            label="model, held-out documents",
        )
    _trigram(axes, yardsticks["trigram_curve"], last=max([1, *(one["tokens"] for one in held_out)]))
    unigram = yardsticks["unigram"]["perplexity"]
    axes.axhline(unigram, color=MUTED, linestyle=(0, (1, 1.5)), linewidth=1.4, label="unigram")
    _scales(axes)
    axes.set_xlabel("tokens that the model was trained on, or the trigram counted on")
    axes.set_ylabel("perplexity")
    axes.legend(loc="upper right", fontsize=9)
    tidy(axes, grid="both")
    trigram = yardsticks["trigram"]["perplexity"]
    end = language_model["perplexity"]
    return draw(
        figure,
        name="language_model_curve",
        title="Perplexity over the course of training",
        description=f"The model ends at a perplexity of {end:.2f} on the held-out documents; the "
        f"trigram reaches {trigram:.2f}, the unigram {unigram:.2f}.",
        caption="Perplexity over the course of training, beside n-grams over the same pieces.",
    )


def _trigram(axes: Axes, points: list[dict[str, Any]], *, last: int) -> None:
    """Draw the trigram where it was counted, and on to the model's end from there."""
    xs, ys = ([point[name] for point in points] for name in ("tokens", "perplexity"))
    style: dict[str, Any] = {"color": COLOURS[3], "linestyle": "--", "linewidth": 1.4}
    axes.plot([*xs, max(last, xs[-1])], [*ys, ys[-1]], label="trigram", **style)
    axes.plot(xs, ys, color=COLOURS[3], linestyle="", marker="s", markersize=4)


def _scales(axes: Axes) -> None:
    """Write numbers out: powers would need formulas, which the page's font does not have."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
