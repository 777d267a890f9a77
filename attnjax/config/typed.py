"""Values of fields as they are typed on a command line."""

import ast
import dataclasses
from typing import Any, NamedTuple

from attnjax.config.kinds import AnyConfig


class Default(NamedTuple):
    """What a field is where nobody says anything.

    Attributes:
        value: of the field.
        words: whether it is any number of words.
    """

    value: Any
    words: bool


def default_of(name: str, config: AnyConfig) -> Default:
    """Return the default of a dotted field of a config."""
    value: Any = config
    words = False
    for part in name.split("."):
        spec = {one.name: one for one in dataclasses.fields(value)}[part]
        value, words = getattr(value, part), bool(spec.metadata.get("words"))
    return Default(value, words)


def parse_value(text: str, default: Any, *, words: bool = False) -> Any:
    """Read a value in the type of a default; text that does not fit stays text.

    `resolve` then names the field, the text and the expected type.

    Args:
        text: what was typed.
        default: of the field.
        words: whether the field is any number of words.

    Example:
        >>> parse_value("0.5", 1.0), parse_value("false", True), parse_value("a,b", ("x",))
        (0.5, False, ('a', 'b'))
    """
    if isinstance(default, bool):
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    if isinstance(default, int | float):
        return _parse_number(text)
    if isinstance(default, tuple):
        found = tuple(one for one in _parts(text, words=words) if one)
        return found if words else tuple(_parse_number(one) for one in found)
    return text


def _parts(text: str, *, words: bool) -> list[str]:
    """Return what stands between commas, without the brackets and quotes of Python.

    Of words only brackets around all are taken away: `lm1b:train[:1%]` keeps its own.
    """
    if not words or text.strip()[:1] in ("(", "["):
        text = text.strip("()[] ")
    return [one.strip(" '\"") for one in text.split(",")]


def _parse_number(text: str) -> int | float | str:
    """Read a number; text that is none stays text."""
    try:
        number = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return text
    return number if type(number) in (int, float) else text
