"""What the shipped configs promise in their headers, on whole runs."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.processes import ROOT


def _results(folder, *arguments):
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), f"--workdir={folder}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "results.json").read_text())


@pytest.mark.slow
def test_the_positive_control_passes_and_the_negative_fails(tmp_path):
    results = _results(tmp_path / "run", f"--config={ROOT / 'configs' / 'planted_controls.py'}")
    controls = results["tests"]["planted_controls"]
    assert results["performance"]["test"]["accuracy"] >= 0.95
    assert controls["positive"]["attention"]["auprc"]["mean"] >= 0.95
    noise, chance = controls["negative"]["attention"], controls["negative"]["chance"]
    assert noise["auprc"]["mean"] <= chance["auprc"]["mean"] + 0.05


@pytest.mark.slow
@pytest.mark.timeout(1800)  # three trainings: about five minutes of two cores
def test_the_treebank_with_random_embeddings_reaches_its_accuracy(tmp_path, shared_data):
    accuracies = []
    for seed in range(3):
        results = _results(
            tmp_path / str(seed),
            f"--config={ROOT / 'configs' / 'sst.py'}",
            f"--config.data.dir={shared_data}",
            f"--config.seed={seed}",
            "--config.tests=",
        )
        assert results["dataset"]["splits"] == {"train": 6355, "dev": 821, "test": 1725}
        accuracies.append(results["performance"]["test"]["accuracy"])
    assert np.mean(accuracies) >= 0.76, accuracies
