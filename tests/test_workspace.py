import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attnjax.errors import UserErrors, WorkFolderError
from attnjax.workspace import SCHEMA, read_json, work_folder, write_atomically, write_json

RECORD = {"schema": SCHEMA, "identity": {"seed": 0, "model": {"encoder": "lstm", "size": 3}}}


def test_a_written_file_is_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "file.bin"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["file.bin"]


def test_a_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    write_atomically(path, b"old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkFolderError, match=r"no space left.*continues where it stopped"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


def test_a_file_size_limit_is_a_full_disk(tmp_path):
    script = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from attnjax.errors import WorkFolderError\n"
        "from attnjax.workspace import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_atomically(Path(sys.argv[1]), bytes(5000))\n"
        "except WorkFolderError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "file")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no space left (File too large)" in done.stdout
    assert os.listdir(tmp_path) == []


def test_nan_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})


def test_damaged_json_is_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{")
    with pytest.raises(WorkFolderError, match="cannot be read"):
        read_json(path)


def test_the_same_config_continues(tmp_path):
    for _ in range(2):
        with work_folder(tmp_path / "run", RECORD) as folder:
            assert json.loads((folder / "config.json").read_text())["schema"] == SCHEMA


def test_another_config_is_refused_with_every_difference(tmp_path):
    with work_folder(tmp_path, RECORD):
        pass
    other = {"schema": SCHEMA, "identity": {"seed": 1, "model": {"encoder": "cnn", "size": 3}}}
    with pytest.raises(UserErrors) as caught, work_folder(tmp_path, other):
        pass
    text = str(caught.value)
    assert "config.seed): found 1 in this command; expected 0" in text
    assert "config.model.encoder): found 'cnn'" in text
    assert "size" not in text
    assert json.loads((tmp_path / "config.json").read_text()) == RECORD


def test_a_newer_schema_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(RECORD | {"schema": SCHEMA + 1}))
    with pytest.raises(WorkFolderError, match="found schema 2"), work_folder(tmp_path, RECORD):
        pass


def test_a_folder_in_use_is_refused(tmp_path):
    # flock belongs to the open file, so a second opening in this process is refused too.
    with (
        work_folder(tmp_path, RECORD),
        pytest.raises(WorkFolderError, match="in use by another process"),
        work_folder(tmp_path, RECORD),
    ):
        pass


def test_a_path_below_a_file_cannot_be_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with (
        pytest.raises(WorkFolderError, match="not a directory; expected a folder"),
        work_folder(Path(file) / "run", RECORD),
    ):
        pass
