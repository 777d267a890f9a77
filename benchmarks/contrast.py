"""How far trained adversaries get, by where the evidence is and what a state knows.

Trains adversaries of the Average and the BiLSTM encoder on planted corpora whose evidence is
sparse or redundant, for several seeds of everything (base and adversaries), and compares the
divergence of the attention of those that predict as the base does.

    python -m benchmarks.contrast --workdir=DIR            # about half an hour on two cores

Every combination is a run of `train.py` in a folder below DIR; the same command continues.
Of each sweep counts the adversary that the run chose on dev: the largest JSD with a mean TVD
under 0.05, else the smallest TVD. What is printed is measured on test, with 95% bootstrap
intervals over seeds and instances.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from attnjax.measures.resampling import sample_means

ROOT = Path(__file__).resolve().parents[1]
VARIANTS = ("sparse", "redundant")
ENCODERS = {
    "average": (
        "--config.model.encoder=average",
        "--config.training.epochs=20",
        "--config.trained_adversary.epochs=40",
        "--config.trained_adversary.lambdas=5e-4,7e-4,1e-3,1.4e-3,2e-3,2.8e-3,3.4e-3,4e-3",
    ),
    "lstm": (
        "--config.trained_adversary.epochs=20",
        "--config.trained_adversary.lambdas=2e-5,5e-5,1e-4,2e-4",
    ),
}
"""Weights on either side of where predictions stop being close, found with seed 0."""


class Chosen(NamedTuple):
    """The chosen adversaries of one encoder and variant on test, by seed."""

    jsd: np.ndarray
    tvd: np.ndarray
    weights: list[float]
    close: list[bool]
    norms: list[dict[str, Any]]


def run(workdir: Path, encoder: str, variant: str, seed: int) -> Path:
    """Train a base and its adversaries, or continue to; return the work folder."""
    folder = workdir / f"{encoder}-{variant}-{seed}"
    command = [
        sys.executable,
        "train.py",
        f"--config=configs/wiegreffe_pinter/planted_{variant}.py",
        f"--workdir={folder}",
        f"--config.seed={seed}",
        "--config.tests=trained_adversary",
        *ENCODERS[encoder],
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


def load(folders: Sequence[Path]) -> Chosen:
    """Return the chosen adversaries of several runs."""
    jsd, tvd, weights, close, norms = [], [], [], [], []
    for folder in folders:
        found = json.loads((folder / "results.json").read_text())["tests"]["trained_adversary"]
        columns = ["instance_id", "trained_adversary.jsd", "trained_adversary.tvd"]
        rows = pq.read_table(folder / "instances.parquet", columns=columns).sort_by("instance_id")
        each = {name: np.array(rows[name].to_pylist()) for name in columns[1:]}
        chosen = found["chosen"]
        jsd.append(each["trained_adversary.jsd"][:, chosen])
        tvd.append(each["trained_adversary.tvd"][:, chosen])
        weights.append(found["lambdas"][chosen]["lambda"])
        summary = json.loads((folder / "stages" / "train_adversaries.json").read_text())["summary"]
        close.append(summary["dev"]["tvd"][chosen] < 0.05)
        norms.append(found["norms"])
    return Chosen(np.array(jsd), np.array(tvd), weights, close, norms)


def main(argv: Sequence[str]) -> int:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args(argv)
    workdir = arguments.workdir.resolve()
    folders: dict[tuple[str, str], list[Path]] = {}
    for seed in range(arguments.seeds):
        for encoder in ENCODERS:
            for variant in VARIANTS:
                folder = run(workdir, encoder, variant, 100 * seed)
                folders.setdefault((encoder, variant), []).append(folder)
    print(table({key: load(found) for key, found in folders.items()}))
    return 0


def table(found: dict[tuple[str, str], Chosen]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "| encoder | evidence | JSD | TVD | close on dev | lambdas | values' size / base's |",
        "| --- | --- | --- | --- | ---: | --- | --- |",
    ]
    samples = {}
    for number, ((encoder, variant), one) in enumerate(found.items()):
        samples[encoder, variant] = sample_means(one.jsd, samples=4000, seed=number)
        ratios = [each["adversary"]["values"] / each["base"]["values"] for each in one.norms]
        lines.append(
            f"| {encoder} | {variant} | {_with_ends(one.jsd.mean(), samples[encoder, variant])}"
            f" | {_with_ends(one.tvd.mean(), sample_means(one.tvd, samples=4000, seed=9))}"
            f" | {sum(one.close)} of {len(one.close)}"
            f" | {', '.join(f'{weight:.3g}' for weight in one.weights)}"
            f" | {np.mean(ratios):.2f} |"
        )
    gaps, means = {}, {}
    for encoder in ENCODERS:
        gaps[encoder] = samples[encoder, "redundant"] - samples[encoder, "sparse"]
        means[encoder] = (
            found[encoder, "redundant"].jsd.mean() - found[encoder, "sparse"].jsd.mean()
        )
    lines += ["", "| difference of JSD | redundant - sparse |", "| --- | --- |"]
    lines += [f"| {name} | {_with_ends(means[name], gaps[name])} |" for name in ENCODERS]
    shrunk = _with_ends(means["average"] - means["lstm"], gaps["average"] - gaps["lstm"])
    lines.append(f"| average - lstm | {shrunk} |")
    return "\n".join(lines)


def _with_ends(mean: float, sample: np.ndarray) -> str:
    low, high = np.quantile(sample, [0.025, 0.975])
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
