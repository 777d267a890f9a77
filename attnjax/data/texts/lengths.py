"""The filter by length of the papers: strict at both ends."""

from collections import Counter
from collections.abc import Callable, Iterable

from attnjax.data.labelled import Record


def keep_lengths(
    records: Iterable[Record],
    *,
    count: Callable[[str], int],
    above: int | None,
    below: int | None,
    dropped: Counter[str],
) -> list[Record]:
    r"""Return the texts of one split with \\( above < n < below \\) tokens.

    Args:
        records: of one split.
        count: a text to its tokens' number.
        above: tokens that a text must have more of; None: than the shortest of the split.
        below: tokens that it must have fewer of; None: than the longest of the split.
        dropped: counts by reason, added to.

    Source: the release of Jain & Wallace (2019), which filters each split by itself.

    Example:
        >>> texts = [Record("a " * n, "x", "") for n in (1, 2, 3, 4)]
        >>> dropped = Counter()
        >>> len(keep_lengths(texts, count=lambda text: len(text.split()), above=1, below=None,
        ...     dropped=dropped))
        2
        >>> sorted(dropped)
        ['1 tokens or fewer', 'as long as the longest of its split']
    """
    records = list(records)
    counts = [count(record.text) for record in records]
    shortest = min(counts, default=0) if above is None else above
    longest = max(counts, default=0) if below is None else below
    few = "as short as the shortest of its split" if above is None else f"{above} tokens or fewer"
    many = "as long as the longest of its split" if below is None else f"{below} tokens or more"
    kept = []
    for record, number in zip(records, counts, strict=True):
        if number <= shortest:
            dropped[few] += 1
        elif number >= longest:
            dropped[many] += 1
        else:
            kept.append(record)
    return kept
