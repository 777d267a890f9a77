"""A whole run, as a user starts it: what it leaves, what it refuses, how it continues."""

import json
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from attnjax.cli import main
from attnjax.config import JAIN_WALLACE
from tests.processes import ROOT, TOY, command, end_state, environment, run

TEXTS = ["good film , truly good", "bad film , truly bad", "a good one", "a bad one"] * 30
LABELS = ["pos", "neg"] * 60


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, cache):
    """A finished toy run; tests that change its folder copy it first."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_results_hold_every_test_with_finite_numbers(finished):
    results = json.loads((finished / "results.json").read_text())
    within = ("exact_adversary", "capped_adversary")
    assert list(results["tests"]) == [one for one in JAIN_WALLACE if one not in within]
    assert results["dataset"]["splits"]["train"] == 100
    assert set(results["seconds"]) >= {"train", *JAIN_WALLACE}
    for test in ("gradient_agreement", "random_agreement"):
        overall = results["tests"][test]["tau"]["overall"]
        assert overall["n"] + overall["undefined"] == results["dataset"]["splits"]["test"]
        assert -1 <= overall["ci95"][0] <= overall["mean"] <= overall["ci95"][1] <= 1
    adversary = results["tests"]["adversary"]
    assert adversary["search"]["max_jsd"]["mean"] <= np.log(2)
    assert 0 < adversary["ratio_to_exact"] <= 1 + 1e-4
    assert adversary["compared"] == results["dataset"]["splits"]["test"]
    assert adversary["exact"]["certified_share"] == 1.0
    means = [point["mean"] for point in adversary["exact"]["curve"]]
    assert means == sorted(means)
    loose, strict, spread = adversary["capped"]
    assert (loose["cap"], strict["cap"], spread["entropy_share"]) == (0.5, 0.25, 0.5)
    assert loose["infeasible_share"] <= strict["infeasible_share"] < 1
    assert adversary["epsilon"] in [point["epsilon"] for point in adversary["exact"]["curve"]]


def test_the_instances_are_those_of_the_test_split(finished):
    results = json.loads((finished / "results.json").read_text())
    table = pq.read_table(finished / "instances.parquet").to_pydict()
    assert len(table["instance_id"]) == results["dataset"]["splits"]["test"]
    assert len(set(table["instance_id"])) == len(table["instance_id"])
    for tokens, attention, adversarial, change, evidence in zip(
        table["tokens"],
        table["attention"],
        table["adversary.attention"],
        table["adversary.output_change"],
        table["evidence"],
        strict=True,
    ):
        assert len(tokens) == len(attention) == len(adversarial) == len(evidence)
        # 1e-5: a float32 softmax over at most 50 tokens.
        assert sum(attention) == pytest.approx(1, abs=1e-5)
        assert sum(adversarial) == pytest.approx(1, abs=1e-5)
        assert change <= 0.01 + 1e-6


def test_no_searched_adversary_is_farther_than_the_exact_one(finished):
    table = pq.read_table(finished / "instances.parquet").to_pydict()
    # The search may use the last 5e-7 of epsilon; the slope of JSD in it reaches 50.
    searched, exact = (np.array(table[f"{name}adversary.jsd"]) for name in ("", "exact_"))
    assert np.all(searched <= exact + 1e-4)
    for attention, change, reach, curve, jsd in zip(
        table["exact_adversary.attention"],
        table["exact_adversary.output_change"],
        table["exact_adversary.max_output_change"],
        table["exact_adversary.curve"],
        exact,
        strict=True,
    ):
        assert sum(attention) == pytest.approx(1, abs=1e-6)
        assert np.count_nonzero(attention) <= 2
        assert change <= 0.01
        assert change <= reach + 1e-6 <= 1 + 2e-6
        assert jsd in curve


def test_a_constraint_leaves_no_adversary_farther_than_the_strongest(finished):
    table = pq.read_table(finished / "instances.parquet").to_pydict()
    strongest = np.array(table["exact_adversary.jsd"])
    for name in ("cap_0.5", "cap_0.25", "entropy_share_0.5"):
        lower, upper = (
            np.array(table[f"capped_adversary.{name}_{bound}"], float)
            for bound in ("lower", "upper")
        )
        some = np.array(table[f"capped_adversary.{name}_status"]) != 2
        np.testing.assert_array_equal(np.isfinite(lower), some)
        assert np.all(lower[some] <= upper[some])
        # Both are solved in float32; the slope of JSD in epsilon reaches 50.
        assert np.all(lower[some] <= strongest[some] + 1e-4)
    for weights, tokens in zip(
        table["capped_adversary.cap_0.5_attention"], table["tokens"], strict=True
    ):
        assert len(weights) in (0, len(tokens))
        assert max(weights, default=0) <= 0.5 + 1e-6
    assert "capped_adversary.cap_0.25_attention" not in table


def test_the_report_and_the_record_are_there(finished):
    assert (finished / "report.html").stat().st_size > 50_000
    record = json.loads((finished / "config.json").read_text())
    assert record["config"]["adversary"]["keep"] == "fixed"
    assert "jax" in record["packages"]
    assert list((finished / "figures").glob("*.svg"))


def test_the_same_command_repeats_nothing_and_changes_nothing(finished, cache):
    before = end_state(finished)
    done = run(finished, cache=cache)
    assert done.returncode == 0
    assert done.stderr.count(": finished before") == len(list(finished.glob("stages/*.json"))) - 1
    assert end_state(finished) == before


def test_another_run_of_the_same_seed_gives_the_same_numbers(finished, tmp_path, cache):
    done = run(tmp_path / "run", "--config.tests=permutation", cache=cache)
    assert done.returncode == 0, done.stderr
    small, whole = end_state(tmp_path / "run"), end_state(finished)
    assert small["params"]["train.json"] == whole["params"]["train.json"]
    assert small["results"]["tests"] == {"permutation": whole["results"]["tests"]["permutation"]}
    done = run(tmp_path / "run", "--config.tests=permutation,random_agreement", cache=cache)
    assert "permutation: finished before" in done.stderr
    added = end_state(tmp_path / "run")["results"]["tests"]
    assert added["random_agreement"] == whole["results"]["tests"]["random_agreement"]


def test_changed_settings_of_a_finished_stage_are_refused(finished, capsys):
    code = main(
        [f"--config={TOY}", f"--workdir={finished}", "--config.adversary.steps=9"], root=ROOT
    )
    assert code == 2
    assert "config.adversary.steps): found 9 in this command; expected 30" in _message(capsys)


def test_a_damaged_checkpoint_falls_back_and_ends_the_same(finished, tmp_path, cache):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    for path in (*folder.glob("stages/train*"), *folder.glob("stages/adversary.*")):
        path.unlink()
    newest = max((folder / "checkpoints" / "train").glob("[0-9]*"), key=lambda one: int(one.name))
    for path in newest.rglob("*"):
        if path.is_file() and path.stat().st_size > 100:
            path.write_bytes(path.read_bytes()[:50])
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    assert "damaged" in done.stderr
    assert end_state(folder) == end_state(finished)


def test_sigterm_saves_and_the_same_command_continues(finished, tmp_path, cache):
    with subprocess.Popen(
        command(tmp_path / "run"),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment(cache),
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("[1/"):
                break
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait() == 143
    assert "stopped as asked" in rest
    done = run(tmp_path / "run", cache=cache)
    assert done.returncode == 0, done.stderr
    assert end_state(tmp_path / "run") == end_state(finished)


def test_a_full_disk_ends_in_one_message(tmp_path, cache):
    limited = (
        "import os, resource, sys; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *command(tmp_path / "run", "--config.tests=permutation")],
        capture_output=True,
        text=True,
        check=False,
        env=environment(cache),
    )
    assert done.returncode == 2, done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


def _csv(path: Path, rows: list[tuple[str, ...]], header: str = "text,label") -> Path:
    lines = [header, *(",".join(f'"{cell}"' for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


GOOD = list(zip(TEXTS, LABELS, strict=True))


def _bad_file(folder: Path, case: str) -> tuple[Path, list[str]]:
    """Return a data file with one thing wrong, and what else to type."""
    path, more = folder / "data.csv", []
    if case == "missing":
        return folder / "nothing.csv", more
    if case == "folder":
        return folder, more
    _csv(path, GOOD)
    if case == "not utf-8":
        path.write_bytes(path.read_bytes() + b'"caf\xe9",pos\n')
    elif case == "column":
        more = ["--config.data.text_column=txet"]
    elif case == "empty text":
        _csv(path, [*GOOD, ("  ", "pos")])
    elif case == "one class":
        _csv(path, [(text, "pos") for text in TEXTS])
    elif case == "labels differ":
        other = _csv(folder / "test.csv", [("a good one", "neutral")] * 3)
        more = [f"--config.data.test_path={other}"]
    elif case == "too long":
        more = ["--config.data.max_length=4", "--config.data.on_long=refuse"]
    else:
        more = _bad_companion(folder, case)
    return path, more


def _bad_companion(folder: Path, case: str) -> list[str]:
    """Return what to type to bring a bad vocabulary, vectors or weights to good data."""
    if case == "unknown words":
        vocabulary = folder / "vocabulary.txt"
        vocabulary.write_text("<pad>\n<unk>\n<sos>\n<eos>\nzebra\n")
        return [f"--config.data.vocabulary={vocabulary}"]
    if case in ("nan vectors", "narrow vectors"):
        vectors = folder / "vectors.txt"
        numbers = " nan" * 8 if case == "nan vectors" else " 0.5" * 3
        vectors.write_text(f"good{numbers}\nbad{numbers}\n")
        return [f"--config.data.vectors={vectors}"]
    weights = folder / ("w.npz" if case == "weights shape" else "w.pkl")
    if case == "weights shape":
        np.savez(weights, **{"encoder.embedding.weight": np.zeros((3, 3), np.float32)})
    else:
        weights.write_bytes(pickle.dumps({"a": 1}))
    return [f"--config.model.weights={weights}"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing", "nothing.csv"),
        ("folder", "error:"),
        ("not utf-8", "UTF-8"),
        ("column", "txet"),
        ("empty text", "122"),
        ("one class", "pos"),
        ("labels differ", "neutral"),
        ("too long", "max_length"),
        ("unknown words", "unknown"),
        ("nan vectors", "vectors.txt"),
        ("narrow vectors", "vectors.txt"),
        ("weights shape", "encoder.embedding.weight"),
        ("weights pickle", "pickle"),
    ],
)
def test_bad_input_is_the_users_and_ends_in_one_message(tmp_path, capsys, case, message):
    path, more = _bad_file(tmp_path, case)
    arguments = [f"--config={TOY}", f"--workdir={tmp_path / 'run'}", f"--config.data.path={path}"]
    assert main([*arguments, "--config.tests=permutation", *more], root=ROOT) == 2
    text = _message(capsys)
    assert text.startswith("error: ")
    assert message in text
    assert "What to do:" in text


def _message(capsys) -> str:
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return text[text.index("error:") :]


def test_a_users_own_file_goes_through_the_whole_trial(tmp_path, cache):
    script = "<script>alert(1)</script> & good"
    path = _csv(tmp_path / "mine.csv", [*GOOD, (script, "pos"), (script, "pos"), (script, "pos")])
    tests = ",".join(test for test in JAIN_WALLACE if not test.startswith("planted"))
    done = run(
        tmp_path / "run", f"--config.data.path={path}", f"--config.tests={tests}", cache=cache
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<script>alert(1)" not in page


def test_three_classes_have_two_bounds_of_the_strongest_adversary(tmp_path, cache):
    words = {"pos": "good", "neg": "bad", "mid": "fair"}
    rows = [(f"a {word} one , {word}", label) for label, word in words.items()] * 40
    path, folder = _csv(tmp_path / "three.csv", rows), tmp_path / "run"
    typed = [
        f"--config.data.path={path}",
        "--config.model.encoder=average",
        "--config.training.epochs=1",
        "--config.tests=adversary,exact_adversary,capped_adversary",
    ]
    done = run(folder, *typed, cache=cache)
    assert done.returncode == 0, done.stderr
    adversary = json.loads((folder / "results.json").read_text())["tests"]["adversary"]
    assert adversary["exact"]["status"] == "enclosed"
    assert adversary["capped"]["status"] == "skipped"
    for one in (adversary["exact"], adversary["capped"]):
        assert "3 classes" in one["reason"]
    lower, upper = (adversary["multiclass"][name]["mean"] for name in ("lower", "upper"))
    assert adversary["search"]["max_jsd"]["mean"] <= lower + 1e-6 <= upper + 2e-6
    table = pq.read_table(folder / "instances.parquet").to_pydict()
    assert np.all(np.array(table["exact_adversary.lower"]) <= table["exact_adversary.upper"])
    page = (folder / "report.html").read_text()
    assert "The strongest adversary, between two bounds" in page
    assert "Adversaries under constraints were not computed: the model has 3 classes" in page


def test_a_mistake_of_ours_is_told_apart(tmp_path, capsys, monkeypatch):
    from attnjax.experiments import runner

    def broken(*arguments, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(runner, "run_stages", broken)
    folder = tmp_path / "run"
    assert main([f"--config={TOY}", f"--workdir={folder}"], root=ROOT) == 1
    text = _message(capsys)
    assert "a mistake in attnjax" in text
    assert "ZeroDivisionError" in (folder / "error.log").read_text()


def test_heavy_packages_are_not_imported_by_help():
    script = (
        "import sys; from pathlib import Path; from attnjax.cli import main; "
        "main(['--help'], root=Path('.')); "
        "print([name for name in ('jax.numpy', 'flax', 'matplotlib', 'tensorflow_datasets', "
        "'pyarrow', 'orbax') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
