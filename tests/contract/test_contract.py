"""One contract for every model, measure and adversary.

Each entry point that experiments use runs on each model, and an instance gives the same
numbers alone (unpadded) as in a batch of longer texts. A new model, measure or adversary
needs one line in `KINDS` or `ENTRIES`.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.search import search
from attnjax.adversaries.settings import SearchSettings
from attnjax.errors import UserError
from attnjax.experiments.capped import constrain_batch
from attnjax.experiments.exact import solve_batch, why_unsolvable
from attnjax.experiments.multiclass import enclose_batch
from attnjax.measures.divergence import entropy, jensen_shannon, total_variation
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.outputs import probabilities
from attnjax.types import Readout, States
from tests.contract.sampling import marked
from tests.models.tiny import (
    KINDS,
    LONGEST_QUESTION,
    TEXTS,
    asked,
    stacked,
    tiny,
    tiny_question,
)

LONGEST = max(map(len, TEXTS))
QUESTION = 4
"""Answers of the models that read a question; no other has as many classes."""
SETTINGS = SearchSettings(candidates=2, steps=4)
TOLERANCE = 2e-6
"""float32: products of other shapes are summed in another order; values are at most 1."""

MODELS = [(*kind, num_classes) for num_classes in (2, 3, QUESTION) for kind in KINDS]


def is_slow(kind, entry=None):
    """Tell what does not run by default: pairs of parts that do not meet in the code.

    Which attention it is meets neither the number of classes nor, beyond the weights it
    gives, a measure or an adversary.
    """
    encoder, attention, num_classes = kind
    if entry in ONCE:
        return True
    if num_classes == QUESTION:
        # A whole run of such a model goes through every entry: `tests/test_question_run.py`.
        return kind[:2] != ("average", "additive") or entry not in (None, run_model)
    if entry in (None, run_model):
        return num_classes == 3 and attention != "additive"
    if num_classes == 3 or attention != "additive":
        return encoder != "average" or attention not in ("additive", "dot")
    return False


def cases(entries=(None,)):
    """Return every model with every entry point, the slow ones marked."""
    found = []
    for kind in MODELS:
        for entry in entries:
            if entry is run_exact and kind[2] > 2:
                continue  # it has a test of its own: refused
            if entry in ONCE and kind != ONCE[entry]:
                continue
            names = [*map(str, kind), *([entry.__name__] if entry else [])]
            marks = [marked("-".join(names))] if is_slow(kind, entry) else []
            values = (kind, entry) if entry else (kind,)
            found.append(pytest.param(*values, id="-".join(names), marks=marks))
    return found


def build(kind):
    encoder, attention, num_classes = kind
    if num_classes == QUESTION:
        return tiny_question(encoder, attention)
    return tiny(encoder, attention, num_classes=num_classes)


def batch_of(kind, *, empty_rows=0):
    """Return all texts in one batch, with their questions where the model reads any."""
    if kind[2] == QUESTION:
        return asked(range(len(TEXTS)), LONGEST, LONGEST_QUESTION, empty_rows=empty_rows)
    return stacked(TEXTS, LONGEST, empty_rows=empty_rows)


def first_alone(kind):
    """Return a batch of the first text alone, nothing of it padded."""
    if kind[2] == QUESTION:
        return jax.tree.map(lambda leaf: leaf[None], asked(range(1)))
    return stacked(TEXTS[:1], len(TEXTS[0]))


class Parts(NamedTuple):
    """What the functions of a model give."""

    embeddings: Array
    states: States
    attention: Array
    probabilities: Array
    readout: Readout | None
    from_decoder: Array
    from_readout: Array | None


@functools.partial(jax.jit, static_argnums=0)
@functools.partial(jax.vmap, in_axes=(None, None, 0))
def model_parts(model, params, inputs):
    """Run every function of a model, the decoder also on an attention that is not its own."""
    embeddings = model.embed(params, inputs)
    states = model.encode(params, embeddings, inputs)
    attention = model.attend(params, states, inputs)
    readout = model.readout(params, states, inputs) if model.readout else None
    other = jnp.arange(1.0, attention.shape[0] + 1) * inputs.attendable[0]
    return Parts(
        embeddings,
        states,
        attention,
        probabilities(model.decode(params, states, attention, inputs).logits),
        readout,
        model.decode(params, states, other, inputs).logits,
        other @ readout.values + readout.bias if readout else None,
    )


def run_model(model, params, inputs, key):
    """What of a model's parts has to be the same in every bucket: at padding states are free."""
    del key
    parts = model_parts(model, params, inputs)
    values = parts.readout.values if parts.readout else parts.states.tokens[:, 0]
    shown = jnp.where(inputs.attendable[:, 0, :, None], values, 0.0)
    return parts.attention, parts.probabilities, parts.from_decoder, shown


def run_gradient(model, params, inputs, key):
    del key
    return gradient_importances(model, params, inputs)


def run_attached_gradient(model, params, inputs, key):
    del key
    return gradient_importances(model, params, inputs, target="logit", attention="attached")


def run_leave_one_out(model, params, inputs, key):
    del key
    return leave_one_out(model, params, inputs)


def run_permutation(model, params, inputs, key):
    return permutation_outputs(model, params, inputs, key, count=3)


def run_search(model, params, inputs, key):
    return search(model, params, inputs, key, SETTINGS)


def run_exact(model, params, inputs, key):
    del key
    return solve_batch(model, params, inputs, epsilons=(0.01, 0.1), main=0, memory_bytes=2**20)


def run_capped(model, params, inputs, key):
    del key
    found = constrain_batch(
        model, params, inputs, caps=(0.5,), floors=(), epsilon=0.05, memory_bytes=2**24
    )
    return jax.tree.map(jnp.nan_to_num, found)  # infeasible rows have no numbers


def run_enclosed(model, params, inputs, key):
    del key
    return enclose_batch(model, params, inputs, epsilon=0.05, memory_bytes=2**24)


ONCE = {run_capped: ("average", "additive", 2), run_enclosed: ("average", "additive", 3)}
"""Entries that see of a model only its readout, and take long to compile."""

ENTRIES = (
    run_model,
    run_gradient,
    run_attached_gradient,
    run_leave_one_out,
    run_permutation,
    run_search,
    run_exact,
    run_capped,
    run_enclosed,
)


@pytest.mark.parametrize(("kind", "entry"), cases(ENTRIES))
def test_alone_equals_batched_in_another_bucket(kind, entry):
    model, params = build(kind)
    key = jax.random.key(11)
    # A search divides by small slopes, which carries rounding on; padding is no matter of that.
    precise = entry is run_search and model.readout is None
    with jax.enable_x64(precise):
        if precise:
            params = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
        batched = entry(model, params, batch_of(kind, empty_rows=1), key)
        alone = entry(model, params, first_alone(kind), key)
    for together, single in zip(jax.tree.leaves(batched), jax.tree.leaves(alone), strict=True):
        assert together.shape[0] == len(TEXTS) + 1
        assert np.isfinite(together).all()
        row = np.asarray(together[0])
        # Axes over positions are longer in the batch; what they hold there is nothing.
        kept = tuple(slice(0, size) for size in single.shape[1:])
        np.testing.assert_allclose(row[kept], single[0], atol=10 * TOLERANCE)


@pytest.mark.parametrize("kind", cases())
def test_what_the_exact_adversary_refuses_has_a_reason_before(kind):
    """The trial asks for the reason, so that nobody sees the refusal."""
    model, params = build(kind)
    reason = why_unsolvable(model, num_classes=kind[2])
    assert (reason is None) == (kind[2] == 2)
    if reason is not None:
        with pytest.raises(UserError, match="3 logits" if model.readout else r"model\.readout"):
            run_exact(model, params, first_alone(kind), None)


@pytest.mark.parametrize("kind", cases())
def test_parts_of_a_model(kind):
    model, params = build(kind)
    inputs = batch_of(kind, empty_rows=1)
    parts = model_parts(model, params, inputs)
    num_rows, num_logits = len(TEXTS) + 1, 1 if kind[2] == 2 else kind[2]
    assert parts.embeddings.shape[:3] == (num_rows, 1, LONGEST)
    assert parts.states.tokens.shape[:3] == (num_rows, 1, LONGEST)
    assert (parts.states.context is None) == (kind[2] != QUESTION)
    assert parts.attention.shape == (num_rows, LONGEST)
    assert parts.probabilities.shape == (num_rows, kind[2])
    assert parts.from_decoder.shape == (num_rows, num_logits)
    assert (parts.readout is None) == (kind[2] == QUESTION)
    assert model.prepare(params, jax.random.key(0)) is params

    # Attention is a distribution over exactly what can be attended.
    np.testing.assert_array_equal(parts.attention > 0, inputs.attendable[:, 0])
    np.testing.assert_allclose(parts.attention.sum(axis=1), [1, 1, 1, 1, 0], atol=TOLERANCE)
    if parts.readout is not None:
        assert parts.readout.values.shape == (num_rows, LONGEST, num_logits)
        assert parts.readout.bias.shape == (num_rows, num_logits)
        # The readout is the decoder; these weights sum to up to 35, not to 1.
        np.testing.assert_allclose(parts.from_readout, parts.from_decoder, rtol=1e-5, atol=1e-5)
    # Without a key there is no noise.
    again = model_parts(model, params, inputs)
    np.testing.assert_array_equal(parts.probabilities, again.probabilities)


@pytest.mark.parametrize(("kind", "entry"), cases((run_gradient,)))
def test_agreement_and_divergence_do_not_see_padding(kind, entry):
    """What compares distributions of one model, on its own attention and gradients."""
    found = []
    for inputs in (batch_of(kind), first_alone(kind)):
        attention = run_model(*build(kind), inputs, None)[0]
        gradient = jnp.abs(entry(*build(kind), inputs, None))
        where = inputs.attendable[:, 0]
        even = where / where.sum(axis=1, keepdims=True)
        tau = kendall_taus(attention, gradient, where)
        found.append(
            (
                tau.tau[0],  # not a number where the attention is uniform: all are tied
                tau.p_value[0],
                jensen_shannon(attention, even, where)[0],
                total_variation(attention, even, where)[0],
                entropy(attention, where)[0],
            )
        )
    np.testing.assert_allclose(*found, atol=10 * TOLERANCE)
