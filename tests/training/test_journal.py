import json

import pytest

from attnjax.errors import WorkFolderError
from attnjax.training.journal import Journal


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_carry_the_name_and_length_counts_bytes(tmp_path):
    path = tmp_path / "folder" / "metrics.jsonl"
    with Journal(path, "train") as journal:
        assert journal.length == 0
        journal.write(step=1)
        assert journal.length == path.stat().st_size
        journal.synchronise()
    assert read(path) == [{"name": "train", "step": 1}]


def test_a_continued_run_cuts_back_to_its_checkpoint(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with Journal(path, "train") as journal:
        journal.write(step=1)
        length = journal.length
        journal.write(step=2)
    with Journal(path, "train", length) as journal:
        journal.write(step=3)
    assert [line["step"] for line in read(path)] == [1, 3]


def test_a_fresh_run_keeps_other_runs_and_drops_its_own_earlier_lines(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with Journal(path, "first") as journal:
        journal.write(step=1)
    with Journal(path, "second") as journal:
        journal.write(step=2)
    with path.open("a") as file:
        file.write('{"name": "second", "st')  # killed while writing
    with Journal(path, "second") as journal:
        journal.write(step=3)
    assert [(line["name"], line["step"]) for line in read(path)] == [("first", 1), ("second", 3)]


def test_a_torn_last_line_goes(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"name": "first", "step": 1}\n{"na')
    with Journal(path, "second") as journal:
        journal.write(step=2)
    assert [line["step"] for line in read(path)] == [1, 2]


def test_a_file_shorter_than_the_checkpoint_says_is_not_padded(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with Journal(path, "train", 1000) as journal:
        assert journal.length == 0


def test_a_path_below_a_file_is_the_users_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkFolderError):
        Journal(tmp_path / "file" / "metrics.jsonl", "train")


def test_a_full_disk_is_named():
    with Journal.__new__(Journal) as journal:
        journal.name, journal.path = "train", "/dev/full"
        journal.file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
        with pytest.raises(WorkFolderError, match="no space left"):
            journal.write(step=1)
