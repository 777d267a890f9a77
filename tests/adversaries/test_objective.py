"""The hand-made gradient and the loss, against their definitions in plain JAX."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.distributions import MASKED
from attnjax.adversaries.objective import Problem, evaluate
from attnjax.adversaries.settings import SearchSettings
from attnjax.outputs import probabilities

LENGTH = 7
ATTENDABLE = np.array([False, True, True, True, False, True, True])


def divergence(p, q, form):
    """JSD over the attendable positions, from its definition."""
    p, q = p[ATTENDABLE], q[ATTENDABLE]
    m = (p + q) / 2
    if form == "release":
        return 0.5 * jnp.sum(
            p * (jnp.log(p + 1e-10) - jnp.log(m + 1e-10))
            + q * (jnp.log(q + 1e-10) - jnp.log(m + 1e-10))
        )
    return 0.5 * jnp.sum(p * jnp.log(p / m) + q * jnp.log(q / m))


def defined_loss(log_weights, values, problem, settings):
    weights = jnp.where(ATTENDABLE[None], jnp.exp(log_weights), 0)
    attention = weights / weights.sum(axis=1, keepdims=True)
    outputs = probabilities(attention @ values)
    change = 0.5 * jnp.abs(outputs - problem.probabilities[None]).sum(axis=1)
    penalty = settings.penalty * jnp.maximum(change - settings.optimizer_epsilon, 0)
    far = jax.vmap(lambda one: divergence(one, problem.attention, settings.jsd))(attention)
    pair = lambda p, q: divergence(p, q, settings.jsd)  # noqa: E731
    pairs = jax.vmap(jax.vmap(pair, (None, 0)), (0, None))(attention, attention)
    return jnp.sum(penalty - far) - jnp.mean(pairs)


@partial(jax.jit, static_argnames="settings")
def evaluate_affine(log_weights, values, problem, settings):
    masked = jnp.where(problem.attendable[None], log_weights, MASKED)
    return evaluate(masked, lambda attention: attention @ values, problem, settings)


def make_case(count, num_logits, seed, noise=3.0):
    draw = np.random.default_rng(seed)
    values = jnp.asarray(2 * draw.normal(size=(LENGTH, num_logits)))
    own = draw.dirichlet(np.ones(LENGTH)) * ATTENDABLE
    own = jnp.asarray(own / own.sum())
    log_weights = jnp.asarray(noise * draw.normal(size=(count, LENGTH)))
    problem = Problem(own, probabilities(own @ values), jnp.asarray(ATTENDABLE))
    return log_weights, values, problem


@pytest.mark.parametrize("form", ["exact", "release"])
@pytest.mark.parametrize(("count", "num_logits"), [(1, 1), (5, 1), (5, 3), (6, 1), (23, 2)])
def test_loss_and_gradient_are_those_of_the_definition(form, count, num_logits):
    settings = SearchSettings(penalty=7.0, optimizer_epsilon=0.1, jsd=form)
    with jax.enable_x64(True):
        log_weights, values, problem = make_case(count, num_logits, seed=count)
        found = evaluate_affine(log_weights, values, problem, settings)
        define = jax.jit(jax.value_and_grad(defined_loss), static_argnums=3)
        loss, gradient = define(log_weights, values, problem, settings)
        assert np.any(found.output_change > 0.1)  # the penalty takes part
        # float64 sums of at most 23 x 23 x 7 terms below 100.
        np.testing.assert_allclose(found.loss, loss, rtol=1e-11)
        np.testing.assert_allclose(found.gradient, gradient, rtol=1e-9, atol=1e-12)
        attention = np.where(ATTENDABLE, np.exp(log_weights), 0)
        attention /= attention.sum(axis=1, keepdims=True)
        jsd = [divergence(one, problem.attention, form) for one in attention]
        np.testing.assert_allclose(found.jsd, jsd, rtol=0, atol=1e-12)


def test_the_edge_of_the_penalty_is_where_the_settings_say():
    with jax.enable_x64(True):
        log_weights, values, problem = make_case(1, 1, seed=0)

        def loss(epsilon, penalty):
            settings = SearchSettings(penalty=penalty, optimizer_epsilon=epsilon)
            return evaluate_affine(log_weights, values, problem, settings)

        change = float(loss(0.5, 1.0).output_change[0])
        below, above = loss(change + 1e-6, 500.0), loss(change - 1e-6, 500.0)
        np.testing.assert_allclose(above.loss - below.loss, 500e-6, rtol=1e-6)


@pytest.mark.parametrize("form", ["exact", "release"])
def test_float32_stays_finite_where_weights_vanish(form):
    log_weights, values, problem = make_case(6, 1, seed=1, noise=80.0)
    log_weights, values, problem = jax.tree.map(
        lambda leaf: leaf.astype(jnp.float32) if leaf.dtype != bool else leaf,
        (log_weights, values, problem),
    )
    one_token = jnp.arange(LENGTH) == 2
    problems = (
        problem,
        problem._replace(attention=one_token.astype(jnp.float32)),
        Problem(jnp.zeros(LENGTH), problem.probabilities, jnp.zeros(LENGTH, bool)),
    )
    settings = SearchSettings(jsd=form)
    for problem in problems:
        found = evaluate_affine(log_weights, values, problem, settings)
        assert all(np.all(np.isfinite(leaf)) for leaf in found)


def test_a_vanishing_weight_hardly_disturbs_the_others():
    # The product of five scaled factors underflows in float32 here; float64 has no such limit.
    settings = SearchSettings(penalty=1.0)
    with jax.enable_x64(True):
        log_weights, values, problem = make_case(5, 1, seed=4, noise=0.3)
        log_weights = log_weights.at[:, 2].set(-60.0)
        expected = evaluate_affine(log_weights, values, problem, settings)
        single = lambda leaf: leaf.astype(jnp.float32) if leaf.dtype != bool else leaf  # noqa: E731
        log_weights, values, problem = jax.tree.map(single, (log_weights, values, problem))
        found = evaluate_affine(log_weights, values, problem, settings)
        np.testing.assert_allclose(found.gradient, expected.gradient, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.loss, expected.loss, rtol=0, atol=1e-6)
