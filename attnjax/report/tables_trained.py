"""The tables of the trained adversaries, with what each row means."""

from collections.abc import Mapping
from typing import Any

from attnjax.report.comparisons import plain, row_words
from attnjax.report.findings_change import HALF_JSD
from attnjax.report.findings_exact import CLOSE
from attnjax.report.findings_mass import Hidden, mass_row_words
from attnjax.report.findings_trained import SAME_NORM
from attnjax.report.numbers import MISSING, estimated, fine, number
from attnjax.report.sweeps import ALIKE, Norms, Point, Sweep, norm_ratios
from attnjax.report.tables import Table


def lambda_table(sweep: Sweep, entries: list[Mapping[str, Any]], note: str) -> Table:
    """Return where every lambda ended, and below them what else lies on the axes."""
    rows, words = [], []
    for index, (one, point) in enumerate(zip(entries, sweep.points, strict=True)):
        rows.append(
            (
                f"λ = {plain(sweep.lambdas[index])}",
                estimated(point.jsd, 3),
                estimated(point.tvd, 3),
                number(one.get("f1"), 3),
                number(one.get("auc"), 3),
                _epochs(one),
            )
        )
        words.append(lambda_row_words(point, spoken=index == sweep.chosen))
    for name, point in sweep.others.items():
        label, meaning = _OTHERS[name]
        cells = (fine(point.jsd.value, 3), fine(point.tvd.value, 3))
        rows.append((label, *cells, MISSING, MISSING, MISSING))
        words.append(meaning)
    note = " ".join(filter(None, (_READING, note)))
    columns = ("", "mean JSD", "mean TVD", "F1", "AUC", "epoch")
    return Table("Trained adversaries by λ", columns, tuple(rows), note, tuple(words))


_READING = (
    f"A mean TVD below {ALIKE:g} is called low, a mean JSD of at least {number(HALF_JSD)} (half of "
    f"the largest possible) high and one below {CLOSE:g} low. Epoch: the best "
    "one, of those trained."
)


def _epochs(one: Mapping[str, Any]) -> str:
    best, run = one.get("best_epoch"), one.get("epochs_run")
    if best is None or run is None:
        return MISSING
    return f"{int(best) + 1}/{int(run)}"


def lambda_row_words(point: Point, *, spoken: bool) -> str:
    """Return the sentence for a lambda's row.

    Example:
        >>> from attnjax.report.numbers import Estimate
        >>> lambda_row_words(Point(Estimate(0.5), Estimate(0.01)), spoken=False)[-53:]
        ': another attention with nearly the same predictions.'
    """
    if not point.known:
        return "No numbers."
    jsd = point.jsd.value or 0.0
    if not point.alike:
        words = "High TVD: it does not predict as the base does, whatever its attention"
    elif jsd >= HALF_JSD:
        words = "High JSD at a low TVD: another attention with nearly the same predictions"
    elif jsd < CLOSE:
        words = "Low JSD at a low TVD: nearly a copy of the base, attention included"
    else:
        words = "Middling JSD at a low TVD: nearly the same predictions, a somewhat other attention"
    return words + (". The findings below speak of this one." if spoken else ".")


_OTHERS: Mapping[str, tuple[str, str]] = {
    "seeds": (
        "other seeds",
        row_words(
            "chance in training moves attention as far as an adversary",
            "an adversary beyond it is no accident",
            "the yardstick, a mean over the seeds.",
        ),
    ),
    "search": (
        "search, text by text",
        row_words(
            "other weights fit the base's own states, one text at a time",
            "the search found none that do",
            "no trained model, and a lower bound.",
        ),
    ),
    "exact": (
        "strongest, text by text",
        row_words(
            "other weights fit the base's own states, one text at a time",
            "none do",
            "no trained model, and the largest possible.",
        ),
    ),
}


def norms_table(base: Norms, adversary: Norms, note: str) -> Table:
    """Return how large states and the layer that reads them are in both models."""
    names = (
        "mean length of a state",
        "length of the layer that reads the average",
        "what a token adds at a weight of 1",
    )
    every = zip(names, base, adversary, norm_ratios(base, adversary), strict=True)
    rows = [row for row in every if row[1] is not None and row[2] is not None]
    return Table(
        "Sizes of what attention weighs",
        ("", "base", "adversary", "ratio"),
        tuple((name, *(fine(one) for one in values)) for name, *values in rows),
        note,
        tuple(norm_words(ratio) for *_, ratio in rows),
    )


def norm_words(ratio: float | None) -> str:
    """Return the sentence for a row of the table of norms.

    Example:
        >>> norm_words(2.0)[-43:]
        'Here: larger than in the base (2.00 times).'
    """
    if ratio is None:
        here = "not computed."
    elif abs(ratio - 1) < SAME_NORM:
        here = f"about as in the base ({number(ratio, 2)} times)."
    else:
        word = "larger" if ratio > 1 else "smaller"
        here = f"{word} than in the base ({number(ratio, 2)} times)."
    return row_words(
        "a ratio above 1 can make up for smaller weights",
        "one below 1 makes them count even less",
        here,
    )


def mass_table(base: Hidden, models: list[Hidden], target: float, note: str) -> Table:
    """Return mass and scores of the base and of every penalty."""
    rows = [
        (
            "base" if one.weight is None else f"penalty {plain(one.weight)}",
            fine(one.mass, 3),
            number(one.f1, 3),
            number(one.auc, 3),
        )
        for one in (base, *models)
    ]
    return Table(
        "Attention on the marked tokens",
        ("", "mean mass", "F1", "AUC"),
        tuple(rows),
        note,
        tuple(mass_row_words(base, one, target) for one in (base, *models)),
    )
