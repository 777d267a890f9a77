"""Large CSV files row by row: no more of a file than one row is held."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.data.reading import read_lines
from attnjax.data.tables import LONGEST_FIELD
from attnjax.errors import DataError


class StreamedRow(NamedTuple):
    """The line a row begins in, from 1, and its values in the order asked for."""

    line: int
    values: tuple[str, ...]


def stream_rows(path: Path, columns: Sequence[str]) -> Iterator[StreamedRow]:
    r"""Yield some columns of a CSV file, whatever the order and case of its header.

    Commas, a header, quotes as in RFC 4180 (a quoted field may have several lines).

    Args:
        path: of a UTF-8 file, gzipped if its name ends in `.gz`.
        columns: the names of the columns that are needed.

    Raises:
        DataError: if columns are missing (another delimiter looks like that too), or a row
            has another number of fields than the header, naming its line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "notes.csv"
        >>> _ = path.write_text('ROW_ID,TEXT\n1,"two\nlines"\n2,one\n')
        >>> list(stream_rows(path, ["text"]))
        [StreamedRow(line=2, values=('two\nlines',)), StreamedRow(line=4, values=('one',))]
    """
    # The limit is Python's own and global: raised while rows are read, not for good.
    limit = csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(read_lines(path, keep_ends=True), strict=True)
    first = 1
    try:
        header = [name.strip().upper() for name in next(reader, [])]
        places = _places(path, header, columns)
        first = reader.line_num + 1
        for fields in reader:
            if len(fields) == len(header):
                yield StreamedRow(first, tuple(fields[place] for place in places))
            elif fields:
                found = f"{len(fields)} fields"
                raise _wrong(path, first, found, f"{len(header)}, as in the header")
            first = reader.line_num + 1
    except csv.Error as error:
        found = f"fields that cannot be told apart ({error})"
        expected = 'fields with commas, quotes or line ends in quotes, a quote in them as ""'
        raise _wrong(path, first, found, expected) from error
    finally:
        csv.field_size_limit(limit)


def _places(path: Path, header: list[str], columns: Sequence[str]) -> list[int]:
    """Return where the columns stand in the header."""
    wanted = [name.upper() for name in columns]
    missing = [name for name in wanted if name not in header]
    if missing:
        shown = ", ".join(header)[:120]
        found = f"no column {', '.join(missing)} in the header {shown!r}"
        raise _wrong(path, 1, found, f"the columns {', '.join(wanted)}, separated by commas")
    return [header.index(name) for name in wanted]


def _wrong(path: Path, line: int, found: str, expected: str) -> DataError:
    return DataError(
        f"{path}, line {line}",
        found=found,
        expected=expected,
        action="get an undamaged copy of the file",
    )
