import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.training.losses import class_weights, cross_entropy, guide_divergence, reduce_rows


def test_binary_cross_entropy_is_minus_log_probability():
    for logit in (-30.0, -1.5, 0.0, 2.0, 30.0):
        positive = 1 / (1 + np.exp(-np.float64(logit)))
        expected = [-np.log1p(-positive) if logit < 20 else logit, -np.log(positive)]
        found = [float(cross_entropy(jnp.array([logit]), jnp.array(c))) for c in (0, 1)]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


def test_cross_entropy_of_several_classes():
    logits = np.array([0.3, -1.2, 2.0])
    expected = np.log(np.exp(logits).sum()) - logits
    found = [float(cross_entropy(jnp.float32(logits), jnp.array(c))) for c in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # float32


def test_class_weights():
    labels = np.array([0] * 6 + [1] * 2, np.int32)
    assert class_weights(labels, num_classes=2, weighted=True).tolist() == [1.0, 3.0]
    assert class_weights(labels, num_classes=2, weighted=False).tolist() == [1.0, 1.0]
    three = class_weights(np.array([0, 0, 0, 1, 2, 2]), num_classes=3, weighted=True)
    np.testing.assert_allclose(three, [6 / 9, 2.0, 1.0], rtol=1e-6)
    assert class_weights(labels, num_classes=3, weighted=True)[2] == 0
    assert class_weights(np.zeros(3, np.int32), num_classes=2, weighted=True).tolist() == [1, 1]


def test_guide_divergence_is_kl_with_the_gradient_of_cross_entropy():
    guide, attention = jnp.array([0.0, 0.5, 0.5, 0.0]), jnp.array([0.1, 0.2, 0.3, 0.4])
    expected = 0.5 * np.log(0.5 / 0.2) + 0.5 * np.log(0.5 / 0.3)
    assert float(guide_divergence(attention, guide)) == pytest.approx(expected, rel=1e-6)
    gradient = jax.grad(guide_divergence)(attention, guide)
    np.testing.assert_allclose(gradient, [0, -0.5 / 0.2, -0.5 / 0.3, 0], rtol=1e-6)


def test_guide_divergence_at_its_edges():
    attention = jnp.array([1.0, 0.0])
    nothing = jnp.zeros(2)
    assert float(guide_divergence(attention, nothing)) == 0.0
    np.testing.assert_array_equal(jax.grad(guide_divergence)(attention, nothing), 0.0)
    # Attention that underflowed where the guide wants it: large, but a number.
    value, gradient = jax.value_and_grad(guide_divergence)(attention, jnp.array([0.0, 1.0]))
    assert 80 < float(value) < 100
    assert np.isfinite(gradient).all()
    assert float(guide_divergence(attention, attention)) == 0.0


def test_reductions():
    rows, valid = jnp.array([1.0, 3.0, jnp.inf]), jnp.array([True, True, False])
    assert float(reduce_rows(rows, valid, reduction="sum")) == 4.0
    assert float(reduce_rows(rows, valid, reduction="mean")) == 2.0
    assert float(reduce_rows(rows, jnp.zeros(3, bool), reduction="mean")) == 0.0
