import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from attnjax.data.batching import evaluation_batches
from attnjax.training.mesh import fill_rows
from attnjax.training.objectives import guided
from attnjax.training.state import initial_state
from attnjax.training.step import StepSettings, train_step
from attnjax.types import Batch

from .toy import LENGTHS, make_toy, noisy_toy, toy, toy_split

OPTIMIZER = optax.sgd(1.0)
STATIC = ("model", "optimizer", "settings")
GUIDED = {"objective": guided, "weight": 2.0}
COMPILED = jax.jit(train_step, static_argnames=STATIC)  # without donation


def make_batch(count=5, *, length=12, evidence=False, num_classes=2):
    split = toy_split(count, seed=1, evidence=evidence, num_classes=num_classes)
    return evaluation_batches(split, lengths=(length,), batch_size=count)[0]


def make_params(model=toy):
    return model.init(jax.random.key(0), jax.tree.map(lambda x: x[0], make_batch().inputs))


def take(batch, *, model=toy, weights=(1.0, 1.0), weight=0.0, step=0, **settings):
    """Return the change of the params by one step of plain gradient descent, and its loss."""
    params = make_params(model)
    state = initial_state(params, OPTIMIZER, jax.random.key(1))
    state = state._replace(step=jnp.int32(step))
    after, metrics = COMPILED(
        state,
        batch,
        jnp.array(weights),
        jnp.asarray(weight),
        model=model,
        optimizer=OPTIMIZER,
        settings=StepSettings(**settings),
    )
    return jax.tree.map(lambda a, b: a - b, after.params, params), metrics


def rows(batch, chosen):
    return jax.tree.map(lambda leaf: leaf[np.array(chosen)], batch)


def close(first, second):
    # Sums of at most 12 float32 numbers of size about 1 in another order.
    chex.assert_trees_all_close(first, second, rtol=1e-5, atol=2e-7)


def reference_loss(params, batch, row):
    """The toy's forward pass and weighted cross-entropy in float64 NumPy."""
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    ids, where = batch.inputs.token_ids[row, 0], batch.inputs.attendable[row, 0]
    states = np.tanh(params["embedding"][ids] @ params["encoder"]["kernel"])
    weights = np.exp(states @ params["attention"]) * where
    logit = weights @ states / weights.sum() @ params["decoder"]["kernel"]
    logit = float((logit + params["decoder"]["bias"])[0])
    return np.log1p(np.exp(-logit if batch.inputs.label[row] else logit))


def test_the_loss_is_the_weighted_mean_of_its_rows():
    batch = make_batch()
    weights = np.where(batch.inputs.label == 1, 3.0, 1.0)
    expected = [reference_loss(make_params(), batch, row) for row in range(5)] * weights
    for reduction in ("sum", "mean"):  # reported alike
        _, metrics = take(batch, weights=(1.0, 3.0), reduction=reduction)
        assert float(metrics.loss) == pytest.approx(expected.mean(), rel=1e-6)


def test_sum_is_mean_times_rows():
    batch = make_batch()
    total, mean = take(batch, reduction="sum")[0], take(batch, reduction="mean")[0]
    close(total, jax.tree.map(lambda leaf: 5 * leaf, mean))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_filling_rows_change_nothing(reduction):
    batch = make_batch()
    filled = fill_rows(batch, multiple=8)
    assert filled.valid.tolist() == [True] * 5 + [False] * 3
    found, metrics = take(filled, reduction=reduction, model=noisy_toy)
    expected, alone = take(batch, reduction=reduction, model=noisy_toy)
    close(found, expected)
    assert float(metrics.loss) == pytest.approx(float(alone.loss), rel=1e-6)


def test_an_invalid_row_contributes_nothing_whatever_it_holds():
    batch = make_batch()
    masked = Batch(batch.inputs, np.array([True, True, False, True, False]))
    close(take(masked)[0], take(rows(batch, [0, 1, 3]))[0])


def test_dropout_belongs_to_step_and_instance():
    batch = make_batch()
    whole, _ = take(batch, model=noisy_toy, reduction="sum")
    parts = [
        take(rows(batch, part), model=noisy_toy, reduction="sum")[0] for part in ([3, 0], [1, 4, 2])
    ]
    close(whole, jax.tree.map(jnp.add, *parts))
    longer = make_batch(length=16)
    # One draw over positions: a longer padding keeps it.
    close(whole, take(longer, model=noisy_toy, reduction="sum")[0])
    later, _ = take(batch, model=noisy_toy, reduction="sum", step=1)
    difference = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), whole, later)
    assert max(jax.tree.leaves(difference)) > 1e-3


def test_prepare_runs_once_a_step_with_the_steps_key():
    seen = []

    def prepare(params, key):
        seen.append(key)
        return jax.tree.map(lambda leaf: 2 * leaf, params)

    batch = make_batch()
    _, metrics = take(batch, model=toy._replace(prepare=prepare))
    assert len(seen) == 1
    assert metrics.loss != take(batch)[1].loss


def test_several_classes_learn():
    model = make_toy(num_logits=3)
    batch = make_batch(12, num_classes=3)
    optimizer = optax.adam(0.1)
    params = make_params(model)
    state = initial_state(params, optimizer, jax.random.key(1))
    losses = []
    for _ in range(30):
        state, metrics = COMPILED(
            state,
            batch,
            jnp.ones(3),
            jnp.zeros([]),
            model=model,
            optimizer=optimizer,
            settings=StepSettings(),
        )
        losses.append(float(metrics.loss))
    assert losses[0] == pytest.approx(np.log(3), rel=0.3)
    assert losses[-1] < 0.3


def test_the_guide_pulls_attention_to_the_evidence():
    batch = make_batch(evidence=True)
    plain, with_guide = take(batch)[1], take(batch, **GUIDED)[1]
    states = [reference_attention(batch, row) for row in range(5)]
    divergence = [
        -np.log(weights[batch.inputs.guide[row] > 0][0]) for row, weights in enumerate(states)
    ]
    expected = float(plain.loss) + 2.0 * np.mean(divergence)
    assert float(with_guide.loss) == pytest.approx(expected, rel=1e-5)
    blind = batch._replace(inputs=batch.inputs.replace(guide=np.zeros_like(batch.inputs.guide)))
    close(take(blind, **GUIDED)[0], take(batch)[0])
    without = batch._replace(inputs=batch.inputs.replace(guide=None))
    close(take(without, **GUIDED)[0], take(batch)[0])


def reference_attention(batch, row):
    params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), make_params())
    ids, where = batch.inputs.token_ids[row, 0], batch.inputs.attendable[row, 0]
    states = np.tanh(params["embedding"][ids] @ params["encoder"]["kernel"])
    weights = np.exp(states @ params["attention"]) * where
    return weights / weights.sum()


def test_the_window_is_the_mean_over_rows_since_the_last_logged_step():
    batches = [make_batch(count) for count in (2, 5, 3, 4)]
    optimizer = optax.sgd(0.0)
    state = initial_state(make_params(), optimizer, jax.random.key(1))
    found, losses = [], []
    for batch in batches:
        state, metrics = COMPILED(
            state,
            batch,
            jnp.ones(2),
            jnp.zeros([]),
            model=toy,
            optimizer=optimizer,
            settings=StepSettings(log_every=3),
        )
        losses.append(float(metrics.loss))
        found.append(float(metrics.window_loss))
    third = np.average(losses[:3], weights=[2, 5, 3])
    # Batches share rows, so only the weights tell; a float32 mean.
    np.testing.assert_allclose(
        [found[0], found[2], found[3]], [losses[0], third, losses[3]], rtol=1e-6
    )


def test_one_compilation_for_each_padded_length():
    chex.clear_trace_counter()
    counted = chex.assert_max_traces(train_step, n=2)
    step = jax.jit(counted, static_argnames=STATIC)
    state = initial_state(make_params(), OPTIMIZER, jax.random.key(1))
    for length in (*LENGTHS[1:], 16, *LENGTHS[1:], 16):
        batch = jax.tree.map(jnp.asarray, make_batch(length=length))
        state, _ = step(
            state,
            batch,
            jnp.ones(2),
            jnp.zeros([]),
            model=toy,
            optimizer=OPTIMIZER,
            settings=StepSettings(),
        )
    assert int(state.step) == 4
