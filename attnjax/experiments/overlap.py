"""Keep the device busy while the host works on what it has done."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import jax

from attnjax.types import Batch, Inputs

Solved = TypeVar("Solved")


def one_behind(
    solve: Callable[[Inputs], Solved], batches: Iterable[Batch]
) -> Iterator[tuple[Batch, Solved]]:
    """Yield each batch solved, on the host, while the device is busy with the next.

    Args:
        solve: from the inputs of a batch to a pytree of arrays; it returns before they are
            computed, as what is jitted does.
        batches: in order.

    Yields:
        The batch, and its solution as NumPy arrays.

    Example:
        >>> import numpy as np
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.data.encoded import EncodedSplit
        >>> ids = (np.array([2, 7, 3], np.int32), np.array([2, 8, 3], np.int32))
        >>> split = EncodedSplit(ids, np.zeros(2, np.int32), np.arange(2, dtype=np.int32))
        >>> batches = evaluation_batches(split, lengths=(4,), batch_size=1)
        >>> [int(found[0]) for _, found in one_behind(lambda inputs: inputs.instance_id, batches)]
        [0, 1]
    """
    waiting: tuple[Batch, Solved] | None = None
    for batch in batches:
        solved = solve(batch.inputs)
        if waiting is not None:
            yield waiting[0], jax.device_get(waiting[1])
        waiting = batch, solved
    if waiting is not None:
        yield waiting[0], jax.device_get(waiting[1])
