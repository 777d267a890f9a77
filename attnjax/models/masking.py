"""The one masked softmax of the package."""

import jax
from jaxtyping import Array, Bool, Float


def masked_softmax(
    scores: Float[Array, "*N L"], where: Bool[Array, "*N L"]
) -> Float[Array, "*N L"]:
    r"""Return the softmax over the positions in `where`, exactly zero elsewhere.

    \\( a_i = e^{s_i} / \sum_{j \in \mathrm{where}} e^{s_j} \\). A row without any position
    is all zero (and so is its gradient): scores of minus infinity, the other common way
    to mask, would make it NaN.

    Args:
        scores: any finite numbers; those outside `where` are ignored.
        where: the positions that take part.

    Returns:
        Weights in [0, 1] that sum to 1 over the last axis, or to 0 in an empty row.

    Example:
        >>> import jax.numpy as jnp
        >>> masked_softmax(jnp.zeros(3), jnp.array([True, True, False])).tolist()
        [0.5, 0.5, 0.0]
    """
    return jax.nn.softmax(scores, axis=-1, where=where)
