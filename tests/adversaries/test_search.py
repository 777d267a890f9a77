"""The search as a whole: its promises, on small models of every kind."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.descent import init, kept_log_weights, run, step
from attnjax.adversaries.objective import Problem
from attnjax.adversaries.search import SearchSettings, search, search_from_noise
from attnjax.adversaries.starts import draw_noise
from attnjax.config import ModelConfig
from attnjax.models.build import build_model
from attnjax.models.inputs import single_inputs
from attnjax.outputs import encode_inputs, forward, probabilities
from tests.models.tiny import TEXTS, stacked, tiny

FIXED = SearchSettings(candidates=4, steps=120)
BEST = dataclasses.replace(FIXED, learning_rate=0.05, starts="noise", constraint="penalty")
LAST = dataclasses.replace(BEST, keep="last", jsd="release", amsgrad="release", filter_epsilon=0.05)
LENGTH = 12
# A float32 sum of weights, each rounded to 6e-8 of itself.
ON_SIMPLEX = 1e-6


def attack(kind, inputs, settings, **keywords):
    return jax.device_get(
        search(kind.model, kind.params, inputs, jax.random.key(5), settings, **keywords)
    )


def decode_again(kind, inputs, attention):
    """Class distributions under given attentions `[B, L]`, one instance at a time."""

    @jax.jit
    def decode(one, weights):
        states = encode_inputs(kind.model, kind.params, one)
        return probabilities(kind.model.decode(kind.params, states, weights, one).logits)

    rows = [jax.tree.map(lambda leaf, at=at: leaf[at], inputs) for at in range(len(attention))]
    return np.stack([decode(one, weights) for one, weights in zip(rows, attention, strict=True)])


@pytest.mark.parametrize(
    ("encoder", "num_classes", "settings"),
    [
        pytest.param("lstm", 2, FIXED, id="fixed"),
        pytest.param("average", 3, FIXED, id="fixed, three classes"),
        pytest.param("cnn", 2, BEST, id="best of a penalty", marks=pytest.mark.slow),
        pytest.param("average", 2, LAST, id="last", marks=pytest.mark.slow),
    ],
)
def test_promises(encoder, num_classes, settings):
    kind = tiny(encoder, num_classes=num_classes)
    inputs = stacked(TEXTS, LENGTH, empty_rows=1)
    found = attack(kind, inputs, settings)
    own = jax.jit(jax.vmap(lambda one: probabilities(forward(kind.model, kind.params, one).logits)))
    own = np.asarray(own(inputs))
    where = np.asarray(inputs.attendable)[:, 0]
    for attention in (*np.moveaxis(found.attention, 1, 0), found.winner_attention):
        assert np.all(attention >= 0)
        assert np.all(attention[~where] == 0)
        total = np.where(where.any(axis=1), 1.0, 0.0)
        np.testing.assert_allclose(attention.sum(axis=1), total, rtol=0, atol=ON_SIMPLEX)
    # A winner is feasible to the last bit, judged by decode; again elsewhere, by rounding.
    assert np.all(found.winner_output_change <= settings.filter_epsilon)
    again = decode_again(kind, inputs, found.winner_attention)
    np.testing.assert_allclose(found.winner_probabilities, again, rtol=0, atol=1e-6)
    change = 0.5 * np.abs(again - own).sum(axis=1)
    assert np.all(change <= settings.filter_epsilon + 1e-6)
    # It is the farthest of the feasible ones, with the model's own among them.
    best = np.where(found.feasible, found.jsd, 0).max(axis=1, initial=0)
    np.testing.assert_array_equal(found.winner_jsd, best)
    np.testing.assert_array_equal(found.found, best > 0)
    np.testing.assert_array_equal(found.feasible, found.output_change <= settings.filter_epsilon)
    # One token leaves no choice; no token leaves nothing.
    single = [len(text) == 3 for text in TEXTS] + [True]
    assert not found.found[single].any()
    np.testing.assert_array_equal(found.winner_jsd[single], 0)
    assert found.found[~np.array(single)].any()


@pytest.mark.parametrize(
    "settings",
    [pytest.param(LAST, id="last", marks=pytest.mark.slow), pytest.param(FIXED, id="fixed")],
)
def test_value_form_equals_decode_form(settings):
    settings = dataclasses.replace(settings, steps=30)
    kind = tiny("lstm")
    inputs = stacked(TEXTS, LENGTH)
    noise = jax.random.normal(jax.random.key(1), (len(TEXTS), 4, LENGTH))
    found = [
        search_from_noise(model, kind.params, inputs, noise, settings).attention
        for model in (kind.model, kind.model._replace(readout=None))
    ]
    # 30 float32 steps; 500 would amplify the two forms' rounding near the penalty's edge.
    np.testing.assert_allclose(*found, rtol=0, atol=1e-5)
    assert np.abs(found[0] - jax.nn.softmax(3 * noise)).max() > 0.01


def test_noise_belongs_to_instance_and_candidate(key):
    rows = stacked(TEXTS, LENGTH)
    take = lambda inputs, at: jax.tree.map(lambda leaf: leaf[at], inputs)  # noqa: E731
    draws = jax.vmap(lambda one: draw_noise(key, one, jnp.zeros(LENGTH), count=3))(rows)
    alone = draw_noise(key, take(stacked(TEXTS, 9), 2), jnp.zeros(9), count=3)
    np.testing.assert_array_equal(draws[2, :, :9], alone)
    fewer = draw_noise(key, take(rows, 2), jnp.zeros(LENGTH), count=2)
    np.testing.assert_array_equal(draws[2, :2], fewer)
    assert len(np.unique(draws)) == draws.size
    filling = take(stacked(TEXTS, LENGTH, empty_rows=1), -1)
    empty = draw_noise(key, filling, jnp.zeros(LENGTH), count=3)
    assert np.all(np.isfinite(empty))


def test_padding_and_batch_do_not_matter():
    kind = tiny("lstm")
    settings = dataclasses.replace(FIXED, steps=40)
    together = attack(kind, stacked(TEXTS, LENGTH, empty_rows=2), settings)
    longer = attack(kind, stacked(TEXTS, 20), settings)
    rows = stacked(TEXTS, 9)
    for at in range(len(TEXTS)):
        alone = attack(kind, jax.tree.map(lambda leaf, at=at: leaf[at : at + 1], rows), settings)
        # The starts are equal bit by bit. Sums over another number of zeros are rounded
        # otherwise (1e-7), which 40 steps make of the order of 1e-6.
        for other, row in ((together, at), (longer, at)):
            np.testing.assert_allclose(
                other.attention[row][:, :9], alone.attention[0], rtol=0, atol=1e-4
            )
            np.testing.assert_allclose(
                other.winner_jsd[row], alone.winner_jsd[0], rtol=0, atol=1e-4
            )


def test_blocks_change_nothing_and_bound_the_memory():
    kind = tiny("lstm")
    texts = [TEXTS[0], TEXTS[2], TEXTS[3]] * 40
    inputs = stacked(texts, LENGTH)
    settings = dataclasses.replace(LAST, steps=20)
    key = jax.random.key(5)

    def compiled(memory_bytes):
        return search.lower(
            kind.model, kind.params, inputs, key, settings, memory_bytes=memory_bytes
        ).compile()

    small, large = compiled(2**17), compiled(2**30)
    whole, blocks = (run(kind.params, inputs, key) for run in (large, small))
    np.testing.assert_allclose(whole.attention, blocks.attention, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(whole.feasible, blocks.feasible)
    used = [run.memory_analysis().temp_size_in_bytes for run in (small, large)]
    # Noise and results of all instances (about 100 KB) are held besides the block's arrays.
    assert used[0] < 2**17 + 2**18
    assert used[0] < 0.7 * used[1]


def test_a_long_question_counts_in_the_memory_of_a_block():
    config = ModelConfig(encoder="average", embedding_size=32, hidden_size=32)
    model = build_model(config, vocabulary_size=9, num_classes=3, question=True)
    one = single_inputs([2, 5, 6, 3], question=[2, 5, 3], question_length=2048)
    inputs = jax.tree.map(lambda leaf: jnp.stack([leaf] * 32), one)
    params = jax.eval_shape(model.init, jax.random.key(0), one)
    settings = dataclasses.replace(LAST, candidates=2, steps=1)
    compiled = search.lower(
        model, params, inputs, jax.random.key(0), settings, memory_bytes=2**20
    ).compile()
    # All 32 at once would take 17 MB.
    assert compiled.memory_analysis().temp_size_in_bytes < 2**20


def test_best_iterate_is_at_least_as_far_as_the_last():
    kind = tiny("average")
    inputs = stacked(TEXTS, LENGTH)
    best = attack(kind, inputs, BEST)
    last = attack(kind, inputs, dataclasses.replace(BEST, keep="last"))
    assert np.all(best.winner_jsd >= last.winner_jsd - 1e-6)
    assert best.winner_jsd.mean() > last.winner_jsd.mean()


def test_a_problem_whose_answer_is_known():
    """Three tokens of which two are twins: all weight moves to the less attended twin."""
    own = jnp.array([0.9, 0.05, 0.05])
    values = jnp.array([[1.0], [1.0], [-1.0]])
    problem = Problem(own, probabilities(own @ values), jnp.ones(3, bool))
    settings = SearchSettings(steps=500)
    logits_fn = lambda attention: attention @ values  # noqa: E731
    noise = jax.random.normal(jax.random.key(0), (5, 3))
    state, info = jax.jit(
        lambda noise: run(init(noise, problem, settings), logits_fn, problem, settings)
    )(noise)

    # Brute force over the feasible set in NumPy: a grid of the simplex, 1/1000 apart.
    first, second = np.meshgrid(np.linspace(0, 1, 1001), np.linspace(0, 1, 1001))
    grid = np.stack([first, second, 1 - first - second], axis=-1).reshape(-1, 3)
    grid = grid[grid[:, 2] >= 0]
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    change = np.abs(sigmoid(grid @ values) - sigmoid(own @ values))[:, 0]
    grid = grid[change <= 0.01]
    own = np.asarray(own)
    middle = (grid + own) / 2
    term = lambda p: np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / middle), 0)  # noqa: E731
    exact = (0.5 * (term(grid) + term(np.broadcast_to(own, grid.shape))).sum(axis=1)).max()

    found = float(state.best_jsd.max())
    assert found <= exact + 1e-3  # the grid misses up to its spacing
    assert found >= 0.97 * exact
    assert np.all(info.output_change <= 1)
    np.testing.assert_allclose(
        jax.nn.softmax(kept_log_weights(state, settings)).sum(axis=1), 1, rtol=0, atol=ON_SIMPLEX
    )


def test_run_is_init_and_steps():
    own = jnp.array([0.6, 0.3, 0.1])
    values = jnp.array([[1.0], [0.2], [-1.0]])
    problem = Problem(own, probabilities(own @ values), jnp.ones(3, bool))
    settings = SearchSettings(candidates=2, steps=3, learning_rate=0.1, constraint="penalty")
    logits_fn = lambda attention: attention @ values  # noqa: E731
    start = init(jax.random.normal(jax.random.key(0), (2, 3)), problem, settings)
    state, seen = start, []
    for _ in range(3):
        state, info = step(state, logits_fn, problem, settings)
        seen.append(info)
    end, last = run(start, logits_fn, problem, settings)
    np.testing.assert_allclose(end.log_weights, state.log_weights, rtol=0, atol=1e-6)
    # Each step lowers the loss of a smooth stretch, and `run` looks once more at its end.
    losses = [float(info.loss) for info in (*seen, last)]
    assert losses == sorted(losses, reverse=True)
    feasible = np.array([np.where(i.output_change <= 0.01, i.jsd, -np.inf) for i in (*seen, last)])
    np.testing.assert_allclose(end.best_jsd, feasible.max(axis=0), rtol=0, atol=1e-6)


def test_one_compilation_for_each_shape():
    kind, traces = tiny("average"), []

    def embed(*arguments, **keywords):
        traces.append(1)
        return kind.model.embed(*arguments, **keywords)

    counted = kind._replace(model=kind.model._replace(embed=embed))
    settings = dataclasses.replace(BEST, steps=2)
    attack(counted, stacked(TEXTS, LENGTH), settings)
    once = len(traces)
    attack(counted, stacked(TEXTS[::-1], LENGTH), dataclasses.replace(settings))
    assert len(traces) == once
    attack(counted, stacked(TEXTS, 16), settings)
    assert len(traces) == 2 * once
