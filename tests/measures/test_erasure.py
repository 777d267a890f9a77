import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.measures.erasure import delete_token, leave_one_out
from attnjax.models.build import build_model
from attnjax.outputs import forward, probabilities
from tests.models.tiny import tiny

from .toy import VOCABULARY, empty_row, random_texts, stack, text, toy_model, toy_params

# A handful of float32 roundings of probabilities; batches of another size sum in another order.
TOLERANCE = 1e-6


@partial(jax.jit, static_argnums=0)
def run(model, params, inputs):
    return probabilities(forward(model, params, inputs).logits)


def by_brute_force(model, params, tokens, length=0):
    """Delete every word from the list of words and run each shorter text on its own."""
    texts = [tokens[:place] + tokens[place + 1 :] for place in range(len(tokens))]
    return np.array([run(model, params, text(shorter, length)) for shorter in texts])


@pytest.mark.parametrize(("num_logits", "memory_bytes"), [(1, 1), (1, 2**30), (3, 5000)])
def test_equals_brute_force(num_logits, memory_bytes):
    model, params = toy_model(num_logits), toy_params(num_logits)
    texts = random_texts(4)
    batch = stack([*(text(tokens, 16) for tokens in texts), empty_row(16)])
    result = jax.device_get(leave_one_out(model, params, batch, memory_bytes=memory_bytes))
    assert result.probabilities.shape == (5, 16, max(2, num_logits))
    for row, tokens in enumerate(texts):
        expected = by_brute_force(model, params, tokens, 12)
        original = np.asarray(run(model, params, text(tokens, 12)))
        change = np.abs(expected - original).sum(axis=1) / 2
        inside = slice(1, len(tokens) + 1)
        np.testing.assert_allclose(result.probabilities[row, inside], expected, atol=TOLERANCE)
        np.testing.assert_allclose(result.change[row, inside], change, atol=TOLERANCE)
        outside = ~batch.attendable[row, 0]
        np.testing.assert_allclose(
            result.probabilities[row, outside],
            np.broadcast_to(original, (outside.sum(), len(original))),
            atol=TOLERANCE,
        )
        assert change.max() > 1e-3
    assert not np.any(result.change[~batch.attendable[:, 0]])
    assert np.all(np.isfinite(result.probabilities))


@pytest.mark.parametrize(
    ("encoder", "attention"), [("lstm", "additive"), ("cnn", "dot"), ("average", "random")]
)
def test_equals_brute_force_alone_and_padded_in_a_batch(encoder, attention):
    """Random attention belongs to the instance: deletion changes the words, not the noise."""
    config = ModelConfig(encoder=encoder, attention=attention, embedding_size=8, hidden_size=8)
    model = build_model(config, vocabulary_size=VOCABULARY, num_classes=2)
    texts = [[5, 6, 7, 8], [9, 10, 11, 12]]
    params = jax.jit(model.init)(jax.random.key(0), text(texts[0]))
    # The shorter texts are run without any padding.
    expected = [by_brute_force(model, params, tokens) for tokens in texts]
    for length, several in ((0, texts[:1]), (16, texts)):
        batch = stack([text(tokens, length) for tokens in several])
        found = np.asarray(leave_one_out(model, params, batch).probabilities)
        np.testing.assert_allclose(found[:, 1:5], expected[: len(several)], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    "encoder", ["lstm", pytest.param("cnn", marks=pytest.mark.slow), "average"]
)
def test_a_models_own_deletion_equals_encoding_afresh(encoder):
    """Blocks of deletions mix texts of all lengths; one text fills the array, one is empty."""
    model, params = tiny(encoder)
    texts = [[5, 6, 7, 8, 9, 4, 11, 12, 6, 5, 4, 8, 9], [7], [9, 10, 11, 12], [5, 6, 5], [4] * 9]
    batch = stack([*(text(tokens, 15) for tokens in texts), empty_row(15)])
    expected = leave_one_out(model._replace(deletion=None), params, batch)
    assert np.max(expected.change) > 1e-2
    for memory_bytes in (2**12, 2**30):
        found = leave_one_out(model, params, batch, memory_bytes=memory_bytes)
        np.testing.assert_allclose(
            found.probabilities, expected.probabilities, rtol=0, atol=TOLERANCE
        )
        np.testing.assert_allclose(found.change, expected.change, rtol=0, atol=TOLERANCE)


def test_an_emptied_text_has_the_output_of_the_bias():
    model, params = toy_model(), toy_params()
    result = leave_one_out(model, params, stack([text([5], 6)]))
    expected = jax.nn.sigmoid(params["bias"][0])
    np.testing.assert_allclose(result.probabilities[0, 1, 1], expected, atol=TOLERANCE)


def test_each_of_several_sequences_loses_its_tokens_while_the_others_stay():
    model, params = toy_model(), toy_params()
    first, second = text([5, 6], 5), text([9, 10, 11])
    pair = stack_sequences(first, second)
    result = leave_one_out(model, params, stack([pair]))
    assert result.change.shape == (1, 10)
    for position, shorter in ((1, [6]), (2, [5])):
        expected = run(model, params, stack_sequences(text(shorter, 5), second))
        np.testing.assert_allclose(result.probabilities[0, position], expected, atol=TOLERANCE)
    for position, shorter in ((6, [10, 11]), (7, [9, 11]), (8, [9, 10])):
        expected = run(model, params, stack_sequences(first, text(shorter, 5)))
        np.testing.assert_allclose(result.probabilities[0, position], expected, atol=TOLERANCE)
    changed = np.flatnonzero(result.change[0] > 1e-4)
    assert changed.tolist() == [1, 2, 6, 7, 8]


def stack_sequences(first, second):
    return dataclasses.replace(
        first,
        **{
            name: np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("token_ids", "mask", "attendable")
        },
    )


def test_delete_token_leaves_the_rest_of_the_instance():
    inputs = dataclasses.replace(text([5, 6], 6, instance_id=7), candidates=jnp.array([True]))
    shorter = delete_token(inputs, jnp.array(1))
    assert shorter.token_ids.tolist() == [[2, 6, 3, 0, 0, 0]]
    assert shorter.mask.tolist() == [[True] * 3 + [False] * 3]
    assert shorter.attendable.tolist() == [[False, True, False, False, False, False]]
    assert int(shorter.instance_id) == 7
    assert shorter.candidates is inputs.candidates


def test_only_attendable_positions_cost_a_pass():
    """Count the blocks that really run: padding and short texts must not cost any."""
    blocks = []
    model, params = toy_model(), toy_params()

    def encode(params, embeddings, inputs, *, key=None):
        jax.debug.callback(blocks.append, inputs.token_ids[0, 0])
        return model.encode(params, embeddings, inputs, key=key)

    counted = model._replace(encode=encode)
    batch = stack([text([5, 6, 7], 30), text([8], 30), empty_row(30)])
    jax.block_until_ready(leave_one_out(counted, params, batch, memory_bytes=1))
    jax.effects_barrier()
    # Three unmodified texts and four deletions, one at a time.
    assert len(blocks) == 3 + 4


def test_memory_is_bounded():
    model, params = toy_model(), toy_params()
    batch = stack([text(tokens, 2000) for tokens in random_texts(4)])
    small, large = (
        leave_one_out.lower(model, params, batch, memory_bytes=memory_bytes)
        .compile()
        .memory_analysis()
        .temp_size_in_bytes
        for memory_bytes in (2**18, 2**30)
    )
    # A text of 2,000 positions of embeddings and states is 72 kB: 64 of them are 4.6 MB.
    assert small < 2**21 < large


def test_compiled_once_per_shape():
    model, params = toy_model(), toy_params()
    before = leave_one_out._cache_size()
    for seed in range(3):
        leave_one_out(model, params, stack([text(one, 13) for one in random_texts(2, seed)]))
    assert leave_one_out._cache_size() == before + 1


def test_works_under_vmap_over_params():
    """Several seeds are a batch axis."""
    model = toy_model()
    several = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), toy_params(seed=0), toy_params(seed=1)
    )
    batch = stack([text([5, 6, 7], 6)])
    result = jax.vmap(partial(leave_one_out, model), in_axes=(0, None))(several, batch)
    for seed in range(2):
        alone = leave_one_out(model, toy_params(seed=seed), batch)
        np.testing.assert_allclose(result.change[seed], alone.change, atol=TOLERANCE)
