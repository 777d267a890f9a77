"""What a stage leaves behind: a summary and rows, and how both reach the disk."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attnjax.errors import WorkFolderError
from attnjax.workspace import write_atomically


class Result(NamedTuple):
    """A stage's outcome.

    Attributes:
        summary: numbers for `results.json`, nested dicts of Python values without NaN.
        rows: columns keyed by name, all of one length, `instance_id` among them; ragged
            columns are lists of 1-D arrays. Empty where a stage has no instances.
    """

    summary: dict[str, Any]
    rows: dict[str, Any]


def write_rows(path: Path, rows: dict[str, Any]) -> str:
    """Write columns as Parquet, atomically, and return its sha256; NaN becomes null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: _column(values) for name, values in rows.items()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def _column(values: Any) -> Any:
    """Turn an array, or a sequence of arrays, into an Arrow array."""
    import pyarrow as pa

    if isinstance(values, np.ndarray):
        return pa.array(values, from_pandas=np.issubdtype(values.dtype, np.floating))
    if len(values) and isinstance(values[0], np.ndarray):
        offsets = np.cumsum([0, *(len(one) for one in values)]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(values)))
    return pa.array(list(values))


def read_rows(path: Path) -> dict[str, Any]:
    """Read columns back: arrays, lists of arrays for ragged ones, lists of strings.

    Raises:
        WorkFolderError: if the file is not a Parquet file that a run wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise WorkFolderError(
            str(path),
            found=f"a file that cannot be read ({error})",
            expected="Parquet written by a run",
            action="give the same command again: the stage that wrote it is done again",
        ) from error
    return {name: _values(table.column(name).combine_chunks()) for name in table.column_names}


def _values(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_list(column.type):
        flat = column.flatten()
        if pa.types.is_string(flat.type):
            return column.to_pylist()
        ends = np.cumsum(np.asarray(column.value_lengths()))
        return np.split(flat.to_numpy(zero_copy_only=False), ends[:-1])
    if pa.types.is_string(column.type):
        return column.to_pylist()
    return column.to_numpy(zero_copy_only=False)


def aligned(rows: dict[str, Any], name: str, instance_id: np.ndarray) -> Any:
    """Return one column in the order of `instance_id`, all of which must be there."""
    place = {int(one): index for index, one in enumerate(rows["instance_id"])}
    order = [place[int(one)] for one in instance_id]
    values = rows[name]
    return values[order] if isinstance(values, np.ndarray) else [values[index] for index in order]


def common_instances(*parts: dict[str, Any]) -> np.ndarray:
    """Return the instances that every part has, in the order of the first."""
    ids: Sequence[int] = parts[0]["instance_id"]
    others = [set(map(int, part["instance_id"])) for part in parts[1:]]
    return np.array([one for one in ids if all(int(one) in other for other in others)], np.int32)
