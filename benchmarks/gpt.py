"""A small GPT-1 on a CPU beside the one of `transformers` (PyTorch): same weights and tokens.

`python -m benchmarks.gpt --markdown=table.md --json=numbers.json`. Sides are timed in turns; a
ratio is a PyTorch side's time over ours in the same round. `docs/performance.md` explains it.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.compare import some_of
from benchmarks.gpt_sizes import QUICK, Sizes
from benchmarks.timing import ratio_of, time_in_turns

NAMES = ("train", "train_small", "logits", "classifier")
VARIANTS = ("faithful", "tuned", "compiled")
SCHEMA = 1

TITLES = {
    "train": "training step, the release's vocabulary",
    "train_small": "training step, small vocabulary",
    "logits": "logits of a batch",
    "classifier": "states and logits of a classifier",
}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser: one flag for each field of `Sizes`, and what to do with the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpt", description=__doc__, allow_abbrev=False
    )
    for field in dataclasses.fields(Sizes):
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(
            flag, type=type(field.default), help=f"default: {field.default}", metavar="VALUE"
        )
    parser.add_argument("--only", type=some_of(NAMES), default=list(NAMES), help="rows, by commas")
    parser.add_argument(
        "--variants", type=some_of(VARIANTS), default=list(VARIANTS), help="PyTorch's, by commas"
    )
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    parser.add_argument("--quick", action="store_true", help="a tiny model, one round")
    return parser


def measure_row(name: str, sizes: Sizes, variants: Sequence[str]) -> list[dict[str, Any]]:
    """Return what one row's sides took, each PyTorch side beside ours.

    Args:
        name: of the row.
        sizes: of the model and the batch.
        variants: PyTorch sides.
    """
    from benchmarks.gpt_rows import OURS, ROWS

    row = ROWS[name](sizes, tuple(variants))
    gates = {variant: row.gate(variant) for variant in variants}
    for call in row.functions.values():
        call()
    times = time_in_turns(row.functions, repeats=sizes.rounds, seconds=sizes.row_seconds)
    mine = times[OURS]
    return [
        {
            "name": name,
            "reference": variant,
            "gate": gates[variant]._asdict() | {"open": gates[variant].open},
            "seconds": {OURS: mine.median, "reference": times[variant].median},
            "runs": {OURS: mine.runs, "reference": times[variant].runs},
            "cpu": {OURS: mine.cpu, "reference": times[variant].cpu},
            "ratio": ratio_of(times[variant].runs, mine.runs)._asdict(),
            "cpu_ratio": ratio_of(times[variant].cpu, mine.cpu)._asdict(),
        }
        for variant in variants
    ]


def markdown(report: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    header = ["measure", "PyTorch", "ours, CPU s", "PyTorch's, CPU s", "ratio of CPU time"]
    header += ["ratio on the clock", "largest difference"]
    lines = [header, ["---"] * len(header), *map(_line, report["rows"])]
    about, sizes = report["machine"], report["sizes"]
    versions = ", ".join(f"{name} {found}" for name, found in about["versions"].items())
    return (
        f"{about['processor']}, {about['threads']} of {about['cores']} cores; {versions}. "
        f"{sizes['layers']} layers, {sizes['width']} wide, {sizes['heads']} heads, "
        f"{sizes['batch']} x {sizes['length']} tokens, vocabularies of {sizes['vocabulary']} and "
        f"{sizes['small_vocabulary']} and 3; {sizes['rounds']} rounds. Load average "
        f"before {report['load']['before']}, after {report['load']['after']}.\n\n"
        + "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + "\n"
    )


def _line(row: dict[str, Any]) -> list[str]:
    def middle(times: Sequence[float]) -> str:
        return f"{sorted(times)[len(times) // 2]:.3g}"

    def ratio(found: dict[str, float]) -> str:
        return f"{found['median']:.2f}x ({found['low']:.2f} to {found['high']:.2f})"

    cpu = row["cpu"]
    apart = f"{row['gate']['difference']:.0e}"
    return [
        *(TITLES[row["name"]], row["reference"]),
        *(middle(cpu["ours"]), middle(cpu["reference"])),
        *(ratio(row["cpu_ratio"]), ratio(row["ratio"])),
        apart if row["gate"]["open"] else f"{apart}: refused",
    ]


def main(argv: Sequence[str]) -> int:
    """Measure, write, print; return 0, or 1 if a PyTorch side computes something else."""
    fields = dataclasses.fields(Sizes)
    arguments = make_parser().parse_args(argv)
    given = {field.name: getattr(arguments, field.name) for field in fields}
    given = {name: value for name, value in given.items() if value is not None}
    sizes = Sizes(**((QUICK if arguments.quick else {}) | given))
    # Before JAX is imported, which has a thread for each core that it may use.
    allowed = machine.limit_cores(sizes.threads)
    import torch

    torch.set_num_threads(allowed)
    before, rows = machine.load_average(), []
    for name in arguments.only:
        rows += measure_row(name, sizes, arguments.variants)
        print(f"{time.process_time():8.1f} s  {name}", file=sys.stderr, flush=True)
    report = {
        "schema": SCHEMA,
        "machine": machine.describe(allowed),
        "sizes": dataclasses.asdict(sizes),
        "load": {"before": before, "after": machine.load_average()},
        "rows": rows,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    text = markdown(report)
    if arguments.markdown:
        arguments.markdown.write_text(text, encoding="utf-8")
    print(text)
    return 0 if all(row["gate"]["open"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
