"""AG's news: titles and first sentences of articles, four topics or two of them."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.reading import line_error, raise_some
from attnjax.data.tables import read_fields
from attnjax.data.text import configured_tokenizer
from attnjax.data.texts.ag_news_damage import repaired
from attnjax.data.texts.lengths import keep_lengths
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

CLASSES = ("World", "Sports", "Business", "Sci/Tech")
TWO = ("World", "Business")
"""What the paper tells apart."""

OFFICIAL = 120_000
"""Training texts of the official distribution."""

PAGES = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"


def read_ag_news(files: Mapping[str, Path]) -> Reading:
    r"""Return news, title and description on two lines, with the corpus' own damage repaired.

    Args:
        files: `train` and `test`, CSV without a header: class (1 to 4), title, description;
            `extra`, of which only title and description together survive (class, text), is
            read where `train` is a part of the official file.

    Raises:
        DataError: naming file and line.

    Source: Zhang, Zhao & LeCun (2015).

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "test.csv"
        >>> _ = path.write_text('"3","Up"," quot;Up quot; by \\$5"\n')
        >>> read_ag_news({"train": path, "test": path}).records["test"][0].text
        'Up\n"Up" by $5'
    """
    errors: list[UserError] = []
    dropped: Counter[str] = Counter()
    partial = not files["train"].name.startswith("train.csv")
    parts = [("train", "train", 3), ("test", "test", 3)]
    if partial and "extra" in files:
        parts.insert(1, ("extra", "train", 2))
    records: dict[str, list[Record]] = {"train": [], "test": []}
    for part, split, num_fields in parts:
        news = _news(files[part], num_fields, dropped, errors)
        if not news and not errors:
            raise no_texts(files[part])
        records[split] += news
    raise_some(errors)
    joined = sum("\n" not in record.text for record in records["train"])
    return Reading(records, dropped, _notes(len(records["train"]), joined))


def _news(
    path: Path, num_fields: int, dropped: Counter[str], errors: list[UserError]
) -> list[Record]:
    """Return the texts of one file; one or two fields follow the class."""
    news = []
    for line, fields in read_fields(path, "csv"):
        if len(fields) != num_fields:
            expected = f"{num_fields}, separated by commas"
            errors.append(line_error(str(path), line, f"{len(fields)} fields", expected))
        elif fields[0].strip() not in ("1", "2", "3", "4"):
            errors.append(line_error(str(path), line, f"class {fields[0]!r}", "1, 2, 3 or 4"))
        else:
            text = "\n".join(part for part in map(repaired, fields[1:]) if part)
            if text:
                label = CLASSES[int(fields[0]) - 1]
                news.append(Record(text, label, f"{path.name}, line {line}"))
            else:
                dropped["an empty text"] += 1
    return news


def _notes(found: int, joined: int) -> tuple[str, ...]:
    """Return what to say of training texts that are not the official ones."""
    if found >= OFFICIAL:
        return ()
    note = f"AG News: {found:,} of the official {OFFICIAL:,} training texts were there (all four"
    note += " classes counted)."
    if joined:
        note += f" Of {joined:,} of them only title and description together survive."
    return (note,)


def choose_two(reading: Reading, config: DataConfig) -> Reading:
    """Return the news of the paper's two classes.

    The filter `paper` reads descriptions without their titles, where the two can be told apart,
    and leaves out the shortest and the longest of each split. Where some keep their titles, a
    note counts them.

    Args:
        reading: all four classes.
        config: `filter`, `tokenizer` and `lowercase` are read.

    Source: the release of Jain & Wallace (2019).
    """
    tokenize = configured_tokenizer(config, separated=False)
    dropped = Counter(reading.dropped)
    records: dict[str, list[Record]] = {}
    titled: dict[str, int] = {}
    for split, news in reading.records.items():
        chosen = [record for record in news if record.label in TWO]
        dropped["another class than " + " and ".join(TWO)] += len(news) - len(chosen)
        if config.filter == "paper":
            chosen, titled[split] = _descriptions(chosen, dropped, tokenize)
        records[split] = chosen
    notes = (*reading.notes, *_titled_note(records, titled))
    return Reading(records, dropped, notes)


def _descriptions(
    news: list[Record], dropped: Counter[str], tokenize: Callable[[str], list[str]]
) -> tuple[list[Record], int]:
    """Return descriptions within the extremes, and how many of them have their titles yet."""
    joined = {record.origin for record in news if "\n" not in record.text}
    kept = keep_lengths(
        [record._replace(text=record.text.partition("\n")[2] or record.text) for record in news],
        count=lambda text: len(tokenize(text)),
        above=None,
        below=None,
        dropped=dropped,
    )
    return kept, sum(record.origin in joined for record in kept)


def _titled_note(records: Mapping[str, list[Record]], titled: Mapping[str, int]) -> tuple[str, ...]:
    """Return what to say of texts whose titles cannot be told from their descriptions."""
    if not any(titled.values()):
        return ()
    counts = ", ".join(
        f"{number:,} of the {len(records[split]):,} {split} texts"
        for split, number in titled.items()
    )
    note = "AG News: the paper reads descriptions without titles; here title and description cannot"
    return (f"{note} be told apart in {counts} that were kept, which are read with their titles.",)


AG_NEWS = Source(
    title="AG News",
    parts={
        "train": ("train.csv", "train_subset.csv"),
        "extra": ("train_subset_extra_text.csv",),
        "test": ("test.csv",),
    },
    read=read_ag_news,
    folder="ag_news",
    addresses={"train": f"{PAGES}/train.csv", "test": f"{PAGES}/test.csv"},
    optional=("extra",),
)
