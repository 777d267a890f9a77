import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import softmax

from attnjax.models.masking import masked_softmax


def test_equals_softmax_of_the_chosen_scores():
    scores = np.array([0.3, -2.0, 7.0, 1.1], np.float32)
    where = np.array([True, False, True, True])
    weights = masked_softmax(jnp.asarray(scores), jnp.asarray(where))
    expected = np.zeros(4)
    expected[where] = softmax(scores[where].astype(np.float64))
    np.testing.assert_allclose(weights, expected, rtol=1e-6)  # float32 rounding
    assert weights[1] == 0.0


def test_hidden_scores_of_any_size_change_nothing():
    where = jnp.array([True, True, False])
    weights = masked_softmax(jnp.array([1.0, 2.0, 1e30]), where)
    np.testing.assert_array_equal(weights, masked_softmax(jnp.array([1.0, 2.0, 0.0]), where))


def test_large_scores_do_not_overflow():
    weights = masked_softmax(jnp.array([1e4, 1e4, 0.0]), jnp.ones(3, bool))
    np.testing.assert_array_equal(weights, [0.5, 0.5, 0.0])


def test_empty_row_is_zero_with_zero_gradient():
    where = jnp.zeros(3, bool)
    np.testing.assert_array_equal(masked_softmax(jnp.arange(3.0), where), np.zeros(3))
    jacobian = jax.jacobian(masked_softmax)(jnp.arange(3.0), where)
    np.testing.assert_array_equal(jacobian, np.zeros((3, 3)))


def test_gradient_is_that_of_softmax():
    where = jnp.array([True, False, True])
    scores = jnp.array([0.5, 3.0, -0.5])
    a = np.asarray(masked_softmax(scores, where), np.float64)
    expected = np.diag(a) - np.outer(a, a)  # closed form; zero wherever a is
    np.testing.assert_allclose(jax.jacobian(masked_softmax)(scores, where), expected, atol=1e-7)
