"""Our models with the released code's weights give the released code's numbers."""

import jax
import numpy as np
import pytest

from attnjax.models.build import build_model
from attnjax.models.weights import (
    load_release_weights,
    model_config_from_release,
    params_from_release,
    params_to_release,
)
from attnjax.outputs import encode_inputs, probabilities
from attnjax.types import Inputs


@pytest.mark.parametrize("encoder", ["lstm", "average", "cnn"])
def test_probability_and_attention(parity_folder, encoder):
    path = parity_folder / f"{encoder}.npz"
    state = load_release_weights(path)
    config = model_config_from_release(state)
    assert (config.encoder, config.attention) == (encoder, "additive")
    assert (config.embedding_size, config.hidden_size) == (300, 128)
    sizes = {"vocabulary_size": len(state["encoder.embedding.weight"]), "num_classes": 2}
    model, params = build_model(config, **sizes), params_from_release(state, config, **sizes)

    with np.load(path, allow_pickle=False) as data:
        token_ids, lengths = data["token_ids"].astype(np.int32), data["lengths"]
        expected_probability, expected_attention = data["probability"], data["attention"]
    position = np.arange(token_ids.shape[1])[None]
    inputs = Inputs(
        token_ids=token_ids[:, None],
        mask=(position < lengths[:, None])[:, None],
        attendable=((position > 0) & (position < lengths[:, None] - 1))[:, None],
        label=np.zeros(len(token_ids), np.int32),
        instance_id=np.arange(len(token_ids)),
    )

    @jax.jit
    @jax.vmap
    def run(inputs):
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        return attention, probabilities(model.decode(params, states, attention, inputs).logits)

    attention, probability = run(inputs)
    # Both sides are float32; measured differences are below 5e-7.
    np.testing.assert_allclose(attention, expected_attention, rtol=0, atol=1e-5)
    np.testing.assert_allclose(probability[:, 1], expected_probability, rtol=0, atol=1e-5)
    again = params_to_release(params)
    assert set(again) == set(state)
    for name, array in state.items():
        np.testing.assert_array_equal(again[name], array)
