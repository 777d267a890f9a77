"""This package's side of a GPT: a training step, logits, and what a classifier reads."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from attnjax.models.gpt.heads import task_logits
from attnjax.models.gpt.losses import row_key, token_losses
from attnjax.models.gpt.model import GPT
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.gpt.placement import gpt_mesh
from attnjax.training.gpt.step import Loss, LossFn, compile_gpt_step, placed_state
from attnjax.types import Inputs, Params

Classified = tuple[np.ndarray, np.ndarray]
"""States, levels first, and logits."""

NUM_STEPS = 1_000_000
"""Of the schedule, of which few are taken."""


def as_inputs(token_ids: Any) -> Inputs:
    """Return rows of tokens as a batch of instances of one sequence each."""
    token_ids = jnp.asarray(token_ids, jnp.int32)[:, None]
    here, rows = jnp.ones(token_ids.shape, bool), len(token_ids)
    return Inputs(token_ids, here, here, jnp.full(rows, -1, jnp.int32), jnp.arange(rows))


def language_model_loss(gpt: GPT) -> LossFn:
    """Return the mean loss of rows of tokens, each token predicted by those before it."""

    def loss(params: Params, tokens: jax.Array, key: jax.Array | None) -> Loss:
        rows_key = None
        if key is not None:
            table_key, rows_key = jax.random.split(key)
            params = gpt.model.prepare(params, table_key)

        def row(inputs: Inputs, targets: jax.Array) -> jax.Array:
            output = gpt.forward(params, inputs, key=row_key(rows_key, inputs))
            assert output.token_logits is not None  # a GPT always has them
            return token_losses(output.token_logits[0], targets)

        return Loss(jax.vmap(row)(as_inputs(tokens[:, :-1]), tokens[:, 1:]).mean())

    return loss


def train_step(gpt: GPT, params: Params) -> Callable[[np.ndarray], float]:
    """Return a function that takes one step on rows of tokens and returns their mean loss."""
    settings = OptimizerSettings(form="standard", num_steps=NUM_STEPS, schedule="warmup_constant")
    optimizer, mesh = build_gpt_optimizer(settings), gpt_mesh()
    state = placed_state(params, optimizer=optimizer, key=jax.random.key(0), mesh=mesh)
    compiled = compile_gpt_step(
        state, loss_fn=language_model_loss(gpt), optimizer=optimizer, log_every=1, mesh=mesh
    )

    def step(token_ids: np.ndarray) -> float:
        nonlocal state
        state, metrics = compiled(state, jnp.asarray(token_ids, jnp.int32))
        loss = float(metrics.loss)
        # The loss is there before the weights are.
        jax.block_until_ready(state)
        return loss

    return step


def gradients(gpt: GPT, params: Params, token_ids: np.ndarray) -> tuple[float, float]:
    """Return the loss of rows without dropout, and the norm of its gradient."""

    @jax.jit
    def both(params: Params, tokens: jax.Array) -> tuple[jax.Array, jax.Array]:
        total = lambda params: language_model_loss(gpt)(params, tokens, None).total  # noqa: E731
        loss, slopes = jax.value_and_grad(total)(params)
        return loss, optax.tree.norm(slopes)

    loss, norm = both(params, jnp.asarray(token_ids, jnp.int32))
    return float(loss), float(norm)


def logits_fn(gpt: GPT, params: Params) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from rows of tokens to the logits of every next token."""

    @jax.jit
    def run(params: Params, inputs: Inputs) -> Any:
        return jax.vmap(lambda one: gpt.forward(params, one).token_logits)(inputs)

    return lambda token_ids: np.asarray(run(params, as_inputs(token_ids)))[:, 0]


def classify_fn(gpt: GPT, params: Params) -> Callable[[np.ndarray], Classified]:
    """Return a function from rows of tokens to all their states and the task's logits.

    States have the levels first.
    """

    def one(params: Params, inputs: Inputs) -> tuple[jax.Array, jax.Array]:
        states = gpt.trace(params, inputs).states
        return states[:, 0], task_logits(gpt.settings, params["head"], states[-1], inputs)

    run = jax.jit(jax.vmap(one, in_axes=(None, 0), out_axes=(1, 0)))

    def classify(token_ids: np.ndarray) -> Classified:
        states, logits = run(params, as_inputs(token_ids))
        return np.asarray(states), np.asarray(logits)

    return classify
