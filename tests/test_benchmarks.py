"""The benchmark runs, its references agree with the package, and its JSON is whole.

No time is looked at: `docs/performance.md` has those of a quiet machine.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)
SEARCHES = ("search", "search_from_arrays", "search_default", "search_default_from_arrays")
ROWS = {
    ("evaluation", "tuned"),
    ("evaluation", "faithful"),
    ("gradient", "tuned"),
    ("gradient", "faithful"),
    ("leave_one_out", "tuned"),
    ("leave_one_out", "faithful"),
    ("permutations", "tuned"),
    ("permutations", "faithful"),
    ("permutations_from_arrays", "tuned"),
    ("permutations_from_arrays", "faithful"),
    ("tau", "scipy"),
    *((name, f"search_{v}") for name in SEARCHES for v in ("tuned", "faithful")),
    ("exact", "exact_solver"),
    ("exact", "search_tuned"),
    ("exact", "search_faithful"),
    ("exact_from_text", "exact_solver_from_text"),
    ("exact_from_text", "search_tuned"),
    ("exact_from_text", "search_faithful"),
    ("epoch", "tuned"),
    ("epoch", "faithful"),
}


def compare(*flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.compare", *flags],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


@TORCH
@pytest.mark.slow
def test_every_torch_reference_agrees_and_the_report_is_whole(tmp_path):
    path = tmp_path / "numbers.json"
    done = compare("--quick", "--no-memory", "--settings=sst", "--threads=1", f"--json={path}")
    assert done.returncode == 0, done.stderr
    report = json.loads(path.read_text(encoding="utf-8"))
    assert {(row["name"], row["functions"]["reference"]) for row in report["rows"]} == ROWS
    for row in report["rows"]:
        assert row["gate"]["open"]
        assert row["gate"]["difference"] <= 1e-4
        assert row["gate"]["compared"]
        for number in (row["ratio"], row["floor"]["seconds"], *row["seconds"].values()):
            assert math.isfinite(number)
            assert number > 0
    assert report["machine"]["versions"]["torch"]
    assert all(value > 0 for value in report["peaks"].values())
    assert len(report["load"]["before"]) == len(report["load"]["after"]) == 3
    # The search is the same; the exact maximum is above both.
    facts = report["facts"]["sst"]
    assert facts["mean_jsd.ours_exact"] >= facts["mean_jsd.ours_search"] > 0
    assert facts["mean_jsd.exact_solver"] == pytest.approx(facts["mean_jsd.ours_exact"], abs=1e-4)
    assert "| one training epoch |" in done.stdout


@TORCH
@pytest.mark.slow
def test_a_torch_row_that_differs_is_refused():
    from benchmarks.floors import Floor
    from benchmarks.gates import difference
    from benchmarks.machine import Peaks
    from benchmarks.measure import measure_group
    from benchmarks.table import Group, Row
    from benchmarks.workload import Options, make_workload

    functions = {"ours": lambda: np.zeros(3), "right": lambda: np.full(3, 9e-5)}
    functions["wrong"] = lambda: np.array([0, 0, 2e-4])

    def row(name):
        gate = lambda found: difference(found["ours"], found[name], "three numbers")  # noqa: E731
        return Row("evaluation", "ours", name, gate, Floor(1.0))

    options = Options(weights="random", instances=4, repeats=1)
    measured, _ = measure_group(
        Group(functions, ()),
        [row("right"), row("wrong")],
        make_workload("sst", options),
        Peaks(1.0, 1.0, 1.0),
    )
    right, wrong = measured
    assert right["gate"]["open"]
    assert right["ratio"] > 0
    assert not wrong["gate"]["open"]
    assert wrong["ratio"] is None
    assert wrong["seconds"] is None


@TORCH
@pytest.mark.slow
def test_both_gpts_compute_the_same(tmp_path):
    pytest.importorskip("transformers", reason="the extra `parity` is not installed")
    path = tmp_path / "numbers.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpt", "--quick", f"--json={path}"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(path.read_text(encoding="utf-8"))
    names = {(row["name"], row["reference"]) for row in report["rows"]}
    assert names == {
        (name, variant)
        for name in ("train", "train_small", "logits", "classifier")
        for variant in ("faithful", "tuned", "compiled")
    }
    for row in report["rows"]:
        assert row["gate"]["open"], row
        assert 0 < row["ratio"]["low"] <= row["ratio"]["median"] <= row["ratio"]["high"]


def test_the_interval_of_a_ratio_leaves_out_what_the_sign_test_may():
    from benchmarks.timing import ratio_of

    times = [3.0, 1.0, 5.0, 2.0, 4.0, 9.0, 7.0, 8.0, 6.0]
    # Of nine, one at each end: 2 (1 + 9) / 512 = 0.04 is at most 0.05, and 0.18 is not.
    assert ratio_of(times, [1.0] * 9) == (5.0, 2.0, 8.0)
    assert ratio_of(times[:5], [2.0] * 5) == (1.5, 0.5, 2.5)


def test_lengths_are_those_of_sst():
    from benchmarks.workload import sst_lengths

    lengths = sst_lengths(1725)
    # The 1,725 test sentences that Jain & Wallace keep: 6 to 46 words, 18.2 on average.
    assert (lengths.min(), lengths.max()) == (6, 46)
    assert lengths.mean() == pytest.approx(18.2168, abs=1e-4)
    few = sst_lengths(100)
    assert few.mean() == pytest.approx(lengths.mean(), abs=0.5)


def test_a_missing_weights_file_is_one_message():
    done = compare("--weights=nowhere.npz")
    assert done.returncode == 2
    assert "found no file nowhere.npz" in done.stderr
    assert "Traceback" not in done.stderr
