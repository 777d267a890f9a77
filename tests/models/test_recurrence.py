"""The slopes of the LSTM against JAX's own through a loop written out token by token."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.deletion import read_for_deletion, scan_without
from attnjax.models.recurrence import Cell, Layer, lstm_step, scan_both_ways

LENGTHS, PADDED, WIDTH, HIDDEN = (6, 1, 4, 0), 7, 3, 2


def written_out(inputs, layer, length):
    """Return the states of one sentence, no loop and no mask."""
    sides = []
    for way, order in enumerate([range(length), reversed(range(length))]):
        cell = Cell(jnp.zeros(HIDDEN), jnp.zeros(HIDDEN))
        states = [jnp.zeros(HIDDEN)] * PADDED
        for at in order:
            both = jnp.concatenate([inputs[at], cell.hidden])
            cell = lstm_step(cell, both @ layer.kernels[way] + layer.biases[way])
            states[at] = cell.hidden
        sides.append(jnp.stack(states))
    return jnp.concatenate(sides, axis=1)


@pytest.fixture
def batch():
    keys = jax.random.split(jax.random.key(0), 6)
    shapes = [(WIDTH + HIDDEN, 4 * HIDDEN)] * 2 + [(4 * HIDDEN,)] * 2
    weights = [jax.random.normal(k, s) for k, s in zip(keys[:4], shapes, strict=True)]
    inputs = jax.random.normal(keys[4], (len(LENGTHS), PADDED, WIDTH))
    mask = jnp.arange(PADDED)[None] < jnp.array(LENGTHS)[:, None]
    mixing = jax.random.normal(keys[5], (len(LENGTHS), PADDED, 2 * HIDDEN))
    return inputs, Layer((weights[0], weights[1]), (weights[2], weights[3])), mask, mixing


def test_states_and_slopes_equal_those_of_the_loop_written_out(batch):
    inputs, layer, mask, mixing = batch

    def ours(inputs, layer):
        states = jax.vmap(scan_both_ways, in_axes=(0, None, 0))(inputs, layer, mask)
        return jnp.sum(states * mixing), states

    def reference(inputs, layer):
        rows = zip(inputs, LENGTHS, strict=True)
        states = jnp.stack([written_out(row, layer, length) for row, length in rows])
        return jnp.sum(states * mixing), states

    found = jax.jit(jax.grad(ours, argnums=(0, 1), has_aux=True))(inputs, layer)
    expected = jax.jit(jax.grad(reference, argnums=(0, 1), has_aux=True))(inputs, layer)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        # float32 sums of up to 11 terms of order 1, in another order.
        np.testing.assert_allclose(one, other, atol=5e-6)
    assert all(np.abs(leaf).max() > 0.1 for leaf in jax.tree.leaves(expected))


def test_slopes_of_one_sentence_are_those_in_a_batch(batch):
    inputs, layer, mask, mixing = batch

    def total(inputs, mask, mixing):
        return jnp.sum(scan_both_ways(inputs, layer, mask) * mixing)

    together = jax.jit(jax.vmap(jax.grad(total)))(inputs, mask, mixing)
    for row, length in enumerate(LENGTHS[:3]):
        alone = jax.grad(total)(inputs[row, :length], mask[row, :length], mixing[row, :length])
        np.testing.assert_allclose(together[row, :length], alone, atol=2e-6)
        np.testing.assert_array_equal(together[row, length:], 0)


def test_without_a_token_equals_the_shorter_sentence(batch):
    """Also the first and the last token, in deletions that are worked on together."""
    inputs, layer, mask, _ = batch
    pairs = [(0, 0), (2, 3), (0, 5), (1, 0), (0, 2), (2, 1)]
    rows, positions = map(jnp.array, zip(*pairs, strict=True))
    readings = jax.vmap(read_for_deletion, in_axes=(0, None, 0))(inputs, layer, mask)
    recurrent = tuple(kernel[WIDTH:] for kernel in layer.kernels)
    found = jax.vmap(scan_without, in_axes=(None, None, 0, 0))(readings, recurrent, rows, positions)
    for states, (row, position) in zip(found, pairs, strict=True):
        shorter = jnp.delete(inputs[row], position, axis=0)
        expected = written_out(shorter, layer, LENGTHS[row] - 1)
        np.testing.assert_allclose(states, expected, atol=2e-6)
