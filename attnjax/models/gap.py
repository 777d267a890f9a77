"""Close the gap that a deleted token leaves."""

import jax.numpy as jnp
from jaxtyping import Array, Int, Shaped

from attnjax.types import AnyArray


def close_gap(
    values: Shaped[AnyArray, "L *N"], position: Int[AnyArray, ""]
) -> Shaped[Array, "L *N"]:
    """Move what stands behind `position` up by one; the last place gets zero (padding).

    Example:
        >>> close_gap(jnp.array([5, 6, 7]), jnp.array(1)).tolist()
        [5, 7, 0]
    """
    stays = jnp.arange(len(values)) < position
    return jnp.where(stays.reshape(-1, *[1] * (values.ndim - 1)), values, move_up(values))


def move_up(values: Shaped[AnyArray, "L *N"]) -> Shaped[Array, "L *N"]:
    """Move every value up by one; the last place gets zero.

    Example:
        >>> move_up(jnp.array([5, 6, 7])).tolist()
        [6, 7, 0]
    """
    return jnp.concatenate([values[1:], jnp.zeros_like(values[:1])])
