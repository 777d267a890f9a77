"""20 Newsgroups, baseball against hockey: what people wrote, without what gives it away."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some
from attnjax.data.tables import read_table
from attnjax.data.text import configured_tokenizer
from attnjax.data.texts.archives import is_archive, no_member, read_members
from attnjax.data.texts.lengths import keep_lengths
from attnjax.data.texts.rows import text_and_label
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

CLASSES = ("rec.sport.baseball", "rec.sport.hockey")

_QUOTATION = re.compile(r"^[>|]|^(?:In article|Quoted from)|(?:writes|wrote|says|said):|writes in")

# A field's name is any letters but blanks and colons (RFC 5322); a longer one goes on, indented.
_HEADER = re.compile(r"[!-9;-~]+:(?:[ \t]|$)|[ \t]")

LEFT_EMPTY = "nothing left without header, signature and quotations"


def read_newsgroups(files: Mapping[str, Path]) -> Reading:
    """Return the messages of two groups in the official splits by date.

    Header, signature and quotations are removed: subject lines, organisations and the words of
    others name the group. Messages of which nothing is left are dropped.

    Args:
        files: `train` and `test`: JSON lines with `id`, `label` (the group) and `text` (the
            whole message); or for both the official archive, in Latin-1.

    Raises:
        DataError: naming file and line.

    Source: Jain & Wallace (2019), section 3.1; the parts removed are those of scikit-learn's
    `fetch_20newsgroups`, which they used.

    Example: `python train.py --config=configs/newsgroups.py`.
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    for split in ("train", "test"):
        path = files[split]
        messages = _archived(path, split) if is_archive(path) else _table(path, split)
        records[split] = []
        for message in sorted(messages, key=lambda message: message.origin):
            text = without_context(message.text)
            if text:
                records[split].append(message._replace(text=text))
            else:
                dropped[LEFT_EMPTY] += 1
    return Reading(records, dropped)


def _table(path: Path, split: str) -> Iterator[Record]:
    errors: list[UserError] = []
    for row in read_table(path).rows:
        found = text_and_label(row, path, CLASSES, errors)
        if found is not None:
            text, label = found
            yield Record(text, label, f"{split}/{label}/{row.values.get('id', row.line)}")
    raise_some(errors)


def _archived(path: Path, split: str) -> Iterator[Record]:
    folders = tuple(f"20news-bydate-{split}/{name}/" for name in CLASSES)
    found = False
    for name, content in read_members(path, lambda name: name.startswith(folders)):
        found = True
        _, label, number = name.split("/", maxsplit=2)
        yield Record(content.decode("latin-1"), label, f"{split}/{label}/{number}")
    if not found:
        raise no_member(path, folders[0])


def without_context(message: str) -> str:
    r"""Return a message's own words: no header, no signature, no quotations.

    The header ends at the first blank line; a first paragraph whose lines are not all of the
    form `Name: value` is none, and stays. The signature is what follows the last line that is
    blank or made of hyphens. A quotation's lines begin with `>` or `|`, or announce it.

    Args:
        message: all of it.

    Example:
        >>> without_context("Subject: x\n\nAnn writes:\n> why?\nBecause.\n\n--\nBob\n")
        'Because.'
    """
    message = message.replace("\r\n", "\n")
    header, _, body = message.partition("\n\n")
    if not all(map(_HEADER.match, header.strip("\n").split("\n"))):
        body = message
    lines = body.strip().split("\n")
    separators = [i for i, line in enumerate(lines) if not line.strip().strip("-")]
    if separators and separators[-1] > 0:
        lines = lines[: separators[-1]]
    return "\n".join(line for line in lines if not _QUOTATION.search(line)).strip()


def choose_newsgroups(reading: Reading, config: DataConfig) -> Reading:
    r"""Return the texts that the paper used, or all in their official splits.

    The filter `paper` keeps messages of \\( 6 < n < 500 \\) tokens and joins the two official
    splits, from which dev and test are cut anew, as in the release. Messages of one thread may
    then stand in train and test.

    Args:
        reading: both splits.
        config: `filter`, `tokenizer` and `lowercase` are read.

    Source: the release of Jain & Wallace (2019).
    """
    if config.filter != "paper":
        return reading
    tokenize = configured_tokenizer(config, separated=False)
    dropped = Counter(reading.dropped)
    everything = [*reading.records["train"], *reading.records["test"]]
    kept = keep_lengths(
        everything, count=lambda text: len(tokenize(text)), above=6, below=500, dropped=dropped
    )
    return reading._replace(records={"train": kept}, dropped=dropped)


NEWSGROUPS = Source(
    title="20 Newsgroups, baseball and hockey",
    parts={
        "train": ("train.jsonl", "20news-bydate.tar.gz"),
        "test": ("test.jsonl", "20news-bydate.tar.gz"),
    },
    read=read_newsgroups,
    folder="20news_sports",
    addresses=dict.fromkeys(
        ("train", "test"), "http://qwone.com/~jason/20Newsgroups/20news-bydate.tar.gz"
    ),
)
