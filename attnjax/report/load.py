"""A finished run, read back from its work folder."""

from pathlib import Path
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Bool, Int, Shaped

from attnjax.errors import WorkFolderError
from attnjax.workspace import check_schema, read_json


class Ragged(NamedTuple):
    """One list per instance, kept flat.

    Attributes:
        values: the lists one after another.
        offsets: where each list begins; one more entry than lists.
        present: false where an instance has no list (its test was limited).

    Example:
        >>> import numpy as np
        >>> lists = Ragged(np.array([5, 6, 7]), np.array([0, 2, 3]), np.array([True, True]))
        >>> lists.row(1).tolist(), lists.lengths.tolist()
        ([7], [2, 1])
    """

    values: Shaped[np.ndarray, " total"]
    offsets: Int[np.ndarray, " ends"]
    present: Bool[np.ndarray, " N"]

    def row(self, index: SupportsIndex) -> np.ndarray:
        """Return the list of one instance."""
        place = int(index)
        return self.values[self.offsets[place] : self.offsets[place + 1]]

    @property
    def lengths(self) -> Int[np.ndarray, " N"]:
        """The number of entries of each list."""
        return np.diff(self.offsets)


Columns = dict[str, np.ndarray | Ragged]
"""Columns of `instances.parquet`; numbers as float64 with NaN where a value is missing."""


class Run(NamedTuple):
    """What the report is made of.

    Attributes:
        results: content of `results.json`.
        config: the resolved config, nested.
        packages: package names and versions.
        device: what the run was computed on.
        command: the command that began the run.
        columns: the rows of `instances.parquet`.
        later: the commands that continued it, each with its own versions and device where
            they are others.
    """

    results: dict[str, Any]
    config: dict[str, Any]
    packages: dict[str, str]
    device: str
    command: str
    columns: Columns
    later: tuple[str, ...] = ()

    @property
    def tests(self) -> dict[str, Any]:
        """The summaries of the tests that were run."""
        return self.results.get("tests", {})

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, from class 0."""
        names = self.results["dataset"].get("class_names") or []
        highest = int(np.max(self.columns["predicted"], initial=-1))  # pyright: ignore
        return [str(name) for name in names] + [
            f"class {number}" for number in range(len(names), highest + 1)
        ]

    @property
    def size(self) -> int:
        """The number of instances with a row."""
        return len(self.columns["instance_id"])

    @property
    def lengths(self) -> Int[np.ndarray, " N"]:
        """The number of real tokens of each instance."""
        return self.ragged("tokens").lengths

    def numbers(self, name: str) -> np.ndarray | None:
        """Return a column of numbers, or None where the run has none."""
        column = self.columns.get(name)
        return column if isinstance(column, np.ndarray) else None

    def ragged(self, name: str) -> Ragged:
        """Return a column of lists; one without any list where the run has none."""
        column = self.columns.get(name)
        if isinstance(column, Ragged):
            return column
        nothing = np.zeros(self.size, bool)
        return Ragged(np.zeros(0), np.zeros(self.size + 1, np.int64), nothing)


def read_run(directory: Path) -> Run:
    """Read `results.json`, `config.json` and `instances.parquet` of a work folder.

    Raises:
        WorkFolderError: if a file is missing, unreadable or of a newer schema.
    """
    results, config = (read_json(directory / name) for name in ("results.json", "config.json"))
    check_schema(results, directory / "results.json")
    return Run(
        results=results,
        config=config.get("config", {}),
        packages=config.get("packages", {}),
        device=str(config.get("device", "not recorded")),
        command=str(config.get("command", "not recorded")),
        columns=read_columns(directory / "instances.parquet"),
        later=tuple(_later(one, config) for one in config.get("history", ())),
    )


def _later(command: dict[str, Any], first: dict[str, Any]) -> str:
    """Return a later command, and in brackets what it ran on where that is something else.

    Example:
        >>> _later({"command": "train", "device": "gpu"}, {"command": "train", "device": "cpu"})
        'train (gpu)'
    """
    before = first.get("packages", {})
    others = [
        f"{name} {version}"
        for name, version in command.get("packages", {}).items()
        if version != before.get(name)
    ]
    if command.get("device") != first.get("device"):
        others.insert(0, str(command.get("device")))
    return str(command.get("command")) + (f" ({', '.join(others)})" if others else "")


def read_columns(path: Path) -> Columns:
    """Read every column of a Parquet file of instances.

    Raises:
        WorkFolderError: if it is not a Parquet file, or has no tokens or predictions.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, f"a file that cannot be read ({error})") from error
    needed = ("instance_id", "tokens", "label", "predicted", "probability", "attention")
    if missing := [name for name in needed if name not in table.column_names]:
        raise _unreadable(path, f"no column {', '.join(missing)}")
    return {
        name: _column(table.column(name).combine_chunks(), whole=name in _WHOLE)
        for name in table.column_names
    }


_WHOLE = ("instance_id", "label", "predicted")


def _unreadable(path: Path, found: str) -> WorkFolderError:
    return WorkFolderError(
        str(path),
        found=found,
        expected="the Parquet file of instances that a run writes",
        action="delete results.json and instances.parquet and give the run's command again: "
        "both are rebuilt from its stages",
    )


def _column(column: Any, *, whole: bool) -> np.ndarray | Ragged:
    """Turn an Arrow array into numbers or a `Ragged`; strings become numpy objects."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)  # pyright: ignore
        return Ragged(
            column.flatten().to_numpy(zero_copy_only=False),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            column.is_valid().to_numpy(zero_copy_only=False),
        )
    if whole:
        return column.to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_string(column.type):
        return column.to_numpy(zero_copy_only=False)
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
