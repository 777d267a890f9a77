import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.blocks import map_blocks, num_bytes


@pytest.mark.parametrize("count", [1, 2, 5, 12, 13])
@pytest.mark.parametrize("block", [1, 2, 5, 12, 100])
def test_rows_keep_their_order_whatever_the_block(count, block):
    rows = {"a": jnp.arange(count), "b": jnp.arange(2.0 * count).reshape(count, 2)}
    sizes = []

    def function(rows):
        sizes.append(len(rows["a"]))
        return rows["a"][:, None] + 10 * rows["b"]

    found = map_blocks(function, rows, block=block)
    expected = np.arange(count)[:, None] + 10 * np.arange(2.0 * count).reshape(count, 2)
    np.testing.assert_array_equal(found, expected)
    assert max(sizes) <= max(block, 1)


def test_num_bytes_of_shapes():
    shapes = jax.eval_shape(lambda: (jnp.zeros((3, 2), jnp.float32), jnp.zeros(4, bool)))
    assert num_bytes(shapes) == 28
