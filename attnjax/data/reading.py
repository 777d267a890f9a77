"""Text files line by line, with every way they can fail put into words."""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from attnjax.errors import DataError, UserError, raise_all

SHOWN = 10
"""Mistakes of one file that are listed; the rest are counted."""

BOM = b"\xef\xbb\xbf"


def read_lines(path: Path, *, keep_ends: bool = False, encoding: str = "utf-8") -> Iterator[str]:
    r"""Yield the lines of a file; byte order mark and Windows line ends are no matter.

    Lines end at `\n` alone: the other line ends of Unicode may be part of a word.

    Args:
        path: of the file, gzipped if its name ends in `.gz`.
        keep_ends: whether lines keep their `\n`.
        encoding: `utf-8`, or what a data set is officially in (`latin-1`).

    Raises:
        DataError: if the file is missing, unreadable, a damaged gzip or not in the encoding.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "words.txt"
        >>> _ = path.write_bytes(b"dull\r\nfine\n")
        >>> list(read_lines(path))
        ['dull', 'fine']
    """
    try:
        with open_binary(path) as file:
            yield from decoded_lines(file, str(path), keep_ends=keep_ends, encoding=encoding)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from error


def decoded_lines(
    lines: Iterable[bytes], where: str, *, keep_ends: bool = False, encoding: str = "utf-8"
) -> Iterator[str]:
    r"""Yield lines of bytes as text, as `read_lines` does with those of a file.

    Args:
        lines: each with its `\n`.
        where: the file, for messages.
        keep_ends: whether lines keep their `\n`.
        encoding: of the bytes.

    Raises:
        DataError: if a line is not in the encoding.

    Example:
        >>> list(decoded_lines([b"dull\r\n", b"fine"], "toy.txt"))
        ['dull', 'fine']
    """
    for number, raw in enumerate(lines, start=1):
        content = raw.removeprefix(BOM) if number == 1 else raw
        if content.endswith(b"\r\n"):
            content = content[:-2] + b"\n"
        try:
            line = content.decode(encoding)
        except UnicodeDecodeError as error:
            name = encoding.upper()
            raise DataError(
                f"{where}, line {number}",
                found=f"byte 0x{error.object[error.start]:02x} that is not {name}",
                expected=f"text in {name}",
                action=f"save the file as {name} and run again",
            ) from error
        yield line if keep_ends else line.removesuffix("\n")


def open_binary(path: Path) -> io.BufferedIOBase:
    """Open a file for reading bytes, through gzip if its name ends in `.gz`."""
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rb")
    return open(path, "rb")


def unreadable(path: Path, error: Exception) -> DataError:
    """Return what to tell the user about a file that could not be opened or unpacked."""
    found, action = str(error), "check the file and its permissions"
    if isinstance(error, FileNotFoundError):
        found, action = "no such file", "correct the path"
    elif isinstance(error, IsADirectoryError):
        found, action = "a folder", "name a file in it"
    elif isinstance(error, PermissionError):
        found, action = "a file that may not be read", "change its permissions"
    elif isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error)):
        found, action = f"a damaged gzip file ({error})", "copy or download it again"
    return DataError(str(path), found=found, expected="a readable file", action=action)


def line_error(where: str, line: int, found: str, expected: str) -> DataError:
    """Return what to say of one line.

    Args:
        where: the file.
        line: from 1.
        found: what stands there.
        expected: what should.

    Example:
        >>> print(line_error("a.csv", 2, "3 fields", "2"))
        a.csv, line 2: found 3 fields; expected 2. What to do: correct the line
    """
    return DataError(
        f"{where}, line {line}", found=found, expected=expected, action="correct the line"
    )


def raise_some(errors: list[UserError]) -> None:
    """Raise the mistakes gathered so far, if any: the first ones in full, the rest counted.

    Args:
        errors: all of them, in the order of the file.
    """
    more = len(errors) - SHOWN
    if more > 0:
        rest = DataError(
            f"after these {SHOWN}",
            found=f"{more} more",
            expected="none",
            action="correct the ones above and run again",
        )
        raise_all([*errors[:SHOWN], rest])
    raise_all(errors)
