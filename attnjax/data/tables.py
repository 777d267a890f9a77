"""A user's own tables: JSONL, CSV and TSV, row by row with line numbers."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.data.reading import line_error, raise_some, read_lines
from attnjax.errors import DataError, UserError

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
}

LONGEST_FIELD = 2**31 - 1
"""Characters a field may have; Python's own default of 131,072 is less than a long text."""


class Row(NamedTuple):
    """One row: the line it begins in, from 1, and its values by column."""

    line: int
    values: dict[str, Any]


class Table(NamedTuple):
    """All rows of a file, and every column that occurs."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path) -> Table:
    r"""Read a file by the ending of its name (`.gz` may follow it).

    `.jsonl` and `.ndjson`: one JSON object a line. `.csv`: a header, commas, quotes as in
    RFC 4180. `.tsv` and `.tab`: a header, tabs; quotes are ordinary characters.

    Args:
        path: of a UTF-8 file.

    Raises:
        DataError: naming file and line, several together.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "reviews.csv"
        >>> _ = path.write_text('text,label\n"dull, dull",0\n')
        >>> read_table(path).rows
        (Row(line=2, values={'text': 'dull, dull', 'label': '0'}),)
    """
    name = path.name.lower().removesuffix(".gz")
    kind = FORMATS.get(Path(name).suffix)
    if kind is None:
        raise DataError(
            str(path),
            found=f"a file name that ends in {Path(name).suffix!r}",
            expected="one of " + ", ".join(FORMATS) + ", each also with .gz",
            action="rename or convert the file",
        )
    table = _read_json(path) if kind == "jsonl" else _read_delimited(path, kind)
    if not table.rows:
        raise DataError(
            str(path),
            found="no rows" if table.columns else "an empty file",
            expected="one row for every text",
            action="check that this is the right file",
        )
    return table


def _read_json(path: Path) -> Table:
    errors: list[UserError] = []
    rows, columns = [], {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            errors.append(line_error(str(path), number, f"no JSON ({error})", "a JSON object"))
            continue
        if not isinstance(value, dict):
            errors.append(line_error(str(path), number, f"{line[:40]!r}", "a JSON object"))
            continue
        columns.update(dict.fromkeys(value))
        rows.append(Row(number, value))
    raise_some(errors)
    return Table(tuple(columns), tuple(rows))


def _read_delimited(path: Path, kind: str) -> Table:
    errors: list[UserError] = []
    lines = list(read_fields(path, kind))
    if not lines:
        return Table((), ())
    header = [column.strip() for column in lines[0][1]]
    for column in dict.fromkeys(header):
        if header.count(column) > 1:
            found = f"column {column!r} {header.count(column)} times"
            errors.append(line_error(str(path), lines[0][0], found, "each column once"))
    raise_some(errors)
    rows = []
    for number, values in lines[1:]:
        if len(values) != len(header):
            found = f"{len(values)} fields"
            errors.append(line_error(str(path), number, found, f"{len(header)}, as in the header"))
        else:
            rows.append(Row(number, dict(zip(header, values, strict=True))))
    raise_some(errors)
    return Table(tuple(header), tuple(rows))


def read_fields(path: Path, kind: str) -> Iterator[tuple[int, list[str]]]:
    r"""Yield the fields of every row that is not blank, with the line it begins in.

    Args:
        path: of a UTF-8 file.
        kind: `csv` (commas, quotes as in RFC 4180) or `tsv` (tabs, quotes are ordinary).

    Raises:
        DataError: if it cannot be read, or fields cannot be told apart.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "news.csv"
        >>> _ = path.write_text('"3","a, b"\n')
        >>> list(read_fields(path, "csv"))
        [(1, ['3', 'a, b'])]
    """
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield from _fields(path, kind)
    finally:
        csv.field_size_limit(limit)


def _fields(path: Path, kind: str) -> Iterator[tuple[int, list[str]]]:
    lines = read_lines(path, keep_ends=True)
    if kind == "tsv":
        reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, strict=True)
    first = 1
    try:
        for values in reader:
            if values:
                yield first, values
            first = reader.line_num + 1
    except csv.Error as error:
        found = f"fields that cannot be told apart ({error})"
        expected = 'fields with commas or quotes in quotes, a quote in them as ""'
        raise line_error(str(path), first, found, expected) from error
