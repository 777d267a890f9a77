"""What is wrong with a set of named arrays, all of it at once."""

from collections.abc import Iterable, Mapping

import numpy as np

MOST_LISTED = 40
"""Names of one kind in one message: enough for every array of every encoder."""


def array_problems(
    state: Mapping[str, np.ndarray],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    most: int = MOST_LISTED,
) -> list[str]:
    """Return what is missing, too many, of another shape or no finite number.

    Args:
        state: arrays by name.
        shapes: the shape that each of them should have.
        most: names of one kind that are listed; the rest are counted.

    Returns:
        One phrase for each kind of mistake; none where all is well.

    Example:
        >>> import numpy as np
        >>> array_problems({"a": np.zeros(2), "b": np.zeros(1)}, {"a": (3,), "c": (1,)})
        ['missing: c', 'not of this model: b', 'of another shape: a [2] instead of [3]']
    """
    found = []
    if missing := [name for name in shapes if name not in state]:
        found.append(f"missing: {listed(missing, most=most)}")
    if surplus := [name for name in state if name not in shapes]:
        found.append(f"not of this model: {listed(surplus, most=most)}")
    both = [name for name in shapes if name in state]
    if other := [
        f"{name} {list(state[name].shape)} instead of {list(shapes[name])}"
        for name in both
        if state[name].shape != shapes[name]
    ]:
        found.append(f"of another shape: {listed(other, most=most)}")
    if words := [name for name in both if not np.issubdtype(state[name].dtype, np.floating)]:
        found.append(f"not floating-point numbers: {listed(words, most=most)}")
    elif broken := [name for name in both if not np.isfinite(state[name]).all()]:
        found.append(f"with NaN or infinite numbers: {listed(broken, most=most)}")
    return found


def listed(names: Iterable[str], *, most: int = MOST_LISTED) -> str:
    """Return names joined by commas, the last ones as a number where there are many.

    Args:
        names: what to list.
        most: how many at most.

    Example:
        >>> listed("abc", most=2)
        'a, b and 1 more'
    """
    names = list(names)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
