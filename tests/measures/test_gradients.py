from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.measures.gradients import gradient_importances
from attnjax.models.build import build_model
from attnjax.outputs import IMPOSSIBLE, forward, logit_target, predicted_class, target
from attnjax.types import Output

from .toy import VOCABULARY, empty_row, random_texts, stack, text, toy_model, toy_params

TARGETS = {"probability": target, "logit": logit_target}


def scaled_target(model, params, inputs, scales, *, target_name, attention):
    """Return the target with every embedding multiplied by its scale."""
    embeddings = model.embed(params, inputs)
    states = model.encode(params, embeddings, inputs)
    weights = model.attend(params, states, inputs)
    predicted = predicted_class(model.decode(params, states, weights, inputs).logits)
    states = model.encode(params, embeddings * scales[None, :, None], inputs)
    if attention == "attached":
        weights = model.attend(params, states, inputs)
    return TARGETS[target_name](model.decode(params, states, weights, inputs).logits, predicted)


@pytest.mark.parametrize(
    ("num_logits", "target_name", "attention"),
    [
        (1, "probability", "detached"),
        (1, "logit", "attached"),
        (3, "probability", "attached"),
        (3, "logit", "detached"),
    ],
)
def test_equals_finite_differences(num_logits, target_name, attention):
    """d target / d s at s = 1, the scale of one embedding, is gradient times embedding."""
    with jax.enable_x64(True):
        model, params = toy_model(num_logits), toy_params(num_logits, dtype=np.float64)
        batch = stack([text(tokens, 11) for tokens in random_texts(3)])
        step = 1e-6 * jnp.eye(11)
        run = jax.jit(
            jax.vmap(
                jax.vmap(
                    lambda inputs, scales: scaled_target(
                        model,
                        params,
                        inputs,
                        scales,
                        target_name=target_name,
                        attention=attention,
                    ),
                    in_axes=(None, 0),
                ),
                in_axes=(0, None),
            )
        )
        expected = (run(batch, 1 + step) - run(batch, 1 - step)) / 2e-6
        importance = gradient_importances(
            model, params, batch, target=target_name, attention=attention
        )
        # Central differences in float64: an error of about step**2 + 1e-16 / step.
        np.testing.assert_allclose(importance, expected, rtol=1e-6, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


def test_attached_differs_from_detached():
    model, params = toy_model(), toy_params()
    batch = stack([text([5, 6, 7, 8])])
    detached = np.asarray(gradient_importances(model, params, batch))
    attached = np.asarray(gradient_importances(model, params, batch, attention="attached"))
    assert np.abs(detached - attached).max() > 1e-3


def test_logit_target_of_a_binary_model_is_the_probability_up_to_a_factor():
    model, params = toy_model(), toy_params()
    batch = stack([text(tokens, 11) for tokens in random_texts(4)])
    probability = np.asarray(gradient_importances(model, params, batch))
    logit = np.asarray(gradient_importances(model, params, batch, target="logit"))
    inside = np.asarray(batch.attendable[:, 0])
    for row in range(4):
        ratio = probability[row][inside[row]] / logit[row][inside[row]]
        # p (1 - p), the sigmoid's derivative.
        assert 0 < ratio.min() <= 0.25
        # Importances are sums that may cancel to a hundredth of their terms.
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_the_only_possible_answer_hangs_on_nothing():
    """Log-odds against classes that are all impossible would be a billion, with a slope."""
    value, slope = jax.value_and_grad(logit_target)(
        jnp.array([IMPOSSIBLE, 0.3, IMPOSSIBLE]), jnp.array(1)
    )
    assert value == 0
    assert not slope.any()
    two = jnp.array([IMPOSSIBLE, 0.5, 0.25])
    assert float(logit_target(two, jnp.array(1))) == 0.25


def test_a_saturated_model_has_a_gradient_with_the_target_logit_alone():
    model, params = toy_model(), toy_params() | {"bias": jnp.array([200.0])}
    batch = stack([text([5, 6, 7])])
    assert not np.any(gradient_importances(model, params, batch))
    assert np.all(np.abs(gradient_importances(model, params, batch, target="logit")[0, 1:-1]) > 0)


@pytest.mark.parametrize("encoder", ["lstm", "cnn", "average"])
def test_alone_and_padded_in_a_batch_are_the_same(encoder):
    config = ModelConfig(encoder=encoder, embedding_size=8, hidden_size=8)
    model = build_model(config, vocabulary_size=VOCABULARY, num_classes=2)
    texts = [[5, 6, 7, 8, 9], [10]]
    params = jax.jit(model.init)(jax.random.key(0), text(texts[0]))
    alone, batched = (
        np.asarray(
            gradient_importances(model, params, stack([text(one, length) for one in several]))
        )
        for length, several in ((0, texts[:1]), (16, texts))
    )
    # Other shapes sum in another order.
    np.testing.assert_allclose(batched[0, :7], alone[0], rtol=1e-4, atol=1e-7)
    assert not np.any(batched[0, 7:])
    assert np.all(np.abs(alone[0, 1:-1]) > 0)


def test_rows_that_only_fill_a_batch_are_finite():
    model, params = toy_model(), toy_params()
    batch = stack([text([5], 4), empty_row(4)])
    assert bool(jnp.all(jnp.isfinite(gradient_importances(model, params, batch))))


def test_the_predicted_class_is_held_fixed_for_several_classes():
    """The sum over classes would differentiate the constant 1."""
    model, params = toy_model(3), toy_params(3)
    batch = stack([text([5, 6, 7])])
    chosen = int(np.argmax(run_alone(model, params, text([5, 6, 7]))))

    def decode_one(params, states, attention, inputs, *, key=None):
        """The same model of the chosen class against the others, as a binary one."""
        logits = model.decode(params, states, attention, inputs, key=key).logits
        others = jnp.arange(3) != chosen
        return Output((logits[chosen] - jax.nn.logsumexp(logits, where=others))[None])

    expected = gradient_importances(model._replace(decode=decode_one), params, batch)
    np.testing.assert_allclose(
        gradient_importances(model, params, batch), expected, rtol=1e-4, atol=1e-7
    )


@partial(jax.jit, static_argnums=0)
def run_alone(model, params, inputs):
    return forward(model, params, inputs).logits


@pytest.mark.parametrize("setting", ["target", "attention"])
def test_unknown_settings_are_refused(setting):
    with pytest.raises(ValueError, match=f"{setting}: found 'loud'; expected one of"):
        gradient_importances(toy_model(), toy_params(), stack([text([5])]), **{setting: "loud"})


def test_compiled_once_per_shape():
    model, params = toy_model(), toy_params()
    before = gradient_importances._cache_size()
    for seed in range(3):
        gradient_importances(
            model, params, stack([text(tokens, 13) for tokens in random_texts(2, seed)])
        )
    assert gradient_importances._cache_size() == before + 1
