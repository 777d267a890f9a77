"""The training step of the full-size GPT-1 for the devices of a topology, to be compiled."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.models.gpt.model import build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.gpt.placement import gpt_mesh, row_sharding
from attnjax.training.gpt.step import compile_gpt_step, state_shapes
from benchmarks.our_gpt import language_model_loss

BATCH = 64
"""Rows of 512 tokens a step, over all devices: Radford et al. (2018), section 4.1."""

LAYOUTS = {"GPT-1 step, data parallel": 1, "GPT-1 step, parameters split": 4}
"""Over how many of the four chips the weights and moments are split."""


def trace_gpt_step(devices: np.ndarray, settings: GPTSettings, *, model: int) -> jax.stages.Traced:
    """Trace a training step of the paper's optimizer on devices that need not exist.

    Args:
        devices: of a topology.
        settings: of the model.
        model: devices over which the state is split.
    """
    mesh = gpt_mesh(model=model, devices=list(devices.flat))
    gpt = build_gpt(settings)
    optimizer = build_gpt_optimizer(OptimizerSettings(num_steps=100_000))
    params = jax.eval_shape(partial(init_params, settings), jax.random.key(0))
    state = state_shapes(params, optimizer=optimizer, mesh=mesh)
    rows = jax.ShapeDtypeStruct(
        (BATCH, settings.context + 1), jnp.int32, sharding=row_sharding(mesh, BATCH)
    )
    step = compile_gpt_step(
        state,
        loss_fn=language_model_loss(gpt),
        optimizer=optimizer,
        log_every=100,
        mesh=mesh,
    )
    return step.trace(state, rows)


def gpt_entries(devices: np.ndarray, **sizes: Any) -> dict[str, Callable[[], jax.stages.Traced]]:
    """Return how a step of the paper's GPT is traced for each layout of its state.

    Args:
        devices: four of them.
        sizes: fields of the settings that differ from the paper's.
    """
    settings = GPTSettings(num_special=0, dtype="bfloat16", recompute=True, **sizes)
    return {
        name: partial(trace_gpt_step, devices, settings, model=model)
        for name, model in LAYOUTS.items()
    }
