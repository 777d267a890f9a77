"""What a data set is before it is a corpus: where its files are, and how they are read."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.config import DataConfig
from attnjax.data.labelled import Record


class Reading(NamedTuple):
    """What a reader found in the files.

    Attributes:
        records: by split, in the order of the files; a split that the files lack is absent
            and is cut from train later. What is too much to hold may be read when asked for.
        dropped: why texts were left out, and how many.
        notes: what a reader of results must know of these texts, as sentences: such as that
            the training texts are a part of the official ones.
    """

    records: Mapping[str, Sequence[Record]]
    dropped: Counter[str]
    notes: tuple[str, ...] = ()


class Source(NamedTuple):
    """Files with texts, and how they are read.

    Attributes:
        title: of the data set, for messages.
        parts: each part's file name, or several that are tried in this order (an archive that
            holds several parts stands with each); each may also end in `.gz`, or be a folder.
        read: the files by part to their texts.
        folder: a subfolder of `config.data.dir` where the files may lie too.
        addresses: where each part is downloaded from; empty where it may not or cannot be.
        instructions: how a user comes by files that have no address.
        optional: parts that may be missing.
    """

    title: str
    parts: Mapping[str, tuple[str, ...]]
    read: Callable[[Mapping[str, Path]], Reading]
    folder: str
    addresses: Mapping[str, str] = {}
    instructions: str = ""
    optional: tuple[str, ...] = ()


def keep_all(reading: Reading, config: DataConfig) -> Reading:
    """Return all texts: the `choose` of a task without a filter."""
    del config
    return reading


class Task(NamedTuple):
    """Which texts of a source make up the data set that `config.data.name` names.

    Attributes:
        source: where the texts are from.
        class_names: the classes in order; empty where they are read off the labels.
        choose: the texts that are used, the rest counted by reason; it follows
            `config.filter` where the paper leaves texts out.
        whitespace: whether words are separated by spaces already (`config.data.tokenizer`
            "auto").
        published: the data set's name in published tables, where one exists.
        published_size: training texts behind the published figures, where another number is
            another data set; 0 where any part of the data stands beside them.
    """

    source: Source
    class_names: tuple[str, ...] = ()
    choose: Callable[[Reading, DataConfig], Reading] = keep_all
    whitespace: bool = False
    published: str | None = None
    published_size: int = 0
