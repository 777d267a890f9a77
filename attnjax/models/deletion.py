"""A sentence without one of its tokens: closing the gap, and the states of an LSTM."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped

from attnjax.models.recurrence import (
    Cell,
    Layer,
    Pair,
    lstm_step,
    num_positions,
    read_both_ways,
    select,
    side_by_side,
    write,
)
from attnjax.models.together import largest, smallest
from attnjax.types import AnyArray


class Reading(NamedTuple):
    """What all deletions from a sentence share; of several sentences with a leading axis.

    Attributes:
        gates: the inputs' part of the gates, per direction.
        cells: the states behind each position of the whole sentence, per direction.
        mask: positions that exist.
    """

    gates: Pair
    cells: tuple[Cell, Cell]
    mask: Bool[Array, "*B L"]


def close_gap(
    values: Shaped[AnyArray, "L *N"], position: Int[AnyArray, ""]
) -> Shaped[Array, "L *N"]:
    """Move what stands behind `position` up by one; the last place gets zero (padding).

    Example:
        >>> close_gap(jnp.array([5, 6, 7]), jnp.array(1)).tolist()
        [5, 7, 0]
    """
    stays = jnp.arange(len(values)) < position
    return jnp.where(stays.reshape(-1, *[1] * (values.ndim - 1)), values, move_up(values))


def move_up(values: Shaped[AnyArray, "L *N"]) -> Shaped[Array, "L *N"]:
    """Move every value up by one; the last place gets zero.

    Example:
        >>> move_up(jnp.array([5, 6, 7])).tolist()
        [6, 7, 0]
    """
    return jnp.concatenate([values[1:], jnp.zeros_like(values[:1])])


def read_for_deletion(
    inputs: Float[Array, "L E"], layer: Layer, mask: Bool[Array, " L"]
) -> Reading:
    """Read a sentence once, for `scan_without`."""
    first, second = read_both_ways(inputs, layer, mask)
    width = inputs.shape[1]
    gates = [inputs @ kernel[:width] + bias[None] for kernel, bias in zip(*layer, strict=True)]
    return Reading((gates[0], gates[1]), (first.cells, second.cells), mask)


def scan_without(
    readings: Reading,
    kernels: Pair,
    row: Int[Array, ""],
    position: Int[Array, ""],
) -> Float[Array, "L D"]:
    """Return the hidden states of a sentence without one of its tokens.

    A direction's states in front of the token are those of the whole sentence, so each goes
    on from there: the first takes the steps behind the token, the second those before it.
    Deletions that are vmapped together take as many steps as the one with the most, so they
    should be of nearby positions in sentences of about one length.

    Args:
        readings: of several sentences; what of them is needed is looked up in every step,
            because a copy for each deletion would cost more than the steps.
        kernels: from hidden state to gates, per direction.
        row: which sentence.
        position: of the token.

    Returns:
        Hidden states; the token's place is closed and the last position empty.
    """
    mask = readings.mask[row]
    zero = jnp.zeros_like(kernels[0][:, 0])
    empty = jnp.zeros((len(mask), len(zero)), zero.dtype)

    def step(
        way: int, at: Int[Array, ""], takes_part: Bool[Array, ""], carry: tuple[Cell, Array]
    ) -> tuple[Cell, Array]:
        cell, hidden = carry
        moved = lstm_step(cell, readings.gates[way][row, at] + cell.hidden @ kernels[way])
        cell = select(takes_part & mask[at], moved, cell)
        return cell, write(at, hidden, cell.hidden)

    def forwards(at: Int[Array, ""], carry: tuple) -> tuple:
        return step(0, at, at > position, carry)

    def backwards(count: Int[Array, ""], carry: tuple) -> tuple:
        at = farthest - 1 - count
        return step(1, at, at < position, carry)

    def start(way: int, at: Int[Array, ""]) -> Cell:
        inside = (at >= 0) & (at < len(mask))
        return jax.tree.map(lambda all: jnp.where(inside, all[row, at], 0.0), readings.cells[way])

    farthest = largest(position)
    _, behind = jax.lax.fori_loop(
        smallest(position) + 1,
        largest(num_positions(mask)),
        forwards,
        (start(0, position - 1), empty),
    )
    _, before = jax.lax.fori_loop(0, farthest, backwards, (start(1, position + 1), empty))
    here = (jnp.arange(len(mask)) < position)[:, None]
    first = jnp.where(here, readings.cells[0].hidden[row], move_up(behind))
    second = jnp.where(here, before, move_up(readings.cells[1].hidden[row]))
    return side_by_side((first, second), close_gap(mask, position))
