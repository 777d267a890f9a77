"""Products in bfloat16: sums in float32, gradients of numbers in bfloat16."""

import re

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.models.gpt.products import product


def test_gradients_are_those_of_rounded_slopes():
    rng = np.random.default_rng(0)
    first = jnp.asarray(rng.standard_normal((3, 5)), jnp.bfloat16)
    second = jnp.asarray(rng.standard_normal((4, 5)), jnp.bfloat16)
    slope = jnp.asarray(rng.standard_normal((3, 4)), jnp.float32)
    result, pull = jax.vjp(lambda a, b: product("ld,vd->lv", a, b), first, second)
    wide = [np.asarray(each, np.float64) for each in (first, second, slope.astype(jnp.bfloat16))]
    assert result.dtype == jnp.float32
    np.testing.assert_allclose(result, wide[0] @ wide[1].T, rtol=1e-5, atol=1e-6)
    for found, expected in zip(pull(slope), (wide[2] @ wide[1], wide[2].T @ wide[0]), strict=True):
        assert found.dtype == jnp.bfloat16
        # 8 bits of mantissa.
        np.testing.assert_allclose(found.astype(np.float32), expected, rtol=2**-8, atol=1e-6)


def test_no_product_of_a_gradient_has_a_float32_factor():
    """One would cost an accelerator several times as much."""

    def total(first, second):
        return jnp.sum(product("ld,vd->lv", first, second) ** 2)

    ones = jnp.ones((2, 3), jnp.bfloat16), jnp.ones((4, 3), jnp.bfloat16)
    text = jax.jit(jax.grad(total, (0, 1))).lower(*ones).as_text()
    factors = re.findall(r"stablehlo.dot_general.*: \((.*)\) ->", text)
    assert len(factors) == 3
    assert all("f32" not in one for one in factors)
