"""A text as long as MIMIC's longest goes through every test in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pytest

from attnjax.config import JAIN_WALLACE, WIEGREFFE_PINTER
from tests.processes import ROOT, environment

LONGEST = 4_000
"""Tokens that the loader of discharge summaries keeps of one, as the paper did."""

GIBIBYTES = 2

# Prints the most memory of a command, in KiB. Linux counts as a child's what its parent held
# when it was begun, so a small process must begin it, not the one of the tests.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""

TESTS = tuple(
    test for test in (*JAIN_WALLACE, *WIEGREFFE_PINTER) if not test.startswith("planted_")
)


def write_texts(path):
    """Short training texts, and one test text of `LONGEST` tokens beside two short ones."""
    generator = np.random.default_rng(0)
    words = {"sick": ["fever", "pain", "cough"], "well": ["rest", "walk", "smile"]}
    rows = []
    for number in range(120):
        label = ("sick", "well")[number % 2]
        count = LONGEST if number == 119 else int(generator.integers(8, 30))
        filler = [f"word{i}" for i in generator.integers(0, 400, count - 1)]
        place = int(generator.integers(0, count))
        tokens = [*filler[:place], str(generator.choice(words[label])), *filler[place:]]
        split = "test" if number >= 116 else "dev" if number >= 100 else "train"
        rows.append({"text": " ".join(tokens), "label": label, "split": split})
    path.write_text("\n".join(map(json.dumps, rows)))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("encoder", ["lstm", "average"])
def test_longest_text_goes_through_every_test(tmp_path, encoder):
    write_texts(tmp_path / "texts.jsonl")
    arguments = [
        f"--workdir={tmp_path / 'run'}",
        f"--config.data.path={tmp_path / 'texts.jsonl'}",
        "--config.data.split_column=split",
        "--config.data.tokenizer=whitespace",
        "--config.data.max_length=4002",
        "--config.data.num_buckets=2",
        f"--config.model.encoder={encoder}",
        "--config.model.embedding_size=300",
        "--config.model.hidden_size=128",
        "--config.training.epochs=2",
        "--config.seeds.count=2",
        "--config.trained_adversary.lambdas=0.001,0.01",
        "--config.mass_adversary.marked=first_half",
        "--config.tests=" + ",".join(TESTS),
    ]
    with (tmp_path / "log").open("w") as log:
        measured = subprocess.run(
            [sys.executable, "-c", MEASURED, sys.executable, str(ROOT / "train.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(tmp_path / "cache"),
            text=True,
            check=False,
        )
    assert measured.returncode == 0, (tmp_path / "log").read_text()[-3000:]
    peak = int(measured.stdout.split()[-1]) * 2**10
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert {"gradient_agreement", "permutation", "adversary", *WIEGREFFE_PINTER} <= set(
        results["tests"]
    )
    assert results["dataset"]["truncated"] == 0
    overall = results["tests"]["leave_one_out_agreement"]["tau"]["overall"]
    assert overall["n"] + overall["undefined"] == 4
    print(f"{encoder}: {peak / 2**30:.2f} GiB, {sum(results['seconds'].values()):.0f} s")
    assert peak < GIBIBYTES * 2**30
