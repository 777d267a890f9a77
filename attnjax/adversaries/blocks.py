"""Work through the rows of a batch in blocks of a bounded size."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped

Rows = TypeVar("Rows")
Found = TypeVar("Found")


def map_blocks(function: Callable[[Rows], Found], rows: Rows, *, block: int) -> Found:
    """Return `function(rows)` for a function that treats each row alone, block by block.

    The blocks are of equal size; the last one is filled by repeating the last row. A block
    takes every n-th row, so rows that are split over devices stay split within each block.

    Args:
        function: from arrays with leading axis N to arrays with leading axis N.
        rows: a pytree of arrays with the same leading axis.
        block: rows at a time at most, at least 1.

    Returns:
        The rows of the results, in the order of `rows`.

    Example:
        >>> import jax.numpy as jnp
        >>> map_blocks(lambda x: 2 * x, jnp.arange(5), block=2).tolist()
        [0, 2, 4, 6, 8]
    """
    count = jax.tree.leaves(rows)[0].shape[0]
    num_blocks = -(-count // block)
    if num_blocks <= 1:
        return function(rows)
    block = -(-count // num_blocks)

    def split(array: Shaped[Array, "N ..."]) -> Shaped[Array, "M ..."]:
        filling = jnp.repeat(array[-1:], block * num_blocks - count, axis=0)
        filled = jnp.concatenate([jnp.asarray(array), filling])
        return jnp.moveaxis(filled.reshape(block, num_blocks, *array.shape[1:]), 1, 0)

    def join(array: Shaped[Array, "M ..."]) -> Shaped[Array, "N ..."]:
        return jnp.moveaxis(array, 0, 1).reshape(block * num_blocks, *array.shape[2:])[:count]

    return jax.tree.map(join, jax.lax.map(function, jax.tree.map(split, rows)))


def num_bytes(tree: object) -> int:
    """Return the size of all arrays (or their shapes and types) of a tree, in bytes.

    Example:
        >>> import jax.numpy as jnp
        >>> num_bytes({"a": jnp.zeros(3), "b": jnp.zeros(2, bool)})
        14
    """
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
