"""One block of a GPT, for one sequence, and the three ways to run its attention."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from attnjax.models.gpt.noise import dropout, weight_dropout
from attnjax.models.gpt.products import product
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.masking import masked_softmax

DEVIATION = 0.02
"""Standard deviation of every initial kernel and of the table."""

EPSILON = 1e-5
"""Inside the square root of the normalisation."""


class BlockKeys(NamedTuple):
    """Keys of the three dropouts of one block; None for none."""

    weights: Key[Array, ""] | None
    attention: Key[Array, ""] | None
    mlp: Key[Array, ""] | None


class Weighed(NamedTuple):
    """What a block makes of a sequence, and the weights that it did it with."""

    states: Float[Array, "L D"]
    weights: Float[Array, "heads L L"]


class Linear(nn.Module):
    r"""\\( x W + b \\) with a kernel from N(0, 0.02) and a bias of zeros.

    Attributes:
        inputs: width of x.
        outputs: width of the result.
        dtype: of the product; the params are float32.
    """

    inputs: int
    outputs: int
    dtype: jnp.dtype

    def setup(self):
        normal = nn.initializers.normal(DEVIATION)
        self.kernel = self.param("kernel", normal, (self.inputs, self.outputs))
        self.bias = self.param("bias", nn.initializers.zeros, (self.outputs,))

    def __call__(self, x: Float[Array, "L inputs"], first: int = 0) -> Float[Array, "L outputs"]:
        """Return the outputs from number `first` on."""
        kernel, bias = self.kernel[:, first:], self.bias[first:]
        return x.astype(self.dtype) @ kernel.astype(self.dtype) + bias.astype(self.dtype)[None]


class Block(nn.Module):
    r"""Attention and an MLP, each with its residual, normalised *after* the sum.

    \\( n = \mathrm{LN}(x + \mathrm{attention}(x)), \quad h = \mathrm{LN}(n + \mathrm{MLP}(n)) \\),
    the MLP being four times as wide inside, with the tanh form of gelu.

    Attributes:
        settings: of the model.

    Source: Radford et al. (2018), section 4.1; the order of the normalisation and its
    epsilon from the released code.
    """

    settings: GPTSettings

    def setup(self):
        width, dtype = self.settings.width, self.settings.compute_dtype
        self.qkv = Linear(width, 3 * width, dtype)
        self.attention_output = Linear(width, width, dtype)
        self.attention_norm = _norm(dtype)
        self.expand = Linear(width, 4 * width, dtype)
        self.contract = Linear(4 * width, width, dtype)
        self.mlp_norm = _norm(dtype)

    def __call__(
        self, x: Float[Array, "L D"], key: Key[Array, ""] | None = None
    ) -> Float[Array, "L D"]:
        """Return the states under the block's own attention, whose weights nobody sees."""
        if key is not None and self.settings.attention_dropout > 0:
            return self.weighed(x, key).states  # the fused kernel has no dropout
        queries, keys, values = self._parts(x)
        mixed = jax.nn.dot_product_attention(
            *(queries[None], keys[None], values[None]),
            is_causal=True,
            implementation=self.settings.implementation,
        )
        return self._finish(x, mixed[0], _split(key))

    def weighed(self, x: Float[Array, "L D"], key: Key[Array, ""] | None = None) -> Weighed:
        """Return the states and the weights of every head, as they are before dropout."""
        queries, keys, values = self._parts(x)
        scores = product("qhd,khd->hqk", queries, keys)
        weights = causal_softmax(scores / math.sqrt(self.settings.head_width))
        return Weighed(self._mix(x, weights, values, _split(key)), weights)

    def given(
        self,
        x: Float[Array, "L D"],
        weights: Float[Array, "heads L L"],
        key: Key[Array, ""] | None = None,
    ) -> Float[Array, "L D"]:
        """Return the states under any weights, instead of the block's own."""
        return self._mix(x, weights, self.values(x), _split(key))

    def values(self, x: Float[Array, "L D"]) -> Float[Array, "L heads part"]:
        """Return what the weights mix."""
        return self._heads(self.qkv(x, 2 * self.settings.width))

    def row(
        self,
        x: Float[Array, " D"],
        weights: Float[Array, "heads L"],
        values: Float[Array, "L heads part"],
        here: Bool[Array, " L"],
    ) -> Float[Array, " D"]:
        """Return the state of one position under any weights of its row.

        Args:
            x: what enters the block at that position.
            weights: of its row.
            values: of all positions; its own is made again from x.
            here: the position.
        """
        values = jnp.where(here[:, None, None], self.values(x[None]), values)
        mixed = jnp.einsum("hk,khd->hd", weights.astype(values.dtype), values)
        return self._finish(x[None], mixed[None], _split(None))[0]

    def _parts(self, x: Float[Array, "L D"]) -> Sequence[Float[Array, "L heads part"]]:
        """Return queries, keys and values."""
        return [self._heads(part) for part in jnp.split(self.qkv(x), 3, axis=-1)]

    def _heads(self, x: Float[Array, "L D"]) -> Float[Array, "L heads part"]:
        return x.reshape(x.shape[0], self.settings.num_heads, self.settings.head_width)

    def _mix(
        self,
        x: Float[Array, "L D"],
        weights: Float[Array, "heads L L"],
        values: Float[Array, "L heads part"],
        keys: BlockKeys,
    ) -> Float[Array, "L D"]:
        weights = weight_dropout(weights, self.settings.attention_dropout, keys.weights)
        mixed = jnp.einsum("hqk,khd->qhd", weights.astype(values.dtype), values)
        return self._finish(x, mixed, keys)

    def _finish(
        self,
        x: Float[Array, "L D"],
        mixed: Float[Array, "L heads part"],
        keys: BlockKeys,
    ) -> Float[Array, "L D"]:
        """Return what follows the mixing of values: projection, residuals, norms, MLP."""
        rate = self.settings.residual_dropout
        added = self.attention_output(mixed.reshape(x.shape))
        middle = self.attention_norm(x + dropout(added, rate, keys.attention))
        added = self.contract(jax.nn.gelu(self.expand(middle), approximate=True))
        return self.mlp_norm(middle + dropout(added, rate, keys.mlp))


def _split(key: Key[Array, ""] | None) -> BlockKeys:
    return BlockKeys(None, None, None) if key is None else BlockKeys(*jax.random.split(key, 3))


def _norm(dtype: jnp.dtype) -> nn.LayerNorm:
    # The two-pass variance: the mean of squares less the square of the mean cancels.
    return nn.LayerNorm(epsilon=EPSILON, dtype=dtype, use_fast_variance=False)


def causal(length: int) -> Bool[Array, "L L"]:
    """Return which position (column) each position (row) may look at: itself and earlier.

    Example:
        >>> causal(2).astype(int).tolist()
        [[1, 0], [1, 1]]
    """
    return jnp.tri(length, dtype=bool)


def causal_softmax(scores: Float[Array, "heads L L"]) -> Float[Array, "heads L L"]:
    """Return attention weights, exactly zero for what comes later.

    The release writes -1e9 over later scores, and Hugging Face -1e4: the same zeros, as
    long as no score is near that number; here no score can reach a later position.
    Sequences are padded at their end, so nothing but padding ever looks at padding.

    Args:
        scores: in any type; computed in float32.

    Source: Radford et al. (2018), released code.

    Example:
        >>> causal_softmax(jnp.zeros((1, 2, 2))).tolist()
        [[[1.0, 0.0], [0.5, 0.5]]]
    """
    where = jnp.broadcast_to(causal(scores.shape[-1])[None], scores.shape)
    return masked_softmax(scores.astype(jnp.float32), where)
