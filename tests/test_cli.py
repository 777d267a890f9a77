"""The command around the stages: what goes wrong there, and how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from attnjax import cli
from attnjax.cli import main
from attnjax.experiments import runner
from tests.processes import ROOT, TOY, command


def _reader_gone(arguments, stream):
    """Run a command of which nobody reads one stream."""
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: writing}
    try:
        return subprocess.run(arguments, text=True, check=False, **streams)
    finally:
        os.close(writing)


def test_help_ends_quietly_where_nobody_reads_on():
    done = _reader_gone([sys.executable, str(ROOT / "train.py"), "--help"], "stdout")
    assert done.stderr == ""
    assert done.returncode == 128 + signal.SIGPIPE


def test_a_run_ends_quietly_where_nobody_reads_on(tmp_path):
    done = _reader_gone(command(tmp_path / "run"), "stderr")
    assert done.stdout == ""
    assert done.returncode == 128 + signal.SIGPIPE
    assert not (tmp_path / "run" / "error.log").exists()


def test_a_work_folder_that_is_a_file_is_refused(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("x")
    assert main([f"--config={TOY}", f"--workdir={file}"], root=ROOT) == 2
    assert "file exists; expected a folder" in capsys.readouterr().err
    assert file.read_text() == "x"


@pytest.mark.parametrize("name", ["runs", "stages", "checkpoints"])
def test_a_file_in_the_place_of_a_folder_is_the_users(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    small = ["--config.tests=permutation", "--config.model.encoder=average"]
    arguments = [f"--config={TOY}", *small]
    if name == "runs":
        (tmp_path / name).write_text("x")
    else:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / name).write_text("x")
        arguments.append("--workdir=run")
    assert main(arguments, root=ROOT) == 2
    printed = capsys.readouterr().err
    assert "expected a folder that can be written" in printed
    assert "Traceback" not in printed


def test_two_fresh_folders_of_one_second_are_two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Noon(cli.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2030, 1, 1, 12)

    monkeypatch.setattr(cli, "datetime", Noon)
    made = [str(cli._fresh_folder("toy")) for _ in range(3)]
    assert made == [f"runs/toy-20300101-120000{end}" for end in ("", "-2", "-3")]


def test_the_home_folder_has_its_short_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(runner, "run_stages", _raise(KeyboardInterrupt))
    assert main([f"--config={TOY}", "--workdir=~/run"], root=ROOT) == 130
    assert (tmp_path / "run").is_dir()


def _raise(error):
    def function(*arguments, **options):
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (KeyboardInterrupt, (130, "interrupted; the same command with --workdir=")),
        (OSError(5, "Input/output error"), (1, "a mistake in attnjax")),
        (MemoryError(), (2, "error: memory: found less than this run needs (MemoryError)")),
        (RuntimeError("RESOURCE_EXHAUSTED: 9 GiB"), (2, "(RESOURCE_EXHAUSTED: 9 GiB)")),
        (IsADirectoryError(21, "Is a directory", "a/b"), (2, "error: a/b: found is a directory")),
    ],
)
def test_whatever_ends_a_run_ends_in_one_message(tmp_path, monkeypatch, capsys, error, end):
    monkeypatch.setattr(runner, "run_stages", _raise(error))
    code, message = end
    before = signal.getsignal(signal.SIGTERM)
    assert main([f"--config={TOY}", f"--workdir={tmp_path / 'run'}"], root=ROOT) == code
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_interrupted_parse_is_one_message_too(monkeypatch, capsys):
    monkeypatch.setattr(cli, "parse", _raise(KeyboardInterrupt))
    assert main([], root=ROOT) == 130
    assert capsys.readouterr().err == "interrupted; nothing was begun\n"


def test_no_device_is_one_message(tmp_path):
    done = subprocess.run(
        command(tmp_path / "run"),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"JAX_PLATFORMS": "abacus"},
    )
    assert done.returncode == 2
    assert "error: JAX: found no device to compute on" in done.stderr
    assert "Traceback" not in done.stderr
