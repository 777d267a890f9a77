r"""Initial weights, those that the papers' released code starts from.

Its layers are PyTorch's, whose defaults are: every kernel and bias uniform in
\\( \pm 1/\sqrt{n} \\) with \\( n \\) the inputs of one output unit (for an LSTM the hidden
size), and embeddings standard normal.
"""

import math

import jax
import jax.numpy as jnp
from flax.typing import Initializer
from jaxtyping import Array, Float, Key


def uniform_by_width(width: int) -> Initializer:
    r"""Return the initializer \\( U(-1/\sqrt{n}, 1/\sqrt{n}) \\) for kernels and biases.

    Args:
        width: \\( n \\), how many inputs one output unit sums over.

    Source: the defaults of PyTorch's Linear, Conv1d and LSTM, which the release keeps.

    Example:
        >>> import jax
        >>> draw = uniform_by_width(4)(jax.random.key(0), (1000,))
        >>> bool(abs(draw).max() <= 0.5)
        True
    """

    def initialize(
        key: Key[Array, ""], shape: tuple[int, ...], dtype: jnp.dtype | type = jnp.float32
    ) -> Float[Array, "..."]:
        bound = 1.0 / math.sqrt(width)
        return jax.random.uniform(key, shape, dtype, minval=-bound, maxval=bound)

    return initialize


def standard_normal_but_padding(
    key: Key[Array, ""], shape: tuple[int, int], dtype: jnp.dtype | type = jnp.float32
) -> Float[Array, "V E"]:
    """Draw an embedding table from N(0, 1), the row of the padding id 0 being zero.

    Source: the default of PyTorch's Embedding with a padding index.

    Example:
        >>> import jax
        >>> standard_normal_but_padding(jax.random.key(0), (3, 2))[0].tolist()
        [0.0, 0.0]
    """
    return jax.random.normal(key, shape, dtype).at[0].set(0.0)
