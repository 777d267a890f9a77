"""The LSTM in a GPT's framework: against a float64 loop, and through the same functions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.errors import WeightsError
from attnjax.models.gpt.losses import batch_loss
from attnjax.models.gpt.model import build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights import export, transfer
from attnjax.models.gpt.weights_huggingface import read_huggingface, write_huggingface
from attnjax.outputs import forward
from attnjax.types import Batch
from tests.models.gpt.tiny import tiny

UNITS = 6


def lstm(head="classification", **fields):
    return tiny(head, lstm_units=UNITS, **fields)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(params, settings, ids):
    """Return what the equations give for one sequence, position by position."""
    p = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
    hidden, memory = np.zeros(UNITS), np.zeros(UNITS)
    states = []
    for each in ids:
        sums = np.concatenate([p["table"][each], hidden]) @ p["lstm"]["kernel"]
        sums = sums + p["lstm"]["bias"]
        i, f, g, o = np.split(sums, 4)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(memory)
        states.append(hidden @ p["output"]["kernel"] + p["output"]["bias"])
    return np.stack(states)


def test_logits_are_those_of_the_equations():
    made = lstm()
    output = jax.jit(made.gpt.forward)(made.params, made.inputs)
    ids = np.asarray(made.inputs.token_ids)[0][np.asarray(made.inputs.mask)[0]]
    states = reference(made.params, made.gpt.settings, ids)
    table = np.asarray(made.params["table"], np.float64)
    np.testing.assert_allclose(output.token_logits[0, : len(ids)], states @ table.T, atol=1e-5)
    head = {name: np.asarray(leaf, np.float64) for name, leaf in made.params["head"].items()}
    expected = states[-1] @ head["kernel"] + head["bias"]
    np.testing.assert_allclose(output.logits, expected, atol=1e-5)


def test_seams_give_the_same_and_there_is_no_attention():
    made = lstm("similarity")
    direct = jax.jit(made.gpt.forward)(made.params, made.inputs).logits
    by_seams = jax.jit(forward, static_argnums=0)(made.gpt.model, made.params, made.inputs)
    np.testing.assert_allclose(by_seams.logits, direct, atol=1e-6)
    trace = made.gpt.trace(made.params, made.inputs)
    assert trace.attention.shape[0] == 0


def test_no_position_sees_what_comes_later():
    made = lstm("language_model")

    def logits(embeddings):
        states = made.gpt.model.encode(made.params, embeddings, made.inputs)
        attention = made.gpt.model.attend(made.params, states, made.inputs)
        output = made.gpt.model.decode(made.params, states, attention, made.inputs)
        return output.token_logits[0, 2].sum()

    embeddings = made.gpt.model.embed(made.params, made.inputs)
    slopes = np.abs(jax.grad(logits)(embeddings))[0].sum(axis=-1)
    assert (slopes[:3] > 0).all()
    assert (slopes[3:] == 0).all()


def test_padding_changes_nothing():
    short, long = lstm(length=6), lstm(length=11)
    first = jax.jit(short.gpt.forward)(short.params, short.inputs).logits
    second = jax.jit(long.gpt.forward)(short.params, long.inputs).logits
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("mode", ["exact", "standard"])
def test_loss_has_gradients_everywhere_and_dropout_acts(mode):
    made = lstm("multiple_choice", mode=mode)
    batch = Batch(jax.tree.map(lambda leaf: leaf[None], made.inputs), jnp.ones(1, bool))
    loss = jax.jit(functools.partial(batch_loss, gpt=made.gpt))
    plain = loss(made.params, batch)
    slopes = jax.grad(lambda params: loss(params, batch).total)(made.params)
    assert all(bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(slopes["lstm"]))
    dropped = [loss(made.params, batch, key=jax.random.key(seed)).total for seed in (0, 1)]
    assert len({float(one) for one in (*dropped, plain.total)}) == 3


def test_weights_go_out_and_in_again():
    made = lstm()
    settings = made.gpt.settings
    fresh = init_params(settings, jax.random.key(9))
    found = transfer(export(made.params, settings), settings, fresh)
    assert found.fresh == ()
    assert found.unused == ()
    assert jax.tree.all(
        jax.tree.map(lambda one, other: bool((one == other).all()), found.params, made.params)
    )
    nothing = transfer(export(made.params, settings), settings, fresh, num_layers=-1)
    assert nothing.params is fresh
    with pytest.raises(WeightsError, match="2 layers of an LSTM"):
        transfer(export(made.params, settings), settings, fresh, num_layers=2)


def test_a_transformer_does_not_take_an_lstms_weights():
    made, other = lstm(), tiny("classification")
    with pytest.raises(WeightsError, match="lstm_units"):
        transfer(export(made.params, made.gpt.settings), other.gpt.settings, other.params)


def test_initial_weights_have_the_stated_spread():
    settings = lstm(width=64, num_heads=2).gpt.settings
    params = init_params(settings, jax.random.key(0))
    kernel = np.asarray(params["lstm"]["kernel"])
    bound = 1 / np.sqrt(UNITS)
    assert np.abs(kernel).max() <= bound
    # Of a uniform distribution on (-b, b) the deviation is b / sqrt(3).
    assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.05)
    assert build_gpt(settings).settings.num_rows > len(params["table"]) == settings.num_tokens


def test_a_folder_of_weights_gives_them_back(tmp_path):
    made = lstm(mode="standard")
    write_huggingface(tmp_path / "lstm", made.params, made.gpt.settings)
    found = read_huggingface(tmp_path / "lstm")
    assert found.settings == made.gpt.settings
    expected = export(made.params, made.gpt.settings).arrays
    assert set(found.arrays) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def test_weights_learnt_on_shorter_texts_serve_longer_ones():
    made = lstm("language_model", context=6)
    longer = GPTSettings(**(vars(made.gpt.settings) | {"context": 12}))
    found = transfer(export(made.params, made.gpt.settings), longer, made.params)
    assert found.fresh == ()
