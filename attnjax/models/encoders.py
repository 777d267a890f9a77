"""The three encoders of *Attention is not Explanation*: embeddings of one sentence to states.

Each reads `[L, E]` embeddings and which positions exist, and returns `[L, D]`. They read
the sentence with its start and end tokens, as the released code does. `summary` is one
vector of a whole sentence, a question's.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.models.deletion import Reading, close_gap, read_for_deletion, scan_without
from attnjax.models.initializers import uniform_by_width
from attnjax.models.recurrence import Layer, num_positions, scan_both_ways

WIDTHS = (1, 3, 5, 7)
"""Widths in tokens of the convolutions."""

REACH = max(WIDTHS) // 2
"""Positions on either side that a convolution reads."""


class BiLSTM(nn.Module):
    """One layer of LSTM in both directions; D = 2 * `hidden_size`.

    The two bias vectors always act as their sum. Both are kept, because an optimizer then
    moves the sum twice as fast, as it does in the released code.
    """

    hidden_size: int

    def __call__(
        self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]
    ) -> Float[Array, "L D"]:
        return scan_both_ways(embeddings, self.layer(embeddings.shape[-1]), mask)

    def summary(self, states: Float[Array, "L D"], mask: Bool[Array, " L"]) -> Float[Array, " D"]:
        """Return each direction's last state: the first's at the end, the second's at the start."""
        first, second = jnp.split(states, 2, axis=-1)
        return jnp.concatenate([first[jnp.maximum(num_positions(mask) - 1, 0)], second[0]])

    def read(self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]) -> Reading:
        """Return what all deletions from a sentence share."""
        layer = self.layer(embeddings.shape[-1])
        return read_for_deletion(embeddings, layer, mask)

    def without(
        self, readings: Reading, row: Int[Array, ""], position: Int[Array, ""]
    ) -> Float[Array, "L D"]:
        """Return the states of one of the sentences without one token."""
        recurrent = self.get_variable("params", "recurrent_kernel")
        return scan_without(readings, (recurrent[0], recurrent[1]), row, position)

    @nn.compact
    def layer(self, width: int) -> Layer:
        """Return the weights in the form of `recurrence`."""
        size = self.hidden_size
        uniform = uniform_by_width(size)
        kernel = self.param("input_kernel", uniform, (width, 2, 4 * size))
        recurrent = self.param("recurrent_kernel", uniform, (2, size, 4 * size))
        bias = self.param("input_bias", uniform, (2, 4 * size))
        recurrent_bias = self.param("recurrent_bias", uniform, (2, 4 * size))
        first, second = (jnp.concatenate([kernel[:, way], recurrent[way]]) for way in range(2))
        biases = bias + recurrent_bias
        return Layer((first, second), (biases[0], biases[1]))


class Window(NamedTuple):
    """What all deletions from a sentence share for a `ConvNet`."""

    embeddings: Float[Array, "*B L E"]
    mask: Bool[Array, "*B L"]
    states: Float[Array, "*B L D"]


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

    def summary(self, states: Float[Array, "L D"], mask: Bool[Array, " L"]) -> Float[Array, " D"]:
        """Return the largest value of each feature over the words: not at start and end."""
        places = jnp.arange(len(mask))
        words = mask & (places > 0) & (places < num_positions(mask) - 1)
        # States are at least 0, so the 0 of a sentence without words is no other's largest.
        return jnp.max(states, axis=0, where=words[:, None], initial=0.0)

    def read(self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]) -> Window:
        return Window(embeddings, mask, self(embeddings, mask))

    def without(
        self, readings: Window, row: Int[Array, ""], position: Int[Array, ""]
    ) -> Float[Array, "L D"]:
        """Encode the surroundings of the gap again, as a sentence of their own.

        The windows that reach over the gap are those of `REACH` positions on either side;
        they see as many more.
        """
        length, near = readings.mask.shape[1], jnp.arange(4 * REACH)
        before = position - 2 * REACH + near
        places = jnp.where(near < 2 * REACH, before, before + 1)
        inside = (places >= 0) & (places < length)
        places = jnp.clip(places, 0, length - 1)
        encoded = self(readings.embeddings[row, places], inside & readings.mask[row, places])
        states = close_gap(readings.states[row], position)
        distance = jnp.arange(length) - position + REACH
        changed = (distance >= 0) & (distance < 2 * REACH)
        again = encoded[jnp.clip(distance, 0, 2 * REACH - 1) + REACH]
        return jnp.where(changed[:, None], again, states)


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

    def summary(self, states: Float[Array, "L D"], mask: Bool[Array, " L"]) -> Float[Array, " D"]:
        """Return the mean over the positions that exist.

        The released code's is over padding too, so that it depends on the batch.
        """
        total = jnp.sum(states, axis=0, where=mask[:, None])
        return total / jnp.maximum(jnp.sum(mask), 1)

    def read(self, embeddings: Float[Array, "L E"], mask: Bool[Array, " L"]) -> Float[Array, "L D"]:
        return self(embeddings, mask)

    def without(
        self, readings: Float[Array, "B L D"], row: Int[Array, ""], position: Int[Array, ""]
    ) -> Float[Array, "L D"]:
        return close_gap(readings[row], position)
