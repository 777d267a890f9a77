"""This package's side of a GPT: its training step and what is read off a batch."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh

from attnjax.models.gpt.losses import row_key, token_losses
from attnjax.models.gpt.model import GPT, init_params
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.gpt.step import Loss, LossFn, compile_gpt_step, placed_state
from attnjax.types import Inputs, Params


class Trained(NamedTuple):
    """What a training step needs besides the state."""

    loss_fn: LossFn
    optimizer: optax.GradientTransformation


def as_inputs(token_ids: Any) -> Inputs:
    """Return rows of tokens as a batch of instances of one sequence each."""
    token_ids = jnp.asarray(token_ids, jnp.int32)[:, None]
    here = jnp.ones(token_ids.shape, bool)
    rows = len(token_ids)
    return Inputs(token_ids, here, here, jnp.full(rows, -1, jnp.int32), jnp.arange(rows))


def language_model_loss(gpt: GPT) -> LossFn:
    """Return the mean loss of rows of tokens, each predicted by those before it."""

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
