"""Runs of train.py as processes: what a user types, and what kills it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from attnjax.config import JAIN_WALLACE
from attnjax.experiments.stages import needed

ROOT = Path(__file__).resolve().parents[1]
TOY = ROOT / "tests" / "toy_config.py"
STAGES = [stage.name for stage in needed(JAIN_WALLACE)]
"""Of the toy run, in their order."""


def command(workdir: Path, *arguments: str) -> list[str]:
    return [
        sys.executable,
        str(ROOT / "train.py"),
        f"--config={TOY}",
        f"--workdir={workdir}",
        *arguments,
    ]


def run(workdir: Path, *arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(workdir, *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=environment(cache),
        timeout=300,
    )


def environment(cache: Path | None) -> dict[str, str]:
    """The caller's environment, with compilations kept in a folder of the test's own."""
    return os.environ | ({"ATTNJAX_CACHE_DIR": str(cache)} if cache else {})


def kill_in(workdir: Path, marker: str, delay: float, *, cache: Path) -> bool:
    """Start the run and SIGKILL it `delay` seconds after a line of it starts with `marker`.

    Returns whether it was killed; False where it had already ended.
    """
    with subprocess.Popen(
        command(workdir),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment(cache),
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(marker):
                break
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.stderr.read()
        return process.wait() == -signal.SIGKILL


def killed(folder: Path, moments: list[tuple[str, int]], *, cache: Path) -> int:
    """Kill a toy run once per (stage, seed), then let it end; return the number of kills."""
    kills = 0
    for stage, seed in moments:
        marker = "report" if stage == "report" else f"[{STAGES.index(stage) + 1}/"
        most = 3.0 if stage.startswith("train") else 0.8
        kills += kill_in(folder, marker, random_delay(seed, most), cache=cache)
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return kills


def end_state(workdir: Path) -> dict:
    """All that must not depend on how often a run was killed."""
    results = json.loads((workdir / "results.json").read_text())
    results.pop("seconds")
    trained = {
        path.name: json.loads(path.read_text())["summary"]["params_sha256"]
        for path in sorted((workdir / "stages").glob("train*.json"))
        if path.stem == "train" or path.stem.startswith("train_")
    }
    metrics = {
        path.name: [_without_times(json.loads(line)) for line in path.read_text().splitlines()]
        for path in sorted(workdir.glob("metrics*.jsonl"))
    }
    instances = (workdir / "instances.parquet").read_bytes()
    return {"results": results, "params": trained, "metrics": metrics, "instances": instances}


def _without_times(line: dict) -> dict:
    return {name: value for name, value in line.items() if "second" not in name}


def random_delay(seed: int, most: float) -> float:
    return random.Random(seed).uniform(0.0, most)
