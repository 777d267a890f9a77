"""Fetching a data set's files from their official address."""

import contextlib
import os
import urllib.request
from http.client import HTTPException
from pathlib import Path

from attnjax.data.cache import not_writable
from attnjax.errors import DataError

SECONDS = 60


def download(url: str, path: Path, *, name: str) -> Path:
    """Download a (small) file once, saying so; a file that is there already is left as it is.

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
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:
            content = response.read()
    except (OSError, HTTPException) as error:
        raise DataError(
            f"the download of {name} from {url}",
            found=str(error),
            expected="the file",
            action="go online, or get the file elsewhere and name its folder by "
            "--config.data.dir=DIR or the environment variable ATTNJAX_DATA_DIR",
        ) from error
    write_whole(path, content)
    return path


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
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise not_writable(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):  # the reason has been told already
            temporary.unlink(missing_ok=True)
