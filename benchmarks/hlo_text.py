"""What a compiled program's text says about its form: loops, costly operations, padded arrays."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

ITEM_BYTES = {
    "pred": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "bf16": 2, "f16": 2,
    "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8,
}  # fmt: skip
"""Bytes of one number; types that are not arrays of numbers (tokens, tuples) are left out."""

COUNTED = ("sort", "gather", "scatter", "all-gather", "all-reduce", "all-to-all",
           "collective-permute", "reduce-scatter")  # fmt: skip
"""Operations that an accelerator does slowly, or that make devices wait for each other."""

COLLECTIVES = COUNTED[3:]
"""Those by which devices exchange numbers."""

_HEADER = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\) -> .*\{$")
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.\-]+) = (.*)$")
_ARRAY = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\]\{([\d,]*)(?::([^}]*))?\}")
_TILE = re.compile(r"T\((\d+)(?:,(\d+))?\)")
_CALLED = re.compile(r"(?:body|condition|to_apply|calls)=%?([\w.\-]+)")
_WHILE = re.compile(r"\bwhile\(.*condition=%?([\w.\-]+), body=%?([\w.\-]+)")
_CONSTANT = re.compile(r" = s32\[\]\S* constant\((\d+)\)")
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')
_OPERATION = re.compile(r"\s([a-z][a-z\-]*)\(")
_ALIASES = {"parameter", "get-tuple-element", "tuple", "bitcast", "while", "conditional", "call"}


class Padded(NamedTuple):
    """An array in memory, whose two fastest axes are filled up to whole tiles.

    Attributes:
        shape: type and axes, as the program's text has them.
        logical: bytes of its numbers.
        padded: bytes that it takes up.
    """

    shape: str
    logical: int
    padded: int


class Form(NamedTuple):
    """The form of a program on one device.

    Attributes:
        loops: steps of each innermost-to-outermost chain of loops, e.g. `"8 x 57"` for 57
            steps in each of 8; `"?"` where the number depends on the data.
        operations: how many of `COUNTED` there are, by name; a loop's body counts once.
        cycles: the compiler's own estimate, loops counted as often as they run (once where
            that is unknown); operations without an estimate, such as gathers, are left out.
        logical: bytes of all arrays that operations write.
        padded: bytes that these take up with their padding.
        exchanged: bytes of the largest array that devices give each other.
        worst: the array that loses most to padding, if any does.
    """

    loops: tuple[str, ...]
    operations: dict[str, int]
    cycles: int
    logical: int
    padded: int
    exchanged: int
    worst: Padded | None


def read_form(text: str) -> Form:
    """Return the form of a program from its optimised HLO text.

    Arrays inside a fusion stay in registers: they are not counted.

    Example:
        >>> form = read_form('''
        ... ENTRY %main (x: f32[8,1]) -> f32[8,1] {
        ...   %x = f32[8,1]{1,0:T(8,128)} parameter(0)
        ...   ROOT %y = f32[8,1]{1,0:T(8,128)} add(%x, %x)
        ... }''')
        >>> form.worst
        Padded(shape='f32[8,1]', logical=32, padded=4096)
    """
    bodies = dict(_computations(text))
    fused = {name for lines in bodies.values() for line in lines for name in _fusions(line)}
    kept = {name: lines for name, lines in bodies.items() if name not in fused}
    loops = _loops(kept)
    repeats = _repeats(loops)
    operations = Counter(
        _operation(line).removesuffix("-start") for lines in bodies.values() for line in lines
    )
    arrays = [one for lines in kept.values() for line in lines for one in _arrays(line)]
    cycles = {
        name: sum(int(found) for line in lines for found in _CYCLES.findall(line))
        for name, lines in kept.items()
    }
    worst = max(arrays, key=lambda one: one.padded - one.logical, default=None)
    return Form(
        loops=tuple(_chains(loops)),
        operations={name: operations[name] for name in COUNTED if operations[name]},
        cycles=sum(count * repeats.get(name, 1) for name, count in cycles.items()),
        logical=sum(one.logical for one in arrays),
        padded=sum(one.padded for one in arrays),
        exchanged=max(_exchanged(bodies), default=0),
        worst=worst if worst and worst.padded > worst.logical else None,
    )


def _exchanged(bodies: dict[str, list[str]]) -> Iterator[int]:
    """Return the bytes of every array that a collective operation writes."""
    for lines in bodies.values():
        for line in lines:
            if _operation(line).removesuffix("-start") in COLLECTIVES:
                yield from (one.logical for one in _arrays(line))


def _computations(text: str) -> Iterator[tuple[str, list[str]]]:
    """Split the text into computations: name and instructions."""
    name, lines = "", []
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header:
            name, lines = header[2], []
        elif line.startswith("}"):
            yield name, lines
        elif _INSTRUCTION.match(line):
            lines.append(line)


def _operation(line: str) -> str:
    # The first lower-case word before a parenthesis; layouts have upper-case letters there.
    found = _OPERATION.search(line.partition(" = ")[2])
    return found[1] if found else ""


def _fusions(line: str) -> list[str]:
    """Return the computations whose arrays are never in memory."""
    return _CALLED.findall(line) if _operation(line) != "while" else []


def _arrays(line: str) -> Iterator[Padded]:
    """Return the arrays that an instruction writes, with the size they have in memory."""
    operation = _operation(line)
    if operation in _ALIASES:
        return
    declaration = line.partition(f" {operation}(")[0]
    for kind, axes, order, layout in _ARRAY.findall(declaration):
        if kind not in ITEM_BYTES or not axes:
            continue
        sizes = [int(one) for one in axes.split(",")]
        padded = list(sizes)
        tile = _TILE.search(layout)
        if tile:
            edges = [int(one) for one in tile.groups() if one][::-1]
            for axis, edge in zip(order.split(","), edges, strict=False):
                padded[int(axis)] = -(-sizes[int(axis)] // edge) * edge
        item = ITEM_BYTES[kind]
        yield Padded(f"{kind}[{axes}]", math.prod(sizes) * item, math.prod(padded) * item)


def _loops(bodies: dict[str, list[str]]) -> dict[str, list[tuple[str, str]]]:
    """Return for each computation the bodies of its loops, with their steps."""
    inside: dict[str, list[tuple[str, str]]] = {}
    for name, lines in bodies.items():
        for line in lines:
            found = _WHILE.search(line)
            if found:
                inside.setdefault(name, []).append((found[2], _trips(bodies[found[1]])))
    return inside


def _chains(loops: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    """Return the steps of every chain of loops that has no loop inside."""
    within = {body for each in loops.values() for body, _ in each}

    def chains(name: str, steps: tuple[str, ...]) -> Iterator[str]:
        if name not in loops and steps:
            yield " x ".join(steps)
        for body, trips in loops.get(name, []):
            yield from chains(body, (*steps, trips))

    for name in loops:
        if name not in within:
            yield from chains(name, ())


def _repeats(loops: dict[str, list[tuple[str, str]]]) -> dict[str, int]:
    """Return how often each loop's body runs; 1 for a loop of unknown length."""
    repeats: dict[str, int] = {}

    def visit(name: str, times: int) -> None:
        for body, trips in loops.get(name, []):
            repeats[body] = times * (int(trips) if trips != "?" else 1)
            visit(body, repeats[body])

    for name in set(loops) - {body for each in loops.values() for body, _ in each}:
        visit(name, 1)
    return repeats


def _trips(condition: list[str]) -> str:
    """Return what the counter, which starts at 0, is compared with, if it is a constant."""
    constants = [found[1] for line in condition if (found := _CONSTANT.search(line))]
    return constants[0] if len(constants) == 1 else "?"
