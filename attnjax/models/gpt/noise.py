"""Dropout of a GPT: sixteen random bits a number, the same however far a text is padded."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

LEVELS = 2**16
"""Rates are multiples of 1 / LEVELS: one word of random bits decides about two numbers."""


def dropout(
    values: Float[Array, "*N D"], rate: float, key: Key[Array, ""] | None
) -> Float[Array, "*N D"]:
    r"""Zero each value with probability `rate` and scale the others by \\( 1/(1-r) \\).

    The noise of the first positions is the same however many follow. The rate counts as the
    nearest multiple of 1/65536, in the probability and in the scale.

    Args:
        values: positions (or rows) by width.
        rate: a probability in [0, 1); 0 leaves the values as they are.
        key: used once; None leaves the values as they are.

    Source: Srivastava et al. (2014).

    Example:
        >>> sorted(set(dropout(jnp.ones((9, 5)), 0.5, jax.random.key(0)).ravel().tolist()))
        [0.0, 2.0]
    """
    if key is None or rate == 0.0:
        return values
    *leading, width = values.shape
    pairs = -(-width // 2)
    words = jax.random.bits(key, (values.size // width * pairs,)).reshape(*leading, pairs)
    # The halves lie side by side, not interleaved: each is a copy of whole rows.
    kept = jnp.concatenate(_kept(words, rate), axis=-1)[..., :width]
    return jnp.where(kept, values * _scale(rate), 0.0)


def weight_dropout(
    weights: Float[Array, "heads L L"], rate: float, key: Key[Array, ""] | None
) -> Float[Array, "heads L L"]:
    """Zero each weight with probability `rate` and scale the others up.

    A position's noise is one 1-D draw for two heads under its own key, so it does not depend
    on how far the sequence is padded.

    Args:
        weights: of every head.
        rate: a probability in [0, 1); 0 leaves the weights as they are.
        key: used once; None leaves the weights as they are.

    Example:
        >>> dropped = weight_dropout(jnp.ones((2, 8, 8)), 0.5, jax.random.key(0))
        >>> sorted(set(dropped.ravel().tolist()))
        [0.0, 2.0]
    """
    if key is None or rate == 0.0:
        return weights
    heads, length, _ = weights.shape
    pairs = -(-heads // 2)

    def draw(row: Array) -> Array:
        return jax.random.bits(jax.random.fold_in(key, row), (length,))

    # A row is a position and a pair of heads: position by position, whatever the length.
    rows = pairs * jnp.arange(length)[None] + jnp.arange(pairs)[:, None]
    kept = jnp.concatenate(_kept(jax.vmap(jax.vmap(draw))(rows), rate))[:heads]
    # Made by itself: inside it a concatenation would keep a TPU from joining the softmax with
    # the products around it.
    kept = jax.lax.optimization_barrier(kept)
    return jnp.where(kept, weights * _scale(rate), 0.0)


def _threshold(rate: float) -> int:
    return min(round(rate * LEVELS), LEVELS - 1)


def _scale(rate: float) -> float:
    return LEVELS / (LEVELS - _threshold(rate))


def _kept(words: Array, rate: float) -> tuple[Bool[Array, "*N"], Bool[Array, "*N"]]:
    """Return what the lower and the upper halves of words say."""
    threshold = jnp.uint32(_threshold(rate))
    return words % LEVELS >= threshold, words // LEVELS >= threshold
