"""This package against PyTorch: the same weights, texts and threads, in one run.

`python -m benchmarks.compare --markdown=table.md --json=numbers.json`. It trains nothing but the
epoch that it times. `docs/performance.md` explains the numbers.
"""

import argparse
import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.workload import QUICK, Options

ROWS = (
    "evaluation",
    "gradient",
    "leave_one_out",
    "permutations",
    "permutations_from_arrays",
    "tau",
    "search",
    "search_from_arrays",
    "search_default",
    "search_default_from_arrays",
    "exact",
    "exact_from_text",
    "epoch",
)

SETTINGS = ("sst", "long")
SCHEMA = 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser: one flag for each field of `Options`, and what to do with the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare", description=__doc__, allow_abbrev=False
    )
    for field in dataclasses.fields(Options):
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(
            flag, type=type(field.default), help=f"default: {field.default}", metavar="VALUE"
        )
    parser.add_argument(
        "--only", type=some_of(ROWS), default=[], help=f"rows, by commas, of {', '.join(ROWS)}"
    )
    parser.add_argument(
        "--settings", type=some_of(SETTINGS), default=list(SETTINGS), help="of sst, long"
    )
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    switch = argparse.BooleanOptionalAction
    parser.add_argument("--quick", action=switch, default=False, help="a few texts, random weights")
    parser.add_argument("--scaling", action=switch, default=False, help="also: growth with size")
    parser.add_argument("--memory", action=switch, default=True, help="a process a function")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser


def some_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Return the type of a flag that takes some of these names, separated by commas."""

    def parse(text: str) -> list[str]:
        chosen = [name for name in text.split(",") if name]
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(
                    f"found {name!r}; expected some of {', '.join(names)}"
                )
        return chosen

    return parse


def options_from(arguments: argparse.Namespace) -> Options:
    """Return the options: flags that were given, else those of `--quick`, else the defaults."""
    given = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(Options)
        if getattr(arguments, field.name) is not None
    }
    return Options(**((QUICK if arguments.quick else {}) | given))


def main(argv: Sequence[str]) -> int:
    """Measure, write, print; return 0, 1 if a reference was refused, 2 for a wrong flag."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    options = options_from(arguments)
    if options.weights != "random" and not Path(options.weights).is_file():
        parser.error(
            f"--weights: found no file {options.weights}; expected an .npz of a BiLSTM with "
            "additive attention under the released code's names, or random"
        )
    # Before JAX is imported, which has a thread for each core that it may use.
    threads = machine.limit_cores(options.threads)
    try:
        import torch
    except ImportError:
        parser.error('torch is not installed: pip install "torch==2.13.0"')
    torch.set_num_threads(threads)
    if arguments.child:
        return _measure_child(arguments.child, options)
    return _measure(arguments, options, threads, list(argv))


def _measure_child(place: str, options: Options) -> int:
    """Print the memory of one function as JSON."""
    from benchmarks.groups import GROUPS
    from benchmarks.memory import measure_here
    from benchmarks.workload import make_workload

    setting, group, function = place.split("/")
    with contextlib.redirect_stdout(sys.stderr):
        functions = GROUPS[group](make_workload(setting, options)).functions
        found = measure_here(functions[function])
    print(json.dumps(found._asdict()))
    return 0


def _measure(arguments: argparse.Namespace, options: Options, threads: int, argv: list[str]) -> int:
    """Measure all that was asked for, and write it."""
    from benchmarks.measure import measure_setting
    from benchmarks.memory import Memory, measure_in_child
    from benchmarks.render import markdown
    from benchmarks.scaling import sweep

    def memory(place: str) -> Memory:
        return measure_in_child(argv, place)

    before = machine.load_average()
    peaks = machine.measure_peaks(quick=arguments.quick)
    rows, facts = [], {}
    for setting in arguments.settings:
        found, facts[setting] = measure_setting(
            setting,
            options,
            only=arguments.only,
            peaks=peaks,
            memory=memory if arguments.memory else None,
            say=_say,
        )
        rows += found
    growth = []
    if arguments.scaling:
        growth = sweep(options, only=arguments.only, quick=arguments.quick, say=_say)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "machine": machine.describe(threads),
        "options": dataclasses.asdict(options),
        "peaks": peaks._asdict(),
        "load": {"before": before, "after": machine.load_average()},
        "rows": rows,
        "facts": facts,
        "scaling": growth,
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    text = markdown(report)
    if arguments.markdown:
        arguments.markdown.write_text(text, encoding="utf-8")
    print(text)
    refused = [row for row in rows if not row["gate"]["open"]]
    for row in refused:
        _say(f"refused: {row['name']} against {row['functions']['reference']}: {row['gate']}")
    return 1 if refused else 0


def _say(message: str) -> None:
    print(f"{time.process_time():8.1f} s  {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
