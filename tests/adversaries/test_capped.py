"""The capped adversary against all vertices, float32 against float64, and on real sentences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.capped import capped_adversary, capped_adversary_of_model
from attnjax.adversaries.constraint import Status
from attnjax.errors import UserError
from tests.adversaries.brute import largest_under_cap
from tests.adversaries.real import SOME_SLOW, exact_of, real_arrays
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


def filled_up(attention, values, bias, where=None):
    """Return few instances as 200 of seven positions, the shape that is compiled anyway."""
    where = np.ones(attention.shape, bool) if where is None else where
    rows, columns = 200 - len(bias), 7 - attention.shape[1]
    wide = [np.pad(x, ((0, rows), (0, columns))) for x in (attention, values, where)]
    return wide[0], wide[1], np.pad(bias, (0, rows)), wide[2]


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


@pytest.mark.parametrize("epsilon", [0.01, pytest.param(0.3, marks=pytest.mark.slow)])
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
    found = type(solve(rounded, np.float32))(*(x[few] for x in solve(rounded, np.float32)))
    below, above = (brute_force(arrays, 0.01 + by) for by in (-1e-6, 1e-6))
    some = np.isfinite(below)
    np.testing.assert_array_equal((found.status != Status.INFEASIBLE)[some], True)
    np.testing.assert_array_equal((found.status == Status.INFEASIBLE)[np.isinf(above)], True)
    check_feasible(arrays, found, 0.01, tolerance=1e-6)
    assert np.all(found.lower[some] <= above[some] + 1e-6)
    assert np.all(brute_force(arrays, 0.01)[some] <= found.upper[some])
    assert np.mean(found.lower[some] >= below[some] - 1e-6) > 0.99


@pytest.mark.slow
def test_no_point_of_a_dense_grid_is_above_the_bound():
    """Three tokens: that vertices suffice, and that the bound holds, is checked, not assumed."""
    side = np.linspace(0, 1, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    grid = np.column_stack([grid, 1 - grid.sum(axis=1)])
    grid = grid[grid[:, 2] >= 0]
    draw = np.random.default_rng(3)
    own, values = draw.dirichlet(np.ones(3), 20), draw.normal(size=(20, 3))
    bias = draw.normal(size=20)
    found = solve(filled_up(own, values, bias), np.float64, epsilon=0.3)
    for at in range(20):
        change, far = change_of(grid, own[at], values[at], bias[at]), divergence(grid, own[at])
        for which, cap in enumerate(CAPS):
            feasible = (change <= 0.3) & (grid.max(axis=1) <= cap + 1e-12)
            if found.status[at, which] == Status.INFEASIBLE:
                assert not feasible.any()
            else:
                assert far[feasible].max(initial=0) <= found.lower[at, which] + 1e-12


def test_a_cap_of_1_is_the_exact_adversary():
    arrays = cases(200)
    found = solve(arrays, np.float64)
    exact = exact_of(arrays, 0.01)
    last = CAPS.index(1.0)
    np.testing.assert_allclose(found.lower[:, last], exact[:, 0], rtol=0, atol=1e-9)
    assert np.all(found.upper[:, last] >= exact[:, 0] - 1e-15)  # JSD of ln 2, rounded
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
    uniform = change_of(np.full(own.shape, 1 / length), own, values, 0.0)
    np.testing.assert_array_equal(some[:, 0], uniform <= 0.01)
    assert np.all(np.diff(found.upper, axis=1)[some[:, :-1]] >= -1e-12)
    assert np.all(np.diff(found.lower, axis=1)[some[:, :-1]] >= -1e-4)
    assert np.all(np.nanmean(found.gap, axis=0) < 0.02)
    np.testing.assert_array_equal(found.own_violates, own.max(axis=1)[:, None] > np.array(caps))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_few_tokens_and_saturated_outputs(dtype):
    own = np.array([[1.0, 0, 0], [0, 0, 0], [0.9, 0.1, 0]])
    where = np.array([[True, False, False], [False, False, False], [True, True, False]])
    arrays = filled_up(own, np.array([[3.0, -2.0, 1.0]] * 3), np.full(3, 60.0), where)
    found = solve(arrays, dtype)
    no, yes = Status.INFEASIBLE, Status.OPTIMAL
    np.testing.assert_array_equal(found.status[0], [no, no, no, no, yes])  # one token
    np.testing.assert_array_equal(found.status[1], no)  # no token
    np.testing.assert_array_equal(found.status[2, [0, 1, 2, 4]], [no, no, yes, yes])
    np.testing.assert_array_equal(found.attention[2, 2, :2], [0.5, 0.5])
    np.testing.assert_array_equal(found.attention[2, 4, :2], [0, 1])
    np.testing.assert_array_equal(found.attention[0, 4, :2], [1, 0])
    np.testing.assert_array_equal(found.own_violates[2], [True, True, True, True, False])


def test_where_the_padding_is_changes_nothing():
    attention, values, bias, where = cases(200)
    found = solve((attention, values, bias, where), np.float64)
    front = np.argsort(~where, axis=1, kind="stable")
    moved = [np.take_along_axis(array, front, axis=1) for array in (attention, values, where)]
    other = solve((moved[0], moved[1], bias, moved[2]), np.float64)
    for name in ("lower", "upper", "status", "own_violates"):
        one, two = getattr(found, name), getattr(other, name)
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_blocks_change_nothing_and_memory_is_bounded(monkeypatch):
    # As on an accelerator, where the instances of a block are solved side by side.
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    draw = np.random.default_rng(4)
    count, length, limit = 40, 30, 2**21
    own, values = draw.dirichlet(np.ones(length), count), draw.normal(size=(count, length, 1))
    arrays = (own, values, np.zeros((count, 1)), np.ones((count, length), bool))
    arrays = [jnp.asarray(array, bool if array.dtype == bool else jnp.float32) for array in arrays]
    keywords = {"caps": (0.25,), "epsilon": 0.01}
    blocks = capped_adversary.lower(*arrays, **keywords, memory_bytes=limit).compile()
    assert blocks.memory_analysis().temp_size_in_bytes < limit
    monkeypatch.undo()
    alone = capped_adversary(*arrays, **keywords)
    np.testing.assert_allclose(blocks(*arrays).lower, alone.lower, rtol=0, atol=1e-5)


@pytest.mark.parametrize("encoder", SOME_SLOW)
def test_real_sentences(parity_folder, encoder):
    arrays = real_arrays(parity_folder, encoder)
    caps = (0.25, 0.5)
    found = solve(arrays, np.float32, caps=caps)
    check_feasible(arrays, found, 0.01, caps=caps, tolerance=1e-6)
    exact = exact_of(arrays, 0.01 + 1e-6)
    some = found.status != Status.INFEASIBLE
    assert some.mean() > 0.97
    assert np.all((found.lower <= exact + 1e-6)[some])  # a cap takes room away
    assert np.nanmean(found.gap) < 0.02
    assert np.nanmean(found.lower) > 0.8 * exact.mean()


def test_what_it_cannot_solve_is_refused_with_advice():
    kind = tiny("average")
    inputs = stacked(TEXTS, 12)
    hidden = kind.model._replace(readout=None)
    with pytest.raises(UserError, match="affine in the attention"):
        capped_adversary_of_model(hidden, kind.params, inputs, caps=(0.5,), epsilon=0.01)
    for keywords in ({"caps": (0.0,), "epsilon": 0.01}, {"caps": (0.5,), "epsilon": 1.5}):
        with pytest.raises(UserError, match="above 0 and at most 1"):
            capped_adversary_of_model(kind.model, kind.params, inputs, **keywords)


def test_a_bound_is_finite_where_an_end_of_the_interval_is_barely_so():
    """Output and epsilon are one half each: rounding decides whether there is an end."""
    arrays = (np.array([[0.5, 0.3, 0.2]]), np.array([[[0.0], [1.0], [-1.5]]]), np.zeros((1, 1)))
    found = capped_adversary(*arrays, np.ones((1, 3), bool), caps=(0.6,), epsilon=0.5)
    assert np.isfinite(found.upper).all()
    assert np.all(found.lower <= found.upper)
    assert np.all(found.upper <= np.log(2) + 1e-6)
