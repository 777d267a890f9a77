"""What pre-training and fine-tuning see of a GPT, against its own functions and NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.experiments.gpt.adapters import language_model, task_model
from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.losses import batch_loss
from attnjax.models.gpt.model import build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.training.gpt.speed import DecoderShape, flops_per_token
from attnjax.types import Batch

SIZES = {"vocabulary_size": 11, "context": 6, "num_layers": 2, "num_heads": 2, "width": 8}
TOKENS = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [0, 1, 0, 1, 0]], np.int32)


@pytest.fixture(params=["exact", "standard"])
def gpt(request):
    return build_gpt(GPTSettings(**SIZES, mode=request.param))


def params_of(gpt):
    params = jax.jit(init_params, static_argnums=0)(gpt.settings, jax.random.key(0))
    return jax.tree.map(lambda leaf: 10.0 * leaf, params)  # far from uniform


def test_what_a_token_costs_is_minus_the_log_of_its_softmax(gpt):
    params = params_of(gpt)
    found = np.asarray(jax.jit(language_model(gpt).token_losses)(params, TOKENS))
    for row, tokens in enumerate(TOKENS):
        inputs = gpt_inputs(gpt.settings, [tokens[:-1].tolist()])
        logits = np.asarray(jax.jit(gpt.forward)(params, inputs).token_logits[0], np.float64)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances = shifted / shifted.sum(axis=1, keepdims=True)
        expected = -np.log(chances[np.arange(4), tokens[1:]])
        np.testing.assert_allclose(found[row], expected, rtol=2e-5)


def test_the_loss_is_the_mean_of_what_tokens_cost_and_is_noisy_with_a_key(gpt):
    model, params = language_model(gpt), params_of(gpt)
    loss = jax.jit(lambda params, key: model.loss(params, TOKENS, key).total)
    still = float(loss(params, None))
    mean = float(np.mean(jax.jit(model.token_losses)(params, TOKENS)))
    assert still == pytest.approx(mean, rel=1e-6)
    first, again, other = (float(loss(params, jax.random.key(seed))) for seed in (1, 1, 2))
    assert first == again
    assert len({still, first, other}) == 3


def test_rows_of_a_batch_have_noise_of_their_own(gpt):
    """With one noise for all, two equal windows would cost what one of them does."""
    noisy = build_gpt(GPTSettings(**SIZES, mode=gpt.settings.mode, residual_dropout=0.5))
    params, model = params_of(noisy), language_model(noisy)
    loss = jax.jit(lambda tokens: model.loss(params, tokens, jax.random.key(0)).total)
    assert float(loss(TOKENS[[0, 0]])) != pytest.approx(float(loss(TOKENS[[0]])), rel=1e-3)


def test_speed_and_sizes_are_those_of_the_settings(gpt):
    model = language_model(gpt)
    outputs = 11 + 3 + (6 if gpt.settings.mode == "exact" else 0)
    assert model.vocabulary_size == 11
    assert model.flops_per_token == flops_per_token(DecoderShape(2, 8, outputs, 6))


def test_a_task_has_the_losses_of_the_model_and_counts_real_tokens():
    settings = GPTSettings(**SIZES, head="classification")
    gpt = build_gpt(settings)
    rows = [
        gpt_inputs(settings, [[11, 4, 13]], length=6, label=1),
        gpt_inputs(settings, [[11, 4, 5, 6, 13]], length=6, label=0, instance_id=1),
    ]
    inputs = jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows)
    params = jax.jit(gpt.model.init)(jax.random.key(0), rows[0])
    model = task_model(gpt)
    found = jax.jit(lambda params: model.losses(params, inputs, None))(params)
    batch = Batch(inputs, jnp.ones(2, bool))
    expected = jax.jit(lambda params: batch_loss(params, batch, gpt=gpt))(params)
    assert float(found.task) == pytest.approx(float(expected.task), rel=1e-6)
    assert float(found.language) == pytest.approx(float(expected.language_model), rel=1e-6)
    assert model.num_tokens(inputs) == 8
    logits = jax.jit(model.logits)(params, inputs)
    for row, one in enumerate(rows):
        alone = jax.jit(gpt.forward)(params, one).logits
        np.testing.assert_allclose(logits[row], alone, atol=1e-6)
