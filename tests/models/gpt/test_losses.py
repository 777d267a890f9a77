"""Losses against NumPy in float64, written from the equations."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.errors import DataError
from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.losses import batch_loss, task_loss
from attnjax.models.gpt.model import build_gpt
from attnjax.types import Batch
from tests.models.gpt import reference
from tests.models.gpt.tiny import (
    CLASSIFY,
    DELIMITER,
    LENGTH,
    START,
    stacked,
    tiny_params,
    tiny_settings,
)

PAIRS = [
    [[START, 5, 9, DELIMITER, 3, CLASSIFY], [START, 5, 9, DELIMITER, 17, 4, 8, CLASSIFY]],
    [[START, 2, DELIMITER, 3, 3, 7, CLASSIFY], [START, 2, DELIMITER, 1, CLASSIFY]],
]
LABELS = (1, 0)


def batch_of(settings, sequences=PAIRS, labels=LABELS, *, filling=0):
    rows = [
        gpt_inputs(settings, one, length=LENGTH, label=label, instance_id=i)
        for i, (one, label) in enumerate(zip(sequences, labels, strict=True))
    ]
    rows += [rows[0]] * filling
    return Batch(stacked(*rows), jnp.arange(len(rows)) < len(sequences))


def loss_of(settings, batch, **others):
    gpt = build_gpt(settings)
    return jax.jit(partial(batch_loss, gpt=gpt, **others))(tiny_params(settings), batch)


def expected_parts(settings, num_rows):
    """Return the task's loss and each sequence's token losses."""
    params = reference.float64(tiny_params(settings))
    tasks, tokens = [], []
    for sequences, label in zip(PAIRS, LABELS, strict=True):
        passes = [reference.run(params, ids, num_heads=2, num_tokens=23) for ids in sequences]
        last = [one.states[-1] for one in passes]
        if settings.head == "multiple_choice":
            read = np.stack([states[-1] for states in last])
            logits = read @ params["head"]["kernel"][:, 0] + params["head"]["bias"]
        else:
            read = last[0][-1] + last[1][-1]
            logits = read @ params["head"]["kernel"] + params["head"]["bias"]
        tasks.append(-reference.log_softmax(logits)[label])
        tokens += [
            reference.token_losses(params, states, ids, num_rows=num_rows)
            for states, ids in zip(last, sequences, strict=True)
        ]
    return np.mean(tasks), tokens


@pytest.mark.parametrize(
    "head", ["multiple_choice", pytest.param("similarity", marks=pytest.mark.slow)]
)
def test_exact_loss(head):
    """Logits over all 35 rows; the mean of the four sequences' means."""
    settings = tiny_settings(head=head)
    task, tokens = expected_parts(settings, num_rows=35)
    language_model = np.mean([np.mean(one) for one in tokens])
    loss = loss_of(settings, batch_of(settings, filling=1))  # a filling row counts for nothing
    np.testing.assert_allclose(loss.task, task, rtol=0, atol=1e-5)
    np.testing.assert_allclose(loss.language_model, language_model, rtol=0, atol=1e-5)
    np.testing.assert_allclose(loss.total, task + 0.5 * language_model, rtol=0, atol=1e-5)


def test_standard_loss():
    """Logits over the 23 tokens; the mean over all predicted tokens."""
    settings = tiny_settings(head="multiple_choice", mode="standard")
    task, tokens = expected_parts(settings, num_rows=23)
    language_model = np.mean(np.concatenate(tokens))
    loss = loss_of(settings, batch_of(settings, filling=2), auxiliary=0.25)
    np.testing.assert_allclose(loss.language_model, language_model, rtol=0, atol=1e-5)
    np.testing.assert_allclose(loss.total, task + 0.25 * language_model, rtol=0, atol=1e-5)


def test_loss_of_a_language_model():
    settings = tiny_settings(head="language_model", num_special=0)
    ids = [4, 8, 15, 16, 2, 3]
    params = reference.float64(tiny_params(settings))
    last = reference.run(params, ids, num_heads=2, num_tokens=20).states[-1]
    expected = reference.token_losses(params, last, ids, num_rows=32).mean()
    loss = loss_of(settings, batch_of(settings, [[ids]], [-1]))
    np.testing.assert_allclose([loss.total, loss.language_model], expected, rtol=0, atol=1e-5)
    assert loss.task == 0


@pytest.mark.slow
def test_noise_belongs_to_the_step_and_the_instance():
    """Two steps differ; an instance's noise is the same in another place of a batch."""
    settings = tiny_settings(head="multiple_choice", attention_dropout=0.0)
    batch = batch_of(settings)
    turned = jax.tree.map(lambda leaf: leaf[::-1], batch)
    run = jax.jit(partial(batch_loss, gpt=build_gpt(settings)))
    params = tiny_params(settings)
    first, other, again = (
        run(params, rows, key=jax.random.key(seed)).total
        for rows, seed in ((batch, 0), (batch, 1), (turned, 0))
    )
    assert abs(first - other) > 1e-3
    np.testing.assert_allclose(first, again, rtol=1e-6)


def test_task_loss_of_a_spread_score():
    """A score of 2.3 is 0.7 of class 2 and 0.3 of class 3."""
    inputs = gpt_inputs(tiny_settings(), [[1]])
    inputs = dataclasses.replace(inputs, reference=jnp.array([0.0, 0.0, 0.7, 0.3]))
    logits = jnp.array([0.5, -1.0, 2.0, 0.0])
    logarithm = reference.log_softmax(np.asarray(logits, np.float64))
    expected = -0.7 * logarithm[2] - 0.3 * logarithm[3]
    np.testing.assert_allclose(task_loss(logits, inputs), expected, rtol=1e-6)
    with pytest.raises(DataError, match="model of one logit"):
        task_loss(logits[:1], inputs)


@pytest.mark.parametrize("label", [0, 1])
def test_task_loss_of_one_logit(label):
    inputs = gpt_inputs(tiny_settings(), [[1]], label=label)
    expected = np.log1p(np.exp(-1.5 if label else 1.5))
    np.testing.assert_allclose(task_loss(jnp.array([1.5]), inputs), expected, rtol=1e-6)


def test_impossible_candidates_have_no_part():
    """Of three choices two are possible: the loss is that of two."""
    settings = tiny_settings(head="multiple_choice")
    gpt, params = build_gpt(settings), tiny_params(settings)
    inputs = gpt_inputs(settings, [*PAIRS[0], [START, CLASSIFY]], length=LENGTH, label=0)
    inputs = dataclasses.replace(inputs, candidates=jnp.array([True, True, False]))
    logits = jax.jit(gpt.forward)(params, inputs).logits
    expected = -reference.log_softmax(np.asarray(logits[:2], np.float64))[0]
    np.testing.assert_allclose(task_loss(logits, inputs), expected, rtol=1e-5)
