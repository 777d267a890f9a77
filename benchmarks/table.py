"""What a measure is made of: functions timed in turns, and the lines of the table."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.floors import Floor
from benchmarks.gates import Gate

VARIANTS = ("tuned", "faithful")
"""Of the PyTorch references; see `torch_reference`."""

Found = Mapping[str, Any]
"""What the first call of each function returned, by name."""


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        name: of the measure.
        ours: name of this package's function.
        reference: name of the function that it is compared with.
        gate: how far the two are apart.
        floor: what the measure cannot do without.
    """

    name: str
    ours: str
    reference: str
    gate: Callable[[Found], Gate]
    floor: Floor


class Group(NamedTuple):
    """Functions that are timed in turns, and the rows that are made of them.

    Attributes:
        functions: by name; each returns only when its result is on the host.
        rows: lines of the table.
        facts: numbers beside the times, from what the functions returned.
    """

    functions: dict[str, Callable[[], Any]]
    rows: tuple[Row, ...]
    facts: Callable[[Found], dict[str, float]] = lambda _: {}
