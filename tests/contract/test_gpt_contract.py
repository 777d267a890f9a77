"""The contract for a GPT: every kind of task and every part, with every measure and adversary.

An instance gives the same numbers alone (unpadded) as in a batch of longer ones with rows that
only fill it. The pairs of a task, a part and an entry that run by default meet each of them.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.evened import evened_outputs
from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.search import search
from attnjax.adversaries.settings import SearchSettings
from attnjax.experiments.exact import why_unsolvable
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.models.gpt.model import build_gpt
from attnjax.models.gpt.parts import ALL, LAST_CLASSIFY_ROW, Part, restrict
from attnjax.outputs import token_mask
from attnjax.training.predict import predict_batch
from tests.contract.sampling import marked
from tests.models.gpt.tiny import EXAMPLES, example_batch, tiny_params, tiny_settings

LONGER = 11
SETTINGS = SearchSettings(candidates=2, steps=4)
TOLERANCE = 2e-5
"""float32 through two layers: products of other shapes are summed in another order."""

TASKS = tuple(EXAMPLES)
PARTS = {
    "all": ALL,
    "layer": Part(layer=0),
    "head": Part(layer=1, head=0),
    "rows": Part(classify_row=True),
    "last_row": LAST_CLASSIFY_ROW,
}


def by_sequence(scores, inputs):
    """Return scores of the tokens of all sequences by sequence and position, 0 off the tokens."""
    shape = inputs.attendable.shape
    return jnp.where(inputs.attendable, scores.reshape(shape), 0.0)


def run_predict(model, params, inputs, key):
    del key
    found = predict_batch(params, inputs, model=model)
    return found.probability, found.predicted, by_sequence(found.attention, inputs)


def run_gradient(model, params, inputs, key):
    del key
    return by_sequence(gradient_importances(model, params, inputs), inputs)


def run_attached_gradient(model, params, inputs, key):
    del key
    found = gradient_importances(model, params, inputs, target="logit", attention="attached")
    return by_sequence(found, inputs)


def run_leave_one_out(model, params, inputs, key):
    del key
    return by_sequence(leave_one_out(model, params, inputs).change, inputs)


def run_permutation(model, params, inputs, key):
    return permutation_outputs(model, params, inputs, key, count=3)


def run_search(model, params, inputs, key):
    return search(model, params, inputs, key, SETTINGS)._replace(attention=())


def run_evened(model, params, inputs, key):
    del key
    return evened_outputs(model, params, inputs)


def run_agreement(model, params, inputs, key):
    """Rank-correlate what the model says its attention is with its gradients."""
    del key
    attention = predict_batch(params, inputs, model=model).attention
    gradient = jnp.abs(gradient_importances(model, params, inputs))
    found = kendall_taus(attention, gradient, token_mask(inputs))
    return jax.tree.map(jnp.nan_to_num, found)  # a text of one token has no order


ENTRIES = (
    run_predict,
    run_gradient,
    run_attached_gradient,
    run_leave_one_out,
    run_permutation,
    run_search,
    run_evened,
    run_agreement,
)

DEFAULT = {
    ("classification", "last_row"): (run_predict, run_search, run_permutation, run_leave_one_out),
    ("multiple_choice", "all"): (run_permutation,),
    ("similarity", "rows"): (run_evened,),
    ("similarity", "head"): (run_gradient,),
    ("multiple_choice", "layer"): (run_leave_one_out,),
}
"""What runs by default; of all others see `sampling.marked`."""


def cases():
    """Return every task with every part and entry, those marked that do not run by default."""
    for task, part, entry in itertools.product(TASKS, PARTS, ENTRIES):
        fast = entry in DEFAULT.get((task, part), ())
        name = f"{task}-{part}-{entry.__name__}"
        yield pytest.param(task, part, entry, id=name, marks=[] if fast else [marked(name)])


def build(task, part):
    settings = tiny_settings(head=task)
    return settings, restrict(build_gpt(settings), PARTS[part]), tiny_params(settings)


@pytest.mark.parametrize(("task", "part", "entry"), list(cases()))
def test_alone_equals_batched_and_padded(task, part, entry):
    settings, model, params = build(task, part)
    key = jax.random.key(11)
    batched = entry(model, params, example_batch(task, settings, length=LONGER, empty_rows=1), key)
    shortest = max(map(len, EXAMPLES[task][0]))
    alone = entry(model, params, example_batch(task, settings, length=shortest, count=1), key)
    says = [np.any(one != 0) or one.dtype == np.int32 for one in jax.tree.leaves(alone)]
    # A tau of so few tokens may well be 0; its p-value is 1 then.
    assert all(says) or (entry is run_agreement and any(says))
    for together, single in zip(jax.tree.leaves(batched), jax.tree.leaves(alone), strict=True):
        assert together.shape[0] == len(EXAMPLES[task]) + 1
        assert np.isfinite(together).all()
        # Axes over positions are longer in the batch; what they hold there is nothing.
        kept = tuple(slice(0, size) for size in single.shape[1:])
        np.testing.assert_allclose(np.asarray(together[0])[kept], single[0], atol=10 * TOLERANCE)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("task", TASKS)
def test_tests_that_need_a_readout_have_a_reason(task, part):
    _, model, _ = build(task, part)
    assert "readout" in str(why_unsolvable(model, num_classes=2))
    assert model.distributions is not None
    assert model.forward is not None
