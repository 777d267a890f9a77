"""The kinds of fields that a config has, each with what is allowed in it."""

import math
from dataclasses import field
from typing import Any

PROTOCOLS = ("paper", "release", "fixed")
FOLLOWING = ("protocol", *PROTOCOLS)


def choice(default: str, choices: tuple[str, ...]) -> Any:
    """One of several words."""
    return field(default=default, metadata={"choices": choices})


def number(
    default: int | float, low: int | float, high: int | float = math.inf, above: bool = False
) -> Any:
    """A number in [low, high], or (low, high] where `above`."""
    return field(default=default, metadata={"low": low, "high": high, "above": above})


def numbers(
    default: tuple[float, ...],
    low: float,
    high: float = math.inf,
    above: bool = False,
    least: int = 0,
) -> Any:
    """At least `least` numbers, each in [low, high], or (low, high] where `above`."""
    metadata = {"low": low, "high": high, "above": above, "least": least}
    return field(default=default, metadata=metadata)


def whole_numbers(low: int, high: int) -> Any:
    """Any number of whole numbers, each in [low, high]; none by default."""
    metadata = {"low": low, "high": high, "above": False, "least": 0, "kind": int}
    return field(default=(), metadata=metadata)


def words(default: tuple[str, ...] = (), choices: tuple[str, ...] = ()) -> Any:
    """Any number of words or names, each once; of `choices` where there are some."""
    return field(default=default, metadata={"words": True, "choices": choices})
