"""The work folder of a run: what may be written there, by whom, and how."""

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attnjax.errors import WorkFolderError

SCHEMA = 1
"""Of every JSON file of a work folder; a folder with a higher one is not touched."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

WRITE_ERRORS = (
    *_FULL,
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
)
"""What a file system answers where the user chose a place that cannot be written."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a kill at any moment, sees the old or the new one.

    Temporary file in the same folder, fsync, rename, fsync of the folder.

    Raises:
        WorkFolderError: if the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o666 & ~_umask())
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise explain_os_error(error, path) from error


def _umask() -> int:
    """Return the process's umask: mkstemp would keep a file from everyone else."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def explain_os_error(error: OSError, path: Path | str) -> WorkFolderError:
    """Return the user's view of a failed write.

    Example:
        >>> import errno
        >>> print(explain_os_error(OSError(errno.ENOSPC, "No space left on device"), "runs/a"))
        runs/a: found no space left (No space left on device); expected room to write. ...
    """
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return WorkFolderError(
            str(path),
            found=f"no space left ({reason})",
            expected="room to write",
            action="free some space or raise the file-size limit, then give the same command "
            "again: it continues where it stopped",
        )
    return WorkFolderError(
        str(path),
        found=f"{reason[:1].lower()}{reason[1:]}",
        expected="a folder that can be written",
        action="give another --workdir",
    )


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, atomically; NaN and infinities are refused."""
    text = json.dumps(value, indent=1, sort_keys=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def read_json(path: Path, *, action: str = "restore it, or delete it and run again") -> Any:
    """Read JSON that a run wrote.

    Args:
        path: of the file.
        action: what to do about one that cannot be read.

    Raises:
        WorkFolderError: if the file is not the JSON that a run writes.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WorkFolderError(
            str(path),
            found=f"a file that cannot be read ({error})",
            expected="JSON written by a run",
            action=action,
        ) from error


@contextlib.contextmanager
def work_folder(directory: Path) -> Iterator[Path]:
    """Open a work folder for this process alone; nothing but its lock is written.

    Args:
        directory: made if it does not exist.

    Yields:
        The folder, locked until the block ends.

    Raises:
        WorkFolderError: if the folder is in use, or cannot be made or locked.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise explain_os_error(error, directory) from error
    try:
        _lock(lock, directory)
        yield directory
    finally:
        os.close(lock)


def _lock(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise WorkFolderError(
            str(directory),
            found="a folder in use by another process",
            expected="one run at a time in a folder",
            action="wait for it, stop it, or give another --workdir",
        ) from error
    except OSError as error:  # some network file systems have no locks
        raise WorkFolderError(
            str(directory),
            found=f"a folder that cannot be locked ({error.strerror})",
            expected="a file system with locks",
            action="give a --workdir on another one",
        ) from error


def check_schema(value: Any, path: Path) -> None:
    """Refuse a JSON file whose schema is newer than this version knows."""
    found = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(found, int) or found > SCHEMA:
        raise WorkFolderError(
            str(path),
            found=f"schema {found!r}",
            expected=f"schema {SCHEMA} or older",
            action="use the version of attnjax that wrote it, or another --workdir",
        )


def flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections as dotted names.

    Example:
        >>> flatten({"a": {"b": 1}, "c": 2})
        {'a.b': 1, 'c': 2}
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


__all__ = [
    "SCHEMA",
    "WRITE_ERRORS",
    "check_schema",
    "explain_os_error",
    "flatten",
    "read_json",
    "work_folder",
    "write_atomically",
    "write_json",
]
