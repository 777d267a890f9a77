"""The distributions of a tree as rows: what is done to all of them alike, and drawn for each."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from attnjax.types import Attention


def as_rows(tree: Attention, *, leading: int = 0) -> Attention:
    """Return a tree whose leaves have one axis of distributions, instead of any number of them.

    What is done to every distribution alike is then done to arrays of few axes, which
    compilers treat best: of ten axes the one for CPUs of jaxlib 0.10.2 makes wrong programs.

    Args:
        tree: leaves `[..., L]`; one that is `[L]` stays so.
        leading: axes before those of distributions, such as one of candidates.

    Example:
        >>> import jax.numpy as jnp
        >>> [leaf.shape for leaf in as_rows([jnp.ones((2, 3, 4)), jnp.ones(4)])]
        [(6, 4), (4,)]
    """

    def flatten(leaf: Array) -> Array:
        if leaf.ndim <= leading + 1:
            return leaf
        return leaf.reshape(*leaf.shape[:leading], -1, leaf.shape[-1])

    return jax.tree.map(flatten, tree)


def shaped_like(rows: Attention, own: Attention) -> Attention:
    """Return candidates `[K, rows, L]` with the axes of distributions that an attention has.

    Args:
        rows: of `as_rows`, with an axis of candidates.
        own: an attention, leaves `[..., L]`.

    Example:
        >>> import jax.numpy as jnp
        >>> shaped_like(jnp.ones((5, 6, 4)), jnp.ones((2, 3, 4))).shape
        (5, 2, 3, 4)
    """
    return jax.tree.map(lambda leaf, like: leaf.reshape(-1, *like.shape), rows, own)


def row_keys(key: Key[Array, ""], leaf_number: int, shape: tuple[int, ...]) -> Key[Array, " N"]:
    """Return a key for every distribution of a leaf, whatever the sizes of its axes.

    Folded in axis by axis, so that a distribution's key depends on its own place alone.

    Args:
        key: of the instance and what is drawn for it.
        leaf_number: place of the leaf in its tree.
        shape: of the leaf, without the axis of positions.

    Example:
        >>> import jax
        >>> small, large = (row_keys(jax.random.key(0), 0, (2, n)) for n in (2, 3))
        >>> bool(small[3] == large[4]), len({str(jax.random.key_data(one)) for one in large})
        (True, 6)
    """
    keys = jax.random.fold_in(key, leaf_number)[None]
    fold_each = jax.vmap(jax.vmap(jax.random.fold_in, (None, 0)), (0, None))
    for size in shape:
        keys = fold_each(keys, jnp.arange(size)).reshape(-1)
    return keys
