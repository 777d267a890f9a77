import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from scipy.spatial.distance import jensenshannon

from attnjax.measures.divergence import entropy, jensen_shannon, total_variation

# Sums of at most 12 float32 terms of size 1.
TOLERANCE = 1e-6


def distributions(count=200, size=12, seed=0):
    """Return two stacks of float32 distributions, peaked and flat, a third of them with zeros."""
    generator = np.random.default_rng(seed)
    pairs = generator.gamma(
        generator.choice([0.05, 1.0], size=(2, count, 1)), size=(2, count, size)
    )
    pairs[:, ::3, : size // 2] = 0
    pairs[1, ::3, 1] = 1
    pairs += np.where(pairs.sum(axis=-1, keepdims=True) == 0, 1, 0)
    return jnp.asarray(pairs / pairs.sum(axis=-1, keepdims=True), jnp.float32)


def test_jensen_shannon_equals_scipy():
    p, q = distributions()
    expected = jensenshannon(np.asarray(p, np.float64), np.asarray(q, np.float64), axis=1) ** 2
    np.testing.assert_allclose(jensen_shannon(p, q), expected, rtol=0, atol=TOLERANCE)


def test_release_form_adds_its_offset_inside_every_logarithm():
    p, q = distributions()
    wide_p, wide_q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    middle = np.log((wide_p + wide_q) / 2 + 1e-10)
    left = (wide_p * (np.log(wide_p + 1e-10) - middle)).sum(axis=1)
    right = (wide_q * (np.log(wide_q + 1e-10) - middle)).sum(axis=1)
    released = jensen_shannon(p, q, form="release")
    np.testing.assert_allclose(released, (left + right) / 2, rtol=0, atol=TOLERANCE)


def test_forms_differ_only_by_the_offset():
    """In float64, where 1e-10 can be seen."""
    with jax.enable_x64(True):
        p, q = (jnp.asarray(one, jnp.float64) for one in distributions())
        difference = jensen_shannon(p, q) - jensen_shannon(p, q, form="release")
        assert 1e-13 < float(jnp.max(jnp.abs(difference))) < 1e-8


def test_disjoint_distributions_are_ln_2_apart_and_equal_ones_0():
    p, q = jnp.array([0.5, 0.5, 0.0, 0.0]), jnp.array([0.0, 0.0, 0.25, 0.75])
    for form in ("exact", "release"):
        np.testing.assert_allclose(jensen_shannon(p, q, form=form), np.log(2), atol=TOLERANCE)
        np.testing.assert_allclose(jensen_shannon(p, p, form=form), 0, atol=TOLERANCE)
    assert float(jensen_shannon(p, p)) == 0


def test_never_negative_for_nearly_equal_distributions():
    p, _ = distributions()
    factor = np.random.default_rng(1).uniform(1 - 1e-6, 1 + 1e-6, p.shape)
    near = p * jnp.asarray(factor, p.dtype)
    assert float(jnp.min(jensen_shannon(p, near))) >= 0


@pytest.mark.parametrize("form", ["exact", "release"])
def test_positions_outside_where_do_not_count(form):
    p, q = distributions(5)
    where = np.arange(12)[None].repeat(5, axis=0) >= 6
    kept = jensen_shannon(p[:, 6:], q[:, 6:], form=form)
    np.testing.assert_allclose(
        jensen_shannon(p, q, jnp.asarray(where), form=form), kept, atol=TOLERANCE
    )
    np.testing.assert_allclose(entropy(p, jnp.asarray(where)), entropy(p[:, 6:]), atol=TOLERANCE)
    np.testing.assert_allclose(
        total_variation(p, q, jnp.asarray(where)),
        total_variation(p[:, 6:], q[:, 6:]),
        atol=TOLERANCE,
    )


def test_gradient_equals_its_closed_form():
    p, q = distributions(seed=3)
    p, q = (p + 0.01) / 1.12, (q + 0.01) / 1.12
    gradient = jax.vmap(jax.grad(jensen_shannon))(p, q)
    np.testing.assert_allclose(gradient, 0.5 * np.log(2 * p / (p + q)), atol=TOLERANCE)


@pytest.mark.parametrize("form", ["exact", "release"])
def test_gradients_are_finite_at_zero(form):
    p, q = jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 0.0, 1.0])
    gradients = jax.grad(lambda p, q: jensen_shannon(p, q, form=form), argnums=(0, 1))(p, q)
    assert all(bool(jnp.all(jnp.isfinite(one))) for one in gradients)
    assert bool(jnp.all(jnp.isfinite(jax.grad(entropy)(p))))


def test_values_near_the_smallest_float_stay_finite():
    tiny = jnp.array([1.0, 1.2e-38, 1e-45, 0.0])
    other = jnp.array([1.0, 0.0, 0.0, 1e-45])
    assert abs(float(jensen_shannon(tiny, other))) < TOLERANCE
    assert bool(jnp.all(jnp.isfinite(jax.grad(jensen_shannon)(tiny, other))))


def test_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"form: found 'base2'; expected one of exact, release"):
        jensen_shannon(jnp.ones(1), jnp.ones(1), form="base2")


def test_entropy_equals_scipy():
    p, _ = distributions()
    np.testing.assert_allclose(
        entropy(p), scipy.stats.entropy(np.asarray(p, np.float64), axis=1), atol=2 * TOLERANCE
    )


def test_total_variation_is_half_the_absolute_difference():
    p, q = distributions()
    expected = np.abs(np.asarray(p, np.float64) - np.asarray(q)).sum(axis=1) / 2
    np.testing.assert_allclose(total_variation(p, q), expected, atol=TOLERANCE)
