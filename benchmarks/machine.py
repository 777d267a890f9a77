"""The machine: what it is, how busy it is, and what it can do at most."""

import importlib.metadata
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.timing import timed

PACKAGES = ("attnjax", "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "torch")


class Peaks(NamedTuple):
    """Rates that this machine reaches, float32, with the threads of this run.

    Attributes:
        flops: of a product of two 2048 x 2048 matrices, operations a second.
        bytes: of a triad `a = b + s c` in main memory, bytes a second.
        elementary: logarithms of numbers in the cache, a second.
    """

    flops: float
    bytes: float
    elementary: float


def limit_cores(threads: int) -> int:
    """Keep this process on `threads` cores (0: all it may use); return their number.

    To be called before JAX is imported: its CPU client has a thread for each core it may use.
    """
    allowed = sorted(os.sched_getaffinity(0))
    count = min(threads, len(allowed)) if threads else len(allowed)
    os.sched_setaffinity(0, allowed[:count])
    return count


def describe(threads: int) -> dict[str, Any]:
    """Return processor, cores and versions; no name of the machine."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """Return the processor's name as the kernel gives it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def version(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def load_average() -> list[float]:
    """Return how many processes wanted to run in the last 1, 5 and 15 minutes."""
    return [round(one, 2) for one in os.getloadavg()]


def measure_peaks(*, quick: bool = False) -> Peaks:
    """Measure the peaks, the better of JAX and PyTorch each, the best of five runs."""
    import jax
    import jax.numpy as jnp
    import torch

    size, long, cached, rounds = (256, 2**16, 2**14, 4) if quick else (2048, 2**25, 2**18, 40)
    square, line = torch.rand(size, size), torch.rand(long)
    third, small = torch.rand(long), torch.rand(cached) + 0.5
    result, small_result = torch.empty(long), torch.empty(cached)

    def torch_logs() -> None:
        for _ in range(rounds):
            torch.log(small, out=small_result)

    matrix, vector, other = jnp.asarray(square), jnp.asarray(line), jnp.asarray(third)
    values = jnp.asarray(small)
    multiply = jax.jit(jnp.matmul)
    add = jax.jit(lambda b, c: b + 0.5 * c)
    # Each round reads what the last one wrote, so that none can be left out.
    logs = jax.jit(lambda x: jax.lax.fori_loop(0, rounds, lambda _, y: jnp.log(y + 2.0), x))
    return Peaks(
        flops=2 * size**3
        / best(
            lambda: torch.mm(square, square),
            lambda: multiply(matrix, matrix).block_until_ready(),
        ),
        bytes=12 * long
        / best(
            lambda: torch.add(line, third, alpha=0.5, out=result),
            lambda: add(vector, other).block_until_ready(),
        ),
        elementary=cached * rounds / best(torch_logs, lambda: logs(values).block_until_ready()),
    )  # fmt: skip


def best(*functions: Callable[[], Any], repeats: int = 5) -> float:
    """Return the shortest time of any call of any function, after one call to warm up."""
    for function in functions:
        function()
    return min(timed(function)[0] for _ in range(repeats) for function in functions)
