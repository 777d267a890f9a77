import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from attnjax.config import ModelConfig, TrainingConfig
from attnjax.training.optimizers import amsgrad, build_optimizer

RATE, B1, B2, EPS = 0.01, 0.9, 0.999, 1e-8


def pytorch_amsgrad(params, gradients, *, weight_decay=0.0):
    """torch.optim.Adam(amsgrad=True) from its documented equations, in float64."""
    params = np.array(params, np.float64)
    m, v, v_max = np.zeros_like(params), np.zeros_like(params), np.zeros_like(params)
    history = []
    for t, raw in enumerate(gradients, start=1):
        gradient = raw + weight_decay * params
        m = B1 * m + (1 - B1) * gradient
        v = B2 * v + (1 - B2) * gradient**2
        v_max = np.maximum(v_max, v)
        denominator = np.sqrt(v_max) / np.sqrt(1 - B2**t) + EPS
        params = params - RATE / (1 - B1**t) * m / denominator
        history.append(params)
    return np.array(history)


def corrected_amsgrad(params, gradients):
    """The same with the maximum taken of the corrected second moment."""
    params = np.array(params, np.float64)
    m, v, v_max = np.zeros_like(params), np.zeros_like(params), np.zeros_like(params)
    history = []
    for t, gradient in enumerate(gradients, start=1):
        m = B1 * m + (1 - B1) * gradient
        v = B2 * v + (1 - B2) * gradient**2
        v_max = np.maximum(v_max, v / (1 - B2**t))
        params = params - RATE * m / (1 - B1**t) / (np.sqrt(v_max) + EPS)
        history.append(params)
    return np.array(history)


def run(optimizer, params, gradients):
    state, history = optimizer.init(params), []
    for gradient in gradients:
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        history.append(params)
    return history


@pytest.fixture
def gradients():
    generator = np.random.default_rng(0)
    # Sizes over nine orders of magnitude: the smallest show where epsilon stands.
    sizes = np.array([1e-8, 1e-6, 1e-3, 1.0, 10.0])
    large_first = np.exp(-np.arange(60) / 10)[:, None]
    return generator.normal(size=(60, 5)) * sizes * large_first


@pytest.mark.parametrize(
    ("form", "reference"), [("release", pytorch_amsgrad), ("optax", corrected_amsgrad)]
)
def test_amsgrad_follows_the_equations(gradients, form, reference):
    start = np.ones(5)
    with jax.enable_x64(True):
        found = run(amsgrad(RATE, form), jnp.asarray(start), jnp.asarray(gradients))
        found = np.array(found)
    # float64 against float64: only the order of operations differs.
    np.testing.assert_allclose(found, reference(start, gradients), rtol=0, atol=1e-13)


def test_float32_release_form_stays_near_float64(gradients):
    start = np.ones(5)
    found = run(amsgrad(RATE, "release"), jnp.asarray(start, jnp.float32), jnp.float32(gradients))
    # 60 roundings to float32 of values near 1 (6e-8 each).
    np.testing.assert_allclose(found, pytorch_amsgrad(start, gradients), rtol=0, atol=4e-6)


def test_the_forms_differ(gradients):
    start = np.ones(5)
    difference = np.abs(pytorch_amsgrad(start, gradients) - corrected_amsgrad(start, gradients))
    assert difference[-1].max() > 0.01


def test_decay_is_added_to_the_gradient_and_spares_attention():
    config = TrainingConfig(amsgrad="release", learning_rate=RATE, weight_decay=0.1)
    params = {name: jnp.array([2.0]) for name in ("attention", "encoder")}
    gradients = np.array([0.3, -0.2, 0.1])
    trees = [{name: jnp.array([g]) for name in params} for g in gradients]
    found = run(build_optimizer(config, ModelConfig()), params, trees)[-1]
    column = gradients[:, None]
    decayed = pytorch_amsgrad([2.0], column, weight_decay=0.1)[-1]
    plain = pytorch_amsgrad([2.0], column)[-1]
    # float32 near 2.
    np.testing.assert_allclose(found["encoder"], decayed, rtol=1e-6)
    np.testing.assert_allclose(found["attention"], plain, rtol=1e-6)
    assert abs(decayed - plain) > 1e-3


def test_attention_has_a_decay_of_its_own():
    config = TrainingConfig(
        amsgrad="release", learning_rate=RATE, weight_decay=0.0, attention_weight_decay=0.1
    )
    params = {name: jnp.array([2.0]) for name in ("attention", "encoder")}
    gradients = np.array([0.3, -0.2, 0.1])
    trees = [{name: jnp.array([g]) for name in params} for g in gradients]
    found = run(build_optimizer(config, ModelConfig()), params, trees)[-1]
    decayed = pytorch_amsgrad([2.0], gradients[:, None], weight_decay=0.1)[-1]
    plain = pytorch_amsgrad([2.0], gradients[:, None])[-1]
    np.testing.assert_allclose(found["attention"], decayed, rtol=1e-6)
    np.testing.assert_allclose(found["encoder"], plain, rtol=1e-6)


def test_decay_pulls_towards_zero_where_there_is_no_gradient():
    config = TrainingConfig(amsgrad="fixed", weight_decay=0.1)
    params = {"decoder": jnp.array([3.0, -3.0])}
    zero = jax.tree.map(jnp.zeros_like, params)
    found = run(build_optimizer(config, ModelConfig()), params, [zero] * 3)[-1]["decoder"]
    assert 0 < found[0] < 3
    assert -3 < found[1] < 0


def test_frozen_embeddings_do_not_move_and_cost_no_memory():
    config = TrainingConfig(amsgrad="release", weight_decay=0.1)
    tables = {name: {"table": jnp.ones((50, 2))} for name in ("embedding", "question_embedding")}
    params = {**tables, "decoder": jnp.ones(1)}
    optimizer = build_optimizer(config, ModelConfig(freeze_embeddings=True))
    found = run(optimizer, params, [params] * 2)[-1]
    for name in tables:
        np.testing.assert_array_equal(found[name]["table"], 1.0)
    assert found["decoder"][0] < 1
    held = sum(leaf.size for leaf in jax.tree.leaves(optimizer.init(params)))
    assert held < 50


def test_equal_settings_give_one_optimizer():
    config = TrainingConfig(amsgrad="release", epochs=3)
    other = TrainingConfig(amsgrad="release", epochs=4)
    assert build_optimizer(config, ModelConfig()) is build_optimizer(other, ModelConfig())
