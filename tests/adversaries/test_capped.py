"""The capped adversary against all vertices, float32 against float64, and on real sentences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.capped import capped_adversary, capped_adversary_of_model
from attnjax.adversaries.constraint import Status
from attnjax.adversaries.exact import exact_adversary, readout_arrays
from attnjax.errors import UserError
from tests.adversaries.brute import largest_under_cap
from tests.adversaries.test_exact import cases, change_of, divergence
from tests.models.tiny import TEXTS, stacked, tiny

CAPS = (0.2, 0.3, 0.5, 0.51, 1.0)
"""Five tokens at least, a cap that leaves a rest, halves, just more than halves, none."""


def solve(arrays, dtype, *, caps=CAPS, epsilon=0.01, **keywords):
    attention, values, bias, where = arrays
    with jax.enable_x64(dtype == np.float64):
        found = capped_adversary(
            attention.astype(dtype),
            values.astype(dtype)[..., None],
            bias.astype(dtype)[:, None],
            where,
            caps=caps,
            epsilon=epsilon,
            **keywords,
        )
        assert found.lower.dtype == found.upper.dtype == dtype
        return jax.device_get(found)


def brute_force(arrays, epsilon):
    return np.array(
        [
            [largest_under_cap(own[there], value[there], bias, epsilon, cap) for cap in CAPS]
            for own, value, bias, there in zip(*arrays, strict=True)
        ]
    )


def check_feasible(arrays, found, epsilon, *, caps=CAPS, tolerance):
    """Every answer is an attention under the cap that keeps the output, judged in float64."""
    attention, values, bias, where = (array[:, None] for array in arrays)
    some = found.status != Status.INFEASIBLE
    answer = found.attention.astype(np.float64)
    assert np.all(answer >= 0)
    assert np.all(answer[~np.broadcast_to(where, answer.shape)] == 0)
    np.testing.assert_allclose(answer.sum(axis=-1)[some], 1, rtol=0, atol=tolerance)
    assert np.all(answer.max(axis=-1) <= np.array(caps) + tolerance)
    change = change_of(answer, attention, values, bias)
    assert np.all(change[some] <= epsilon + tolerance)
    np.testing.assert_allclose(found.output_change[some], change[some], rtol=0, atol=tolerance)
    far = divergence(answer, attention)
    np.testing.assert_allclose(found.lower[some], far[some], rtol=0, atol=tolerance)
    assert np.all(np.isnan(found.lower) == ~some)
    assert np.all(np.isnan(found.upper) == ~some)
    assert np.all(answer[~some] == 0)


@pytest.mark.parametrize("epsilon", [0.01, 0.3])
def test_float64_encloses_the_best_of_all_vertices(epsilon):
    arrays = cases(200)
    found, truth = solve(arrays, np.float64, epsilon=epsilon), brute_force(arrays, epsilon)
    some = np.isfinite(truth)
    np.testing.assert_array_equal(found.status != Status.INFEASIBLE, some)
    assert 0.1 < some[:, 0].mean() < 0.5  # both kinds were compared
    check_feasible(arrays, found, epsilon, tolerance=1e-12)
    assert np.all(found.lower[some] <= truth[some] + 1e-12)
    assert np.all(truth[some] <= found.upper[some])
    # Nothing promises it, but the answer is the maximum in all but one of 1,400 cases ...
    short = truth[some] - found.lower[some]
    assert np.mean(short < 1e-9) > 0.99
    assert short.mean() < 1e-5
    # ... while a linear program over seven tokens bounds it loosely: the mean gap is .02.
    assert found.gap[some].mean() < 0.03
    np.testing.assert_array_equal(found.status[some] == Status.OPTIMAL, found.gap[some] <= 1e-3)


def test_float32_encloses_the_float64_truth():
    # Both get float32 numbers; values beyond 20 are left to float64, see `test_exact`.
    rounded = [array.astype(np.float32).astype(array.dtype) for array in cases(200, seed=1)]
    few = np.abs(rounded[1]).max(axis=1) < 20
    arrays = tuple(array[few] for array in rounded)
    found = solve(arrays, np.float32)
    below, above = (brute_force(arrays, 0.01 + by) for by in (-1e-6, 1e-6))
    some = np.isfinite(below)
    np.testing.assert_array_equal((found.status != Status.INFEASIBLE)[some], True)
    np.testing.assert_array_equal((found.status == Status.INFEASIBLE)[np.isinf(above)], True)
    check_feasible(arrays, found, 0.01, tolerance=1e-6)
    assert np.all(found.lower[some] <= above[some] + 1e-6)
    assert np.all(brute_force(arrays, 0.01)[some] <= found.upper[some])
    assert np.mean(found.lower[some] >= below[some] - 1e-6) > 0.99


def test_no_point_of_a_dense_grid_is_above_the_bound():
    """Three tokens: that vertices suffice, and that the bound holds, is checked, not assumed."""
    side = np.linspace(0, 1, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    grid = np.column_stack([grid, 1 - grid.sum(axis=1)])
    grid = grid[grid[:, 2] >= 0]
    draw = np.random.default_rng(3)
    own, values = draw.dirichlet(np.ones(3), 20), draw.normal(size=(20, 3))
    bias = draw.normal(size=20)
    caps = (0.4, 0.6, 0.9)
    found = solve((own, values, bias, np.ones((20, 3), bool)), np.float64, caps=caps, epsilon=0.1)
    for at in range(20):
        change, far = change_of(grid, own[at], values[at], bias[at]), divergence(grid, own[at])
        for which, cap in enumerate(caps):
            feasible = (change <= 0.1) & (grid.max(axis=1) <= cap + 1e-12)
            if found.status[at, which] == Status.INFEASIBLE:
                assert not feasible.any()
            else:
                assert far[feasible].max(initial=0) <= found.lower[at, which] + 1e-12


def test_a_cap_of_1_is_the_exact_adversary():
    arrays = cases(200)
    found = solve(arrays, np.float64)
    with jax.enable_x64(True):
        exact = jax.device_get(
            exact_adversary(
                arrays[0], arrays[1][..., None], arrays[2][:, None], arrays[3], epsilons=(0.01,)
            )
        )
    last = CAPS.index(1.0)
    np.testing.assert_allclose(found.lower[:, last], exact.jsd[:, 0], rtol=0, atol=1e-9)
    assert np.all(found.upper[:, last] >= exact.jsd[:, 0])
    assert not found.own_violates[:, last].any()


def test_more_room_is_no_less_divergence():
    draw = np.random.default_rng(5)
    count, length = 40, 30
    own, values = draw.dirichlet(np.full(length, 0.3), count), draw.normal(size=(count, length))
    arrays = (own, values, np.zeros(count), np.ones((count, length), bool))
    caps = (1 / 30, 0.034, 0.05, 0.1, 0.2, 0.5, 1.0)
    found = solve(arrays, np.float64, caps=caps)
    some = found.status != Status.INFEASIBLE
    assert np.all(np.diff(some.astype(int), axis=1) >= 0)
    assert some[:, 4:].all()
    assert not some[:, 0].any()  # nothing but the uniform attention
    assert np.all(np.diff(found.upper, axis=1)[some[:, :-1]] >= -1e-12)
    assert np.all(np.diff(found.lower, axis=1)[some[:, :-1]] >= -1e-4)
    # A small cap makes the gap small: at most two weights are neither 0 nor full.
    wide, narrow = (np.nanmean(found.gap[:, caps.index(cap)]) for cap in (0.2, 0.05))
    assert narrow < wide < 0.02
    np.testing.assert_array_equal(found.own_violates, own.max(axis=1)[:, None] > np.array(caps))


def test_few_tokens_and_saturated_outputs():
    where = np.array([[True, False, False], [False, False, False], [True, True, False]])
    own = np.array([[1.0, 0, 0], [0, 0, 0], [0.9, 0.1, 0]])
    arrays = (own, np.array([[3.0, -2.0, 1.0]] * 3), np.full(3, 60.0), where)
    for dtype in (np.float32, np.float64):
        found = solve(arrays, dtype, caps=(0.5, 1.0))
        np.testing.assert_array_equal(
            found.status,
            [
                [Status.INFEASIBLE, Status.OPTIMAL],
                [Status.INFEASIBLE, Status.INFEASIBLE],
                [Status.OPTIMAL, Status.OPTIMAL],
            ],
        )
        np.testing.assert_array_equal(found.attention[2], [[0.5, 0.5, 0], [0, 1, 0]])
        np.testing.assert_array_equal(found.attention[0, 1], [1, 0, 0])
        np.testing.assert_array_equal(found.own_violates[2], [True, False])


def test_blocks_and_padding_change_nothing_and_memory_is_bounded(monkeypatch):
    arrays = cases(60, seed=4)
    whole = solve(arrays, np.float64, caps=(0.3, 0.5))
    attention, values, bias, where = arrays
    padded = [np.pad(array, ((0, 0), (1, 3))) for array in (attention, values, where)]
    longer = solve((padded[0], padded[1], bias, padded[2]), np.float64, caps=(0.3, 0.5))
    for one, other in ((whole.lower, longer.lower), (whole.upper, longer.upper)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(whole.status, longer.status)

    # As on an accelerator, where instances are solved side by side.
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    blocks = solve(arrays, np.float64, caps=(0.3, 0.5), memory_bytes=2**21)
    np.testing.assert_allclose(blocks.lower, whole.lower, rtol=0, atol=1e-12)
    shapes = [(64, 60), (64, 60, 1), (64, 1)]
    floats = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    lowered = capped_adversary.lower(
        *floats,
        jax.ShapeDtypeStruct((64, 60), bool),
        caps=(0.25,),
        epsilon=0.01,
        memory_bytes=2**24,
    )
    assert lowered.compile().memory_analysis().temp_size_in_bytes < 2**24


def test_model_entry_equals_arrays():
    kind = tiny("average")
    inputs = stacked(TEXTS, 12, empty_rows=1)
    found = capped_adversary_of_model(kind.model, kind.params, inputs, caps=(0.5,), epsilon=0.05)
    arrays = readout_arrays(kind.model, kind.params, inputs)
    expected = capped_adversary(*arrays, caps=(0.5,), epsilon=0.05)
    np.testing.assert_allclose(found.lower, expected.lower, rtol=0, atol=1e-6)
    assert found.status[-1, 0] == Status.INFEASIBLE  # no token


def test_what_it_cannot_solve_is_refused_with_advice():
    kind = tiny("average")
    inputs = stacked(TEXTS, 12)
    hidden = kind.model._replace(readout=None)
    with pytest.raises(UserError, match="affine in the attention"):
        capped_adversary_of_model(hidden, kind.params, inputs, caps=(0.5,), epsilon=0.01)
    for keywords in ({"caps": (0.0,), "epsilon": 0.01}, {"caps": (0.5,), "epsilon": 1.5}):
        with pytest.raises(UserError, match="above 0 and at most 1"):
            capped_adversary_of_model(kind.model, kind.params, inputs, **keywords)
