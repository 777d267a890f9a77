"""The three encoders of *Attention is not Explanation*: embeddings of one sentence to states.

Each reads `[L, E]` embeddings and which positions exist, and returns `[L, D]`. They read
the sentence with its start and end tokens, as the released code does.
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.models.initializers import uniform_by_width

WIDTHS = (1, 3, 5, 7)
"""Widths in tokens of the convolutions."""


class Cell(NamedTuple):
    """The state of one direction of an LSTM."""

    hidden: Float[Array, " H"]
    memory: Float[Array, " H"]


def lstm_step(cell: Cell, gates: Float[Array, " G"]) -> Cell:
    r"""Return the next state from the summed inputs of the four gates.

    \\( c' = \sigma(f) c + \sigma(i) \tanh(g), \quad h' = \sigma(o) \tanh(c') \\), with the
    gates in the order i, f, g, o in blocks of the hidden size.

    Source: Hochreiter & Schmidhuber (1997) with forget gates; gate order of PyTorch.

    Example:
        >>> import jax.numpy as jnp
        >>> cell = lstm_step(Cell(jnp.zeros(1), jnp.ones(1)), jnp.zeros(4))
        >>> cell.memory.tolist()
        [0.5]
    """
    ingate, forget, candidate, outgate = jnp.split(gates, 4)
    memory = jax.nn.sigmoid(forget) * cell.memory + jax.nn.sigmoid(ingate) * jnp.tanh(candidate)
    return Cell(jax.nn.sigmoid(outgate) * jnp.tanh(memory), memory)


def scan_both_ways(
    gates: Float[Array, "L 2 G"],
    recurrent: Float[Array, "2 H G"],
    mask: Bool[Array, " L"],
) -> Float[Array, "L D"]:
    """Run an LSTM from both ends and return the hidden states side by side.

    Both directions share one loop; the second walks the array from its end. Where `mask`
    is false a state is carried through unchanged, so from a zero initial state the second
    direction starts at the sentence's own last token, whatever the padding.

    Args:
        gates: the inputs' part of the gates, per direction.
        recurrent: kernels from hidden state to gates, per direction.
        mask: positions that exist.

    Returns:
        Hidden states, first direction first; zero where `mask` is false.

    Example:
        >>> import jax.numpy as jnp
        >>> states = scan_both_ways(
        ...     jnp.ones((3, 2, 4)), jnp.ones((2, 1, 4)), jnp.array([True, True, False])
        ... )
        >>> states[0, 0] == states[1, 1], states[2].tolist()
        (Array(True, dtype=bool), [0.0, 0.0])
    """

    def advance(
        cell: Cell, gates: Float[Array, " G"], exists: Bool[Array, ""], kernel: Float[Array, "H G"]
    ) -> Cell:
        moved = lstm_step(cell, gates + cell.hidden @ kernel)
        return jax.tree.map(lambda new, old: jnp.where(exists, new, old), moved, cell)

    def step(cells: tuple[Cell, Cell], at: tuple[Array, ...]) -> tuple[tuple[Cell, Cell], tuple]:
        # One product per direction measured a little faster on CPU than one batched over both.
        first = advance(cells[0], at[0], at[1], recurrent[0])
        second = advance(cells[1], at[2], at[3], recurrent[1])
        return (first, second), (first.hidden, second.hidden)

    zero = jnp.zeros(recurrent.shape[1], gates.dtype)
    start = Cell(zero, zero)
    walk = (gates[:, 0], mask, gates[::-1, 1], mask[::-1])
    _, (first, second) = jax.lax.scan(step, (start, start), walk)
    states = jnp.concatenate([first, second[::-1]], axis=-1)
    return jnp.where(mask[:, None], states, 0.0)


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
        # All positions and both directions in one product: the loop keeps only what it must.
        gates = (embeddings @ kernel.reshape(width, 8 * size)).reshape(-1, 2, 4 * size)
        return scan_both_ways(gates + (bias + recurrent_bias)[None], recurrent, mask)


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
