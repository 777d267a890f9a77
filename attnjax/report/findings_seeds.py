"""What follows from training the same model with other seeds, and what does not."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attnjax.report.comparisons import row_words
from attnjax.report.findings import Findings
from attnjax.report.findings_change import HALF_JSD
from attnjax.report.findings_exact import CLOSE
from attnjax.report.numbers import Estimate, fine, number, percent, plural, with_interval

BEYOND = 0.95
"""An adversary that lies beyond this share of the seeds is called farther than seeds go."""

WITHIN = 0.5
"""One that lies beyond no more than this share is called no farther."""

ADVERSARIES = {
    "search": "the searched adversary",
    "exact": "the strongest adversary",
    "trained": "the trained adversary",
}
"""Whose JSD is read beside the seeds'."""


class SeedFacts(NamedTuple):
    """What the rows of the seeds say beside their summary.

    Attributes:
        seeds: models trained beside the base.
        close: share of the pairs of text and seed with a JSD below `CLOSE`.
        large: share with a JSD of at least `HALF_JSD`.
        median: of the JSDs.
        epsilon: output change that an adversary of this run may cause, or None.
    """

    seeds: int
    close: float
    large: float
    median: float
    epsilon: float | None


def seeds_findings(
    jsd: Estimate,
    change: Estimate,
    facts: SeedFacts,
    quantiles: Mapping[str, float | None],
) -> Findings:
    """Say how far training again moves the attention, and how adversaries compare.

    Args:
        jsd: mean of the JSD between the base's attention and a seed's, nats.
        change: mean of the output change, TVD.
        facts: from the rows.
        quantiles: of an adversary of `ADVERSARIES`, the mean over texts of the share of the
            text's seeds whose JSD is smaller.

    Source: Wiegreffe & Pinter (2019), section 3.3.
    """
    if jsd.value is None:
        return Findings(("No text has a seed to compare with.",))
    pairs = "pairs of text and seed" if facts.seeds > 1 else "texts"
    follows = [
        "With another seed and nothing else changed, the attention of a text moves by a JSD of "
        f"{with_interval(jsd)} nats on average, by {fine(facts.median)} or less in half of the "
        f"{pairs}; in {percent(facts.close)} of them by less than {CLOSE:g}, in "
        f"{percent(facts.large)} by at least {number(HALF_JSD)} (half of the largest possible).",
        _change_sentence(change, facts.epsilon),
        *(
            quantile_sentence(ADVERSARIES[name], share)
            for name, share in quantiles.items()
            if share is not None
        ),
    ]
    return Findings(tuple(one for one in follows if one), _caveats(facts, quantiles))


def _change_sentence(change: Estimate, epsilon: float | None) -> str:
    if change.value is None:
        return ""
    words = f"The output of a text changes by {with_interval(change)} on average"
    if epsilon is not None and change.value > epsilon:
        return (
            f"{words}: more than the {epsilon:g} that an adversary may change it by, so a seed's "
            "attention is no adversary's; its JSD is only the yardstick."
        )
    return f"{words}."


def quantile_sentence(adversary: str, share: float) -> str:
    """Say whether an adversary goes farther than training again does.

    Example:
        >>> quantile_sentence("the searched adversary", 0.97)[-52:]
        'farther than chance in training alone would take it.'
    """
    words = (
        f"On average over the texts {adversary} lies farther from the base's attention than "
        f"{percent(share)} of the seeds"
    )
    if share >= BEYOND:
        return f"{words}: farther than chance in training alone would take it."
    if share <= WITHIN:
        return (
            f"{words}: no farther than training again does by itself, so that its distance is no "
            "evidence of an alternative."
        )
    return f"{words}: farther than most of them, but training again goes as far in the others."


def _caveats(facts: SeedFacts, quantiles: Mapping[str, float | None]) -> tuple[str, ...]:
    does_not = [
        "That another seed finds nearly the same weights does not make them faithful: it shows "
        "that training leads there, not why the model predicts what it does.",
        "That another seed finds other weights does not make either of them meaningless: several "
        "may serve the task equally well, and each model may use its own.",
    ]
    if facts.seeds > 1 and any(share is not None for share in quantiles.values()):
        does_not.append(
            f"With {plural(facts.seeds, 'seed')} a text's share moves in steps of 1 in "
            f"{facts.seeds}: it orders an adversary among the seeds and is no p-value."
        )
    if facts.seeds <= 1:
        does_not.append(
            "One seed is one draw: how far seeds differ from each other cannot be seen from it."
        )
    return tuple(does_not)


def jsd_words(mean: float | None) -> str:
    """Say whether a mean JSD between seeds is small or large, and what that means.

    Example:
        >>> jsd_words(0.05)
        'Low: training finds nearly the same weights again'
    """
    if mean is None:
        return "No numbers"
    if mean < CLOSE:
        return "Low: training finds nearly the same weights again"
    if mean < HALF_JSD:
        return "Middling: training finds similar weights, not the same"
    return "High: training finds other weights"


def spread_words(jsd: Estimate, change: Estimate) -> tuple[str, ...]:
    """Return a sentence for each row of the table of JSD and output change."""
    found = jsd_words(jsd.value)
    return (
        row_words(
            "a seed alone decides where attention lies, so a distant adversary is no news",
            "training leads to these weights, so a distant adversary is something else",
            f"{found[0].lower()}{found[1:].replace(':', ',')}.",
        ),
        row_words(
            "a seed decides what many texts are called, whatever the attention",
            "all seeds predict nearly alike",
            f"an average change of {fine(change.value, 3)}.",
        ),
    )


def bin_words(one: Mapping[str, Any]) -> str:
    """Return the sentence for a row of the table by maximum attention.

    Example:
        >>> bin_words({"low": 0.75, "high": 1.0, "n": 9, "mean": 0.4})
        'High: training finds other weights where the base has one of 0.75 to 1.00.'
    """
    if not one["n"]:
        return "No text has such a largest weight."
    return (
        f"{jsd_words(one['mean'])} where the base has one of {one['low']:.2f} to {one['high']:.2f}."
    )


def quantile_row_words(share: float | None) -> str:
    """Return the sentence for a row of the table of adversaries among the seeds.

    Example:
        >>> quantile_row_words(0.3)
        'Low: training again gives attentions as distant.'
    """
    if share is None:
        return "Not computed."
    if share >= BEYOND:
        return "High: chance in training does not explain so distant an attention."
    if share <= WITHIN:
        return "Low: training again gives attentions as distant."
    return "Middling: farther than most seeds, but in many texts a seed goes as far."


def seed_row_words(jsds: Sequence[float | None], index: int) -> str:
    """Say what one seed's JSD means, and where it stands among all seeds'.

    Example:
        >>> seed_row_words([0.05, 0.3, None], 0)
        'Low: training finds nearly the same weights again; the nearest to the base.'
    """
    own = jsds[index]
    if own is None:
        return "No numbers."
    known = [one for one in jsds if one is not None]
    place = ""
    if min(known) < max(known) and own in (min(known), max(known)):
        place = f"; the {'nearest to' if own == min(known) else 'farthest from'} the base"
    return f"{jsd_words(own)}{place}."
