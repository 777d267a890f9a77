"""An LSTM that reads a sentence from both ends: its states and their gradient.

Written for one sentence. What belongs to a direction stands in a pair, the first for
reading from the beginning. The loops run over the positions that exist in any sentence of
a batch (`together.largest`), so padding beyond the longest costs nothing.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped

from attnjax.models.together import largest

Pair = tuple[Array, Array]
"""One array for each direction."""


class Layer(NamedTuple):
    """The weights of an LSTM, per direction.

    Attributes:
        kernels: from input and hidden state, in that order, to the gates.
        biases: of the gates.
    """

    kernels: Pair
    biases: Pair


class Cell(NamedTuple):
    """The state of one direction of an LSTM."""

    hidden: Float[Array, "*N H"]
    memory: Float[Array, "*N H"]


class Direction(NamedTuple):
    """A sentence as one direction of an LSTM read it.

    Attributes:
        sums: the gates' summed inputs at each position.
        cells: the state behind each position.
    """

    sums: Float[Array, "*B L G"]
    cells: Cell


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
    inputs: Float[Array, "L E"], layer: Layer, mask: Bool[Array, " L"]
) -> Float[Array, "L D"]:
    """Run an LSTM from both ends and return the hidden states side by side.

    Where `mask` is false a state is carried through unchanged, so from a zero initial state
    the second direction starts at the sentence's own last token, whatever the padding.

    Args:
        inputs: one row a position.
        layer: the weights.
        mask: positions that exist.

    Returns:
        Hidden states, first direction first; zero where `mask` is false.

    Example:
        >>> layer = Layer((jnp.ones((3, 4)),) * 2, (jnp.zeros(4),) * 2)
        >>> states = scan_both_ways(jnp.ones((3, 2)), layer, jnp.array([True, True, False]))
        >>> states[0, 0] == states[1, 1], states[2].tolist()
        (Array(True, dtype=bool), [0.0, 0.0])
    """
    fixed_inputs, fixed_layer = jax.lax.stop_gradient((inputs, layer))
    read = read_both_ways(fixed_inputs, fixed_layer, mask)
    # The sums again, for the sake of the weights' slopes alone: nobody reads their values.
    # Those slopes are thereby one product over all positions. The loop's own would add one
    # of the kernels' size to a running sum in every step.
    before = _before(*(each.cells.hidden for each in read))
    sums = [
        jnp.concatenate([fixed_inputs, hidden], axis=-1) @ kernel + bias[None]
        for hidden, kernel, bias in zip(before, *layer, strict=True)
    ]
    hidden = _replay(inputs, (sums[0], sums[1]), fixed_layer.kernels, read, mask)
    return side_by_side(hidden, mask)


def read_both_ways(
    inputs: Float[Array, "L E"], layer: Layer, mask: Bool[Array, " L"]
) -> tuple[Direction, Direction]:
    """Run an LSTM as `scan_both_ways` does, and return all that it passes through."""
    num_steps = largest(num_positions(mask))
    width = layer.biases[0].shape[0]
    zero = jnp.zeros(width // 4, inputs.dtype)
    rows = jnp.zeros((len(mask), width // 4), inputs.dtype)
    empty = Direction(jnp.zeros((len(mask), width), inputs.dtype), Cell(rows, rows))

    def step(
        at: Int[Array, ""],
        kernel: Float[Array, "N G"],
        bias: Float[Array, " G"],
        cell: Cell,
        read: Direction,
    ) -> tuple[Cell, Direction]:
        sums = jnp.concatenate([inputs[at], cell.hidden]) @ kernel + bias
        cell = select(mask[at], lstm_step(cell, sums), cell)
        return cell, jax.tree.map(partial(write, at), read, Direction(sums, cell))

    def both(count: Int[Array, ""], carry: tuple) -> tuple:
        # One product per direction measured a little faster on CPU than one batched over both.
        places = (count, num_steps - 1 - count)
        return tuple(map(step, places, *layer, *zip(*carry, strict=True)))

    carry = jax.lax.fori_loop(0, num_steps, both, ((Cell(zero, zero), empty),) * 2)
    return carry[0][1], carry[1][1]


class _Way(NamedTuple):
    """What one direction needs on its way back.

    Attributes:
        sums: the gates' summed inputs at each position.
        memories: before each position.
        slopes: of the hidden states.
        kernel: transposed.
    """

    sums: Float[Array, "L G"]
    memories: Float[Array, "L H"]
    slopes: Float[Array, "L H"]
    kernel: Float[Array, "G N"]


@jax.custom_vjp
def _replay(
    inputs: Float[Array, "L E"],
    sums: Pair,
    kernels: Pair,
    read: tuple[Direction, Direction],
    mask: Bool[Array, " L"],
) -> tuple[Float[Array, "L H"], Float[Array, "L H"]]:
    """Return the hidden states that were read, as a function of inputs and gates' sums."""
    del inputs, sums, kernels, mask
    return read[0].cells.hidden, read[1].cells.hidden


def _forward(*values: Any) -> tuple[Pair, tuple]:
    return _replay(*values), values[2:]


def _backward(saved: tuple, slopes: Pair) -> tuple:
    """Return the slopes of inputs and sums, each of which acts through all later states too."""
    kernels, read, mask = saved
    num_steps = largest(num_positions(mask))
    memories = _before(*(each.cells.memory for each in read))
    ways = [
        _Way(each.sums, memory, slope, kernel.T)
        for each, memory, slope, kernel in zip(read, memories, slopes, kernels, strict=True)
    ]
    zero = jnp.zeros_like(memories[0][0])
    num_inputs = len(kernels[0]) - len(zero)
    start = (
        Cell(zero, zero),
        (jnp.zeros((len(mask), num_inputs), zero.dtype), jnp.zeros_like(read[0].sums)),
    )

    def step(at: Int[Array, ""], way: _Way, later: Cell, found: Pair) -> tuple[Cell, Pair]:
        total = Cell(later.hidden + way.slopes[at], later.memory)
        _, pull = jax.vjp(lstm_step, Cell(zero, way.memories[at]), way.sums[at])
        cell, of_sums = pull(total)
        of_sums = jnp.where(mask[at], of_sums, 0.0)
        of_inputs, of_hidden = jnp.split(of_sums @ way.kernel, [num_inputs])
        cell = select(mask[at], Cell(of_hidden, cell.memory), total)
        return cell, jax.tree.map(partial(write, at), found, (of_inputs, of_sums))

    def both(count: Int[Array, ""], carry: tuple) -> tuple:
        places = (num_steps - 1 - count, count)
        return tuple(map(step, places, ways, *zip(*carry, strict=True)))

    (_, first), (_, second) = jax.lax.fori_loop(0, num_steps, both, (start, start))
    return first[0] + second[0], (first[1], second[1]), None, None, None


_replay.defvjp(_forward, _backward)


def side_by_side(
    hidden: tuple[Float[Array, "L H"], Float[Array, "L H"]], mask: Bool[Array, " L"]
) -> Float[Array, "L D"]:
    """Return the states of both directions in one array, zero where nothing exists."""
    return jnp.where(mask[:, None], jnp.concatenate(hidden, axis=-1), 0.0)


def num_positions(mask: Bool[Array, " L"]) -> Int[Array, ""]:
    """Return the number of positions up to the last one that exists."""
    return jnp.max(jnp.where(mask, jnp.arange(1, len(mask) + 1), 0))


def _before(
    first: Float[Array, "L H"], second: Float[Array, "L H"]
) -> tuple[Float[Array, "L H"], Float[Array, "L H"]]:
    """Return what each direction had before it came to each position."""
    nothing = jnp.zeros_like(first[:1])
    return jnp.concatenate([nothing, first[:-1]]), jnp.concatenate([second[1:], nothing])


def write(
    at: Int[Array, ""], whole: Shaped[Array, "L N"], part: Shaped[Array, " N"]
) -> Shaped[Array, "L N"]:
    """Return an array with another row at one position, which is inside."""
    return whole.at[at].set(part, mode="promise_in_bounds")


def select(exists: Bool[Array, ""], new: Cell, old: Cell) -> Cell:
    """Return the new state where there is something to read, else the old one."""
    return jax.tree.map(partial(jnp.where, exists), new, old)
