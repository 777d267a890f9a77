"""Gradients, readout, dropout and empty texts of the classifiers.

What holds for every model, padding invariance above all, is in `tests/contract`.
"""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.build import ENCODERS
from attnjax.models.classifier import dropout
from attnjax.models.inputs import single_inputs
from attnjax.outputs import encode_inputs, forward, probabilities
from tests.models.tiny import KINDS, TEXTS, stacked, tiny

LONGEST = max(map(len, TEXTS))
every_kind = pytest.mark.parametrize(("encoder", "attention"), KINDS)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("num_classes", [2, 3])
def test_readout_is_the_decoder(encoder, num_classes):
    model, params = tiny(encoder, num_classes=num_classes)
    inputs = single_inputs(TEXTS[2], length=LONGEST + 2)

    @jax.jit
    def both(weights):
        states = encode_inputs(model, params, inputs)
        logits = jax.vmap(lambda each: model.decode(params, states, each, inputs).logits)(weights)
        return logits, model.readout(params, states, inputs)

    # Any weights at all: the decoder is affine, not only on the simplex.
    weights = jax.random.normal(jax.random.key(0), (5, LONGEST + 2))
    logits, (values, bias) = both(weights)
    assert values.shape == (LONGEST + 2, 1 if num_classes == 2 else num_classes)
    np.testing.assert_allclose(weights @ values + bias[None], logits, atol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "attention"),
    [
        # Which attention it is meets the encoder's gradient nowhere in the code.
        pytest.param(
            *kind,
            marks=[pytest.mark.slow] if "average" not in kind and "additive" not in kind else [],
        )
        for kind in KINDS
    ],
)
def test_gradient_against_finite_differences(encoder, attention):
    model, params = tiny(encoder, attention)
    inputs = single_inputs(TEXTS[2], length=LONGEST + 2)

    def output(embeddings):
        states = model.encode(wide, embeddings, inputs)
        weights = model.attend(wide, states, inputs)
        return probabilities(model.decode(wide, states, weights, inputs).logits)[1]

    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
        embeddings = model.embed(wide, inputs)
        assert embeddings.dtype == jnp.float64
        directions = jax.random.normal(jax.random.key(5), (8, *embeddings.shape))
        step = 1e-6
        moved = jnp.concatenate(
            [embeddings[None] + step * directions, embeddings[None] - step * directions]
        )
        gradient = jax.jit(jax.grad(output))(embeddings)
        up, down = jax.jit(jax.vmap(output))(moved).reshape(2, 8)
        found = jnp.sum(gradient[None] * directions, axis=(1, 2, 3))
        # Central differences in float64: step^2 and rounding 1e-16 / step, both below 1e-9.
        np.testing.assert_allclose(found, (up - down) / (2 * step), rtol=1e-6, atol=1e-9)
        assert np.abs(found).max() > 1e-4


@every_kind
def test_empty_row_is_finite(encoder, attention):
    model, params = tiny(encoder, attention)
    inputs = jax.tree.map(lambda leaf: leaf[-1], stacked(TEXTS, LONGEST, empty_rows=1))

    def loss(params):
        return forward(model, params, inputs).logits.sum()

    value, gradient = jax.jit(jax.value_and_grad(loss))(params)
    # Nothing to attend to: the context is zero and only the bias is left.
    np.testing.assert_allclose(value, params["decoder"]["bias"][0])
    chex.assert_tree_all_finite(gradient)
    np.testing.assert_array_equal(gradient["embedding"]["table"], 0.0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_padding_row_of_the_table_has_no_effect(encoder):
    model, params = tiny(encoder)
    inputs = single_inputs(TEXTS[0], length=LONGEST)
    loud = params | {"embedding": {"table": params["embedding"]["table"].at[0].set(1e3)}}
    run = jax.jit(jax.value_and_grad(lambda p: forward(model, p, inputs).logits[0]))
    quiet_logit, _ = run(params)
    logit, gradient = run(loud)
    np.testing.assert_array_equal(logit, quiet_logit)
    np.testing.assert_array_equal(gradient["embedding"]["table"][0], 0.0)
    assert np.abs(gradient["embedding"]["table"][5]).max() > 0


def noisy_parts(embed_key, decode_key):
    """Embeddings and logits of a text under dropout; a key of None has none."""
    return _noisy_parts(*tiny(dropout=0.5), single_inputs(TEXTS[2]), embed_key, decode_key)


@functools.partial(jax.jit, static_argnums=0)
def _noisy_parts(model, params, inputs, embed_key, decode_key):
    embeddings = model.embed(params, inputs, key=embed_key)
    states = model.encode(params, embeddings, inputs)
    weights = model.attend(params, states, inputs)
    return embeddings, model.decode(params, states, weights, inputs, key=decode_key).logits


class TestDropout:
    def test_same_key_same_noise(self):
        first, second = (noisy_parts(jax.random.key(1), jax.random.key(2)) for _ in range(2))
        chex.assert_trees_all_equal(first, second)

    def test_another_key_another_noise(self):
        keys = jax.random.split(jax.random.key(0), 4)
        assert noisy_parts(keys[0], keys[1])[1] != noisy_parts(keys[2], keys[3])[1]

    def test_no_key_no_noise(self):
        model, params = tiny()
        expected = forward(model, params, single_inputs(TEXTS[2])).logits
        np.testing.assert_allclose(noisy_parts(None, None)[1], expected, rtol=1e-6)

    def test_embeddings_lose_values(self):
        embeddings, _ = noisy_parts(None, None)
        noisy, _ = noisy_parts(jax.random.key(0), None)
        kept = noisy != 0
        np.testing.assert_allclose(noisy[kept], 2 * embeddings[kept])
        assert 0 < kept.sum() < kept.size

    def test_context_loses_values(self):
        embeddings, quiet = noisy_parts(None, None)
        untouched, noisy = noisy_parts(None, jax.random.key(0))
        np.testing.assert_array_equal(embeddings, untouched)
        assert quiet != noisy

    def test_is_unbiased(self):
        values = dropout(jnp.ones(40_000), 0.3, jax.random.key(0))
        # Standard error: sqrt(0.3 / 0.7 / 40000) = 0.0033.
        assert float(values.mean()) == pytest.approx(1.0, abs=0.012)
        assert float((values == 0).mean()) == pytest.approx(0.3, abs=0.01)

    def test_noise_of_the_first_positions_is_the_same_however_far_padded(self):
        short = dropout(jnp.ones((1, 4, 6)), 0.5, jax.random.key(0))
        long = dropout(jnp.ones((1, 9, 6)), 0.5, jax.random.key(0))
        np.testing.assert_array_equal(short, long[:, :4])


def test_one_trace_a_shape():
    """A model rebuilt from equal settings finds what was compiled for the first."""

    @chex.assert_max_traces(n=2)
    def logits(params, batch, model):
        return jax.vmap(lambda inputs: forward(model, params, inputs).logits)(batch)

    run = jax.jit(logits, static_argnames="model")
    for length in (LONGEST, 2 * LONGEST, LONGEST):
        for texts in (TEXTS, TEXTS[::-1]):
            model, params = tiny("average")
            run(params, stacked(texts, length), model=model)
