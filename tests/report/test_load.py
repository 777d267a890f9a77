"""Reading a work folder back."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.errors import WorkFolderError
from attnjax.report.load import read_columns, read_run
from attnjax.report.page import provenance

from .synthetic import make_run


def test_columns_come_back_as_they_were_written(tmp_path):
    folder = make_run(tmp_path, n=30, limit=10)
    run = read_run(folder)
    table = pq.read_table(folder / "instances.parquet")
    attention = run.ragged("attention")
    for row, weights in enumerate(table.column("attention").to_pylist()):
        np.testing.assert_array_equal(attention.row(row), np.array(weights, np.float32))
    adversarial = run.ragged("adversary.attention")
    assert adversarial.present.tolist() == [True] * 10 + [False] * 20
    assert adversarial.lengths[10:].sum() == 0
    jsd = run.numbers("adversary.jsd")
    assert jsd is not None
    assert np.isnan(jsd[10:]).all()
    assert np.isfinite(jsd[:10]).all()
    assert run.lengths.tolist() == [len(one) for one in table.column("tokens").to_pylist()]


def test_absent_columns_are_empty(tmp_path):
    run = read_run(make_run(tmp_path, n=5, tests=("gradient_agreement",)))
    assert run.numbers("adversary.jsd") is None
    assert not run.ragged("adversary.attention").present.any()


def test_sliced_and_chunked_lists_keep_their_rows(tmp_path):
    lists = pa.chunked_array([[[1.0], [2.0, 3.0]], [None, [4.0]]])
    whole = pa.array([0, 1, 2, 3])
    table = pa.table(
        dict.fromkeys(("instance_id", "label", "predicted"), whole)
        | {"tokens": pa.chunked_array([[["a"], ["b", "c"]], [["d"], ["e"]]])}
        | {"probability": lists, "attention": lists}
    ).slice(1)
    pq.write_table(table, tmp_path / "instances.parquet")
    attention = read_columns(tmp_path / "instances.parquet")["attention"]
    assert [attention.row(row).tolist() for row in range(3)] == [[2.0, 3.0], [], [4.0]]


def test_classes_without_a_name_get_one(tmp_path):
    folder = make_run(tmp_path, n=20)
    results = json.loads((folder / "results.json").read_text())
    results["dataset"]["class_names"] = ["no"]
    (folder / "results.json").write_text(json.dumps(results))
    assert read_run(folder).class_names == ["no", "class 1"]


def test_later_commands_are_told_with_what_was_new(tmp_path):
    folder = make_run(tmp_path, n=5)
    record = json.loads((folder / "config.json").read_text())
    packages = record["packages"]
    assert read_run(folder).later == ()
    record["history"] = [
        {"command": "python train.py a", "device": record["device"], "packages": packages},
        {"command": "python train.py b", "device": "1 x H100", "packages": packages | {"jax": "9"}},
    ]
    (folder / "config.json").write_text(json.dumps(record))
    run = read_run(folder)
    assert run.later == ("python train.py a", "python train.py b (1 x H100, jax 9)")
    assert ("Continued by", "python train.py a") in provenance(run)


@pytest.mark.parametrize("name", ["results.json", "config.json", "instances.parquet"])
@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_damaged_folder_is_said_to_be_one(tmp_path, name, damage):
    folder = make_run(tmp_path, n=5)
    if damage == "missing":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(b"garbage")
    with pytest.raises(WorkFolderError, match=name):
        read_run(folder)


def test_a_newer_schema_is_refused(tmp_path):
    folder = make_run(tmp_path, n=5)
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(results | {"schema": 99}))
    with pytest.raises(WorkFolderError, match="schema 99"):
        read_run(folder)


def test_a_file_without_the_needed_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"instance_id": [1]}), tmp_path / "instances.parquet")
    with pytest.raises(WorkFolderError, match="tokens, label"):
        read_columns(tmp_path / "instances.parquet")
