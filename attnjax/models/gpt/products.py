"""Products of narrow numbers with wide sums, whose gradients are of narrow numbers too."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def product(
    subscripts: str, first: Float[Array, "*A"], second: Float[Array, "*B"]
) -> Float[Array, "*C"]:
    """Return a product of two arrays of one type, summed and returned in float32.

    Left to itself its gradient multiplies float32 by bfloat16, which accelerators do several
    times slower; here what comes back is rounded to the arrays' own type first, as between
    any two layers.

    Args:
        subscripts: as of `einsum`; every axis of an argument is in the other or the result.
        first: of the type of computation.
        second: of the same type.

    Example:
        >>> product("ld,vd->lv", jnp.ones((1, 3)), jnp.ones((2, 3))).tolist()
        [[3.0, 3.0]]
    """
    if first.dtype.itemsize >= 4:
        return jnp.einsum(subscripts, first, second)
    return _narrow_product(subscripts, first, second)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _narrow_product(subscripts: str, first: Array, second: Array) -> Array:
    return _wide_sums(subscripts, first, second)


def _wide_sums(subscripts: str, first: Array, second: Array) -> Array:
    return jnp.einsum(subscripts, first, second, preferred_element_type=jnp.float32)


def _forwards(subscripts: str, first: Array, second: Array) -> tuple[Array, tuple[Array, Array]]:
    return _wide_sums(subscripts, first, second), (first, second)


def _backwards(subscripts: str, kept: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    first, second = kept
    axes, result = subscripts.split("->")
    one, other = axes.split(",")
    slope = slope.astype(first.dtype)
    return (
        _wide_sums(f"{result},{other}->{one}", slope, second).astype(first.dtype),
        _wide_sums(f"{result},{one}->{other}", slope, first).astype(second.dtype),
    )


_narrow_product.defvjp(_forwards, _backwards)
