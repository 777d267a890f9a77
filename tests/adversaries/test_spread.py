"""The adversary of some entropy against grids and climbs by SciPy, and on real sentences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import entr

from attnjax.adversaries.constraint import Limits, Status
from attnjax.adversaries.slab import make_slab
from attnjax.adversaries.spread import spread_adversary
from attnjax.adversaries.spread_bound import bound_spread, dual
from attnjax.errors import UserError
from tests.adversaries.brute import divergence_of, slab_of
from tests.adversaries.real import SOME_SLOW, exact_of, real_arrays
from tests.adversaries.test_exact import cases, change_of, divergence

FLOORS = (0.2, 0.5, 0.9, 1.0)


def solve(arrays, dtype, *, floors=FLOORS, epsilon=0.1, **keywords):
    attention, values, bias, where = arrays
    with jax.enable_x64(dtype == np.float64):
        found = spread_adversary(
            attention.astype(dtype),
            values.astype(dtype)[..., None],
            bias.astype(dtype)[:, None],
            where,
            floors=floors,
            epsilon=epsilon,
            **keywords,
        )
        assert found.lower.dtype == found.upper.dtype == dtype
        return jax.device_get(found)


def check_feasible(arrays, found, epsilon, *, floors=FLOORS, tolerance):
    """Every answer is an attention of the entropy that keeps the output, judged in float64."""
    attention, values, bias, where = (array[:, None] for array in arrays)
    some = found.status != Status.INFEASIBLE
    answer = found.attention.astype(np.float64)
    assert np.all(answer >= 0)
    assert np.all(answer[~np.broadcast_to(where, answer.shape)] == 0)
    np.testing.assert_allclose(answer.sum(axis=-1)[some], 1, rtol=0, atol=tolerance)
    least = np.array(floors) * np.log(np.maximum(where.sum(axis=-1), 1))
    assert np.all((entr(answer).sum(axis=-1) >= least - tolerance)[some])
    assert np.all(change_of(answer, attention, values, bias)[some] <= epsilon + tolerance)
    far = divergence(answer, attention)
    np.testing.assert_allclose(found.lower[some], far[some], rtol=0, atol=tolerance)
    assert np.all(found.lower[some] <= found.upper[some])


def flattest(own, value, bias, epsilon):
    """The largest entropy in the interval, by bisection on the price of the logit."""
    offset, low, high = slab_of(own, value, bias, epsilon)

    def at(price):
        weight = np.exp(-price * offset - (-price * offset).max())
        return weight / weight.sum()

    mean = at(0.0) @ offset
    if low <= mean <= high:
        return np.log(len(own))
    near, far, sign, end = 0.0, 1e4, *((1, high) if mean > high else (-1, low))
    for _ in range(200):
        middle = (near + far) / 2
        outside = sign * (at(sign * middle) @ offset - end) > 0
        near, far = (middle, far) if outside else (near, middle)
    return entr(at(sign * far)).sum()


@pytest.fixture(scope="module")
def small():
    """200 small instances without values so large that nothing but a point is feasible."""
    attention, values, bias, where = cases(200)
    return attention, np.clip(values, -5, 5), bias, where


def test_float64_is_feasible_and_enclosed(small):
    found = solve(small, np.float64)
    check_feasible(small, found, 0.1, tolerance=1e-9)
    # Few tokens leave a gap: the Lagrangian is largest where a weight is neither here nor there.
    assert np.nanmean(found.gap) < 0.03
    for at, (own, value, bias, where) in enumerate(zip(*small, strict=True)):
        most = flattest(own[where], value[where], bias, 0.1)
        possible = most >= np.array(FLOORS) * np.log(where.sum()) - 1e-9
        np.testing.assert_array_equal(found.status[at] != Status.INFEASIBLE, possible)
        violates = entr(own[where]).sum() < np.array(FLOORS) * np.log(where.sum()) - 1e-9
        np.testing.assert_array_equal(found.own_violates[at], violates)


@pytest.mark.slow
def test_no_point_of_a_dense_grid_is_above_the_bound_nor_far_above_the_answer(small):
    side = np.linspace(0, 1, 301)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    grid = np.column_stack([grid, 1 - grid.sum(axis=1)])
    grid = np.maximum(grid[grid[:, 2] >= -1e-12], 0)
    spread = entr(grid).sum(axis=1) / np.log(3)
    found, short = solve(small, np.float64), []
    three = np.flatnonzero(small[3].sum(axis=1) == 3)
    assert len(three) > 15
    for at in three:
        own, value, bias = (small[0][at][small[3][at]], small[1][at][small[3][at]], small[2][at])
        change, far = change_of(grid, own, value, bias), divergence(grid, own)
        for which, floor in enumerate(FLOORS):
            feasible = (change <= 0.1) & (spread >= floor)
            if feasible.any() and found.status[at, which] != Status.INFEASIBLE:
                best = far[feasible].max()
                assert best <= found.upper[at, which] + 1e-15  # a JSD of ln 2, rounded
                short.append(best - found.lower[at, which])
    assert len(short) > 30
    # The climb finds local maxima; mostly the largest.
    assert np.mean(np.array(short) <= 1e-6) > 0.9
    assert np.maximum(short, 0).mean() < 5e-3


def climbed(instance, epsilon, floor, starts):
    """The largest divergence that SciPy's climbs from random attentions find."""
    own = instance[0]
    offset, low, high = slab_of(*instance, epsilon)
    constraints = [
        {"type": "eq", "fun": lambda x: x.sum() - 1},
        {"type": "ineq", "fun": lambda x: entr(np.maximum(x, 0)).sum() - floor},
    ]
    for sign, end in ((1, high), (-1, low)):
        if np.isfinite(end):
            bound = {"type": "ineq", "fun": lambda x, s=sign, e=end: s * (e - x @ offset)}
            constraints.append(bound)
    best = -np.inf
    for start in starts:
        found = minimize(
            lambda x: -divergence_of(np.maximum(x, 0), own).sum(),
            start,
            bounds=[(1e-9, 1)] * len(own),
            constraints=constraints,
            method="SLSQP",
        )
        x = np.maximum(found.x, 0)
        x /= x.sum()
        inside = low - 1e-9 <= x @ offset <= high + 1e-9
        if inside and entr(x).sum() >= floor - 1e-9:
            best = max(best, divergence(x, own))
    return best


@pytest.mark.slow
def test_no_climb_by_scipy_is_above_the_bound():
    draw = np.random.default_rng(7)
    small = [array[160:180] for array in cases(200, seed=5)]
    attention, values, bias, where = small
    values = np.clip(values, -5, 5)
    padded = [
        np.pad(x, ((0, 180), *((0, 0),) * (x.ndim - 1))) for x in (attention, values, bias, where)
    ]
    found = solve(padded, np.float64)
    differences = []
    for at in range(20):
        own, value = attention[at][where[at]], values[at][where[at]]
        which = FLOORS.index(0.5)
        if len(own) < 3 or found.status[at, which] == Status.INFEASIBLE:
            continue
        floor = 0.5 * np.log(len(own))
        starts = draw.dirichlet(np.ones(len(own)), 6)
        best = climbed((own, value, bias[at]), 0.1, floor, starts)
        assert best <= found.upper[at, which] + 1e-8
        differences.append(best - found.lower[at, which])
    assert len(differences) > 8
    assert np.mean(differences) < 1e-3


@pytest.mark.slow
def test_any_multipliers_give_a_bound():
    """However bad they are, and with a subgradient that supports the dual function."""
    draw = np.random.default_rng(1)
    own, value = draw.dirichlet(np.ones(5)), draw.normal(size=5)
    points = draw.dirichlet(np.ones(5) / 2, 20_000)
    multipliers = draw.normal(size=(300, 3)) * np.array([0.3, 0.3, 0.5])
    multipliers[:, 2] = np.abs(multipliers[:, 2])
    multipliers[:20, 2] = 0  # convex throughout
    with jax.enable_x64(True):
        slab = make_slab(*map(jnp.asarray, (own, value, 0.0, np.ones(5, bool))))
        limits, floor = Limits(*map(jnp.asarray, (-0.5, 0.5, 0.0))), jnp.asarray(0.8)
        found = jax.vmap(lambda one: dual(slab, limits, floor, one))(jnp.asarray(multipliers))
        best = bound_spread(slab, limits, floor, jnp.asarray([-0.2, 0.0, 0.1]))
        values, slopes = np.asarray(found.value), np.asarray(found.slope)
        offset, least = np.asarray(slab.offset), float(best.bound)
    feasible = (np.abs(points @ offset) <= 0.5) & (entr(points).sum(axis=1) >= 0.8)
    worth = divergence_of(points[feasible], own).sum(axis=1).max() / 2
    assert np.all(values >= worth)
    assert np.mean(values < 0) > 0.02  # not only bounds that say nothing
    # Convex: above each of its tangents, but for what Newton's method leaves.
    steps = multipliers[:, None] - multipliers[None]
    tangents = values[None] + np.sum(slopes[None] * steps, axis=-1)
    assert np.all(values[:, None] >= tangents - 1e-3)
    assert worth <= least <= values.min() + 1e-3
    assert least < worth + 0.05


def test_float32_encloses_what_float64_finds(small):
    rounded = [array.astype(np.float32).astype(array.dtype) for array in small]
    found, exact = solve(rounded, np.float32), solve(rounded, np.float64)
    none = found.status == Status.INFEASIBLE
    np.testing.assert_array_equal(none, exact.status == Status.INFEASIBLE)
    check_feasible(rounded, found, 0.1, tolerance=1e-6)
    assert np.all((exact.lower <= found.upper + 1e-6)[~none])
    # The divergence grows with the square root of the entropy that a floor of all of it gives
    # up: 4e-7 for rounding are 6e-4.
    room = np.where(np.array(FLOORS) == 1, 1e-3, 1e-6)[None]
    assert np.all((found.lower <= exact.upper + room)[~none])
    assert np.nanmean(np.abs(found.upper - exact.upper)) < 1e-3


@pytest.mark.parametrize("encoder", SOME_SLOW)
def test_real_sentences(parity_folder, encoder):
    arrays = real_arrays(parity_folder, encoder)
    floors = (0.5,)
    found = solve(arrays, np.float32, floors=floors, epsilon=0.01)
    check_feasible(arrays, found, 0.01, floors=floors, tolerance=2e-6)
    exact = exact_of(arrays, 0.01 + 1e-6)
    some = found.status != Status.INFEASIBLE
    assert some.mean() > 0.97
    assert np.all((found.lower <= exact + 1e-6)[some])
    assert np.nanmean(found.gap) < 0.02
    assert np.nanmean(found.lower) > 0.8 * exact.mean()


def test_nats_and_refusals():
    arrays = [array[:2] for array in (np.array([[0.7, 0.2, 0.1]] * 2), np.zeros((2, 3)))]
    arrays += [np.zeros(2), np.ones((2, 3), bool)]
    found = solve(arrays, np.float32, floors=(0.5, 1.2), unit="nats")
    np.testing.assert_array_equal(found.status[:, 1], Status.INFEASIBLE)  # ln 3 is 1.0986
    assert np.all(entr(found.attention[:, 0]).sum(axis=-1) >= 0.5 - 1e-6)
    for keywords in ({"floors": (1.2,)}, {"floors": (0.0,), "unit": "nats"}, {"epsilon": 0.0}):
        with pytest.raises(UserError, match="above 0 and at most 1"):
            solve(arrays, np.float32, **keywords)
