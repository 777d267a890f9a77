import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attnjax.errors import WorkFolderError
from attnjax.workspace import read_json, work_folder, write_atomically, write_json


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


def test_a_folder_may_be_opened_again_and_holds_nothing_but_its_lock(tmp_path):
    for _ in range(2):
        with work_folder(tmp_path / "run") as folder:
            assert os.listdir(folder) == [".lock"]


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def none(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(WorkFolderError, match="No locks available"), work_folder(tmp_path):
        pass


def test_a_folder_in_use_is_refused(tmp_path):
    # flock belongs to the open file, so a second opening in this process is refused too.
    with (
        work_folder(tmp_path),
        pytest.raises(WorkFolderError, match="in use by another process"),
        work_folder(tmp_path),
    ):
        pass


def test_a_path_below_a_file_cannot_be_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with (
        pytest.raises(WorkFolderError, match="not a directory; expected a folder"),
        work_folder(Path(file) / "run"),
    ):
        pass
