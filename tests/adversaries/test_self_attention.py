"""The search on layers of causal self-attention: a tree of distributions for each text."""

import functools

import jax
import numpy as np
import pytest

from attnjax.adversaries.search import SearchSettings, search
from attnjax.models.inputs import single_inputs
from attnjax.outputs import encode_inputs, probabilities
from tests.adversaries.toy_transformer import HEADS, LAYERS, MODEL
from tests.models.tiny import TEXTS, stacked

FIXED = SearchSettings(candidates=3, steps=200)
RELEASE = SearchSettings(
    candidates=3,
    steps=60,
    starts="noise",
    constraint="penalty",
    keep="last",
    jsd="release",
    amsgrad="release",
    filter_epsilon=0.05,
)
PARAMS = MODEL.init(jax.random.key(3), single_inputs(TEXTS[0]))


@functools.partial(jax.jit, static_argnums=1)
def attack(inputs, settings):
    return search(MODEL, PARAMS, inputs, jax.random.key(5), settings)


@jax.jit
@jax.vmap
def own_attention(inputs):
    return MODEL.attend(PARAMS, encode_inputs(MODEL, PARAMS, inputs), inputs)


@jax.jit
@jax.vmap
def decode(inputs, attention):
    states = encode_inputs(MODEL, PARAMS, inputs)
    return probabilities(MODEL.decode(PARAMS, states, attention, inputs).logits)


def mean_divergence(attention, own):
    """JSD in NumPy, averaged over the distributions of all layers, heads and real tokens."""
    found = [[] for _ in range(len(own[LAYERS[0]]))]
    for name in LAYERS:
        p, q = (np.asarray(each[name], np.float64) for each in (attention, own))
        for text, head, token in np.ndindex(*q.shape[:3]):
            a, b = p[text, head, token], q[text, head, token]
            if b.sum() == 0:
                assert a.sum() == 0
                continue
            terms = [np.sum(x[x > 0] * np.log(x[x > 0] / ((a + b) / 2)[x > 0])) / 2 for x in (a, b)]
            found[text].append(sum(terms))
    return np.array([np.mean(each) for each in found])


@pytest.mark.parametrize(
    "settings",
    [pytest.param(FIXED, id="fixed"), pytest.param(RELEASE, id="release", marks=pytest.mark.slow)],
)
def test_promises(settings):
    inputs = stacked(TEXTS, 10)
    found = jax.device_get(attack(inputs, settings))
    own = jax.device_get(own_attention(inputs))
    for name in LAYERS:
        attention = found.attention[name]
        assert attention.shape == (len(TEXTS), 3, HEADS, 10, 10)
        assert np.all(attention >= 0)
        # Weight only where the model may look: causal, and none for padding.
        assert np.all(attention[np.broadcast_to(own[name][:, None] == 0, attention.shape)] == 0)
        total = np.broadcast_to(own[name].sum(-1)[:, None] > 0.5, attention.shape[:-1])
        np.testing.assert_allclose(attention.sum(-1), total, rtol=0, atol=1e-6)
    change = np.abs(decode(inputs, found.winner_attention) - decode(inputs, own))[:, 1]
    assert np.all(change <= settings.filter_epsilon + 1e-6)
    expected = mean_divergence(found.winner_attention, own)
    if settings is FIXED:  # the release's form is not the exact one
        np.testing.assert_allclose(found.winner_jsd, expected, rtol=0, atol=1e-6)
    assert found.found.all()


def test_projected_steps_find_more_than_a_penalty():
    inputs = stacked(TEXTS, 10)
    fixed = attack(inputs, FIXED)
    penalty = attack(
        inputs, SearchSettings(candidates=3, steps=200, starts="noise", constraint="penalty")
    )
    assert fixed.winner_jsd.mean() > 1.1 * penalty.winner_jsd.mean()


def test_padding_and_batch_do_not_matter():
    settings = SearchSettings(candidates=2, steps=10, patience=0)
    together = jax.device_get(attack(stacked(TEXTS, 12), settings))
    for at in (0, 2):
        row = jax.tree.map(lambda leaf, at=at: leaf[at : at + 1], stacked(TEXTS, 10))
        alone = jax.device_get(attack(row, settings))
        for name in LAYERS:
            np.testing.assert_allclose(
                together.attention[name][at, :, :, :10, :10],
                alone.attention[name][0],
                rtol=0,
                atol=1e-4,  # float32 in sums of other shapes, 10 steps
            )
