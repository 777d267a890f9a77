"""The optimizer against the equations of the release, in float64."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from attnjax.errors import UserError
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.gpt.schedules import schedule

RATE, B1, B2, EPSILON, DECAY = 2.5e-4, 0.9, 0.999, 1e-8, 0.01


def reference_factor(name, t, num_steps, warmup):
    """The schedules from their equations; t counts the steps before this one."""
    x = t / num_steps
    rise = x / warmup
    if name == "warmup_linear":
        return (rise if x <= warmup else 1.0) * (1 - x)
    return rise if x <= warmup else 0.5 * (1 + np.cos(np.pi * x))


def reference(params, gradients, *, name, num_steps, warmup, max_norm, vectors):
    """All steps of the release's Adam in float64, an epsilon beside the uncorrected root."""
    params = {key: np.array(value, np.float64) for key, value in params.items()}
    m = {key: np.zeros_like(value) for key, value in params.items()}
    v = {key: np.zeros_like(value) for key, value in params.items()}
    history = []
    for t, gradient in enumerate(gradients):
        norm = np.sqrt(sum((each**2).sum() for each in gradient.values()))
        scale = max_norm / max(norm, max_norm) if max_norm else 1.0
        corrected = np.sqrt(1 - B2 ** (t + 1)) / (1 - B1 ** (t + 1))
        rate = RATE * reference_factor(name, t, num_steps, warmup) * corrected
        for key in params:
            g = gradient[key] * scale
            m[key] = B1 * m[key] + (1 - B1) * g
            v[key] = B2 * v[key] + (1 - B2) * g**2
            decay = DECAY * params[key] if vectors or params[key].ndim > 1 else 0.0
            params[key] = params[key] - rate * (m[key] / (np.sqrt(v[key]) + EPSILON) + decay)
        history.append(dict(params))
    return history


def run(settings, params, gradients):
    optimizer = build_gpt_optimizer(settings)
    params = {key: jnp.array(value, jnp.float32) for key, value in params.items()}
    state, history = optimizer.init(params), []
    for raw in gradients:
        gradient = {key: jnp.array(value, jnp.float32) for key, value in raw.items()}
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        history.append(params)
    return history


@pytest.fixture
def toy():
    generator = np.random.default_rng(0)
    shapes = {"table": (4, 3), "bias": (3,)}
    params = {key: generator.normal(size=shape) for key, shape in shapes.items()}
    # Sizes over eight orders of magnitude show where epsilon stands.
    sizes = np.array([1e-8, 1e-4, 1.0])
    gradients = [
        {key: generator.normal(size=shape) * sizes for key, shape in shapes.items()}
        for _ in range(40)
    ]
    return params, gradients


@pytest.mark.parametrize("name", ["warmup_linear", "warmup_cosine"])
@pytest.mark.parametrize(("max_norm", "vectors"), [(1.0, False), (0.0, True)])
def test_forty_steps_equal_the_equations(toy, name, max_norm, vectors):
    params, gradients = toy
    settings = OptimizerSettings(
        num_steps=50, schedule=name, warmup=0.1, max_norm=max_norm, decay_vectors=vectors
    )
    expected = reference(
        params,
        gradients,
        name=name,
        num_steps=50,
        warmup=0.1,
        max_norm=max_norm,
        vectors=vectors,
    )
    for step, (found, right) in enumerate(
        zip(run(settings, params, gradients), expected, strict=True)
    ):
        for key, value in right.items():
            # Of the way gone, not of the weight: 1e-5 of a weight is more than all steps.
            moved = value - params[key]
            np.testing.assert_allclose(
                np.asarray(found[key], np.float64) - np.float32(params[key]),
                moved,
                rtol=1e-3,
                atol=1e-6,
                err_msg=f"{key} after step {step + 1}",
            )
            np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-5)


def only_decay(form, t, *, warmup=0.0):
    """What the decay of a weight 1 is in step t, with no gradient, in units of rate * decay."""
    settings = OptimizerSettings(
        form=form,
        learning_rate=0.1,
        num_steps=10**6,
        schedule="warmup_constant",
        warmup=warmup,
        weight_decay=0.5,
        stacked=("blocks",),
    )
    optimizer = build_gpt_optimizer(settings)
    params = {
        "matrix": jnp.ones((1, 1)),
        "gain": jnp.ones(1),
        "blocks": {"gain": jnp.ones((1, 1)), "matrix": jnp.ones((1, 1, 1))},
    }
    zero = {
        "matrix": jnp.zeros((1, 1)),
        "gain": jnp.zeros(1),
        "blocks": {"gain": jnp.zeros((1, 1)), "matrix": jnp.zeros((1, 1, 1))},
    }
    state = optimizer.init(params)
    for _ in range(t - 1):
        _, state = optimizer.update(zero, state, params)
    updates, _ = optimizer.update(zero, state, params)
    assert float(updates["gain"][0]) == 0.0
    # A gain of every layer, stacked: it looks like a matrix and is none.
    assert float(updates["blocks"]["gain"][0, 0]) == 0.0
    inside = float(updates["blocks"]["matrix"][0, 0, 0])
    assert inside == float(updates["matrix"][0, 0])
    return inside / (0.1 * 0.5)


@pytest.mark.parametrize(("t", "factor"), [(1, 0.32), (10, 0.15), (100, 0.31)])
def test_the_decay_shrinks_weights_by_the_corrected_rate(t, factor):
    assert only_decay("release", t) == pytest.approx(-factor, abs=0.006)
    assert only_decay("standard", t) == pytest.approx(-1.0, rel=1e-5)


def test_epsilon_stands_beside_the_uncorrected_root():
    """A gradient as small as epsilon, in the first step: 0.031 of the rate against 0.5."""
    moved = {}
    for form in ("release", "standard"):
        settings = OptimizerSettings(
            form=form, learning_rate=1.0, warmup=0.0, schedule="warmup_constant", max_norm=0.0
        )
        optimizer = build_gpt_optimizer(settings)
        params = {"bias": jnp.zeros(1)}
        updates, _ = optimizer.update({"bias": jnp.full(1, 1e-8)}, optimizer.init(params), params)
        moved[form] = -float(updates["bias"][0])
    assert moved["release"] == pytest.approx(np.sqrt(0.001) / (np.sqrt(0.001) + 1), rel=1e-3)
    assert moved["standard"] == pytest.approx(0.5, rel=1e-3)


def test_the_first_update_of_a_warm_up_is_nothing():
    factor = schedule("warmup_cosine", num_steps=1000, warmup=0.1)
    assert float(factor(jnp.int32(0))) == 0.0
    assert float(factor(jnp.int32(1))) == pytest.approx(0.01)
    # Not re-scaled: right after the warm-up the cosine has already begun to fall.
    assert float(factor(jnp.int32(100))) == pytest.approx(1.0)
    assert float(factor(jnp.int32(101))) == pytest.approx(0.5 * (1 + np.cos(np.pi * 0.101)))
    assert float(factor(jnp.int32(1000))) == pytest.approx(0.0, abs=1e-7)


def test_all_mistakes_are_told_together():
    with pytest.raises(UserError) as error:
        OptimizerSettings(learning_rate=0.0, warmup=1.0, num_steps=0)
    for name in ("learning_rate", "warmup", "num_steps"):
        assert f"optimizer.{name}" in str(error.value)
