"""The filter by length of the papers: strict at both ends."""

from collections import Counter
from collections.abc import Callable, Iterable

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.text import split_spaces
from attnjax.data.texts.source import Reading


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


def between(above: int | None, below: int | None) -> Callable[[Reading, DataConfig], Reading]:
    """Return the `choose` of a task whose filter `paper` is `keep_lengths` on separated words.

    Args:
        above: as `keep_lengths` takes it.
        below: the same.

    Example:
        >>> texts = [Record("a " * n, "x", "") for n in (5, 6, 100)]
        >>> reading = Reading({"train": texts}, Counter())
        >>> between(5, 100)(reading, DataConfig(filter="paper")).dropped
        Counter({'5 tokens or fewer': 1, '100 tokens or more': 1})
    """

    def choose(reading: Reading, config: DataConfig) -> Reading:
        if config.filter != "paper":
            return reading
        dropped = Counter(reading.dropped)
        records = {
            split: keep_lengths(texts, count=_words, above=above, below=below, dropped=dropped)
            for split, texts in reading.records.items()
        }
        return reading._replace(records=records, dropped=dropped)

    return choose


def _words(text: str) -> int:
    return len(split_spaces(text))
