"""Attention in a random order, which belongs to the instance and to the distribution."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from attnjax.adversaries.distributions import is_vector
from attnjax.adversaries.rows import row_keys
from attnjax.types import AnyArray, Attention

COMPARED = 1024
"""Positions up to which ranks are counted in O(L^2) steps; a sort is faster for more."""


def shuffled(
    values: Shaped[AnyArray, " L"],
    key: Key[Array, ""],
    instance_id: Int[AnyArray, ""] | int,
    attendable: Bool[AnyArray, " L"],
    number: Int[AnyArray, ""] | int,
) -> Shaped[Array, " L"]:
    """Return the values of the attendable positions in a random order; the others stay.

    Args:
        values: one a position: attention, or the positions themselves for the permutation.
        key: of the test.
        instance_id: whose order; that of a row which only fills a batch counts as 0.
        attendable: positions that are shuffled.
        number: of the order, from 0.

    Example:
        >>> import jax
        >>> here = jax.numpy.array([False, True, True, False])
        >>> shuffled(jax.numpy.arange(4), jax.random.key(0), 7, here, 0).tolist()[::3]
        [0, 3]
    """
    return _shuffle(values, attendable, _own_key(key, instance_id, number))


def shuffled_tree(
    attention: Attention,
    key: Key[Array, ""],
    instance_id: Int[AnyArray, ""] | int,
    where: Attention,
    number: Int[AnyArray, ""] | int,
) -> Attention:
    """Return every distribution of an attention in an order of its own.

    Args:
        attention: `[L]`, which is `shuffled`, or a tree with leaves `[..., L]`.
        key: of the test.
        instance_id: see `shuffled`.
        where: positions that are shuffled, like the attention.
        number: of the order, from 0.

    Example:
        >>> import jax
        >>> rows = jax.numpy.arange(6.0).reshape(2, 3)
        >>> here = jax.numpy.array([[True, False, False], [True, True, True]])
        >>> found = shuffled_tree(rows, jax.random.key(0), 7, here, 0)
        >>> found[0].tolist(), sorted(found[1].tolist())
        ([0.0, 1.0, 2.0], [3.0, 4.0, 5.0])
    """
    own = _own_key(key, instance_id, number)
    if is_vector(attention):
        return _shuffle(attention, where, own)
    leaves, structure = jax.tree.flatten(attention)
    shuffle_rows = jax.vmap(_shuffle)

    def shuffle_leaf(place: int, leaf: Array, where: Array) -> Array:
        rows = leaf.reshape(-1, leaf.shape[-1])
        keys = row_keys(own, place, leaf.shape[:-1])
        return shuffle_rows(rows, where.reshape(rows.shape), keys).reshape(leaf.shape)

    places = range(len(leaves))
    return structure.unflatten(map(shuffle_leaf, places, leaves, jax.tree.leaves(where)))


def _own_key(
    key: Key[Array, ""], instance_id: Int[AnyArray, ""] | int, number: Int[AnyArray, ""] | int
) -> Key[Array, ""]:
    """Return the key of one order of an instance."""
    return jax.random.fold_in(jax.random.fold_in(key, jnp.maximum(instance_id, 0)), number)


def _shuffle(
    values: Shaped[AnyArray, " L"], attendable: Bool[AnyArray, " L"], own: Key[Array, ""]
) -> Shaped[Array, " L"]:
    ranks = _ranks(jnp.where(attendable, jax.random.uniform(own, attendable.shape), 2.0))
    # Once for all shuffles of an instance; looking up `slots[ranks]` and then its values would
    # be two lookups of single numbers for each shuffle, which a TPU does badly.
    first = jnp.asarray(values)[jnp.argsort(~jnp.asarray(attendable))]
    return jnp.where(attendable, first[ranks], values)


def _ranks(draws: Float[Array, " L"]) -> Int[Array, " L"]:
    """Return for each number how many are smaller, or equal and before it."""
    length = draws.shape[0]
    if length > COMPARED:
        return jnp.zeros(length, jnp.int32).at[jnp.argsort(draws)].set(jnp.arange(length))
    positions = jnp.arange(length)

    def count(other: Int[Array, ""], ranks: Int[Array, " L"]) -> Int[Array, " L"]:
        before = (draws[other] < draws) | ((draws[other] == draws) & (other < positions))
        return ranks + before

    # A loop, because XLA's sort on a CPU takes ten times as long for the length of a sentence.
    return jax.lax.fori_loop(0, length, count, jnp.zeros(length, jnp.int32))
