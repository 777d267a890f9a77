"""The interval for several classes against brute force, its own limits and the exact answer."""

from functools import partial
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import rel_entr, softmax

from attnjax.adversaries.exact import exact_adversary
from attnjax.adversaries.feasible import Found, judge
from attnjax.adversaries.multiclass import (
    GUARANTEES,
    multiclass_adversary,
    multiclass_adversary_of_model,
)
from attnjax.adversaries.odds import groupings, make_odds
from attnjax.errors import UserError
from tests.models.tiny import TEXTS, stacked, tiny

COUNT, LENGTH = 48, 5
EPSILONS = (0.003, 0.02, 0.7)
EARLIER = tuple(epsilon - 1e-6 for epsilon in EPSILONS)
LATER = tuple(epsilon + 1e-5 for epsilon in EPSILONS)


def divergence(p, q):
    """JSD over the last axis by SciPy's p log(p / m), in float64."""
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    m = (p + q) / 2
    return 0.5 * (rel_entr(p, m) + rel_entr(q, m)).sum(axis=-1)


def change_of(attention, own, values, bias):
    """TVD of the outputs in float64; a leading axis of candidates is allowed."""
    outputs = [
        softmax(np.asarray(each, np.float64) @ values + bias, -1) for each in (attention, own)
    ]
    return 0.5 * np.abs(outputs[0] - outputs[1]).sum(axis=-1)


def cases(count, num_classes, seed):
    """Random small instances, in turn of every hard kind, exact in float32."""
    draw = np.random.default_rng(seed)
    where = np.zeros((count, LENGTH), bool)
    attention, bias = np.zeros((count, LENGTH)), draw.normal(size=(count, num_classes))
    values = np.zeros((count, LENGTH, num_classes))
    for at in range(count):
        size = int(draw.integers(1, LENGTH + 1))
        chosen = np.sort(draw.choice(LENGTH, size, replace=False))
        own, value = draw.dirichlet(np.full(size, 0.7)), 2 * draw.normal(size=(size, num_classes))
        match at % 8:
            case 1:  # ties: values on a lattice, so that mixtures are degenerate
                value = draw.integers(-1, 2, (size, num_classes)).astype(float)
            case 2:  # saturated outputs: all classes but one below epsilon
                bias[at, draw.integers(num_classes)] += draw.uniform(5, 30)
            case 3:  # all weight on one token
                own = np.eye(size)[draw.integers(size)]
            case 4:  # a class that hardly exists
                bias[at, 0] -= 6
            case 5:  # duplicates, in value and weight
                own, value = np.full(size, 1 / size), np.repeat(value[:1], size, axis=0)
            case 6:  # large and small values side by side
                value = value * 10.0 ** draw.integers(-2, 2, (size, 1))
            case 7:  # nearly equal values
                value = value[:1] + 1e-4 * value
        where[at, chosen], attention[at, chosen], values[at, chosen] = True, own, value
    return *(array.astype(np.float32).astype(float) for array in (attention, values, bias)), where


def solve(arrays, dtype, epsilons=EPSILONS):
    attention, values, bias, where = arrays
    with jax.enable_x64(dtype == np.float64):
        floats = [array.astype(dtype) for array in (attention, values, bias)]
        found = multiclass_adversary(*floats, where, epsilons=epsilons)
        assert found.upper.dtype == dtype
        return jax.device_get(found)


def solve_in_float64(arrays):
    """Solve for EPSILONS, EARLIER and LATER: one compilation for all that asks for one."""
    found = solve(arrays, np.float64, (*EPSILONS, *EARLIER, *LATER))
    size = len(EPSILONS)
    return [
        jax.tree.map(lambda leaf, at=at: leaf[:, at * size :][:, :size], found) for at in range(3)
    ]


def check_lower(arrays, found, epsilons=EPSILONS):
    """What is returned is a distribution over tokens, feasible, and as far as it says."""
    attention, values, bias, where = arrays
    for at in range(len(bias)):
        weights = found.attention[at].astype(float)
        assert np.all(weights >= 0)
        assert np.all(weights[:, ~where[at]] == 0)
        np.testing.assert_allclose(weights.sum(axis=-1), attention[at].sum(), rtol=0, atol=1e-6)
        change = change_of(weights, attention[at], values[at], bias[at])
        np.testing.assert_allclose(found.output_change[at], change, rtol=0, atol=1e-6)
        assert np.all(change <= np.array(epsilons) + 1e-6)
        far = divergence(weights, attention[at])
        np.testing.assert_allclose(found.lower[at], far, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.gap, found.upper - found.lower, rtol=0, atol=1e-6)
    assert np.all(found.gap >= 0)


def grid(size):
    """All mixtures of tokens with weights in steps of 1 / n."""
    steps = {1: 1, 2: 400, 3: 60, 4: 24, 5: 14}[size]
    bars = np.array(list(combinations(range(steps + size - 1), size - 1)), int)
    edges = np.pad(bars, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, steps + size - 1)))
    return (np.diff(edges, axis=1) - 1) / steps


def largest_over_polytope(own, value, bias, epsilon):
    """The largest JSD where every pair's log-odds lie in their interval: every vertex by LU.

    The rows of `rows @ weights <= most` are those intervals and the weights' signs. A vertex
    is where size - 1 of them are equalities.
    """
    size, num_classes = value.shape
    p = softmax(own @ value + bias)
    offset = value - own @ value
    rows, most = [-np.eye(size)], [np.zeros(size)]
    for up in range(num_classes):
        for down in range(num_classes):
            if up != down and p[down] > epsilon:
                limit = np.log1p(min(epsilon, 1 - p[up]) / p[up]) - np.log1p(-epsilon / p[down])
                rows.append((offset[:, up] - offset[:, down])[None])
                most.append(np.array([limit]))
    rows, most = np.concatenate(rows), np.concatenate(most)
    chosen = np.array(list(combinations(range(len(rows)), size - 1)), int)
    systems = np.concatenate([rows[chosen], np.ones((len(chosen), 1, size))], axis=1)
    right = np.concatenate([most[chosen], np.ones((len(chosen), 1))], axis=1)
    regular = np.abs(np.linalg.det(systems)) > 1e-9
    vertices = np.linalg.solve(systems[regular], right[regular][..., None])[..., 0]
    inside = np.all(vertices @ rows.T <= most + 1e-9, axis=1)
    return divergence(np.maximum(vertices[inside], 0), own).max(initial=0)


@pytest.mark.parametrize("num_classes", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_interval_holds_the_maximum_in_float64(num_classes):
    arrays = attention, values, bias, where = cases(COUNT, num_classes, seed=num_classes)
    found = solve_in_float64(arrays)[0] if num_classes == 3 else solve(arrays, np.float64)
    check_lower(arrays, found)
    assert np.all(found.guarantee > 0)
    for at in range(len(bias)):
        own, value = attention[at][where[at]], values[at][where[at]]
        mixed = grid(len(own))
        change, far = change_of(mixed, own, value, bias[at]), divergence(mixed, own)
        for which, epsilon in enumerate(EPSILONS):
            largest = far[change <= epsilon].max(initial=0)
            assert largest <= found.upper[at, which] + 1e-7
            joint = largest_over_polytope(own, value, bias[at], epsilon)
            # Float32 weights sum to 1 up to 1e-7.
            np.testing.assert_allclose(
                found.bounds[at, which, num_classes - 1], joint, rtol=0, atol=1e-5
            )
    assert np.all(np.diff(found.upper, axis=1) >= -1e-9)  # more room, no less divergence


def test_two_classes_agree_with_the_exact_answer():
    draw = np.random.default_rng(0)
    own, values = draw.dirichlet(np.ones(6), 60), 2 * draw.normal(size=(60, 6, 2))
    bias, where = draw.normal(size=(60, 2)), np.ones((60, 6), bool)
    found = solve((own, values, bias, where), np.float64)
    with jax.enable_x64(True):
        one = (np.diff(values), np.diff(bias))
        exact = jax.device_get(exact_adversary(own, *one, where, epsilons=EPSILONS))
    np.testing.assert_allclose(found.upper, exact.jsd, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.lower, exact.jsd, rtol=0, atol=1e-5)
    assert np.all(np.isinf(found.bounds[..., 2:]))


def test_float32_errs_to_the_safe_side_wherever_a_text_stands():
    arrays = attention, values, bias, where = cases(COUNT, 3, seed=3)

    def at_both_ends(array):
        width = [[(0, 0), each, (0, 0)][: array.ndim] for each in ((0, 4), (4, 0))]
        return np.concatenate([np.pad(array, each) for each in width])

    ends = [at_both_ends(array) for array in (attention, values, where)]
    twice = (*ends[:2], np.concatenate([bias, bias]), ends[2])
    found = solve(twice, np.float32)
    check_lower(twice, found)
    for halves in (found.upper, found.lower, found.guarantee):
        np.testing.assert_array_equal(*np.split(halves, 2))
    upper = found.upper[:COUNT]
    _, below, above = solve_in_float64(arrays)
    assert np.all(upper >= below.upper - 1e-6)
    # Not far above either. Float32 blurs a logit by 1e-6 of the largest, and the bound errs
    # upwards by several such units, as if epsilon were larger; its slope reaches 50.
    few = np.abs(values).max(axis=(1, 2)) < 10
    assert np.all(upper[few] <= above.upper[few] + 1e-3)
    # One token cannot be moved: the interval is a point.
    single = where.sum(axis=1) == 1
    assert single.any()
    assert np.all(upper[single] < 1e-6)


@pytest.mark.slow
def test_bounds_tighten_and_what_says_nothing_says_so():
    draw = np.random.default_rng(2)
    count, length = 2 * COUNT, LENGTH + 4
    own, values = draw.dirichlet(np.full(length, 0.5), count), draw.normal(size=(count, length, 3))
    bias, where = draw.normal(size=(count, 3)), np.ones((count, length), bool)
    # Every token alone decides for a class, and of the output each class may vanish within an
    # epsilon of 0.7: no log-odds are bounded, yet the least attended token is not feasible.
    own[0], values[0], bias[0] = np.array([0.1, 0.11, 0.12] * 3) / 0.99, 0, 0
    values[0, np.arange(length), np.arange(length) % 3] = 30
    # All tokens are alike: the least attended one is the answer.
    values[1] = values[1, :1]
    found = solve((own, values, bias, where), np.float32)
    # Three classes at once say more than two, and the interval is narrow.
    simplex, pairs, triples = np.moveaxis(found.bounds[2:, 1], -1, 0)[:3]
    assert triples.mean() < pairs.mean() - 0.005 < simplex.mean() - 0.01
    assert found.gap[2:, :2].mean() < 0.005
    assert found.says_nothing[0].tolist() == [False, False, True]
    assert GUARANTEES[found.guarantee[0, 2]] == "simplex"
    assert found.gap[0, 2] > 0.01
    np.testing.assert_allclose(found.gap[1], 0, atol=1e-6)
    assert not found.says_nothing[1].any()


@pytest.mark.slow
def test_four_classes_and_64_tokens_fit_a_bound_of_memory():
    draw = np.random.default_rng(1)
    count, length, memory = 3, 64, 2**20
    where = np.arange(length) < np.array([64, 20, 0])[:, None]
    own = np.where(where, draw.exponential(size=(count, length)), 0)
    own /= np.maximum(own.sum(axis=1, keepdims=True), 1e-9)
    values, bias = draw.normal(size=(count, length, 4)), draw.normal(size=(count, 4))
    arrays = *(array.astype(np.float32) for array in (own, values, bias)), where
    limits = {"epsilons": (0.01,), "max_mixtures": 2**17, "memory_bytes": memory}
    compiled = multiclass_adversary.lower(*arrays, **limits).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < memory
    found = jax.device_get(compiled(*arrays))
    texts = jax.tree.map(lambda leaf: leaf[:2], found)
    check_lower([array[:2] for array in (own, values, bias, where)], texts, (0.01,))
    # So few mixtures are none of four or three of 64 tokens, and all of four of 20.
    assert np.isinf(found.bounds[0, 0, 2:]).all()
    assert np.isfinite(found.bounds[1, 0]).all()
    assert np.all(texts.gap < 0.02)
    # A row that only fills a batch.
    assert GUARANTEES[found.guarantee[2, 0]] == "none"
    assert (found.upper[2, 0], found.lower[2, 0]) == (0, 0)


def test_only_feasible_candidates_count():
    own, values = jnp.array([0.5, 0.3, 0.2, 0.0]), jnp.eye(4)[:, :3]
    odds = make_odds(own, values, jnp.zeros(3), jnp.array([True, True, True, False]))
    start = Found(odds.attention, jnp.array(0.0))
    # In the order of the least attended: its own, feasible, too far.
    others = jnp.array([[0.2, 0.3, 0.5], [0.22, 0.28, 0.5], [0.9, 0.1, 0.0]])
    found = judge(start, jnp.pad(others, ((0, 0), (0, 1))), odds, jnp.array(0.01))
    np.testing.assert_allclose(found.attention, [0.22, 0.28, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(found.jsd, divergence(others[1], others[0]), rtol=1e-3)
    anything = judge(start, jnp.pad(others, ((0, 0), (0, 1))), odds, jnp.array(1.0))
    np.testing.assert_allclose(anything.attention, [0.9, 0.1, 0, 0], rtol=1e-6)


def test_model_entry_takes_any_number_of_classes():
    inputs = stacked(TEXTS, 12)
    candidates = np.zeros((len(TEXTS), 5, 12), np.float32)
    for num_classes in (2, 3):
        kind = tiny("average", num_classes=num_classes)
        # Traced only: that the arrays are those of the readout is tested with the exact one.
        entry = partial(multiclass_adversary_of_model, kind.model, epsilons=(0.01, 0.1))
        found = jax.eval_shape(entry, kind.params, inputs, candidates)
        assert found.attention.shape == (len(TEXTS), 2, 12)
        assert found.bounds.shape == (len(TEXTS), 2, 4)


def test_groups_are_disjoint_and_different():
    for num_classes, size in ((3, 2), (4, 2), (4, 3), (6, 4)):
        found = groupings(num_classes, size)
        assert found.any(axis=2).all()
        assert found.sum(axis=1).max() == 1
        assert len({tuple(sorted(map(bytes, each))) for each in found}) == len(found)


def test_what_it_cannot_solve_is_refused_with_advice():
    kind = tiny("average", num_classes=3)
    inputs = stacked(TEXTS, 12)
    hidden = kind.model._replace(readout=None)
    with pytest.raises(UserError, match="affine in the attention"):
        multiclass_adversary_of_model(hidden, kind.params, inputs, epsilons=(0.01,))
    nothing = (jnp.zeros((1, 2)), jnp.zeros((1, 2, 3)), jnp.zeros((1, 3)), jnp.ones((1, 2), bool))
    for epsilons in ((0.0,), (0.1, 1.5), (float("nan"),)):
        with pytest.raises(UserError, match="above 0 and at most 1"):
            multiclass_adversary(*nothing, epsilons=epsilons)
