"""Permutation, search and equal weights on a GPT, against loops in NumPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from attnjax.adversaries.distributions import permutable
from attnjax.adversaries.evened import evened_outputs
from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.rows import row_keys
from attnjax.adversaries.search import search
from attnjax.adversaries.settings import SearchSettings
from attnjax.adversaries.shuffles import shuffled_tree
from attnjax.models.gpt.model import build_gpt
from attnjax.models.gpt.parts import LAST_CLASSIFY_ROW, restrict
from attnjax.outputs import encode_inputs, probabilities
from tests.models.gpt.tiny import example_batch, tiny_params, tiny_settings

SETTINGS = tiny_settings(head="similarity")
GPT = build_gpt(SETTINGS)
PARAMS = tiny_params(SETTINGS)
BATCH = example_batch("similarity", SETTINGS)
COUNT = 4


@functools.cache
def own():
    """The whole attention of both instances, in NumPy."""

    def attend(inputs):
        return GPT.model.attend(PARAMS, encode_inputs(GPT.model, PARAMS, inputs), inputs)

    return np.asarray(jax.jit(jax.vmap(attend))(BATCH))


@jax.jit
@jax.vmap
def decode(inputs, attention):
    """The class distribution under any whole attention."""
    states = encode_inputs(GPT.model, PARAMS, inputs)
    return probabilities(GPT.model.decode(PARAMS, states, attention, inputs).logits)


def shuffled_by_hand(instance, number, key):
    """Shuffle each row's weights of the tokens it may see, by argsorting its own draw."""
    attention = own()[instance].copy()
    tokens = np.asarray(BATCH.attendable[instance])
    mine = jax.random.fold_in(jax.random.fold_in(key, instance), number)
    keys = row_keys(mine, 0, attention.shape[:-1])
    draws = np.asarray(jax.vmap(lambda one: jax.random.uniform(one, (9,)))(keys))
    draws = draws.reshape(attention.shape)
    for layer, sequence, head, row in np.ndindex(*attention.shape[:-1]):
        where = np.array([at for at in range(row + 1) if tokens[sequence, at]], int)
        if not np.asarray(BATCH.mask)[instance, sequence, row]:
            continue
        place = (layer, sequence, head, row)
        order = np.argsort(np.argsort(draws[place][where], kind="stable"), kind="stable")
        attention[place][where] = attention[place][where][order]
    return attention


def test_permutation_equals_a_loop():
    key = jax.random.key(5)
    found = jax.device_get(permutation_outputs(GPT.model, PARAMS, BATCH, key, count=COUNT))
    unmodified = np.asarray(decode(BATCH, own()))
    for number in range(COUNT):
        shuffles = np.stack([shuffled_by_hand(one, number, key) for one in range(2)])
        expected = np.asarray(decode(BATCH, shuffles))
        np.testing.assert_allclose(found.probabilities[:, number], expected, rtol=0, atol=1e-5)
        change = 0.5 * np.abs(expected - unmodified).sum(axis=-1)
        np.testing.assert_allclose(found.change[:, number], change, rtol=0, atol=1e-5)
    assert found.change[0].std() > 3e-4  # shuffles differ


def test_a_shuffle_moves_only_what_a_row_may_see():
    """Start, delimiter and classify keep their weight; a row of one token is not moved."""
    inputs = jax.tree.map(lambda leaf: leaf[0], BATCH)
    attention = jnp.asarray(own()[0])
    where = permutable(GPT.model, attention, inputs)
    moved = np.asarray(jax.jit(lambda: shuffled_tree(attention, jax.random.key(0), 0, where, 0))())
    before = np.asarray(attention)
    tokens = np.asarray(inputs.attendable)
    special = np.broadcast_to(~tokens[None, :, None, None], before.shape)
    np.testing.assert_array_equal(moved[special], before[special])
    np.testing.assert_array_equal(np.sort(moved), np.sort(before))
    assert not moved[..., np.triu_indices(9, 1)[0], np.triu_indices(9, 1)[1]].any()
    np.testing.assert_array_equal(moved[:, :, :, :2], before[:, :, :, :2])
    assert (moved != before)[:, :, :, 5].any(axis=(0, 1, 2)).sum() > 1


@pytest.mark.parametrize("name", ["last_row", pytest.param("all", marks=pytest.mark.slow)])
def test_the_search_keeps_the_output_and_says_the_right_divergence(name):
    model = restrict(GPT, LAST_CLASSIFY_ROW) if name == "last_row" else GPT.model
    settings = SearchSettings(candidates=2, steps=20, filter_epsilon=0.05, optimizer_epsilon=0.05)
    found = jax.device_get(search(model, PARAMS, BATCH, jax.random.key(3), settings))
    whole = own().copy()
    ends = np.argmax(np.asarray(BATCH.token_ids) == SETTINGS.classify_id, axis=-1)
    if name == "last_row":
        for instance, sequence in np.ndindex(*ends.shape):
            rows = found.winner_attention[instance, 0, sequence, :, 0]
            whole[instance, -1, sequence, :, ends[instance, sequence]] = rows
    else:
        whole = found.winner_attention
    change = 0.5 * np.abs(decode(BATCH, whole) - decode(BATCH, own())).sum(axis=-1)
    assert np.all(change <= 0.05 + 1e-5)
    np.testing.assert_allclose(found.winner_output_change, change, rtol=0, atol=2e-5)
    for instance in range(2):
        divergences = [
            jensenshannon(whole[instance][place], own()[instance][place]) ** 2
            for place in np.ndindex(*whole.shape[1:-1])
            if own()[instance][place].any()
            and (name == "all" or (place[0] == 1 and place[3] == ends[instance, place[1]]))
        ]
        expected = np.mean(divergences)
        np.testing.assert_allclose(found.winner_jsd[instance], expected, rtol=1e-4, atol=1e-6)
    assert found.winner_jsd.min() > 0.05


def test_equal_weights_are_over_what_a_row_may_see():
    found = jax.device_get(evened_outputs(GPT.model, PARAMS, BATCH))
    exists = np.asarray(BATCH.mask)[:, None, :, None, :, None]
    rows = np.tri(9) / np.arange(1, 10)[:, None]
    equal = np.where(exists, np.broadcast_to(rows, own().shape), 0).astype(np.float32)
    expected = np.asarray(decode(BATCH, equal))
    np.testing.assert_allclose(found.probabilities, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.unmodified, decode(BATCH, own()), rtol=0, atol=1e-5)
    change = 0.5 * np.abs(expected - np.asarray(decode(BATCH, own()))).sum(axis=-1)
    np.testing.assert_allclose(found.change, change, rtol=0, atol=1e-5)
    for instance in range(2):
        divergences = [
            jensenshannon(equal[instance][place], own()[instance][place]) ** 2
            for place in np.ndindex(*equal.shape[1:-1])
            if equal[instance][place].any()
        ]
        np.testing.assert_allclose(found.jsd[instance], np.mean(divergences), rtol=1e-4)


def test_every_row_has_a_key_of_its_own():
    keys = jax.random.key_data(row_keys(jax.random.key(0), 0, (5, 4, 4, 30)))
    assert len({tuple(one) for one in np.asarray(keys).tolist()}) == 5 * 4 * 4 * 30


@pytest.mark.slow
def test_a_large_batch_is_searched_as_a_small_one():
    """Of arrays of ten axes jaxlib 0.10.2 made a program that crashed, from about 100 rows on."""
    settings = tiny_settings(head="classification")
    rows = jax.tree.map(
        lambda leaf: jnp.tile(leaf, (43, *[1] * (leaf.ndim - 1))),
        example_batch("classification", settings),
    )
    model, params = restrict(build_gpt(settings), LAST_CLASSIFY_ROW), tiny_params(settings)
    searched = SearchSettings(candidates=5, steps=3)
    found = search(model, params, rows, jax.random.key(0), searched)
    few = jax.tree.map(lambda leaf: leaf[:3], rows)
    expected = search(model, params, few, jax.random.key(0), searched)
    repeated = np.tile(np.asarray(expected.winner_jsd), 43)
    np.testing.assert_allclose(found.winner_jsd, repeated, rtol=0, atol=1e-4)
