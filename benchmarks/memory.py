"""How much memory a function takes: each in a process of its own, which does nothing else."""

import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MIB = 2**20


class Memory(NamedTuple):
    """Resident memory of a process, MiB.

    Attributes:
        idle: before the measured call: libraries, weights, texts, compiled code.
        peak: at most during the call.
    """

    idle: float
    peak: float

    @property
    def working(self) -> float:
        """What the call itself took."""
        return self.peak - self.idle


def measure_here(function: Callable[[], Any]) -> Memory:
    """Return the memory of a second call in this process; the first one compiles.

    Linux only: the kernel's high-water mark is reset between the two, and what the first call
    freed is given back, so that neither hides the second.
    """
    function()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    idle = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    function()
    return Memory(idle, _status("VmHWM"))


def _status(field: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / MIB
    raise OSError(f"/proc/self/status: found no {field}")


def measure_in_child(arguments: Sequence[str], place: str) -> Memory:
    """Return the memory of one function, measured by a new process of this program.

    Args:
        arguments: flags of this run.
        place: `setting/group/function`.
    """
    command = [sys.executable, "-m", "benchmarks.compare", *arguments, f"--child={place}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Memory(**json.loads(done.stdout.splitlines()[-1]))
