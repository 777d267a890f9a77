import math

import jax
import numpy as np
import pytest
from scipy.stats import kendalltau

from attnjax.measures.kendall import EXACT_LENGTH, kendall_taus
from attnjax.measures.pairs import by_comparing, by_sorting, num_bytes

# Tau is a ratio of integers and p at most ten float32 operations from one.
TOLERANCE = 1e-6


def reference(x, y):
    result = kendalltau(x, y, method="auto", variant="b")
    return float(result.statistic), float(result.pvalue)


def compare(x, y, where, **settings):
    """Compare a padded batch with scipy, vector by vector."""
    result = kendall_taus(x, y, where, **settings)
    expected = np.array(
        [reference(a[keep], b[keep]) for a, b, keep in zip(x, y, where, strict=True)]
    )
    np.testing.assert_allclose(result.tau, expected[:, 0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(result.p_value, expected[:, 1], rtol=0, atol=TOLERANCE)
    return expected


def random_pair(generator, n, kind):
    """Return two float32 vectors: without ties, ties in one, in both, or two values only."""
    x = generator.normal(size=n)
    y = generator.normal(size=n) + generator.choice([0.0, 1.0, 5.0, -5.0, 1e6]) * x
    if kind in {1, 2}:
        x = np.round(x)
    if kind == 2:
        y = np.round(generator.normal(size=n))
    if kind == 3:
        y = np.where(y > 1, 1.0, 0.0)
    return x.astype(np.float32), y.astype(np.float32)


def test_equals_scipy_on_2000_random_vectors():
    generator = np.random.default_rng(0)
    count, length = 2000, 64
    x = generator.normal(size=(count, length)).astype(np.float32)
    y = generator.normal(size=(count, length)).astype(np.float32)
    where = np.zeros((count, length), bool)
    for row in range(count):
        n = generator.integers(2, 61)
        # Scattered, with other values in between: what is not in `where` must not count.
        places = np.sort(generator.choice(length, n, replace=False))
        where[row, places] = True
        x[row, places], y[row, places] = random_pair(generator, n, row % 4)
    expected = compare(x, y, where)
    undefined = np.isnan(expected[:, 0])
    assert 5 < undefined.sum() < 100
    # Every branch is present: exact and approximate, significant and not.
    short = where.sum(axis=1) <= EXACT_LENGTH
    for branch in (short, ~short):
        assert (expected[branch & ~undefined, 1] <= 0.05).sum() > 100
        assert (expected[branch & ~undefined, 1] > 0.05).sum() > 100


@pytest.mark.parametrize("length", [200, 1000, 4000])
@pytest.mark.parametrize("kind", range(4))
def test_equals_scipy_on_long_vectors(length, kind):
    generator = np.random.default_rng(length + kind)
    x = generator.normal(size=(2, length))
    y = generator.normal(size=(2, length)) + [[0.0], [0.05]] * x
    if kind in {1, 2}:
        x = np.round(x)
    if kind == 2:
        y = np.round(y)
    if kind == 3:
        # Nearly constant: t(t - 1)(2t + 5) is 1.3e11 at 4,000, and its textbook variance
        # loses all but 3 digits in float32.
        y = np.zeros_like(y)
        y[:, generator.integers(length, size=2)] = 1
    compare(x.astype(np.float32), y.astype(np.float32), np.ones(x.shape, bool))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 32, 33, 34, 35, 60, 170, 300])
def test_equals_scipy_where_few_pairs_disagree(n):
    """The border between exact and approximate p, from either side, with both signs."""
    rows = []
    for swaps in range(4):
        y = np.arange(n)
        for place in range(min(swaps, n - 1)):
            y[place : place + 2] = y[place : place + 2][::-1].copy()
        rows += [y, -y]
    y = np.array(rows, np.float32)
    x = np.broadcast_to(np.arange(n, dtype=np.float32), y.shape)
    compare(x, y, np.ones(y.shape, bool))


@pytest.mark.parametrize("length", [1, 2, 5, 16, 17, 90])
def test_comparing_and_sorting_count_the_same_as_a_loop(length):
    generator = np.random.default_rng(length)
    x, y = np.round(generator.normal(size=(2, 6, length)), 1).astype(np.float32)  # with -0.0
    where = generator.random((6, length)) < [[0.0], [0.5], [0.8], [1.0], [1.0], [1.0]]
    x[5], y[4:] = np.arange(length), -np.arange(length)
    for count in (by_comparing, by_sorting):
        found = jax.jit(jax.vmap(count))(x, y, where)
        for row in range(6):
            a, b = x[row, where[row]], y[row, where[row]]
            signs = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
            assert found.score[row] == (signs[0] * signs[1]).sum() / 2
            for ties, sign in zip((found.ties_x, found.ties_y), signs, strict=True):
                expected = np.zeros(length)
                expected[: len(a)] = (sign == 0).sum(axis=0)
                np.testing.assert_array_equal(np.sort(ties[row]), np.sort(expected))


def test_exact_p_value_by_listing_all_orders():
    """p is the share of the orders of 5 values that are at least as extreme."""
    from itertools import permutations

    x = np.arange(5, dtype=np.float32)
    orders = np.array(list(permutations(range(5))), np.float32)
    score = np.array([abs(kendalltau(x, one).statistic) for one in orders])
    expected = np.array([np.mean(score >= one - 1e-9) for one in score])
    result = kendall_taus(np.broadcast_to(x, orders.shape), orders, np.ones(orders.shape, bool))
    np.testing.assert_allclose(result.p_value, expected, rtol=0, atol=TOLERANCE)


def test_long_perfect_agreement_keeps_a_small_exact_p_value():
    x = np.arange(34, dtype=np.float32)[None]
    result = kendall_taus(x, x, np.ones(x.shape, bool))
    # 2 / 34! is below the smallest normal float32 and may be flushed to 0.
    assert 0 <= float(result.p_value[0]) <= 1.01 * 2 / math.factorial(34)


@pytest.mark.parametrize(
    ("x", "y", "where"),
    [
        ([1, 1, 1, 1], [1, 2, 3, 4], [1, 1, 1, 1]),
        ([1, 2, 3, 4], [0, 0, 0, 0], [1, 1, 1, 1]),
        ([1, 1, 2, 2], [1, 2, 3, 4], [1, 1, 0, 0]),  # constant where it counts
        ([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 0, 0]),
        ([1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 0]),
        ([1, 2, np.nan, 4], [1, 2, 3, 4], [1, 1, 1, 1]),
    ],
)
def test_undefined_is_nan(x, y, where):
    result = kendall_taus(
        np.array([x], np.float32), np.array([y], np.float32), np.array([where], bool)
    )
    assert np.isnan(result.tau[0])
    assert np.isnan(result.p_value[0])


def test_nan_outside_where_does_not_count():
    x = np.array([[0.1, 0.2, 0.3, np.nan]], np.float32)
    result = kendall_taus(x, -x, np.array([[True, True, True, False]]))
    assert float(result.tau[0]) == -1.0


def test_chunks_change_nothing():
    generator = np.random.default_rng(0)
    x, y = np.round(generator.normal(size=(2, 3, 50)), 1).astype(np.float32)
    where = generator.random((3, 50)) < 0.8
    whole = kendall_taus(x, y, where)
    for memory_bytes in (1, 2 * num_bytes(50)):  # one instance at a time, and two
        chunked = kendall_taus(x, y, where, memory_bytes=memory_bytes)
        np.testing.assert_array_equal(whole.tau, chunked.tau)
        # Another shape is compiled with other fused multiply-adds: the last bits may differ.
        np.testing.assert_allclose(whole.p_value, chunked.p_value, rtol=1e-6)


def test_memory_is_bounded():
    shapes = [np.zeros((8, 2000), np.float32)] * 2 + [np.ones((8, 2000), bool)]
    compiled = kendall_taus.lower(*shapes, memory_bytes=2**20).compile()
    analysis = compiled.memory_analysis()
    # All pairs at once, at one byte each, would be 32 MB.
    assert analysis.temp_size_in_bytes < 4 * 2**20


def test_padding_and_order_of_positions_change_nothing():
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(2, 1, 12)).astype(np.float32)
    shuffle = generator.permutation(20)
    wide_x, wide_y, wide = (np.zeros((1, 20), kind) for kind in (np.float32, np.float32, bool))
    wide_x[:, :12], wide_y[:, :12], wide[:, :12] = x, y, True
    short = kendall_taus(x, y, np.ones(x.shape, bool))
    long = kendall_taus(wide_x[:, shuffle], wide_y[:, shuffle], wide[:, shuffle])
    # Sums of small integers are exact in any order.
    np.testing.assert_array_equal(short.tau, long.tau)
    np.testing.assert_array_equal(short.p_value, long.p_value)


def test_compiled_once_per_shape():
    before = kendall_taus._cache_size()
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(2, 21)).astype(np.float32)
        kendall_taus(x, x, np.ones((2, 21), bool))
    assert kendall_taus._cache_size() == before + 1
