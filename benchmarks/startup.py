"""How long the quickstart takes to its first training step, and what it spends the time on.

Runs `train.py` twice in new work folders that share a new cache folder, and prints for both
the seconds from the start of the process to the first step in `metrics.jsonl`, and what was
compiled, read from the cache and imported on the way.

    python -m benchmarks.startup             # each run stops after its first step
    python -m benchmarks.startup --whole     # each run to its end
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
POLL_SECONDS = 0.01
SHOWN_IMPORTS = 15
EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "traced",
    "/jax/core/compile/backend_compile_duration": "compiled_or_read",
    "/jax/compilation_cache/cache_retrieval_time_sec": "read",
}


class Started(NamedTuple):
    """One run.

    Attributes:
        first_step_seconds: from the start of the process to the first line of a step.
        total_seconds: to its end.
        cpu_seconds: of all its threads, to its end; what other processes do changes it little.
        events: seconds of everything traced, compiled or read from the cache.
    """

    first_step_seconds: float
    total_seconds: float
    cpu_seconds: float
    events: dict[str, list[float]]


def run_once(work: Path, cache: Path, *, whole: bool, arguments: Sequence[str]) -> Started:
    """Start a run, wait for its first step, and for its end."""
    command = [sys.executable, "-m", "benchmarks.startup", "--child", f"--workdir={work}"]
    environment = os.environ | {"ATTNJAX_CACHE_DIR": str(cache)}
    log = work.with_suffix(".log")
    cpu_before = children_cpu_seconds()
    begin = time.perf_counter()
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*command, *arguments], cwd=ROOT, env=environment, stderr=stderr, stdout=stderr
        ) as process,
    ):
        first = wait_for_step(work / "metrics.jsonl", process, begin)
        if not whole:
            process.terminate()
        process.wait()
        total = time.perf_counter() - begin
    if first is None:
        raise SystemExit(log.read_text())
    events = json.loads(work.with_suffix(".events.json").read_text())
    return Started(first, total, children_cpu_seconds() - cpu_before, events)


def children_cpu_seconds() -> float:
    """Return the processor time of all ended children of this process."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_for_step(path: Path, process: subprocess.Popen, begin: float) -> float | None:
    """Return the seconds until a file has a line, or None if the process ended before."""
    while process.poll() is None:
        if path.exists() and path.stat().st_size:
            return time.perf_counter() - begin
        time.sleep(POLL_SECONDS)
    return None


def child(arguments: Sequence[str]) -> int:
    """Be the run: `train.py`, with jax's own events written down beside the work folder."""
    import jax

    from attnjax.cli import main as attnjax_main

    events: dict[str, list[float]] = defaultdict(list)

    def listen(event: str, seconds: float, **_: Any) -> None:
        if event in EVENTS:
            events[EVENTS[event]].append(seconds)

    jax.monitoring.register_event_duration_secs_listener(listen)
    work = Path(arguments[0].removeprefix("--workdir="))
    try:
        return attnjax_main(arguments, root=ROOT)
    finally:
        work.with_suffix(".events.json").write_text(json.dumps(events))


def imports(arguments: Sequence[str]) -> list[tuple[float, str]]:
    """Return own seconds of the slowest packages that a run imports before its first step."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "run"
        command = [sys.executable, "-X", "importtime", str(ROOT / "train.py"), f"--workdir={work}"]
        log = Path(folder) / "log"
        with (
            log.open("w") as stderr,
            subprocess.Popen([*command, *arguments], stderr=stderr, stdout=stderr) as process,
        ):
            wait_for_step(work / "metrics.jsonl", process, time.perf_counter())
            process.kill()
        lines = log.read_text().splitlines()
    seconds: dict[str, float] = defaultdict(float)
    for line in lines:
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and len(parts) == 3 and parts[0].strip().isdecimal():
            seconds[parts[2].strip().split(".")[0]] += int(parts[0]) / 1e6
    return sorted(((spent, name) for name, spent in seconds.items()), reverse=True)


def describe(name: str, started: Started) -> str:
    """Return one run's figures in a line."""
    sums = {kind: (len(all_), sum(all_)) for kind, all_ in started.events.items()}
    traced, both, read = (sums.get(kind, (0, 0.0)) for kind in EVENTS.values())
    return (
        f"{name}: first step after {started.first_step_seconds:.2f} s, end after "
        f"{started.total_seconds:.2f} s, processor {started.cpu_seconds:.2f} s; "
        f"traced {traced[0]} in {traced[1]:.2f} s, compiled {both[0] - read[0]} in "
        f"{both[1] - read[1]:.2f} s, read {read[0]} in {read[1]:.2f} s"
    )


def main(arguments: Sequence[str]) -> int:
    """Run twice and print both times and the import table."""
    parser = argparse.ArgumentParser(prog="benchmarks.startup", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="run to the end, not to step 1")
    parser.add_argument("--runs", type=int, default=2)
    options, rest = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(1, options.runs + 1):
            work = folder / f"run{number}"
            done = run_once(work, folder / "cache", whole=options.whole, arguments=rest)
            print(describe(f"run {number}", done), flush=True)
        cached = [path for path in (folder / "cache").rglob("*") if path.is_file()]
        print(f"cache: {len(cached)} files, {sum(one.stat().st_size for one in cached):,} bytes")
    print("imports before the first step, own seconds by package:")
    for seconds, package in imports(rest)[:SHOWN_IMPORTS]:
        print(f"  {seconds:6.3f}  {package}")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(sys.argv[2:]))
    sys.exit(main(sys.argv[1:]))
