"""Tweets that do or do not tell of an adverse drug reaction, as they are or as J&W had them."""

import html
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some, read_lines
from attnjax.data.tables import Table, read_table
from attnjax.data.text import split_words
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

LABELS = {"0": "no adverse reaction", "1": "adverse reaction"}
SPLIT_COLUMN = "exp_split"

_GONE = "not available"
"""What the official download script writes for a tweet that no longer exists."""

_FIELDS = "4 fields separated by tabs: tweet id, user id, label and text"

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_USER = re.compile(r"@\w+")
_NUMBER = re.compile(r"\d(?:[.,]?\d)+")


def read_adr_tweets(files: Mapping[str, Path]) -> Reading:
    r"""Read the tweets from either of two files.

    The official file has no header and four fields separated by tabs: tweet id, user id,
    label (1: an adverse reaction) and text; tweets that could not be downloaded any more are
    left out and counted, the words of the others separated by `tweet_words`. The file that
    Jain & Wallace's release reads is CSV with the columns `text` (words separated by spaces),
    `label` and, with train, dev or test, `exp_split`.

    Args:
        files: `all`: `.csv` has columns, anything else is the official file.

    Raises:
        DataError: naming file and line of what is not as it should be.

    Source: Sarker & Gonzalez (2015), Portable automatic text classification for adverse drug
    reaction detection via multi-corpus training; Jain & Wallace (2019), section 3.1.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "adr_tweets.tsv"
        >>> _ = path.write_text("10\t20\t1\t@ann this makes me dizzy!\n")
        >>> read_adr_tweets({"all": path}).records["train"][0].text
        'user this makes me dizzy !'
    """
    path = files["all"]
    if path.name.lower().removesuffix(".gz").endswith(".csv"):
        return _prepared(path)
    return _official(path)


def tweet_words(text: str) -> list[str]:
    """Return the words of a tweet, names, addresses and long numbers made alike.

    `user`, `url` and `number` stand for them, as in the file that Jain & Wallace used (which
    also has base forms of words, and `DRUG` for the drugs of a list that is not public).

    Args:
        text: of a tweet; entities of HTML are characters again.

    Example:
        >>> tweet_words("@ann 150mg &amp; no sleep http://t.co/x")
        ['user', 'numbermg', '&', 'no', 'sleep', 'url']
    """
    plain = _LINK.sub(" url ", html.unescape(text))
    return split_words(_NUMBER.sub("number", _USER.sub(" user ", plain)))


def _official(path: Path) -> Reading:
    """Read the file without a header."""
    errors: list[UserError] = []
    dropped: Counter[str] = Counter()
    records = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        origin = f"{path}, line {number}"
        # Quotation marks are ordinary characters here, and so is a tab within the text.
        fields = line.split("\t", 3)
        if len(fields) != 4:
            errors.append(wrong_line(origin, f"{len(fields)} fields", _FIELDS))
            continue
        label, text = fields[2].strip(), fields[3].strip()
        if label not in LABELS:
            errors.append(wrong_line(origin, f"label {label!r}", "0 or 1"))
        elif text.lower() == _GONE:
            dropped["tweet not available any more"] += 1
        elif words := tweet_words(text):
            place = f"{path.name}, line {number}"
            records.append(Record(" ".join(words), LABELS[label], place))
        else:
            dropped["tweet without words"] += 1
    raise_some(errors)
    return Reading({"train": records}, dropped)


def _prepared(path: Path) -> Reading:
    """Read the CSV whose words are separated already."""
    table = read_table(path)
    missing = [name for name in ("text", "label") if name not in table.columns]
    if missing:
        found = f"the columns {', '.join(table.columns)}"
        expected = f"columns text, label and {SPLIT_COLUMN}, separated by commas"
        raise wrong_line(f"{path}, line 1", found, expected)
    errors: list[UserError] = []
    records: dict[str, list[Record]] = {}
    for row in table.rows:
        origin = f"{path}, line {row.line}"
        text, label = row.values["text"].strip(), row.values["label"].strip()
        split = row.values.get(SPLIT_COLUMN, "train").strip()
        if label not in LABELS:
            errors.append(wrong_line(origin, f"label {label!r}", "0 or 1"))
        elif split not in ("train", "dev", "test"):
            errors.append(wrong_line(origin, f"{SPLIT_COLUMN} {split!r}", "train, dev or test"))
        elif not text:
            errors.append(wrong_line(origin, "an empty text", "a tweet"))
        else:
            place = f"{path.name}, line {row.line}"
            records.setdefault(split, []).append(Record(text, LABELS[label], place))
    raise_some(errors + _without_train(path, table, records))
    return Reading(records, Counter())


def _without_train(
    path: Path, table: Table, records: Mapping[str, list[Record]]
) -> list[UserError]:
    if "train" in records or not table.rows:
        return []
    return [wrong_line(str(path), f"no row whose {SPLIT_COLUMN} is train", "training texts")]


ADR_TWEETS = Source(
    title="ADR tweets",
    parts={"all": ("adr_tweets.tsv", "adr_dataset.csv")},
    read=read_adr_tweets,
    folder="adr_tweets",
    instructions="Tweets may not be passed on. Run the download script of Sarker & Gonzalez "
    "(http://diego.asu.edu/Publications/ADRClassify.html) and save what it writes (tweet id, user "
    "id, label and text, separated by tabs) as adr_tweets.tsv; or save a copy of the table that "
    "Jain & Wallace's code reads as adr_dataset.csv.",
)
