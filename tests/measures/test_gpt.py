"""Gradient and leave-one-out on a GPT, against shorter texts and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.model import build_gpt
from attnjax.models.gpt.parts import LAST_CLASSIFY_ROW, restrict
from attnjax.outputs import encode_inputs, probabilities, token_weights
from tests.models.gpt.tiny import (
    CLASSIFY,
    EXAMPLES,
    LENGTH,
    START,
    example_batch,
    tiny_params,
    tiny_settings,
)


@pytest.mark.parametrize(
    "task", ["multiple_choice", pytest.param("similarity", marks=pytest.mark.slow)]
)
def test_leave_one_out_equals_encoding_the_shortened_sequence(task):
    """One sequence loses a text token and moves up; the others and the special tokens stay."""
    settings = tiny_settings(head=task)
    gpt, params = build_gpt(settings), tiny_params(settings)
    batch = example_batch(task, settings)
    found = jax.device_get(leave_one_out(gpt.model, params, batch))
    forward = jax.jit(lambda inputs: probabilities(gpt.forward(params, inputs).logits))
    num_sequences = batch.mask.shape[1]
    without = found.probabilities.reshape(2, num_sequences, LENGTH, -1)
    change = found.change.reshape(2, num_sequences, LENGTH)
    for instance, sequences in enumerate(EXAMPLES[task]):
        whole = np.asarray(forward(gpt_inputs(settings, sequences, length=LENGTH)))
        for number, ids in enumerate(sequences):
            for position in range(LENGTH):
                place = (instance, number, position)
                if position >= len(ids) or ids[position] >= START:
                    assert change[place] == 0
                    continue
                shorter = [list(one) for one in sequences]
                del shorter[number][position]
                expected = np.asarray(forward(gpt_inputs(settings, shorter, length=LENGTH)))
                np.testing.assert_allclose(without[place], expected, rtol=0, atol=2e-6)
                moved = 0.5 * np.abs(expected - whole).sum()
                np.testing.assert_allclose(change[place], moved, rtol=0, atol=2e-6)
    assert change.max() > 0.01


def test_gradient_of_a_part_equals_finite_differences():
    """Along each token's embedding, with the part's weights held and all others following."""
    settings = tiny_settings(head="classification")
    gpt, params = build_gpt(settings), tiny_params(settings)
    model = restrict(gpt, LAST_CLASSIFY_ROW)
    batch = example_batch("classification", settings, count=1)
    inputs = jax.tree.map(lambda leaf: leaf[0], batch)
    found = np.asarray(gradient_importances(model, params, batch))[0]
    embeddings = model.embed(params, inputs)
    held = model.attend(params, encode_inputs(model, params, inputs), inputs)
    unmodified = jax.jit(gpt.forward)(params, inputs).logits

    @jax.jit
    @jax.vmap
    def output(scale):
        states = model.encode(params, embeddings * scale[None, :, None], inputs)
        logits = model.decode(params, states, held, inputs).logits
        return jax.nn.softmax(logits)[jnp.argmax(unmodified)]

    step = 1e-2
    scales = 1 + step * np.concatenate([np.eye(LENGTH), -np.eye(LENGTH)])
    up, down = np.split(np.asarray(output(jnp.asarray(scales, jnp.float32)), np.float64), 2)
    expected = (up - down) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)
    assert np.abs(found).max() > 0.02


def test_the_weight_of_a_token_is_the_mean_over_the_parts_layers_and_heads():
    settings = tiny_settings(head="classification")
    gpt, params = build_gpt(settings), tiny_params(settings)
    inputs = gpt_inputs(settings, [[START, 5, 9, 3, CLASSIFY]], length=LENGTH)
    states = encode_inputs(gpt.model, params, inputs)
    whole = np.asarray(jax.jit(gpt.model.attend)(params, states, inputs))
    rows = whole[:, 0, :, 4]  # layers, heads, positions
    found = token_weights(gpt.model, jnp.asarray(whole), inputs)
    np.testing.assert_allclose(found, rows.mean(axis=(0, 1)), rtol=1e-6)
    model = restrict(gpt, LAST_CLASSIFY_ROW)
    own = model.attend(params, encode_inputs(model, params, inputs), inputs)
    np.testing.assert_allclose(token_weights(model, own, inputs), rows[1].mean(axis=0), rtol=1e-5)
