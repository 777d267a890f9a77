"""A whole pre-training, as a user starts it: what it leaves, refuses, and continues."""

import json
import math
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attnjax.cli import main
from attnjax.data.gpt.token_file import open_tokens
from attnjax.data.gpt.tokenizer import load_tokenizer
from attnjax.errors import WorkFolderError
from attnjax.experiments.gpt.starting_point import read_pretrained, snapshot_steps
from tests.processes import ROOT, environment
from tests.toy_books import book, write_books

TOY = ROOT / "tests" / "toy_pretraining_config.py"


def arguments(books: Path, folder: Path, *more: str) -> list[str]:
    paths = f"--config.corpus.paths={books}"
    return [f"--config={TOY}", f"--workdir={folder}", paths, *more]


def run(books: Path, folder: Path, *more: str) -> int:
    return main(arguments(books, folder, *more), root=ROOT)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    return write_books(tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="module")
def finished(books, tmp_path_factory):
    """A finished toy run; tests that change its folder copy it first."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert run(books, folder) == 0
    return folder


@pytest.fixture(scope="module")
def results(finished):
    return json.loads((finished / "results.json").read_text())


def test_the_results_are_those_of_the_documents(finished, results, books):
    corpus, model = results["corpus"], results["language_model"]
    assert [one["name"] for one in corpus["train"]["documents"]] == ["first", "second"]
    (third,) = corpus["held_out"]["documents"]
    assert third["characters"] == len((books / "third.txt").read_text())
    scores = model["documents"]["third"]
    assert scores["num_tokens"] == third["tokens"] - 1
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]))
    bits = scores["loss"] * scores["num_tokens"] / math.log(2) / third["characters"]
    assert model["bits_per_character"] == pytest.approx(bits)
    assert model["tokens_seen"] == 40 * 8 * 16
    assert [point["step"] for point in model["curve"]["held_out"]] == [20, 40]
    last = model["curve"]["held_out"][-1]
    assert last["perplexity"] == pytest.approx(model["perplexity"], rel=1e-5)


def test_the_model_has_learnt_and_the_unigram_is_that_of_counts(finished, results):
    train, held_out = (
        np.asarray(open_tokens(finished / "tokens" / f"{part}.bin").tokens).tolist()
        for part in ("train", "held_out")
    )
    counted = results["language_model"]["yardsticks"]
    seen = train[: counted["tokens"]]
    size = results["tokenizer"]["num_pieces"]
    counts = Counter(seen)
    held = held_out[1:]
    cost = -sum(math.log((counts[one] + 1) / (len(seen) + size)) for one in held)
    assert counted["unigram"]["perplexity"] == pytest.approx(math.exp(cost / len(held)))
    assert results["language_model"]["perplexity"] < 0.8 * counted["unigram"]["perplexity"]


def test_the_folder_is_all_that_fine_tuning_needs(finished, results):
    start = read_pretrained(finished)
    assert start.tokenizer == load_tokenizer(finished / "tokenizer")
    assert start.settings.vocabulary_size == results["tokenizer"]["num_pieces"]
    assert (start.settings.mode, start.settings.num_special, start.steps) == ("exact", 3, 40)
    assert snapshot_steps(finished) == (0, 20)
    early = read_pretrained(finished, step=0)
    assert early.digest != start.digest
    rows = start.settings.num_tokens
    assert early.weights.arrays["tokens_embed.weight"].shape == (rows, 16)
    with pytest.raises(WorkFolderError, match=r"no weights of step 7 \(there are: 0, 20\)"):
        read_pretrained(finished, step=7)


def test_the_report_shows_what_was_found(finished, results):
    page = (finished / "report.html").read_text()
    for text in ("What the model writes", "Held-out documents", "bits per character", "third"):
        assert text in page
    assert "//" not in page  # no address: nothing is fetched
    assert (finished / "figures" / "language_model_curve.svg").is_file()
    (sample,) = results["language_model"]["samples"]
    assert sample["prompt"].split()[0] in book(2, 1).lower()


def test_the_same_command_repeats_nothing_and_changes_nothing(finished, books, capsys):
    before = (finished / "results.json").read_bytes()
    assert run(books, finished) == 0
    assert capsys.readouterr().err.count("finished before") == 5
    assert (finished / "results.json").read_bytes() == before


REFUSED = {
    "unknown": (["--config.corpus.held_out=thrid"], "did you mean 'third'?"),
    "all": (["--config.corpus.held_out=first,second,third"], "at least one that is left"),
    "none": (["--config.corpus.held_out="], "config.corpus.held_out: found nothing"),
    "heads": (["--config.gpt.num_heads=3"], "a divisor of config.gpt.width"),
    "warm-up": (["--config.pretraining.warmup_steps=40"], "fewer than config.pretraining.num_"),
    "devices": (["--config.pretraining.model_devices=9"], "a product that the"),
    "field": (["--config.pretraining.batchsize=3"], "did you mean 'pretraining.batch_size'?"),
    "classifier's": (["--config.model.encoder=cnn"], "found an unknown field"),
    "kind": (["--config.kind=classifier"], "the kind of the config file"),
    "release": (["--config.tokenizer.pieces=release"], "config.tokenizer.dir"),
    "kernel": (["--config.gpt.kernel=cudnn", "--config.gpt.dtype=bfloat16"], "'cudnn' on a CPU"),
    "path": (["--config.corpus.paths=no/such/books"], "no such file or folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(
    books, tmp_path, capsys, monkeypatch, case
):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)
    more, message = REFUSED[case]
    assert run(books, tmp_path / "run", *more) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed
    assert not [one for one in (tmp_path / "run").glob("*") if one.name != ".lock"]


def test_every_bad_file_of_a_corpus_is_named_at_once(tmp_path, capsys):
    books = write_books(tmp_path / "books")
    (books / "binary.txt").write_bytes(b"MZ\x00\x01 words")
    (books / "latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    (books / "empty.txt").write_text("")
    assert run(books, tmp_path / "run") == 2
    printed = capsys.readouterr().err
    for name, words in (("binary", "zero bytes"), ("latin", "latin.txt"), ("empty", "empty file")):
        assert f"{name}.txt" in printed
        assert words in printed
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_copy_of_a_held_out_document_is_not_trained_on(tmp_path, capsys):
    books = write_books(tmp_path / "books")
    shutil.copy(books / "third.txt", books / "fourth.txt")
    assert run(books, tmp_path / "run") == 2
    assert "third, the same text as fourth" in capsys.readouterr().err
    assert not (tmp_path / "run" / "config.json").exists()


def test_too_little_text_is_said_and_the_tokens_stay(books, tmp_path, capsys):
    more = ["--config.gpt.context=4000", "--config.pretraining.batch_size=4"]
    assert run(books, tmp_path / "run", *more) == 2
    printed = capsys.readouterr().err
    assert "windows of 4001 tokens" in printed
    assert "at least the 4 of one batch" in printed
    assert (tmp_path / "run" / "stages" / "tokens.json").is_file()


def test_a_warm_up_longer_than_the_training_is_said(books, tmp_path, capsys):
    more = ["--config.pretraining.num_steps=0", "--config.pretraining.warmup_steps=999"]
    assert run(books, tmp_path / "run", *more) == 2
    assert "pretraining.warmup_steps: found 999" in capsys.readouterr().err


def test_tokens_of_another_vocabulary_are_refused(finished, books, tmp_path, capsys):
    cache = tmp_path / "cache"
    shutil.copytree(finished / "tokens", cache)
    more = [f"--config.corpus.cache={cache}", "--config.tokenizer.size=80"]
    assert run(books, tmp_path / "run", *more) == 2
    printed = capsys.readouterr().err
    assert "tokens of another tokenizer" in printed
    assert sorted(one.name for one in cache.iterdir()) == sorted(
        one.name for one in (finished / "tokens").iterdir()
    )


def test_other_texts_and_other_settings_are_another_run(finished, books, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    assert run(books, folder, "--config.gpt.width=32") == 2
    assert "config.gpt.width" in capsys.readouterr().err
    assert (
        main([f"--config={ROOT / 'tests' / 'toy_config.py'}", f"--workdir={folder}"], root=ROOT)
        == 2
    )
    assert "(config.kind)" in capsys.readouterr().err
    others = write_books(tmp_path / "others")
    (others / "first.txt").write_text(book(9, 150))
    assert run(others, folder) == 2
    assert "documents (config.corpus) that differ" in capsys.readouterr().err


def test_pieces_that_were_changed_are_not_used(finished, books, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "stages" / "yardsticks.json").unlink()
    merges = folder / "tokenizer" / "merges.txt"
    merges.write_text("\n".join(merges.read_text().splitlines()[:-1]) + "\n")
    assert run(books, folder) == 2
    assert "pieces that are not those" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_run_ends_as_one_that_was_not(finished, books, tmp_path):
    """SIGKILL after the first steps; the same command then leaves the same weights."""
    folder = tmp_path / "run"
    command = [sys.executable, str(ROOT / "train.py"), *arguments(books, folder)]
    journal = folder / "metrics.jsonl"
    with subprocess.Popen(command, env=environment(None), stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 240
        while time.monotonic() < end and not any((folder / "checkpoints").glob("pretrain/*/*")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (folder / "results.json").exists()
    assert subprocess.run(command, env=environment(None), check=False).returncode == 0
    for name in ("weights/model.safetensors", "snapshots/20/model.safetensors"):
        assert (folder / name).read_bytes() == (finished / name).read_bytes()
    assert _timeless(journal) == _timeless(finished / "metrics.jsonl")


def _timeless(journal: Path) -> list[dict]:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [{name: one for name, one in line.items() if "second" not in name} for line in lines]


@pytest.mark.slow
def test_split_over_devices_the_numbers_are_those_of_one(finished, books, tmp_path):
    folder = tmp_path / "run"
    more = ["--config.pretraining.data_devices=2", "--config.pretraining.model_devices=2"]
    command = [sys.executable, str(ROOT / "train.py"), *arguments(books, folder, *more)]
    devices = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run(
        command, env=environment(None) | devices, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    _assert_near(folder, finished)
    summary = json.loads((folder / "stages" / "pretrain.json").read_text())["summary"]
    assert summary["devices"] == {"data": 2, "model": 2}


@pytest.mark.slow
def test_two_processes_train_as_one_does(finished, books, tmp_path):
    folder = tmp_path / "run"
    with socket.socket() as free:
        free.bind(("localhost", 0))
        coordinator = f"--config.hosts.coordinator=localhost:{free.getsockname()[1]}"
    hosts = [coordinator, "--config.hosts.count=2"]
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "train.py")),
                *arguments(books, folder, *hosts, f"--config.hosts.process={number}"),
            ],
            env=environment(None) | {"JAX_NUM_CPU_DEVICES": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    printed = [process.communicate(timeout=400) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    assert "report:" in printed[0][0]
    assert "report:" not in printed[1][0]
    _assert_near(folder, finished)


def _assert_near(folder: Path, other: Path) -> None:
    """Sums over devices are taken in another order, so the last bits differ."""
    found, expected = (read_pretrained(one).weights.arrays for one in (folder, other))
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, atol=2e-4, err_msg=name)
