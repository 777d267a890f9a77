"""Batches of a task's rows for the tests of attention: few padded lengths, limits by a shuffle."""

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Int

from attnjax.types import Batch, Inputs

STEP = 8
"""Padded lengths are multiples of this."""


def trial_batches(inputs: Inputs, *, batch_size: int, limit: int = 0) -> list[Batch]:
    """Return every row once, by length and then as in the table.

    There are two padded lengths, so that what is compiled is compiled twice: the median
    row's, and the longest row's of all (also where a limit leaves it out).

    Args:
        inputs: rows first, on the host; as many positions as there are.
        batch_size: rows of every batch; the last one of a length is filled up.
        limit: if above 0, only that many rows, the first of a fixed shuffle: a smaller limit's
            are among a larger one's.

    Example:
        >>> ids = np.array([[[9, 4, 11, 0]], [[9, 4, 4, 11]]], np.int32)
        >>> inputs = Inputs(token_ids=ids, mask=ids > 0, attendable=ids == 4,
        ...                 label=np.zeros(2, np.int32), instance_id=np.arange(2, dtype=np.int32))
        >>> [batch.valid.tolist() for batch in trial_batches(inputs, batch_size=3)]
        [[True, True, False]]
    """
    longest = np.asarray(inputs.mask).sum(axis=-1).max(axis=-1)
    wanted = np.arange(len(longest))
    if 0 < limit < len(longest):
        wanted = np.random.default_rng(0).permutation(len(longest))[:limit]
    found, least = [], 0
    for length in padded_lengths(longest, most=inputs.mask.shape[-1]):
        members = wanted[(longest[wanted] > least) & (longest[wanted] <= length)]
        members = np.sort(members)
        members = members[np.argsort(longest[members], kind="stable")]
        found += [
            _batch(inputs, members[begin : begin + batch_size], length, batch_size)
            for begin in range(0, len(members), batch_size)
        ]
        least = length
    return found


def padded_lengths(lengths: Int[np.ndarray, " N"], *, most: int) -> Sequence[int]:
    """Return the padded lengths: the median's, rounded up, and the longest's.

    Args:
        lengths: of the rows.
        most: positions that there are.

    Example:
        >>> padded_lengths(np.array([5, 9, 40]), most=40), padded_lengths(np.array([5]), most=6)
        ([16, 40], [6])
    """
    rounded = [-(-int(one) // STEP) * STEP for one in (np.median(lengths), np.max(lengths))]
    return sorted({min(one, most) for one in rounded})


def _batch(inputs: Inputs, chosen: Int[np.ndarray, " n"], length: int, size: int) -> Batch:
    """Return some rows cut to a length, and rows that only fill the batch."""
    missing = size - len(chosen)

    def take(array: np.ndarray) -> np.ndarray:
        rows = np.asarray(array)[chosen]
        rows = rows[..., :length] if rows.ndim == 3 else rows
        return np.pad(rows, [(0, missing)] + [(0, 0)] * (rows.ndim - 1))

    cut = jax.tree.map(take, inputs)
    nobody = np.full(missing, -1, np.int32)
    cut = cut.replace(
        label=np.concatenate([np.asarray(inputs.label)[chosen], nobody]).astype(np.int32),
        instance_id=np.concatenate([np.asarray(inputs.instance_id)[chosen], nobody]).astype(
            np.int32
        ),
    )
    return Batch(cut, np.arange(size) < len(chosen))
