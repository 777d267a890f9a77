"""The three encoders of *Attention is not Explanation*: embeddings of one sentence to states.

Each reads `[L, E]` embeddings and which positions exist, and returns `[L, D]`. They read
the sentence with its start and end tokens, as the released code does.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.models.initializers import uniform_by_width
from attnjax.models.recurrence import scan_both_ways

WIDTHS = (1, 3, 5, 7)
"""Widths in tokens of the convolutions."""


class BiLSTM(nn.Module):
    """One layer of LSTM in both directions; D = 2 * `hidden_size`.

    The two bias vectors always act as their sum. Both are kept, because an optimizer then
    moves the sum twice as fast, as it does in the released code.
    """

    hidden_size: int

    @nn.compact
    def __call__(
        self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]
    ) -> Float[Array, "L D"]:
        size, width = self.hidden_size, embeddings.shape[-1]
        uniform = uniform_by_width(size)
        kernel = self.param("input_kernel", uniform, (width, 2, 4 * size))
        recurrent = self.param("recurrent_kernel", uniform, (2, size, 4 * size))
        bias = self.param("input_bias", uniform, (2, 4 * size))
        recurrent_bias = self.param("recurrent_bias", uniform, (2, 4 * size))
        # All positions in one product: the loop keeps only what it must.
        gates = [
            embeddings @ kernel[:, way] + (bias + recurrent_bias)[None, way] for way in range(2)
        ]
        return scan_both_ways((gates[0], gates[1]), (recurrent[0], recurrent[1]), mask)


class ConvNet(nn.Module):
    """Convolutions of widths 1, 3, 5 and 7 and a ReLU; D = `hidden_size`, a quarter each.

    Zero-padded so that a state belongs to every token; zero where nothing exists. Padding
    is zeroed before it is read too, or it would leak into the last tokens' windows.
    """

    hidden_size: int

    @nn.compact
    def __call__(
        self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]
    ) -> Float[Array, "L D"]:
        embeddings = jnp.where(mask[:, None], embeddings, 0.0)
        features = []
        for width in WIDTHS:
            uniform = uniform_by_width(width * embeddings.shape[-1])
            convolution = nn.Conv(
                self.hidden_size // len(WIDTHS),
                (width,),
                padding="SAME",
                kernel_init=uniform,
                bias_init=uniform,
                name=f"width_{width}",
            )
            features.append(convolution(embeddings))
        states = jax.nn.relu(jnp.concatenate(features, axis=-1))
        return jnp.where(mask[:, None], states, 0.0)


class Average(nn.Module):
    """The same layer with tanh at every position, blind to the others; D = `hidden_size`.

    Named after what attention makes of it: a weighted average of words.
    """

    hidden_size: int

    @nn.compact
    def __call__(
        self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]
    ) -> Float[Array, "L D"]:
        del mask
        uniform = uniform_by_width(embeddings.shape[-1])
        dense = nn.Dense(
            self.hidden_size, kernel_init=uniform, bias_init=uniform, name="projection"
        )
        return jnp.tanh(dense(embeddings))
