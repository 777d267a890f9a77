"""The lines of an official file, whether it lies there or in the archive it is downloaded in."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from attnjax.data.reading import decoded_lines, read_lines
from attnjax.data.texts.archives import is_archive, read_members
from attnjax.errors import DataError


class Line(NamedTuple):
    """One line and where it stands.

    Attributes:
        text: without its end.
        where: with the whole path, for what must be corrected.
        origin: with the name of the file, for what is kept with the data.
    """

    text: str
    where: str
    origin: str


def lines_of(path: Path, member: str, dropped: Counter[str] | None = None) -> Iterator[Line]:
    r"""Yield the lines of a file, or of one file of an archive; blank ones are passed over.

    Args:
        path: of the file (gzipped if it ends in `.gz`) or of the archive.
        member: the name in the archive, with its folders.
        dropped: where the blank lines are counted, if anywhere.

    Raises:
        DataError: if it is missing, damaged or not UTF-8.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "toy.txt"
        >>> _ = path.write_text("\nso dull\n")
        >>> [(line.text, line.origin) for line in lines_of(path, "")]
        [('so dull', 'toy.txt, line 2')]
    """
    where, name, texts = str(path), path.name, read_lines(path)
    if is_archive(path):
        # All of the archive is read, whose end tells whether it is whole.
        found = list(read_members(path, lambda each: each == member))
        if not found:
            raise DataError(
                str(path),
                found=f"an archive without {member}",
                expected="the official archive",
                action="delete it and run again, or name the folder of the unpacked files",
            )
        where, name = f"{path}, {member}", member.rsplit("/", maxsplit=1)[-1]
        texts = decoded_lines(io.BytesIO(found[0].content), where)
    for number, text in enumerate(texts, start=1):
        if text.strip():
            yield Line(text, f"{where}, line {number}", f"{name}, line {number}")
        elif dropped is not None:
            dropped["blank line"] += 1


def mistake(line: Line, *, found: str, expected: str) -> DataError:
    """Return what to say of a line that is not as it should be.

    Args:
        line: with where it stands.
        found: what is there.
        expected: what should be.
    """
    return DataError(
        line.where,
        found=found,
        expected=expected,
        action="correct the line, or get the file again",
    )
