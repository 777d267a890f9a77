"""Large CSV files row by row: no more of a file than one row is held."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.data.tables import read_fields
from attnjax.data.texts.mistakes import wrong_line


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
    rows = read_fields(path, "csv")
    _, names = next(rows, (1, []))
    header = [name.strip().upper() for name in names]
    places = _places(path, header, columns)
    for line, fields in rows:
        if len(fields) != len(header):
            expected = f"{len(header)}, as in the header"
            raise wrong_line(f"{path}, line {line}", f"{len(fields)} fields", expected)
        yield StreamedRow(line, tuple(fields[place] for place in places))


def _places(path: Path, header: list[str], columns: Sequence[str]) -> list[int]:
    """Return where the columns stand in the header."""
    wanted = [name.upper() for name in columns]
    missing = [name for name in wanted if name not in header]
    if missing:
        shown = ", ".join(header)[:120]
        found = f"no column {', '.join(missing)} in the header {shown!r}"
        expected = f"the columns {', '.join(wanted)}, separated by commas"
        raise wrong_line(f"{path}, line 1", found, expected)
    return [header.index(name) for name in wanted]
