"""How each side's time grows with instances, length and candidates."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.groups import GROUPS
from benchmarks.measure import is_chosen, may_have
from benchmarks.timing import first_calls, time_in_turns
from benchmarks.workload import Options, Workload, make_workload

STEPS = 50
"""Of the search: its time is proportional to them."""

ROUNDS = 3
SLOW = ("search_faithful", "faithful", "ours_search_default", "ours_search_default_from_arrays")
"""Functions left out: the faithful variants grow like a loop, which they are."""


def sweep(
    options: Options, *, only: Sequence[str], quick: bool, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return, for each axis and function, sizes, seconds and the exponent of growth.

    The exponent is the slope of log(seconds) over log(size): 1 is proportional, 2 quadratic.
    """
    options = dataclasses.replace(options, steps=min(STEPS, options.steps))
    share = 1 / 8 if quick else 1
    instances = [max(4, int(n * share)) for n in (200, 800, 1725)]
    lengths = [32, 64] if quick else [64, 256, 1000]
    axes: dict[str, list[tuple[int, Workload]]] = {
        "instances": [
            (n, make_workload("sst", dataclasses.replace(options, instances=n))) for n in instances
        ],
        "length": [
            (n, make_workload("long", dataclasses.replace(options, long_length=n)))
            for n in lengths
        ],
        "candidates": [
            (k, make_workload("sst", dataclasses.replace(options, candidates=k, instances=400)))
            for k in ([2, 4] if quick else [2, 5, 10, 20])
        ],
    }  # fmt: skip
    found = []
    for axis, points in axes.items():
        for name, make in GROUPS.items():
            if name == "epoch" or (axis == "candidates" and name != "adversary"):
                continue
            if not may_have(name, only):
                continue
            say(f"scaling with {axis}: {name}")
            found += _grow(axis, name, [(size, make(load)) for size, load in points], only)
    return found


def _grow(axis: str, name: str, points: list, only: Sequence[str]) -> list[dict[str, Any]]:
    """Return the growth of every function of one group along one axis."""
    seconds: dict[str, list[float]] = {}
    for _, group in points:
        rows = [row for row in group.rows if is_chosen(row, only)]
        chosen = {each for row in rows for each in (row.ours, row.reference)} - set(SLOW)
        functions = {each: group.functions[each] for each in group.functions if each in chosen}
        first_calls(functions)
        times = time_in_turns(functions, repeats=ROUNDS, seconds=0)
        for each, timing in times.items():
            seconds.setdefault(each, []).append(timing.median)
    sizes = [size for size, _ in points]
    return [
        {
            "axis": axis,
            "group": name,
            "function": each,
            "sizes": sizes,
            "seconds": taken,
            "exponent": float(np.polyfit(np.log(sizes), np.log(taken), 1)[0]),
        }
        for each, taken in seconds.items()
    ]
