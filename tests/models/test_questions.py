"""Question models against a reference in NumPy, their candidates, padding and deletions."""

import dataclasses
import functools
import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.errors import DataError
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.models.build import EMBEDDINGS, ENCODERS, build_model
from attnjax.models.inputs import single_inputs
from attnjax.outputs import IMPOSSIBLE, forward, probabilities
from tests.models.reference_questions import answer
from tests.models.tiny import (
    CANDIDATES,
    LONGEST_QUESTION,
    QUESTIONS,
    TEXTS,
    VOCABULARY,
    asked,
    tiny_question,
)

LONGEST = max(map(len, TEXTS))
ALL = range(len(TEXTS))
TOLERANCE = 2e-6
"""float32 probabilities and weights against float64 ones."""


some_encoders = pytest.mark.parametrize(
    "encoder", ["average", *(pytest.param(one, marks=pytest.mark.slow) for one in ("lstm", "cnn"))]
)
"""Each encoder's own deletion, gradient and padding have tests without questions too."""


@functools.partial(jax.jit, static_argnums=0)
@functools.partial(jax.vmap, in_axes=(None, None, 0))
def run(model, params, inputs):
    """Attention and class distribution of every instance of a batch."""
    states = model.encode(params, model.embed(params, inputs), inputs)
    weights = model.attend(params, states, inputs)
    return weights, probabilities(model.decode(params, states, weights, inputs).logits)


def exact(params):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)


def reference(encoder, attention, params, which, **changed):
    values = {"text": TEXTS[which], "question": QUESTIONS[which], "candidates": CANDIDATES[which]}
    return answer(encoder, attention, exact(params), **(values | changed))


@pytest.mark.parametrize(
    ("encoder", "attention"),
    [
        # Which attention it is meets the encoder nowhere in the code.
        pytest.param(
            *kind, marks=[pytest.mark.slow] if "average" not in kind and "dot" in kind else []
        )
        for kind in [*itertools.product(ENCODERS, ("additive", "dot")), ("average", "uniform")]
    ],
)
def test_equals_the_reference(encoder, attention):
    model, params = tiny_question(encoder, attention)
    # Padded well beyond the longest text and question, and with a row that only fills.
    weights, found = run(model, params, asked(ALL, 12, 11, empty_rows=1))
    for i in ALL:
        own, expected = reference(encoder, attention, params, i)
        length = len(TEXTS[i])
        np.testing.assert_allclose(weights[i, :length], own, rtol=0, atol=TOLERANCE)
        np.testing.assert_array_equal(weights[i, length:], 0.0)
        np.testing.assert_allclose(found[i], expected, rtol=0, atol=TOLERANCE)
    assert np.isfinite(found).all()


def test_decodes_any_attention():
    model, params = tiny_question("average")
    inputs = asked(range(1))
    states = model.encode(params, model.embed(params, inputs), inputs)
    weights = np.array([0.0, 0.5, 0.1, 0.0, 0.3, 0.1, 0.0])
    logits = model.decode(params, states, jnp.asarray(weights, jnp.float32), inputs).logits
    _, expected = reference("average", "additive", params, 0, weights=weights)
    np.testing.assert_allclose(probabilities(logits), expected, rtol=0, atol=TOLERANCE)


class TestCandidates:
    def test_others_have_exactly_no_probability_and_no_slope(self):
        model, params = tiny_question("average")

        def second(params):
            # The second class is none of the candidates of the fourth text.
            logits = forward(model, params, asked(range(3, 4))).logits
            return probabilities(logits)[1], logits

        (value, logits), slope = jax.jit(jax.value_and_grad(second, has_aux=True))(params)
        assert value == 0.0
        assert logits[1] == IMPOSSIBLE
        chex.assert_trees_all_equal(slope, jax.tree.map(jnp.zeros_like, params))

    def test_losses_of_the_right_answer_have_finite_slopes(self):
        model, params = tiny_question("average")

        def loss(params):
            return -jax.nn.log_softmax(forward(model, params, asked(range(3, 4))).logits)[2]

        slope = jax.jit(jax.grad(loss))(params)
        chex.assert_tree_all_finite(slope)
        assert np.abs(slope["decoder"]["output"]["bias"][2]) > 1e-3

    def test_without_any_all_classes_are_possible(self):
        model, params = tiny_question("average")
        inputs = dataclasses.replace(asked(range(3, 4)), candidates=None)
        found = probabilities(forward(model, params, inputs).logits)
        _, expected = reference("average", "additive", params, 3, candidates=[1, 1, 1, 1])
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(
    "encoder", ["lstm", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cnn", "average"))]
)
def test_padding_of_passage_and_question_changes_nothing(encoder):
    model, params = tiny_question(encoder)
    # Loud padding rows: whoever reads them would be heard.
    loud = params | {name: {"table": params[name]["table"].at[0].set(50.0)} for name in EMBEDDINGS}

    def loss(params, inputs):
        output = forward(model, params, inputs)
        return -jax.nn.log_softmax(output.logits)[1], output

    slope_fn = jax.jit(jax.value_and_grad(loss, has_aux=True))
    (_, expected), slope = slope_fn(params, asked(range(1)))
    (_, found), padded = slope_fn(loud, asked(range(1), LONGEST + 4, LONGEST_QUESTION + 3))
    np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-6)
    chex.assert_trees_all_close(padded, slope, atol=2e-6)


@some_encoders
def test_a_row_that_only_fills_is_finite(encoder):
    model, params = tiny_question(encoder)
    inputs = jax.tree.map(lambda leaf: leaf[-1], asked(ALL, LONGEST, 9, empty_rows=1))

    def loss(params):
        return forward(model, params, inputs).logits.sum()

    value, slope = jax.jit(jax.value_and_grad(loss))(params)
    assert np.isfinite(value)
    chex.assert_tree_all_finite(slope)
    for name in EMBEDDINGS:
        np.testing.assert_array_equal(slope[name]["table"], 0.0)


@some_encoders
def test_leave_one_out_is_the_text_without_the_word(encoder):
    model, params = tiny_question(encoder)
    found = leave_one_out(model, params, asked(ALL, LONGEST, LONGEST_QUESTION, empty_rows=1))
    for i in (0, 2):
        _, before = reference(encoder, "additive", params, i)
        for place in range(1, len(TEXTS[i]) - 1):
            text = [*TEXTS[i][:place], *TEXTS[i][place + 1 :]]
            _, after = reference(encoder, "additive", params, i, text=text)
            expected = np.abs(after - before).sum() / 2
            assert found.change[i, place] == pytest.approx(expected, abs=TOLERANCE)
    assert np.max(found.change) > 1e-2


@some_encoders
def test_its_own_deletion_equals_encoding_afresh(encoder):
    model, params = tiny_question(encoder)
    batch = asked(ALL, LONGEST, LONGEST_QUESTION, empty_rows=1)
    found = leave_one_out(model, params, batch, memory_bytes=2**12)
    expected = leave_one_out(model._replace(deletion=None), params, batch)
    chex.assert_trees_all_close(found, expected, rtol=0, atol=1e-6)


@some_encoders
def test_gradient_is_that_of_the_predicted_answer(encoder):
    """By central differences of the reference along each word, its attention held fixed."""
    model, params = tiny_question(encoder)
    found = gradient_importances(model, params, asked(ALL, LONGEST, LONGEST_QUESTION))
    weights, before = reference(encoder, "additive", params, 0)
    predicted, step, text = before.argmax(), 1e-6, TEXTS[0]
    # Every place of this text gets a row of its own in the table, so that one can be moved.
    table = exact(params)["embedding"]["table"][text]
    for place in range(1, len(text) - 1):
        outputs = []
        for sign in (1, -1):
            moved = table.copy()
            moved[place] *= 1 + sign * step
            values = exact(params) | {"embedding": {"table": moved}}
            _, after = answer(
                encoder,
                "additive",
                values,
                text=np.arange(len(text)),
                question=QUESTIONS[0],
                candidates=CANDIDATES[0],
                weights=weights,
            )
            outputs.append(after[predicted])
        expected = (outputs[0] - outputs[1]) / (2 * step)
        assert found[0, place] == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert np.abs(found[0]).max() > 1e-3


class TestBuilding:
    config = ModelConfig(encoder="average", embedding_size=6, hidden_size=8)

    def build(self, **changed):
        values = {"vocabulary_size": VOCABULARY, "num_classes": 2, "question": True} | changed
        return build_model(self.config, **values)

    def test_two_classes_are_two_logits(self):
        model = self.build()
        inputs = dataclasses.replace(asked(range(1)), candidates=None)
        params = jax.eval_shape(model.init, jax.random.key(0), inputs)
        output = jax.eval_shape(lambda values: forward(model, values, inputs), params)
        assert output.logits.shape == (2,)

    def test_equal_arguments_give_the_same_model(self):
        assert self.build() is self.build()
        assert self.build() != self.build(question=False)
        assert self.build().readout is None

    def test_params_have_six_parts(self):
        for attention, learnt in (("additive", True), ("dot", False), ("uniform", False)):
            params = tiny_question("average", attention).params
            parts = {"embedding", "encoder", "attention", "decoder"}
            assert set(params) == parts | {"question_embedding", "question_encoder"}
            assert bool(params["attention"]) == learnt

    def test_tables_and_encoders_of_passage_and_question_differ(self):
        params = tiny_question("average").params
        for one, other in (("embedding", "question_embedding"), ("encoder", "question_encoder")):
            first, second = jax.tree.leaves(params[one])[0], jax.tree.leaves(params[other])[0]
            assert first.shape == second.shape
            assert np.abs(first - second).max() > 0.1

    def test_word_vectors_are_those_of_both_tables(self):
        vectors = np.random.default_rng(0).normal(size=(VOCABULARY, 6)).astype(np.float32)
        model = self.build(vectors=vectors, num_classes=4)
        params = jax.jit(model.init)(jax.random.key(0), asked(range(1)))
        for name in EMBEDDINGS:
            np.testing.assert_array_equal(params[name]["table"][1:], vectors[1:])
            np.testing.assert_array_equal(params[name]["table"][0], 0.0)

    def test_a_text_without_a_question_is_refused(self):
        model, params = tiny_question("average")
        with pytest.raises(DataError, match="without a question"):
            forward(model, params, single_inputs(TEXTS[0]))


@functools.partial(jax.jit, static_argnums=0)
def noisy_states(model, params, inputs, key):
    """States under dropout on the question alone."""
    return model.encode(params, model.embed(params, inputs), inputs, key=key)


def test_dropout_reaches_the_question():
    model, params = tiny_question("average", dropout=0.5)
    inputs = asked(range(1))
    quiet, noisy = (noisy_states(model, params, inputs, key) for key in (None, jax.random.key(0)))
    np.testing.assert_array_equal(quiet.tokens, noisy.tokens)
    assert np.abs(quiet.context - noisy.context).max() > 1e-2
    padded = noisy_states(model, params, asked(range(1), 0, 9), jax.random.key(0))
    np.testing.assert_allclose(padded.context, noisy.context, rtol=1e-6)
