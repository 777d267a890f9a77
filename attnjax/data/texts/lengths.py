"""The lengths between which the papers' code keeps texts."""

from collections import Counter
from collections.abc import Callable

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.text import split_spaces
from attnjax.data.texts.source import Reading


def between(shortest: int | None, longest: int) -> Callable[[Reading, DataConfig], Reading]:
    r"""Return the `choose` of a task whose texts have \\( a < n < b \\) words.

    With `config.filter` "paper" alone; both ends are left out, as in the released code. It
    counts the words that its own tokenizer finds, we count those that ours does.

    Args:
        shortest: a, or None for the words of the shortest text of the split.
        longest: b, the same.

    Source: Jain & Wallace (2019), the released code's data sets.

    Example:
        >>> texts = [Record("a " * count, "0", "") for count in (5, 6, 100)]
        >>> reading = Reading({"train": texts}, Counter())
        >>> between(5, 100)(reading, DataConfig(filter="paper")).dropped
        Counter({'5 tokens or fewer': 1, '100 tokens or more': 1})
    """

    def choose(reading: Reading, config: DataConfig) -> Reading:
        if config.filter != "paper":
            return reading
        dropped = Counter(reading.dropped)
        records = {
            split: _within(texts, shortest, longest, dropped)
            for split, texts in reading.records.items()
        }
        return reading._replace(records=records, dropped=dropped)

    return choose


def _within(
    texts: list[Record], shortest: int | None, longest: int, dropped: Counter[str]
) -> list[Record]:
    """Return the texts of a split that are longer and shorter than the ends, and count others."""
    counts = [len(split_spaces(record.text)) for record in texts]
    least = min(counts, default=0) if shortest is None else shortest
    short = f"{shortest} tokens or fewer"
    if shortest is None:
        short = "as short as the shortest of its split"
    kept = []
    for record, count in zip(texts, counts, strict=True):
        if count <= least:
            dropped[short] += 1
        elif count >= longest:
            dropped[f"{longest} tokens or more"] += 1
        else:
            kept.append(record)
    return kept
