import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries import shuffles
from attnjax.adversaries.permutation import (
    median_output_change,
    permutation_outputs,
    permuted_probabilities,
)
from attnjax.adversaries.shuffles import shuffled
from attnjax.outputs import encode_inputs, forward, probabilities
from tests.models.tiny import TEXTS, stacked, tiny

COUNT = 9
LENGTH = 12


def shuffle(kind, inputs, **keywords):
    keywords = {"count": COUNT, **keywords}
    return jax.device_get(
        permutation_outputs(kind.model, kind.params, inputs, jax.random.key(5), **keywords)
    )


def row_of(inputs, at):
    return jax.tree.map(lambda leaf: leaf[at], inputs)


def test_a_permutation_moves_attendable_positions_only(key):
    attendable = np.array([False, True, True, False, True, True, False])
    draw = jax.jit(lambda number: shuffled(jnp.arange(7), key, 3, jnp.asarray(attendable), number))
    drawn = np.array([draw(number) for number in range(50)])
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(7), (50, 1)))
    np.testing.assert_array_equal(drawn[:, ~attendable], np.tile([0, 3, 6], (50, 1)))
    assert len({tuple(one) for one in drawn}) > 15  # of 24


def test_all_permutations_are_equally_likely(key):
    draw = jax.vmap(lambda number: shuffled(jnp.arange(3), key, 3, jnp.ones(3, bool), number))
    drawn = [tuple(one) for one in np.asarray(draw(jnp.arange(3000)))]
    counts = np.array([drawn.count(one) for one in itertools.permutations(range(3))])
    assert counts.sum() == 3000
    # Chi-square with 5 degrees of freedom: above 20.5 in one of a thousand seeds.
    assert ((counts - 500) ** 2 / 500).sum() < 20.5


def test_counting_ranks_equals_sorting(monkeypatch):
    # Two bits of randomness: nearly every permutation has ties.
    draws = jnp.asarray(np.random.default_rng(0).integers(0, 4, (20, 9)), jnp.float32)
    counted = jax.vmap(shuffles._ranks)(draws)
    monkeypatch.setattr(shuffles, "COMPARED", 0)
    by_sorting = jax.vmap(shuffles._ranks)(draws)
    expected = np.argsort(np.argsort(draws, axis=1, kind="stable"), axis=1)
    np.testing.assert_array_equal(counted, expected)
    np.testing.assert_array_equal(by_sorting, expected)


@pytest.mark.parametrize(
    ("encoder", "num_classes"),
    [("lstm", 2), ("average", 3), pytest.param("cnn", 2, marks=pytest.mark.slow)],
)
def test_outputs_are_those_of_shuffled_attention(encoder, num_classes):
    kind = tiny(encoder, num_classes=num_classes)
    inputs = stacked(TEXTS, LENGTH)
    found = shuffle(kind, inputs)

    @jax.jit
    def explain(one):
        states = encode_inputs(kind.model, kind.params, one)
        attention = kind.model.attend(kind.params, states, one)
        draw = lambda number: shuffled(  # noqa: E731
            jnp.arange(LENGTH), jax.random.key(5), one.instance_id, one.attendable[0], number
        )
        index = jax.vmap(draw)(jnp.arange(COUNT))

        def decode(weights):
            return probabilities(kind.model.decode(kind.params, states, weights, one).logits)

        return attention, index, jax.vmap(decode)(attention[index]), decode(attention)

    for at in range(len(TEXTS)):
        attention, index, expected, own = explain(row_of(inputs, at))
        # The value form and decode round differently.
        np.testing.assert_allclose(found.probabilities[at], expected, rtol=0, atol=1e-6)
        change = 0.5 * np.abs(np.asarray(expected) - np.asarray(own)).sum(axis=-1)
        np.testing.assert_allclose(found.change[at], change, rtol=0, atol=1e-6)
        weights = np.asarray(attention)[np.asarray(index)]
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=0, atol=1e-6)
    given = jax.vmap(lambda one: explain(one)[1])(inputs)
    again = permuted_probabilities(kind.model, kind.params, inputs, given)
    np.testing.assert_allclose(again.probabilities, found.probabilities, rtol=0, atol=1e-6)
    assert found.change.max() > 0.01


def test_value_form_equals_decode_form():
    kind = tiny("lstm")
    inputs = stacked(TEXTS, LENGTH)
    hidden = kind._replace(model=kind.model._replace(readout=None))
    np.testing.assert_allclose(
        shuffle(kind, inputs).probabilities,
        shuffle(hidden, inputs).probabilities,
        rtol=0,
        atol=1e-6,
    )


def test_padding_and_batch_do_not_matter():
    kind = tiny("lstm")
    together = shuffle(kind, stacked(TEXTS, LENGTH, empty_rows=2))
    longer = shuffle(kind, stacked(TEXTS, 20))
    rows = stacked(TEXTS, 9)
    for at in range(len(TEXTS)):
        alone = shuffle(kind, jax.tree.map(lambda leaf, at=at: leaf[at : at + 1], rows))
        for other in (together, longer):
            np.testing.assert_allclose(
                other.probabilities[at], alone.probabilities[0], rtol=0, atol=1e-6
            )
    assert np.all(np.isfinite(together.probabilities))
    np.testing.assert_array_equal(together.change[-2:], 0)


def test_equal_weights_cannot_be_shuffled():
    kind = tiny("lstm", "uniform")
    assert shuffle(kind, stacked(TEXTS, LENGTH)).change.max() < 1e-6


@pytest.mark.parametrize("form", ["value", pytest.param("decode", marks=pytest.mark.slow)])
def test_blocks_change_nothing_and_bound_the_memory(form):
    kind = tiny("lstm")
    if form == "decode":
        kind = kind._replace(model=kind.model._replace(readout=None))
    inputs = stacked([*TEXTS] * 10, LENGTH)
    key = jax.random.key(5)

    def compiled(memory_bytes):
        return permutation_outputs.lower(
            kind.model, kind.params, inputs, key, count=50, memory_bytes=memory_bytes
        ).compile()

    # Of the small ones the first splits instances, the second an instance's permutations too.
    large, small, smaller = compiled(2**30), compiled(2**17), compiled(2**13)
    whole = large(kind.params, inputs, key)
    for run in (small, smaller):
        blocks = run(kind.params, inputs, key)
        np.testing.assert_allclose(whole.probabilities, blocks.probabilities, rtol=0, atol=1e-6)
    used = [run.memory_analysis().temp_size_in_bytes for run in (small, large)]
    # Results of all instances (24 KB, twice while blocks are joined) come on top.
    assert used[0] < 2**17 + 2**17
    assert used[0] < 0.7 * used[1]


def test_median_is_over_permutations():
    kind = tiny("lstm")
    found = shuffle(kind, stacked(TEXTS, LENGTH))
    expected = [np.sort(change)[COUNT // 2] for change in found.change]
    np.testing.assert_array_equal(median_output_change(found), expected)


def test_change_is_from_the_unmodified_output():
    kind = tiny("cnn")
    inputs = stacked(TEXTS, LENGTH)
    found = shuffle(kind, inputs)
    for at in range(len(TEXTS)):
        own = probabilities(forward(kind.model, kind.params, row_of(inputs, at)).logits)
        change = np.abs(found.probabilities[at, :, 1] - own[1])
        np.testing.assert_allclose(found.change[at], change, rtol=0, atol=1e-6)
