"""Bounds that loops written for one instance share when they are vmapped.

A loop whose number of steps differs between the instances of a batch is turned by `vmap`
into one that copies all it carries in every step. With a bound that is the same for all of
them it is not.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int


@jax.custom_batching.custom_vmap
def largest(number: Int[Array, ""]) -> Int[Array, ""]:
    """Return the largest of the numbers that are vmapped together; alone, the number itself.

    Example:
        >>> jax.vmap(largest, out_axes=None)(jnp.array([1, 3, 2])).tolist()
        3
    """
    return number


@largest.def_vmap
def _(size: int, batched: list[bool], numbers: Int[Array, " N"]) -> tuple[Array, bool]:
    del size, batched
    # Called again for the axis of a vmap around this one.
    return largest(jnp.max(numbers, axis=0)), False


def smallest(number: Int[Array, ""]) -> Int[Array, ""]:
    """Return the smallest of the numbers that are vmapped together.

    Example:
        >>> jax.vmap(smallest, out_axes=None)(jnp.array([3, 1, 2])).tolist()
        1
    """
    return -largest(-number)
