"""Attention from a file: read in any order, and every fault of it named."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.data.encoded import EncodedSplit
from attnjax.errors import DataError, UserErrors
from attnjax.experiments.guide_file import read_guides

LENGTHS = {"train": (2, 3), "dev": (1,), "test": (4,)}


@pytest.fixture
def splits():
    made, start = {}, 0
    for name, lengths in LENGTHS.items():
        ids = tuple(np.array([2, *range(4, 4 + length), 3], np.int32) for length in lengths)
        numbers = np.arange(start, start + len(lengths), dtype=np.int32)
        made[name] = EncodedSplit(ids, np.zeros(len(lengths), np.int32), numbers)
        start += len(lengths)
    return made


@pytest.fixture
def rows():
    """Instance to a distribution over its tokens, in another order than the splits'."""
    return {3: [0.1, 0.2, 0.3, 0.4], 0: [0.25, 0.75], 2: [1.0], 1: [0.5, 0.0, 0.5]}


def write_parquet(path, rows):
    table = {"instance_id": pa.array(list(rows), pa.int32()), "attention": list(rows.values())}
    pq.write_table(pa.table(table), path)
    return path


def write_npz(path, rows, width=5):
    attention = np.zeros((len(rows), width), np.float32)
    for row, weights in enumerate(rows.values()):
        attention[row, : len(weights)] = weights
    np.savez(path, instance_id=np.array(list(rows)), attention=attention)
    return path


WRITERS = {".parquet": write_parquet, ".npz": write_npz}


@pytest.mark.parametrize("suffix", WRITERS)
def test_rows_of_a_file_come_in_the_order_of_the_splits(tmp_path, splits, rows, suffix):
    guides = read_guides(WRITERS[suffix](tmp_path / f"guide{suffix}", rows), splits)
    found = [weights for name in ("train", "dev", "test") for weights in guides[name]]
    for weights, expected in zip(found, (rows[one] for one in range(4)), strict=True):
        # One rounding of the weights and one of their sum, in float32.
        np.testing.assert_allclose(weights, expected, atol=1e-7)
        assert weights.dtype == np.float32


FAULTS = {
    "too_long": ({1: [0.25, 0.25, 0.25, 0.25]}, "4 weights and 3 tokens for instance 1"),
    "negative": ({1: [1.5, -0.5, 0.0]}, "the weight -0.5 for instance 1"),
    "nan": ({1: [0.5, float("nan"), 0.5]}, "the weight nan for instance 1"),
    "not_normalised": ({1: [0.5, 0.5, 0.5]}, "a sum of 1.5 for instance 1"),
    "other": ({7: [1.0]}, "rows for 1 others \\(the first: 7\\)"),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_a_message(tmp_path, splits, rows, suffix, fault):
    changed, message = FAULTS[fault]
    path = WRITERS[suffix](tmp_path / f"guide{suffix}", rows | changed)
    with pytest.raises(DataError, match=message) as caught:
        read_guides(path, splits)
    assert "config.guides.file" in str(caught.value)
    assert "What to do" in str(caught.value)


def test_too_few_weights_are_refused(tmp_path, splits, rows):
    path = write_parquet(tmp_path / "guide.parquet", rows | {1: [0.5, 0.5]})
    with pytest.raises(DataError, match="2 weights and 3 tokens for instance 1"):
        read_guides(path, splits)
    path = write_npz(tmp_path / "guide.npz", {**rows, 3: [1.0]}, width=3)
    with pytest.raises(DataError, match="3 weights and 4 tokens for instance 3"):
        read_guides(path, splits)


def test_instances_without_a_row_are_named(tmp_path, splits, rows):
    del rows[2]
    with pytest.raises(DataError, match=r"no row for 1 instances \(the first: 2\)"):
        read_guides(write_npz(tmp_path / "guide.npz", rows), splits)


def test_every_kind_of_fault_is_reported_at_once(tmp_path, splits, rows):
    bad = rows | {0: [2.0, 0.0], 1: [2.0, 0.0, 0.0], 3: [-1.0, 1.0, 1.0, 0.0]}
    with pytest.raises(UserErrors) as caught:
        read_guides(write_npz(tmp_path / "guide.npz", bad), splits)
    assert len(caught.value.errors) == 2
    assert "and 1 more such rows" in str(caught.value)


def test_files_that_are_none_are_refused(tmp_path, splits):
    text = tmp_path / "guide.npz"
    text.write_text("not an archive")
    objects = tmp_path / "objects.npz"
    np.savez(objects, instance_id=np.arange(2), attention=np.array([[1.0], "x"], object))
    short = tmp_path / "short.npz"
    np.savez(short, instance_id=np.arange(2), attention=np.ones((3, 1)))
    column = tmp_path / "column.parquet"
    pq.write_table(pa.table({"instance_id": [0]}), column)
    for path in (text, objects, short, column, tmp_path / "none.npz", tmp_path / "guide.txt"):
        with pytest.raises(DataError, match=r"config\.guides\.file"):
            read_guides(path, splits)
