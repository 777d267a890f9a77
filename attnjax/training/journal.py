"""The file `metrics.jsonl`: one JSON object a line, cut back when a run continues."""

import json
import os
from pathlib import Path
from typing import Any

from attnjax.workspace import explain_os_error


class Journal:
    r"""The metrics file, open for appending; every line carries the name of its run.

    Several runs of one work folder write one after the other into the same file.

    Args:
        path: made, with its folder, if it does not exist.
        name: of the run whose lines these are.
        length: bytes of the file that are kept; None where the run begins, which keeps
            all lines before the first one of this name.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "metrics.jsonl"
        >>> with Journal(path, "train") as journal:
        ...     journal.write(step=1, loss=0.5)
        >>> path.read_text()
        '{"name": "train", "step": 1, "loss": 0.5}\n'
    """

    def __init__(self, path: Path, name: str, length: int | None = None) -> None:
        self.path, self.name = path, name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file = path.open("ab")
            self.file.truncate(min(_start(path, name) if length is None else length, self.length))
            self.file.seek(0, os.SEEK_END)
        except OSError as error:
            raise explain_os_error(error, path) from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exception: object) -> None:
        self.file.close()

    @property
    def length(self) -> int:
        """Bytes written so far."""
        return os.fstat(self.file.fileno()).st_size

    def write(self, **values: Any) -> None:
        """Append one line.

        Raises:
            WorkFolderError: if the file cannot be written or the disk is full.
        """
        line = json.dumps({"name": self.name, **values}, allow_nan=False) + "\n"
        try:
            self.file.write(line.encode())
            self.file.flush()
        except OSError as error:
            raise explain_os_error(error, self.path) from error

    def synchronise(self) -> None:
        """Wait until all lines are on the disk.

        Raises:
            WorkFolderError: if the file cannot be written or the disk is full.
        """
        try:
            os.fsync(self.file.fileno())
        except OSError as error:
            raise explain_os_error(error, self.path) from error


class Unwritten(Journal):
    """The journal of a process that leaves writing to another one.

    Args:
        name: of the run.

    Example:
        >>> with Unwritten("train") as journal:
        ...     journal.write(step=1)
        >>> journal.length
        0
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __exit__(self, *exception: object) -> None:
        pass

    @property
    def length(self) -> int:
        """Nothing is written."""
        return 0

    def write(self, **values: Any) -> None:
        """Do nothing."""

    def synchronise(self) -> None:
        """Do nothing."""


def _start(path: Path, name: str) -> int:
    """Return where the first line of a run begins, or the end of the last whole line."""
    position = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or _name(line) == name:
                break
            position += len(line)
    return position


def _name(line: bytes) -> str | None:
    try:
        return json.loads(line)["name"]
    except (ValueError, KeyError, TypeError):
        return None
