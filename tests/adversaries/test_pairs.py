"""Pairs of tokens that leave the output where it is: what they cost, and that they do."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.objective import Problem
from attnjax.adversaries.pairs import find_pairs
from attnjax.adversaries.settings import SearchSettings
from attnjax.outputs import probabilities

SETTINGS = SearchSettings()


def make_problem(logits_fn, length, tokens, seed=0):
    draw = np.random.default_rng(seed)
    where = np.arange(length) < tokens
    own = np.where(where, draw.dirichlet(np.ones(length)), 0)
    own = jnp.asarray(own / own.sum(), jnp.float32)
    outputs = probabilities(logits_fn(own[None]))[0]
    return Problem(own, outputs, jnp.asarray(where))


@partial(jax.jit, static_argnames=("logits_fn", "count"))
def find(logits_fn, problem, count):
    return find_pairs(logits_fn, problem, SETTINGS, count=count)


def random_values(length, num_logits, seed=1):
    draw = np.random.default_rng(seed)
    return jnp.asarray(2 * draw.normal(size=(length, num_logits)), jnp.float32)


@pytest.mark.parametrize("length", [3, 12, pytest.param(30, marks=pytest.mark.slow)])
def test_at_most_four_decodings_a_token(length):
    values, decoded = random_values(length, 1), []
    problem = make_problem(lambda attention: attention @ values, length, length)

    def logits_fn(attention):
        decoded.append(attention.shape[0])
        return attention @ values

    with jax.disable_jit():  # so that a loop calls the model as often as it runs
        found = find_pairs(logits_fn, problem, SETTINGS, count=3)
    assert sum(decoded) <= 4 * length
    assert np.all(np.asarray((found.attention > 0).sum(axis=1)) <= 2)


def bent(values):
    """A model of two classes whose logit is far from affine in the attention."""
    return lambda attention: 3 * jnp.tanh(attention @ values) + (attention**2) @ values


@pytest.mark.parametrize("kind", ["affine", "bent"])
def test_pairs_are_feasible_on_two_classes(kind):
    values = random_values(20, 1)
    logits_fn = bent(values) if kind == "bent" else lambda attention: attention @ values
    for seed in range(5):
        problem = make_problem(logits_fn, 20, 20, seed)
        found = find(logits_fn, problem, count=3)
        outputs = probabilities(logits_fn(found.attention))
        change = np.abs(np.asarray(outputs - problem.probabilities[None]))[:, 1]
        np.testing.assert_array_equal(found.feasible, change <= 0.01 - 1e-6)
        assert found.feasible.any()
        jsd = np.asarray(found.jsd)[np.asarray(found.feasible)]
        assert np.all(np.diff(jsd) <= 0)  # the farthest first
        assert jsd[0] > 0.5


def test_padding_does_not_matter():
    values = random_values(40, 3)
    logits_fn = lambda attention: attention @ values[: attention.shape[1]]  # noqa: E731
    short = make_problem(logits_fn, 7, 7)
    pad = lambda leaf: jnp.pad(leaf, (0, 33))  # noqa: E731
    long = Problem(pad(short.attention), short.probabilities, pad(short.attendable))
    one, other = (find(logits_fn, problem, count=3) for problem in (short, long))
    np.testing.assert_allclose(one.attention, other.attention[:, :7], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(other.attention[:, 7:], 0)
    np.testing.assert_array_equal(one.exists, other.exists)


def test_a_text_of_one_token_and_of_none():
    values = random_values(4, 1)
    logits_fn = lambda attention: attention @ values  # noqa: E731
    single = make_problem(logits_fn, 4, 1)
    found = find(logits_fn, single, count=2)
    np.testing.assert_array_equal(found.attention[0], [1, 0, 0, 0])
    assert found.exists.tolist() == [True, False]
    nothing = Problem(jnp.zeros(4), single.probabilities, jnp.zeros(4, bool))
    found = find(logits_fn, nothing, count=2)
    assert not found.exists.any()
    assert all(np.all(np.isfinite(leaf)) for leaf in found)
