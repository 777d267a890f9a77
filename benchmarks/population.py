"""Models of several seeds as one program, beside the same models one after another.

Each way is a process of its own, without a cache of compiled programs, so that compilation
counts; the ways take turns. Every process trains the model of a config for some epochs with
all that a run does: logging, judging every epoch, checkpoints.

    python -m benchmarks.population --config=configs/wiegreffe_pinter/sst.py --data-dir=DIR

`together` trains a population on one device, `split` as a run does: on a CPU over the devices
that `make_cpu_devices` makes of it. `alone` calls `fit` once for each seed in one process,
where only the first compiles. With `--lambdas` the members are adversaries of as many weights,
and `alone` is a population of one, weight after weight.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("alone", "together", "split")


class Trained(NamedTuple):
    """What a process took from the call that trains to its end.

    Attributes:
        seconds: on the clock, compilation and checkpoints included, data and imports not.
        cpu_seconds: of all its threads.
        peak_mib: largest resident memory of the process.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float


def make_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="configs/wiegreffe_pinter/sst.py")
    parser.add_argument("--data-dir", default="", help="local copies of the data")
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="of all ways")
    parser.add_argument("--ways", default=",".join(WAYS), type=lambda text: text.split(","))
    parser.add_argument("--lambdas", action="store_true", help="adversaries instead of seeds")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser


def train(arguments: argparse.Namespace) -> Trained:
    """Train in one of the ways, in this process."""
    import dataclasses

    import jax
    import numpy as np

    from attnjax.commandline import load_config
    from attnjax.config import Config, resolve
    from attnjax.experiments.prepare import prepare
    from attnjax.models.build import build_model
    from attnjax.training.loop import fit
    from attnjax.training.members import Members
    from attnjax.training.mesh import make_cpu_devices
    from attnjax.training.objectives import classification, imitation
    from attnjax.training.population import fit_population

    if arguments.child == "split":
        make_cpu_devices()
    values = load_config(ROOT / arguments.config, ROOT / "configs")
    values["data"]["dir"] = arguments.data_dir
    values["training"]["epochs"] = arguments.epochs
    config = resolve(values)
    data = prepare(config)
    model = build_model(
        config.model, vocabulary_size=len(data.vocabulary), num_classes=len(data.corpus.class_names)
    )
    splits = {name: data.splits[name] for name in ("train", "dev")}
    if arguments.lambdas:
        splits = {name: _with_uniform_base(split) for name, split in splits.items()}
    numbers = np.arange(arguments.members)
    members = Members(
        np.zeros_like(numbers) if arguments.lambdas else numbers,
        np.float32(1e-4 * 2.0**numbers) if arguments.lambdas else np.zeros(len(numbers)),
    )

    def run(config: Config, members: Members, folder: Path) -> Any:
        shared = {**splits, "lengths": data.lengths, "config": config, "progress": False}
        shared |= {"directory": folder / "checkpoints", "metrics_path": folder / "metrics.jsonl"}
        if arguments.child == "alone" and not arguments.lambdas:
            return fit(model, **shared)
        objective = imitation() if arguments.lambdas else classification
        return fit_population(model, members=members, objective=objective, **shared)

    with tempfile.TemporaryDirectory() as folder:
        cpu, begin = _cpu_seconds(), time.perf_counter()
        if arguments.child == "alone":
            for i, seed in enumerate(members.seeds.tolist()):
                one = Members(members.seeds[i : i + 1], members.weights[i : i + 1])
                jax.block_until_ready(
                    run(dataclasses.replace(config, seed=seed), one, Path(folder) / str(i)).params
                )
        else:
            jax.block_until_ready(run(config, members, Path(folder)).params)
        seconds, cpu = time.perf_counter() - begin, _cpu_seconds() - cpu
    return Trained(seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _with_uniform_base(split: Any) -> Any:
    """Return a split with a base model to imitate: uniform attention, undecided."""
    import dataclasses

    import numpy as np

    words = [len(ids) - 2 for ids in split.token_ids]
    return dataclasses.replace(
        split,
        guide=tuple(np.full(count, 1 / count, np.float32) for count in words),
        reference=np.full((len(words), 2), 0.5, np.float32),
    )


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(argv: Sequence[str]) -> int:
    """Run the processes and print a row for each way."""
    arguments = make_parser().parse_args(argv)
    if arguments.child:
        print(json.dumps(train(arguments)._asdict()))
        return 0
    environment = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    found: dict[str, list[Trained]] = {way: [] for way in arguments.ways}
    for number in range(arguments.rounds):
        for way in arguments.ways:
            command = [sys.executable, "-m", "benchmarks.population", *argv, f"--child={way}"]
            made = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            found[way].append(Trained(**json.loads(made.stdout.splitlines()[-1])))
            print(f"round {number + 1}, {way}: {found[way][-1]}", file=sys.stderr, flush=True)
    print(table(found))
    return 0


def table(found: dict[str, list[Trained]]) -> str:
    """Return a Markdown table: the least time of each way, and the first way's over it."""
    least = {way: Trained(*map(min, zip(*runs, strict=True))) for way, runs in found.items()}
    first = next(iter(least.values()))
    lines = [
        "| way | s | CPU s | peak MiB | times as fast |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {way} | {one.seconds:.1f} | {one.cpu_seconds:.1f} | {one.peak_mib:.0f}"
        f" | {first.seconds / one.seconds:.2f} |"
        for way, one in least.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
