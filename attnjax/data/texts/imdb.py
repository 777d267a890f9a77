"""The Large Movie Review Dataset, and what of it the paper used."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.reading import decoded_lines, raise_some
from attnjax.data.tables import read_table
from attnjax.data.text import split_words
from attnjax.data.texts.archives import is_archive, no_member, read_members
from attnjax.data.texts.lengths import keep_lengths
from attnjax.data.texts.rows import text_and_label
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

FOLDERS = {"neg": "negative", "pos": "positive"}
NUMBERS = {"0": "negative", "1": "positive"}

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)

LONG = 400
"""Words from which on the paper leaves a review out."""

SHARE = 0.2
"""Of the test reviews that the paper used."""


def read_imdb(files: Mapping[str, Path]) -> Reading:
    """Return film reviews, 25,000 to train and 25,000 to test, without their line breaks.

    Args:
        files: `train` and `test`: JSON lines with `id` (`neg/0_3`), `label` (0 or 1) and
            `text`; or for both the official archive. Its unlabelled reviews are not read.

    Raises:
        DataError: naming file and line.

    Source: Maas et al. (2011).

    Example: `python train.py --config=configs/imdb.py`.
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    for split in ("train", "test"):
        path = files[split]
        reviews = _archived(path, split) if is_archive(path) else _table(path, split)
        records[split] = []
        for review in sorted(reviews, key=lambda review: review.origin):
            text = _BREAK.sub(" ", review.text).strip()
            if text:
                records[split].append(review._replace(text=text))
            else:
                dropped["an empty text"] += 1
    return Reading(records, dropped)


def _table(path: Path, split: str) -> Iterator[Record]:
    errors: list[UserError] = []
    for row in read_table(path).rows:
        found = text_and_label(row, path, tuple(NUMBERS), errors)
        if found is not None:
            text, number = found
            yield Record(text, NUMBERS[number], f"{split}/{row.values.get('id', row.line)}")
    raise_some(errors)


def _archived(path: Path, split: str) -> Iterator[Record]:
    folders = tuple(f"aclImdb/{split}/{name}/" for name in FOLDERS)
    found = False
    for name, content in read_members(path, lambda name: name.startswith(folders)):
        found = True
        _, _, folder, file = name.split("/", maxsplit=3)
        text = "\n".join(decoded_lines(content.splitlines(), f"{path}, member {name}"))
        yield Record(text, FOLDERS[folder], f"{split}/{folder}/{file.removesuffix('.txt')}")
    if not found:
        raise no_member(path, folders[0])


def count_words(text: str) -> int:
    """Return the words and numbers of a text; punctuation is not counted.

    Args:
        text: running text.

    Example:
        >>> count_words("Well-made, isn't it? 10/10!")
        5
    """
    return sum(any(letter.isalnum() for letter in word) for word in split_words(text))


def choose_imdb(reading: Reading, config: DataConfig) -> Reading:
    """Return the reviews that the paper used, or all.

    The filter `paper` keeps reviews of more than 6 and fewer than 400 words, and of the test
    reviews a fifth, drawn by `config.split_seed`. Words are counted without punctuation, which
    the paper's copy of the reviews had not. The paper's own draw cannot be repeated: its
    copy was in another order.

    Args:
        reading: both splits.
        config: `filter` and `split_seed` are read.

    Source: the release of Jain & Wallace (2019).
    """
    if config.filter != "paper":
        return reading
    dropped = Counter(reading.dropped)
    records = {
        split: keep_lengths(reviews, count=count_words, above=6, below=LONG, dropped=dropped)
        for split, reviews in reading.records.items()
    }
    test = records["test"]
    order = np.random.default_rng(config.split_seed).permutation(len(test))
    chosen = sorted(order[: round(SHARE * len(test))].tolist())
    dropped["test reviews that were not drawn"] += len(test) - len(chosen)
    records["test"] = [test[position] for position in chosen]
    return reading._replace(records=records, dropped=dropped)


IMDB = Source(
    title="Large Movie Review Dataset (IMDB)",
    parts={
        "train": ("train.jsonl", "aclImdb_v1.tar.gz"),
        "test": ("test.jsonl", "aclImdb_v1.tar.gz"),
    },
    read=read_imdb,
    folder="imdb",
    addresses=dict.fromkeys(
        ("train", "test"), "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
    ),
)
