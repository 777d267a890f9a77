"""Fetching a data set's files from their official address."""

import contextlib
import os
import urllib.request
from collections.abc import Iterable, Iterator
from http.client import HTTPException, IncompleteRead
from pathlib import Path

from attnjax.data.cache import not_writable
from attnjax.errors import DataError

SECONDS = 60

CHUNK = 2**20


def download(url: str, path: Path, *, name: str) -> Path:
    """Download a file once, saying so; a file that is there already is left as it is.

    Args:
        url: the official address.
        path: where to put it, in one step, when it is complete.
        name: of the data set, for the messages.

    Raises:
        DataError: if it cannot be had or not be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "source.csv").write_text("text,label")
        >>> download((folder / "source.csv").as_uri(), folder / "copy.csv", name="toy").name
        Downloading toy from file:///...source.csv
        'copy.csv'
    """
    if path.exists():
        return path
    print(f"Downloading {name} from {url}", flush=True)
    write_chunks(path, _received(url, name))
    return path


def _received(url: str, name: str) -> Iterator[bytes]:
    """Yield what an address gives, piece by piece."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:
            promised, received = response.headers.get("Content-Length"), 0
            while chunk := response.read(CHUNK):
                received += len(chunk)
                yield chunk
        if promised is not None and received != int(promised):
            raise IncompleteRead(b"", int(promised) - received)
    except (OSError, HTTPException) as error:
        raise DataError(
            f"the download of {name} from {url}",
            found=str(error),
            expected="the file",
            action="go online, or get the file elsewhere and name its folder by "
            "--config.data.dir=DIR or the environment variable ATTNJAX_DATA_DIR",
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, so that no other process sees half of it.

    Args:
        path: of the file, whose folder is made if it must be.
        content: all of it.

    Raises:
        DataError: if it cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "new" / "file"
        >>> write_whole(path, b"content")
        >>> path.read_bytes()
        b'content'
    """
    write_chunks(path, [content])


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file piece by piece that appears in one step, as `write_whole` does.

    Args:
        path: of the file, whose folder is made if it must be.
        chunks: its content; nothing of it is kept if one cannot be had.

    Raises:
        DataError: if it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise not_writable(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):  # the reason has been told already
            temporary.unlink(missing_ok=True)
