"""Short texts, one a line: film and product reviews, questions."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from attnjax.data.labelled import Record
from attnjax.data.reading import decoded_lines, read_lines
from attnjax.data.texts.archives import is_archive, read_members
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError

CLASSES = ("positive", "negative")


def read_opinions(files: Mapping[str, Path]) -> Reading:
    r"""Return sentences whose file says whether they are positive or negative.

    Args:
        files: `positive` and `negative`, one sentence a line, in UTF-8; or for both the
            official archive, whose sentences are in Latin-1.

    Raises:
        DataError: naming file and line.

    Source: Pang & Lee (2005), sentence polarity data set v1.0; Hu & Liu (2004).

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
    for label in CLASSES:
        found = len(records)
        for origin, line in _lines(files[label], f".{label[:3]}"):
            if line.strip():
                records.append(Record(line.strip(), label, origin))
            else:
                dropped["blank line"] += 1
        if len(records) == found:
            raise empty_file(files[label])
    return Reading({"train": records}, dropped)


def _lines(path: Path, ending: str) -> Iterator[tuple[str, str]]:
    """Yield where each line stands, and the line."""
    if not is_archive(path):
        for number, line in enumerate(read_lines(path), start=1):
            yield f"{path.name}, line {number}", line
        return
    for member in read_members(path, lambda name: name.endswith(ending)):
        lines = decoded_lines(
            io.BytesIO(member.content), f"{path}, {member.name}", encoding="latin-1"
        )
        for number, line in enumerate(lines, start=1):
            yield f"{member.name}, line {number}", line


def empty_file(path: Path) -> DataError:
    """Return what to say of a file that has no texts.

    Args:
        path: of the file.
    """
    return DataError(
        str(path),
        found="no texts",
        expected="one a line",
        action="check that this is the right file, and whole",
    )


MOVIE_REVIEWS = Source(
    title="movie review sentences (rt-polarity)",
    parts={
        "positive": ("rt-polarity.pos", "rt-polaritydata.tar.gz"),
        "negative": ("rt-polarity.neg", "rt-polaritydata.tar.gz"),
    },
    read=read_opinions,
    folder="mr",
    addresses=dict.fromkeys(
        CLASSES,
        "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
    ),
)
