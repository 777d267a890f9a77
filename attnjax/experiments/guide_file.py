"""Attention from an array file, as a guide of this run's instances."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attnjax.data.encoded import ENDS, EncodedSplit
from attnjax.errors import DataError, UserError, raise_all

TOLERANCE = 1e-3
"""How far from 1 a row may sum: a hundred weights in half precision are within it."""

Guides = dict[str, tuple[Float[np.ndarray, " _"], ...]]
"""Split to the attention over the words of each of its texts, in the split's order."""


class Rows(NamedTuple):
    """What a file of attention holds.

    Attributes:
        instance_id: whose attention each row is.
        attention: the weights, one array a row.
        padded: whether rows may end in zeros that belong to no word.
    """

    instance_id: Int[np.ndarray, " N"]
    attention: Sequence[np.ndarray]
    padded: bool


def read_guides(path: Path, splits: Mapping[str, EncodedSplit]) -> Guides:
    """Return the attention that a file gives to every instance of a run.

    A Parquet file has the columns `instance_id` and `attention` (a list, one weight for each
    real token of the text). A NumPy `.npz` file has arrays of these names, `attention` with
    one row an instance, filled with zeros behind its last token. Rows may come in any order.

    Args:
        path: ends in .npz or .parquet.
        splits: the run's instances.

    Returns:
        Distributions in float32, each divided by its own sum.

    Raises:
        DataError: if the file cannot be read, rows are missing, or one is not a distribution
            over the tokens of its text; one error for each kind of fault.
    """
    rows = _read(path)
    lengths = {
        int(one): len(ids) - ENDS
        for split in splits.values()
        for one, ids in zip(split.instance_id, split.token_ids, strict=True)
    }
    _check_instances(path, rows.instance_id, lengths)
    place = {int(one): row for row, one in enumerate(rows.instance_id)}
    _check_rows(path, rows, {one: (place[one], lengths[one]) for one in lengths})
    return {
        name: tuple(
            _normalised(rows.attention[place[int(one)]][: lengths[int(one)]])
            for one in split.instance_id
        )
        for name, split in splits.items()
    }


def _normalised(weights: np.ndarray) -> Float[np.ndarray, " _"]:
    return (weights / weights.sum(dtype=np.float64)).astype(np.float32)


def _read(path: Path) -> Rows:
    readers: dict[str, Callable[[Path], Rows]] = {".npz": _read_npz, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise _unusable(path, f"a name that ends in {path.suffix or 'nothing'!r}")
    if not path.is_file():
        raise _unusable(path, "no such file")
    rows = readers[path.suffix](path)
    if len(rows.instance_id) != len(rows.attention):
        raise _unusable(
            path,
            f"{len(rows.instance_id)} values of instance_id and {len(rows.attention)} rows of "
            "attention",
        )
    return rows


def _unusable(path: Path, found: str) -> DataError:
    return DataError(
        f"{path} (config.guides.file)",
        found=found,
        expected=".npz or .parquet with `instance_id` (whole numbers) and `attention` (a row of "
        "numbers each), or the work folder of a run",
        action="write such a file; docs/results.md describes it",
    )


def _read_npz(path: Path) -> Rows:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            ids, attention = arrays["instance_id"], arrays["attention"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _unusable(path, f"a file that cannot be used ({error})") from error
    if ids.ndim != 1 or attention.ndim != 2 or not _are_numbers(ids, attention):
        raise _unusable(
            path,
            f"instance_id {ids.dtype}{list(ids.shape)} and attention "
            f"{attention.dtype}{list(attention.shape)}",
        )
    return Rows(ids, attention, padded=True)


def _are_numbers(ids: np.ndarray, attention: np.ndarray) -> bool:
    return np.issubdtype(ids.dtype, np.integer) and np.issubdtype(attention.dtype, np.floating)


def _read_parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["instance_id", "attention"])
        ids = table.column("instance_id").to_numpy()
        # A row without a value becomes one without weights, which is refused by its length.
        attention = [
            np.asarray([] if one is None else one, np.float64)
            for one in table.column("attention").to_pylist()
        ]
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise _unusable(path, f"a file that cannot be used ({error})") from error
    if not np.issubdtype(ids.dtype, np.integer):
        raise _unusable(path, f"instance_id of type {ids.dtype}")
    return Rows(ids, attention, padded=False)


def _check_instances(path: Path, ids: Int[np.ndarray, " N"], lengths: Mapping[int, int]) -> None:
    """Refuse a file that is not of this run's instances, each once."""
    given = [int(one) for one in ids]
    known = set(given)
    missing = [one for one in lengths if one not in known]
    others = sorted(known - set(lengths))
    parts = []
    if missing:
        parts.append(f"no row for {len(missing)} instances (the first: {missing[0]})")
    if others:
        parts.append(f"rows for {len(others)} others (the first: {others[0]})")
    if len(known) < len(given):
        parts.append("several rows for one instance")
    if parts:
        raise DataError(
            f"{path} (config.guides.file)",
            found=" and ".join(parts),
            expected=f"one row for each of the {len(lengths)} instances of this run, "
            f"instance_id {min(lengths)} to {max(lengths)} over train, dev and test",
            action="give attention for the very same data, all three splits",
        )


def _check_rows(path: Path, rows: Rows, places: Mapping[int, tuple[int, int]]) -> None:
    """Refuse rows that are no distributions over the tokens of their texts."""
    faults: dict[str, list[str]] = {}
    for instance_id, (row, length) in places.items():
        fault = _fault(np.asarray(rows.attention[row], np.float64), length, padded=rows.padded)
        if fault is not None:
            kind, found = fault
            faults.setdefault(kind, []).append(f"{found} for instance {instance_id}")
    errors: list[UserError] = [
        DataError(
            f"{path} (config.guides.file)",
            found=found[0] + (f" (and {len(found) - 1} more such rows)" if len(found) > 1 else ""),
            expected=kind,
            action="correct the rows: each is a distribution over the real tokens of its text, "
            "without start and end",
        )
        for kind, found in faults.items()
    ]
    raise_all(errors)


def _fault(weights: np.ndarray, length: int, *, padded: bool) -> tuple[str, str] | None:
    """Return what is expected of a row and what it has instead, or None."""
    inside = weights[:length]
    too_long = np.any(weights[length:] != 0) if padded else len(weights) > length
    if len(weights) < length or too_long:
        number = np.flatnonzero(weights)[-1] + 1 if padded and too_long else len(weights)
        return "one weight for each token of the text", f"{number} weights and {length} tokens"
    if not np.all(np.isfinite(inside)):
        bad = inside[~np.isfinite(inside)][0]
        return "finite weights", f"the weight {bad}"
    if np.any(inside < 0):
        return "weights of at least 0", f"the weight {inside.min():g}"
    if abs(inside.sum() - 1) > TOLERANCE:
        return f"weights that sum to 1 (within {TOLERANCE:g})", f"a sum of {inside.sum():g}"
    return None
