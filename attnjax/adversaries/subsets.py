"""Fold a function over all subsets of an instance's tokens, a block at a time."""

from collections.abc import Callable
from math import comb
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

Carry = TypeVar("Carry")


def fold_subsets(
    visit: Callable[[Carry, Int[Array, "m M"], Bool[Array, " M"]], Carry],
    start: Carry,
    num_tokens: Int[Array, ""],
    *,
    size: int,
    most: int,
    block: int,
) -> Carry:
    """Return `start` folded over all subsets of `size` of the first `num_tokens` tokens.

    The subsets of the first n tokens are the first `comb(n, size)` in the order used here, so
    padding costs nothing and changes nothing.

    Args:
        visit: from what was gathered, a block of subsets (each column one), and which of its
            columns count, to what is gathered.
        start: to begin with.
        num_tokens: tokens; with more than `most` there is nothing to visit.
        size: tokens of a subset.
        most: tokens at most; `comb(most, size)` must be below 2^30.
        block: subsets at a time.

    Example:
        >>> import jax.numpy as jnp
        >>> def add(total, tokens, valid):
        ...     return total + jnp.sum(jnp.where(valid, tokens.sum(axis=0), 0))
        >>> int(fold_subsets(add, 0, jnp.array(3), size=2, most=9, block=2))
        6
    """
    if comb(most, size) == 0:
        return start
    block = min(block, comb(most, size))
    totals = np.array([comb(n, size) for n in range(most + 1)], np.int32)
    known = jnp.asarray(totals)[jnp.minimum(num_tokens, most)]
    total = jnp.where(num_tokens <= most, known, 0).astype(jnp.int32)

    def step(at: Int[Array, ""], gathered: Carry) -> Carry:
        ranks = at * block + jnp.arange(block, dtype=jnp.int32)
        tokens = subsets_of_ranks(jnp.minimum(ranks, totals[-1] - 1), size=size, most=most)
        return visit(gathered, tokens, ranks < total)

    return jax.lax.fori_loop(0, (total + block - 1) // block, step, start)


def subsets_of_ranks(ranks: Int[Array, " M"], *, size: int, most: int) -> Int[Array, "m M"]:
    """Return the subsets at some places of the order of their largest, then next, elements.

    Args:
        ranks: places, from 0.
        size: elements of a subset.
        most: elements are below this.

    Source: the combinatorial number system: Knuth (2011), "The Art of Computer Programming",
        volume 4A, section 7.2.1.3.

    Example:
        >>> import jax.numpy as jnp
        >>> subsets_of_ranks(jnp.arange(4), size=2, most=4).T.tolist()
        [[1, 0], [2, 0], [2, 1], [3, 0]]
    """
    elements = []
    for left in range(size, 0, -1):
        table = jnp.asarray(np.array([comb(n, left) for n in range(most)], np.int32))
        element = jnp.searchsorted(table, ranks, side="right", method="scan_unrolled") - 1
        ranks = ranks - table[element]
        elements.append(element)
    return jnp.stack(elements)
