"""Noise of sixteen bits a number: its rate, its scale, and what it does not depend on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.gpt.noise import dropout


@pytest.mark.parametrize("width", [6, 7])
def test_rows_that_follow_change_nothing(width):
    """An odd width has a half of a word that nobody uses."""
    long = dropout(jnp.ones((9, width)), 0.3, jax.random.key(3))
    short = dropout(jnp.ones((4, width)), 0.3, jax.random.key(3))
    np.testing.assert_array_equal(short, long[:4])


def test_rate_and_scale():
    dropped = np.asarray(
        jax.jit(dropout, static_argnums=1)(jnp.ones((400, 101)), 0.1, jax.random.key(0))
    )
    # The rate is the multiple of 1/65536 that is nearest: 6,554 of them.
    np.testing.assert_allclose(np.unique(dropped), [0, 65536 / (65536 - 6554)], rtol=1e-6)
    # 40,400 draws: the standard deviation of the share is 0.0015.
    assert np.mean(dropped == 0) == pytest.approx(0.1, abs=0.006)
    # The halves of a word are drawn apart: 20,000 pairs, a standard deviation of 0.0007.
    halves = dropped[:, :50] == 0, dropped[:, 51:] == 0
    both = np.mean(halves[0] & halves[1])
    assert both == pytest.approx(0.01, abs=0.003)


def test_a_rate_near_one_keeps_numbers_finite():
    assert np.isfinite(dropout(jnp.ones((3, 2)), 1 - 1e-7, jax.random.key(0))).all()
