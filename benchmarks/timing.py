"""Run functions in turns and keep their times."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

LEAST_ROUNDS = 3
PAUSE = 0.05
"""Seconds between two runs: threads of the one that ended stop spinning."""


class Timing(NamedTuple):
    """Seconds of one function, call by call.

    Attributes:
        runs: on the clock.
        cpu: of processor time, all threads of this process together; other processes do not
            count, but threads that wait by spinning do.
    """

    runs: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.runs)

    @property
    def spread(self) -> float:
        """(largest - smallest) / median on the clock: how far a busy machine spoiled this."""
        return (max(self.runs) - min(self.runs)) / self.median


class Ratio(NamedTuple):
    """How many times as long one function takes as another, round by round.

    Attributes:
        median: of the rounds.
        low: of an interval that has the true median in it 95 times in 100, by the sign test.
        high: likewise; fewer than six rounds have no such interval, and all of them are in it.
    """

    median: float
    low: float
    high: float


def ratio_of(longer: Sequence[float], shorter: Sequence[float]) -> Ratio:
    """Return the ratio of two functions' times in the same rounds.

    Example:
        >>> ratio_of([2.0, 3.0, 4.0, 2.0, 2.0, 2.0, 9.0, 2.0, 2.0], [1.0] * 9)
        Ratio(median=2.0, low=2.0, high=4.0)
    """
    ratios = sorted(a / b for a, b in zip(longer, shorter, strict=True))
    count = len(ratios)
    # So many may be left out at each end; n halves of a coin's throws are below them.
    below = [sum(math.comb(count, k) for k in range(out + 1)) / 2**count for out in range(count)]
    left = max(sum(2 * chance <= 0.05 for chance in below) - 1, 0)
    return Ratio(statistics.median(ratios), ratios[left], ratios[count - 1 - left])


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call took, and what it returned."""
    begin = time.perf_counter()
    found = function()
    return time.perf_counter() - begin, found


def first_calls(
    functions: Mapping[str, Callable[[], Any]],
) -> tuple[dict[str, float], dict[str, Any]]:
    """Call each function once; return how long it took, compilation included, and its result."""
    called = {name: timed(function) for name, function in functions.items()}
    return (
        {name: seconds for name, (seconds, _) in called.items()},
        {name: found for name, (_, found) in called.items()},
    )


def time_in_turns(
    functions: Mapping[str, Callable[[], Any]], *, repeats: int, seconds: float
) -> dict[str, Timing]:
    """Call all functions in turns: a, b, c, a, b, c, ...; each has been called before.

    Turns, because a machine that is busy for a while is then busy for all.

    Args:
        functions: what to time, by name; each has finished its work when it returns.
        repeats: rounds.
        seconds: no round begins after this time, but three always do (or `repeats`, if fewer).

    Example:
        >>> time_in_turns({"a": lambda: None}, repeats=2, seconds=0)["a"].median < 1
        True
    """
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    begin = time.perf_counter()
    for done in range(repeats):
        if done >= LEAST_ROUNDS and time.perf_counter() - begin > seconds:
            break
        for name, function in functions.items():
            time.sleep(PAUSE)
            cpu = time.process_time()
            wall, _ = timed(function)
            runs[name].append((wall, time.process_time() - cpu))
    return {name: Timing(*zip(*taken, strict=True)) for name, taken in runs.items()}
