"""Encoders against references written here in NumPy float64, and their padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.encoders import WIDTHS, Average, BiLSTM, ConvNet

LENGTH, PADDED, WIDTH, HIDDEN = 6, 9, 5, 8


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_reference(params, x):
    """Loop over tokens, one direction after the other."""
    directions = []
    for d, order in enumerate([range(len(x)), reversed(range(len(x)))]):
        hidden, memory = np.zeros(HIDDEN), np.zeros(HIDDEN)
        states = np.zeros((len(x), HIDDEN))
        for t in order:
            gates = (
                x[t] @ params["input_kernel"][:, d]
                + hidden @ params["recurrent_kernel"][d]
                + params["input_bias"][d]
                + params["recurrent_bias"][d]
            )
            i, f, g, o = gates.reshape(4, HIDDEN)
            memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(memory)
            states[t] = hidden
        directions.append(states)
    return np.concatenate(directions, axis=1)


def convolution_reference(params, x):
    """Every window written out, tokens outside the sentence being zero."""
    columns = []
    for width in WIDTHS:
        kernel, bias = params[f"width_{width}"]["kernel"], params[f"width_{width}"]["bias"]
        rows = []
        for t in range(len(x)):
            total = bias.copy()
            for k in range(width):
                s = t + k - width // 2
                if 0 <= s < len(x):
                    total += x[s] @ kernel[k]
            rows.append(np.maximum(total, 0))
        columns.append(np.array(rows))
    return np.concatenate(columns, axis=1)


def average_reference(params, x):
    return np.tanh(x @ params["projection"]["kernel"] + params["projection"]["bias"])


CASES = [
    (BiLSTM, lstm_reference, 2 * HIDDEN),
    (ConvNet, convolution_reference, HIDDEN),
    (Average, average_reference, HIDDEN),
]


@pytest.fixture
def text():
    embeddings = jax.random.normal(jax.random.key(1), (PADDED, WIDTH))
    return embeddings, jnp.arange(PADDED) < LENGTH


@pytest.mark.parametrize(("encoder", "reference", "width"), CASES)
def test_equals_reference(encoder, reference, width, text):
    embeddings, mask = text
    module = encoder(HIDDEN)
    params = module.init(jax.random.key(0), embeddings, mask)
    states = module.apply(params, embeddings, mask)
    assert states.shape == (PADDED, width)
    exact = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params["params"])
    expected = reference(exact, np.asarray(embeddings[:LENGTH], np.float64))
    # float32 against float64; values are of order 1.
    np.testing.assert_allclose(states[:LENGTH], expected, atol=2e-6)


@pytest.mark.parametrize("encoder", [BiLSTM, ConvNet])
def test_zero_at_padding(encoder, text):
    embeddings, mask = text
    states, _ = encoder(HIDDEN).init_with_output(jax.random.key(0), embeddings, mask)
    np.testing.assert_array_equal(states[LENGTH:], 0.0)


@pytest.mark.parametrize("encoder", [BiLSTM, ConvNet, Average])
def test_what_padding_holds_never_leaks(encoder, text):
    """Even embeddings that are not zero there, and their gradients."""
    embeddings, mask = text
    module = encoder(HIDDEN)
    params = module.init(jax.random.key(0), embeddings, mask)
    loud = jnp.where(mask[:, None], embeddings, 1e3)
    first, second = (module.apply(params, each, mask)[:LENGTH] for each in (embeddings, loud))
    np.testing.assert_array_equal(first, second)
    gradient = jax.grad(lambda e: module.apply(params, e, mask)[:LENGTH].sum())(loud)
    np.testing.assert_array_equal(gradient[LENGTH:], 0.0)
    assert np.abs(gradient[:LENGTH]).min(axis=1).max() > 0


def test_second_direction_starts_at_the_last_token(text):
    """The last token's backward state is one step from zero, whatever stands before it."""
    embeddings, mask = text
    module = BiLSTM(HIDDEN)
    params = module.init(jax.random.key(0), embeddings, mask)
    changed = embeddings.at[: LENGTH - 1].set(0.5)
    first, second = (module.apply(params, e, mask)[LENGTH - 1] for e in (embeddings, changed))
    np.testing.assert_array_equal(first[HIDDEN:], second[HIDDEN:])
    assert np.abs(first[:HIDDEN] - second[:HIDDEN]).max() > 1e-3


def test_window_of_the_widest_convolution(text):
    embeddings, mask = text
    module = ConvNet(HIDDEN)
    params = module.init(jax.random.key(0), embeddings, mask)
    jacobian = jax.jacobian(lambda e: module.apply(params, e, mask).sum(axis=1))(embeddings)
    reach = np.abs(jacobian).max(axis=2) > 0
    distance = np.abs(np.subtract.outer(np.arange(PADDED), np.arange(PADDED)))
    assert not reach[distance > max(WIDTHS) // 2].any()
    assert reach[0, 3] or reach[3, 0] or reach[1, 4]


def test_nothing_exists():
    embeddings, mask = jnp.ones((PADDED, WIDTH)), jnp.zeros(PADDED, bool)
    for encoder in (BiLSTM, ConvNet):
        states, _ = encoder(HIDDEN).init_with_output(jax.random.key(0), embeddings, mask)
        np.testing.assert_array_equal(states, 0.0)


def test_biases_of_the_lstm_act_as_their_sum(text):
    embeddings, mask = text
    module = BiLSTM(HIDDEN)
    params = module.init(jax.random.key(0), embeddings, mask)["params"]
    gradient = jax.grad(lambda p: module.apply({"params": p}, embeddings, mask).sum())(params)
    np.testing.assert_array_equal(gradient["input_bias"], gradient["recurrent_bias"])
