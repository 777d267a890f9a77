"""The exact adversary against brute force, float64 against float32, and against every search."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, rel_entr

from attnjax.adversaries.exact import (
    exact_adversary,
    exact_adversary_of_model,
    readout_arrays,
)
from attnjax.adversaries.search import SearchSettings, search
from attnjax.adversaries.slab import attention_reach
from attnjax.errors import UserError
from attnjax.models.build import build_model
from attnjax.models.weights import (
    load_release_weights,
    model_config_from_release,
    params_from_release,
)
from tests.adversaries.real import SOME_SLOW
from tests.measures.test_parity import inputs_of
from tests.models.tiny import TEXTS, stacked, tiny

LENGTH = 7
EPSILONS = (0.001, 0.01, 0.05, 0.3, 1.0)


def divergence(p, q):
    """JSD over the last axis by SciPy's p log(p / m), in float64."""
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    m = (p + q) / 2
    return 0.5 * (rel_entr(p, m) + rel_entr(q, m)).sum(axis=-1)


def change_of(attention, own, values, bias):
    """|sigmoid(a) - sigmoid(b)| in float64, without subtracting numbers near 1."""
    a, b = (np.sum(np.asarray(x, np.float64) * values, axis=-1) + bias for x in (attention, own))
    # The difference of the logits from the difference of the weights: no cancellation.
    move = np.abs(np.sum((np.asarray(attention, np.float64) - own) * values, axis=-1))
    return expit(np.maximum(a, b)) * expit(-np.minimum(a, b)) * -np.expm1(-move)


def cases(count, seed=0):
    """Random small instances, in turn of every hard kind; float64."""
    draw = np.random.default_rng(seed)
    where = np.zeros((count, LENGTH), bool)
    attention, values, bias = np.zeros((count, LENGTH)), np.zeros((count, LENGTH)), np.zeros(count)
    for at in range(count):
        size = int(draw.integers(1, LENGTH + 1))
        chosen = np.sort(draw.choice(LENGTH, size, replace=False))
        own, value = draw.dirichlet(np.full(size, 0.7)), 2 * draw.normal(size=size)
        match at % 8:
            case 1:  # ties: tokens of the same value
                value = draw.choice([-1.0, 0.5, 2.0], size)
            case 2:  # saturated outputs, on either side
                bias[at] = draw.choice([-1.0, 1.0]) * draw.uniform(5, 40)
            case 3:  # all weight on one token
                own = np.eye(size)[draw.integers(size)]
            case 4:  # several tokens without weight
                own = np.where(draw.random(size) < 0.5, own, 0)
                own = own / own.sum() if own.sum() else np.full(size, 1 / size)
            case 5:  # duplicates, in value and weight
                own, value = np.full(size, 1 / size), np.full(size, value[0])
            case 6:  # large and small values side by side
                value = value * 10.0 ** draw.integers(-3, 2, size)
            case 7:  # nearly equal values
                value = value[0] + 1e-5 * value
        where[at, chosen], attention[at, chosen], values[at, chosen] = True, own, value
    return attention, values, bias, where


def brute_force(attention, values, bias, where, epsilon):
    """The largest JSD over all vertices, one by one, from their definition."""
    own, value = attention[where], values[where]
    offset = value - own @ value
    offset -= own @ offset
    p, rest = expit(own @ value + bias), expit(-(own @ value + bias))
    ends = (
        -np.inf if epsilon >= p else -(np.log1p(epsilon / rest) - np.log1p(-epsilon / p)),
        np.inf if epsilon >= rest else np.log1p(epsilon / p) - np.log1p(-epsilon / rest),
    )
    best = 0.0
    for i in range(len(own)):
        if ends[0] <= offset[i] <= ends[1]:
            best = max(best, divergence(np.eye(len(own))[i], own))
        for j in range(i):
            for end in ends:
                low, high = sorted((offset[i], offset[j]))
                if not low < end < high:
                    continue
                vertex = np.zeros(len(own))
                vertex[i] = (end - offset[j]) / (offset[i] - offset[j])
                vertex[j] = 1 - vertex[i]
                best = max(best, divergence(vertex, own))
    return best


def solve(arrays, dtype, epsilons=EPSILONS, **keywords):
    attention, values, bias, where = arrays
    with jax.enable_x64(dtype == np.float64):
        found = exact_adversary(
            attention.astype(dtype),
            values.astype(dtype)[..., None],
            bias.astype(dtype)[:, None],
            where,
            epsilons=epsilons,
            **keywords,
        )
        assert found.jsd.dtype == dtype
        return jax.device_get(found)


def shifted(by):
    return tuple(min(1.0, max(1e-9, epsilon + by)) for epsilon in EPSILONS)


def test_float64_equals_brute_force_over_vertices():
    arrays = cases(500)
    found = solve(arrays, np.float64)
    expected = np.array(
        [
            [brute_force(*rows, epsilon) for epsilon in EPSILONS]
            for rows in zip(*arrays, strict=True)
        ]
    )
    np.testing.assert_allclose(found.jsd, expected, rtol=0, atol=1e-9)
    attention, values, bias, where = (array[:, None] for array in arrays)
    assert found.certified.all()
    assert np.all(found.attention >= 0)
    assert np.all(found.attention[~np.broadcast_to(where, found.attention.shape)] == 0)
    assert np.all((found.attention > 0).sum(axis=-1) <= 2)
    np.testing.assert_allclose(found.attention.sum(axis=-1), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.jsd, divergence(found.attention, attention), atol=1e-12)
    change = change_of(found.attention, attention, values, bias)
    np.testing.assert_allclose(found.output_change, change, rtol=0, atol=1e-12)
    assert np.all(change <= np.array(EPSILONS) + 1e-12)
    assert np.all(np.diff(found.jsd, axis=1) >= -1e-12)  # more room, no less divergence


def test_no_point_of_a_dense_grid_is_farther():
    """Three tokens: that the maximum is at a vertex is checked, not assumed."""
    side = np.linspace(0, 1, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    grid = np.column_stack([grid, 1 - grid.sum(axis=1)])
    grid = grid[grid[:, 2] >= 0]
    draw = np.random.default_rng(3)
    own, values = draw.dirichlet(np.ones(3), 20), draw.normal(size=(20, 3))
    bias = draw.normal(size=20)
    found = solve((own, values, bias, np.ones((20, 3), bool)), np.float64)
    for at in range(20):
        change = change_of(grid, own[at], values[at], bias[at])
        far = divergence(grid, own[at])
        for which, epsilon in enumerate(EPSILONS):
            largest = far[change <= epsilon].max(initial=0)
            assert largest <= found.jsd[at, which] + 1e-12
            if epsilon >= 0.05:  # a grid 1/200 apart comes near where the slab is wide
                assert largest > found.jsd[at, which] - 0.05


def check_float32(arrays, found):
    """The issue's tolerance: the slope of JSD in epsilon reaches 50."""
    below, above = (solve(arrays, np.float64, shifted(by)).jsd for by in (-1e-6, 1e-6))
    assert np.all(found.jsd >= below - 1e-6)
    assert np.all(found.jsd <= above + 1e-6)
    attention, values, bias, _ = (array[:, None] for array in arrays)
    change = change_of(found.attention, attention, values, bias)
    assert np.all(change <= np.array(EPSILONS) + 1e-6)


def test_float32_lies_between_neighbouring_epsilons():
    # Both get float32 numbers. Values beyond 20 are left to float64: the rounding of a single
    # weight (6e-8), times their difference, moves an output by the tolerance.
    rounded = [array.astype(np.float32).astype(array.dtype) for array in cases(500, seed=1)]
    attention, values, bias, where = rounded
    few = np.abs(values).max(axis=1) < 20
    arrays = tuple(array[few] for array in (attention, values, bias, where))
    check_float32(arrays, solve(arrays, np.float32))


def test_saturated_outputs_leave_everything_feasible():
    own = np.array([[0.7, 0.2, 0.1]])
    arrays = (own, np.array([[3.0, -2.0, 1.0]]), np.array([60.0]), np.ones((1, 3), bool))
    for dtype in (np.float32, np.float64):
        found = solve(arrays, dtype, (0.01,))
        np.testing.assert_array_equal(found.attention[0, 0], [0, 0, 1])  # the least attended
        np.testing.assert_allclose(found.jsd[0, 0], divergence([0, 0, 1], own[0]), rtol=1e-6)


def test_single_token_and_no_token():
    where = np.array([[False, True, False], [False, False, False]])
    own, values = where.astype(float), np.ones((2, 3))
    found = solve((own, values, np.zeros(2), where), np.float32)
    np.testing.assert_array_equal(found.attention, np.repeat(own[:, None], len(EPSILONS), axis=1))
    np.testing.assert_array_equal(found.jsd, 0)
    np.testing.assert_array_equal(found.output_change, 0)
    assert found.certified[0].all()
    assert not found.certified[1].any()


def test_blocks_and_padding_change_nothing_and_memory_is_bounded():
    draw = np.random.default_rng(4)
    count, length = 64, 60
    own, values = draw.dirichlet(np.ones(length), count), draw.normal(size=(count, length))
    arrays = (own, values, np.zeros(count), np.ones((count, length), bool))
    whole = solve(arrays, np.float32, (0.01,))
    # 64 KiB hold 45 columns of one instance's pairs.
    blocks = solve(arrays, np.float32, (0.01,), memory_bytes=2**16)
    np.testing.assert_allclose(blocks.jsd, whole.jsd, rtol=0, atol=1e-6)
    padded = tuple(np.pad(array, ((0, 0), (1, 3))) for array in (own, values, arrays[3]))
    longer = solve((padded[0], padded[1], arrays[2], padded[2]), np.float32, (0.01,))
    np.testing.assert_allclose(longer.jsd, whole.jsd, rtol=0, atol=1e-6)

    shapes = [(count, length), (count, length, 1), (count, 1)]
    floats = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    where = jax.ShapeDtypeStruct((count, length), bool)
    lowered = exact_adversary.lower(*floats, where, epsilons=(0.01,), memory_bytes=2**16)
    # The arrays of all instances (four of 15 KiB, blocked and joined) come on top.
    assert lowered.compile().memory_analysis().temp_size_in_bytes < 2**16 + 2**18


def test_reach_is_the_largest_change_of_any_attention():
    attention, values, bias, where = cases(200, seed=2)
    with jax.enable_x64(True):
        found = jax.device_get(attention_reach(attention, values[..., None], bias[:, None], where))
    draw = np.random.default_rng(0)
    for at in range(200):
        own, value = attention[at][where[at]], values[at][where[at]]
        vertices = np.eye(len(own))
        change = change_of(vertices, own, value, bias[at])
        np.testing.assert_allclose(found.output_change[at], change.max(), rtol=1e-9, atol=1e-15)
        inner = draw.dirichlet(np.ones(len(own)), 50)
        assert change_of(inner, own, value, bias[at]).max() <= found.output_change[at] + 1e-12
        assert where[at][found.token[at]]
    nothing = attention_reach(
        jnp.zeros((1, 2)), jnp.ones((1, 2, 1)), jnp.zeros((1, 1)), jnp.zeros((1, 2), bool)
    )
    assert float(nothing.output_change[0]) == 0


@pytest.mark.parametrize("encoder", SOME_SLOW)
def test_no_search_is_farther_on_real_sentences(parity_folder, encoder):
    path = parity_folder / f"{encoder}.npz"
    with np.load(path) as file:
        reference = {name: file[name] for name in file.files if not name.startswith("weights/")}
    state = load_release_weights(path)
    config = model_config_from_release(state)
    sizes = {"vocabulary_size": len(state["encoder.embedding.weight"]), "num_classes": 2}
    model, params = build_model(config, **sizes), params_from_release(state, config, **sizes)
    inputs = inputs_of(reference)

    read = jax.jit(lambda inputs: readout_arrays(model, params, inputs))
    attention, values, bias, where = (np.asarray(array) for array in read(inputs))
    arrays = (*(a.astype(np.float64) for a in (attention, values[..., 0], bias[:, 0])), where)
    found = solve(arrays, np.float32)
    assert found.certified.all()
    check_float32(arrays, found)

    # The released code's answers and our search's, judged in float64.
    at = EPSILONS.index(0.01)
    exact = solve(arrays, np.float64, shifted(1e-6)).jsd[:, at]
    own, value, base = arrays[0][:, None], arrays[1][:, None], arrays[2][:, None]
    result = search(model, params, inputs, jax.random.key(0), SearchSettings(steps=100))
    searched = np.asarray(result.winner_attention, np.float64)[:, None]
    for found in (reference["adversarial_attention"].astype(np.float64), searched):
        candidates = found / found.sum(axis=-1, keepdims=True)
        change = change_of(candidates, own, value, base)
        far = np.where(change <= 0.01 + 1e-6, divergence(candidates, own), 0).max(axis=1)
        assert np.all(far <= exact + 1e-9)
        assert far.mean() > 0.5 * exact.mean()  # something was compared


def test_model_entry_equals_arrays():
    kind = tiny("lstm")
    inputs = stacked(TEXTS, 12, empty_rows=1)
    found = exact_adversary_of_model(kind.model, kind.params, inputs, epsilons=(0.01, 0.1))
    arrays = readout_arrays(kind.model, kind.params, inputs)
    expected = exact_adversary(*arrays, epsilons=(0.01, 0.1))
    np.testing.assert_allclose(found.jsd, expected.jsd, rtol=0, atol=1e-6)
    assert np.asarray(found.certified).all(axis=1).tolist() == [True] * len(TEXTS) + [False]


def test_what_it_cannot_solve_is_refused_with_advice():
    kind = tiny("average")
    inputs = stacked(TEXTS, 12)
    hidden = kind.model._replace(readout=None)
    with pytest.raises(UserError, match="affine in the attention"):
        exact_adversary_of_model(hidden, kind.params, inputs, epsilons=(0.01,))
    three = tiny("average", num_classes=3)
    with pytest.raises(UserError, match="found 3 logits"):
        exact_adversary_of_model(three.model, three.params, inputs, epsilons=(0.01,))
    for epsilons in ((0.0,), (0.1, 1.5), (float("nan"),)):
        with pytest.raises(UserError, match="above 0 and at most 1"):
            exact_adversary_of_model(kind.model, kind.params, inputs, epsilons=epsilons)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_epsilon_of_one_is_no_limit(dtype):
    """Not even where the output is so sure that it moves by all but nothing less than 1."""
    with jax.enable_x64(dtype is np.float64):
        found = exact_adversary(
            np.array([[0, 1]], dtype),
            np.array([[[156], [-89]]], dtype),
            np.array([[38]], dtype),
            np.ones((1, 2), bool),
            epsilons=(1.0,),
        )
    assert found.certified.all()
    np.testing.assert_allclose(found.jsd, np.log(2), rtol=1e-6)


def test_values_too_large_for_float32_stay_within_epsilon_or_are_not_certified():
    draw = np.random.default_rng(0)
    attention = draw.dirichlet(np.ones(5), 50).astype(np.float32)
    values = (1e4 * draw.normal(size=(50, 5, 1))).astype(np.float32)
    bias = -(attention[..., None] * values).sum(1)  # every output starts near one half
    where = np.ones((50, 5), bool)
    found = exact_adversary(attention, values, bias, where, epsilons=(0.01, 0.5))
    wide = [np.asarray(a, np.float64) for a in (attention, values[..., 0], bias, found.attention)]
    own = (wide[0] * wide[1]).sum(1, keepdims=True) + wide[2]
    moved = (wide[3] * wide[1][:, None]).sum(2) + wide[2]
    change = np.abs(1 / (1 + np.exp(-moved)) - 1 / (1 + np.exp(-own)))
    assert np.all(change <= np.array([0.01, 0.5]) + 1e-6)
    certified, said = np.asarray(found.certified), np.asarray(found.output_change)
    assert np.all(~certified | (said <= np.array([0.01, 0.5]) + 1e-6))


def test_no_instance_is_no_mistake():
    nothing = (np.zeros((0, 3)), np.zeros((0, 3, 1)), np.zeros((0, 1)), np.ones((0, 3), bool))
    assert exact_adversary(*nothing, epsilons=(0.01,)).jsd.shape == (0, 1)
