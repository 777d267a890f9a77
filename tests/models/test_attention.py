import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from attnjax.errors import DataError
from attnjax.models.attention import (
    AdditiveAttention,
    DotAttention,
    GivenAttention,
    RandomAttention,
    UniformAttention,
)
from attnjax.types import Inputs

ALL = (AdditiveAttention, DotAttention, UniformAttention, RandomAttention)


def inputs_of(attendable, instance_id=7, guide=None):
    return Inputs(
        token_ids=jnp.zeros((1, len(attendable)), jnp.int32),
        mask=attendable[None],
        attendable=attendable[None],
        label=jnp.asarray(0),
        instance_id=jnp.asarray(instance_id),
        guide=guide,
    )


@pytest.fixture
def states():
    return jax.random.normal(jax.random.key(2), (6, 8))


@pytest.fixture
def attendable():
    return jnp.array([False, True, True, True, False, False])


def test_additive_equals_its_formula(states, attendable):
    weights, variables = AdditiveAttention().init_with_output(
        jax.random.key(0), states, inputs_of(attendable)
    )
    params = variables["params"]
    assert params["hidden"]["kernel"].shape == (8, 4)
    assert set(params["score"]) == {"kernel"}
    hidden = np.tanh(states @ params["hidden"]["kernel"] + params["hidden"]["bias"][None])
    scores = np.asarray(hidden @ params["score"]["kernel"], np.float64)[:, 0]
    np.testing.assert_allclose(weights[1:4], softmax(scores[1:4]), rtol=1e-6)


def test_dot_equals_its_formula(states, attendable):
    weights, variables = DotAttention().init_with_output(
        jax.random.key(0), states, inputs_of(attendable)
    )
    kernel = np.asarray(variables["params"]["score"]["kernel"], np.float64)
    scores = (np.asarray(states, np.float64) @ kernel)[:, 0] / np.sqrt(8)
    np.testing.assert_allclose(weights[1:4], softmax(scores[1:4]), rtol=1e-6)


@pytest.mark.parametrize("module", ALL)
def test_zero_elsewhere_and_in_an_empty_row(module, states, attendable):
    weights, variables = module().init_with_output(jax.random.key(0), states, inputs_of(attendable))
    np.testing.assert_array_equal(np.asarray(weights) > 0, attendable)
    np.testing.assert_allclose(weights.sum(), 1.0, atol=1e-6)
    empty = module().apply(variables, states, inputs_of(jnp.zeros(6, bool), -1))
    np.testing.assert_array_equal(empty, 0.0)


def test_uniform_is_uniform(states, attendable):
    weights = UniformAttention().apply({}, states, inputs_of(attendable))
    np.testing.assert_allclose(weights, np.asarray(attendable) / 3, rtol=1e-6)


class TestGiven:
    def test_is_the_guide(self, states, attendable):
        guide = jnp.array([0.0, 0.25, 0.75, 0.0, 0.0, 0.0])
        weights = GivenAttention().apply({}, states, inputs_of(attendable, guide=guide))
        np.testing.assert_array_equal(weights, guide)

    def test_goes_nowhere_where_it_may_not(self, states, attendable):
        """A token that was deleted leaves its weight to the others."""
        guide = jnp.array([0.5, 0.25, 0.125, 0.125, 0.0, 0.0])
        weights = GivenAttention().apply({}, states, inputs_of(attendable, guide=guide))
        np.testing.assert_array_equal(weights, [0.0, 0.5, 0.25, 0.25, 0.0, 0.0])
        empty = inputs_of(jnp.zeros(6, bool), -1, guide=jnp.zeros(6))
        np.testing.assert_array_equal(GivenAttention().apply({}, states, empty), 0.0)

    def test_without_a_guide_is_explained(self, states, attendable):
        with pytest.raises(DataError, match="without a guide"):
            GivenAttention().apply({}, states, inputs_of(attendable))


class TestRandom:
    def draw(self, instance_id, length):
        where = jnp.arange(length) < 5
        weights = RandomAttention().apply({}, jnp.zeros((length, 8)), inputs_of(where, instance_id))
        return np.asarray(weights)

    def test_belongs_to_the_instance(self):
        np.testing.assert_array_equal(self.draw(3, 6), self.draw(3, 6))
        assert np.abs(self.draw(3, 6) - self.draw(4, 6)).max() > 0.01

    def test_same_in_another_bucket(self):
        # The noise is the same to the last bit; the softmax's sum may round otherwise.
        np.testing.assert_allclose(self.draw(3, 6)[:5], self.draw(3, 17)[:5], rtol=1e-6)

    def test_spread_is_that_of_three_standard_deviations(self):
        logs = np.concatenate([np.log(self.draw(i, 5)) for i in range(300)]).reshape(300, 5)
        # Log-weights without their row's mean keep (5 - 1) / 5 of the variance of 9.
        variance = (logs - logs.mean(1, keepdims=True)).var() * 5 / 4
        assert variance == pytest.approx(9.0, rel=0.15)  # 1200 degrees of freedom: 4% deviation
