"""How far trained adversaries get, by where the evidence is and what a state knows.

Trains adversaries of the Average and the BiLSTM encoder on planted corpora whose evidence is
sparse or redundant, for several seeds of everything (base and adversaries), and compares the
divergence of the attention of those that predict as the base does.

    python -m benchmarks.contrast --workdir=DIR            # about half an hour on two cores

Every combination is a run of `train.py` in a folder below DIR; the same command continues.
Of each sweep's curve on test one point is read off: the largest JSD among the adversaries whose
mean TVD is under 0.05 there, or, where there is none, the JSD at the smallest TVD (which is more
than the JSD under 0.05 would be). Intervals are 95% bootstrap intervals over seeds and instances.
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
UNDER = 0.05
"""Mean TVD below which a model predicts nearly as the base does."""

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


class Read(NamedTuple):
    """What was read off the sweeps of one encoder and variant.

    Attributes:
        jsd, tvd: by seed and instance, of the adversary that counts.
        weights: its lambda, by seed.
        norms: of the base and of the adversary that the run itself chose on dev.
    """

    jsd: np.ndarray
    tvd: np.ndarray
    weights: list[float]
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


def counting(jsd: np.ndarray, tvd: np.ndarray) -> int:
    """Return which adversary of a sweep counts, from means over the instances."""
    under = tvd < UNDER
    return int(np.argmax(np.where(under, jsd, -1)) if under.any() else np.argmin(tvd))


def load(folders: Sequence[Path]) -> Read:
    """Return what is read off the sweeps of several runs."""
    jsd, tvd, weights, norms = [], [], [], []
    for folder in folders:
        found = json.loads((folder / "results.json").read_text())["tests"]["trained_adversary"]
        columns = ["instance_id", "trained_adversary.jsd", "trained_adversary.tvd"]
        rows = pq.read_table(folder / "instances.parquet", columns=columns).sort_by("instance_id")
        jsds, tvds = (np.array(rows[name].to_pylist()) for name in columns[1:])
        place = counting(jsds.mean(axis=0), tvds.mean(axis=0))
        jsd.append(jsds[:, place])
        tvd.append(tvds[:, place])
        weights.append(found["lambdas"][place]["lambda"])
        norms.append(found["norms"])
    return Read(np.array(jsd), np.array(tvd), weights, norms)


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


def table(found: dict[tuple[str, str], Read]) -> str:
    """Return the tables as Markdown."""
    lines = [
        "| encoder | evidence | JSD | TVD | under 0.05 | lambdas | values' size / base's |",
        "| --- | --- | --- | --- | ---: | --- | --- |",
    ]
    samples = {}
    for number, ((encoder, variant), one) in enumerate(found.items()):
        samples[encoder, variant] = sample_means(one.jsd, samples=4000, seed=number)
        ratios = [each["adversary"]["values"] / each["base"]["values"] for each in one.norms]
        lines.append(
            f"| {encoder} | {variant} | {_with_ends(one.jsd.mean(), samples[encoder, variant])}"
            f" | {_with_ends(one.tvd.mean(), sample_means(one.tvd, samples=4000, seed=9))}"
            f" | {(one.tvd.mean(axis=1) < UNDER).sum()} of {len(one.weights)}"
            f" | {', '.join(f'{weight:.3g}' for weight in one.weights)}"
            f" | {np.mean(ratios):.2f} |"
        )
    lines += ["", "| JSD | redundant - sparse | redundant / sparse |", "| --- | --- | --- |"]
    for encoder in ENCODERS:
        (more, of_more), (less, of_less) = (
            (found[encoder, name].jsd.mean(), samples[encoder, name])
            for name in ("redundant", "sparse")
        )
        gap, ratio = _with_ends(more - less, of_more - of_less), of_more / of_less
        lines.append(f"| {encoder} | {gap} | {_with_ends(more / less, ratio)} |")
    lines += ["", "| JSD | lstm - average |", "| --- | --- |"]
    for variant in VARIANTS:
        far, near = (found[name, variant].jsd.mean() for name in ("lstm", "average"))
        sample = samples["lstm", variant] - samples["average", variant]
        lines.append(f"| {variant} | {_with_ends(far - near, sample)} |")
    return "\n".join(lines)


def _with_ends(mean: float, sample: np.ndarray) -> str:
    low, high = np.quantile(sample, [0.025, 0.975])
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
