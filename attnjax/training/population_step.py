"""What a population does on its devices: begin, step, be judged, keep its best weights.

Each function is that of one member, vmapped over the members of a device. `shard_map` keeps
devices apart: a loop that ends with the longest text of a batch then asks no other device.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from attnjax.outputs import probabilities
from attnjax.training.members import OVER_MEMBERS
from attnjax.training.objectives import Objective
from attnjax.training.predict import BatchPredictions, predict_batch
from attnjax.training.state import TrainState, initial_state
from attnjax.training.step import StepMetrics, StepSettings, run_row, train_step
from attnjax.types import AttentionModel, Batch, Inputs, Params

SHARED = PartitionSpec()


def over_members(
    member_fn: Callable[..., Any], mesh: Mesh, *, in_axes: tuple[int | None, ...]
) -> Callable[..., Any]:
    """Return a function of one member as one of all: vmapped, and split over devices.

    Args:
        member_fn: of one member.
        mesh: the devices.
        in_axes: for each argument 0 where members have their own, None where they share one.
    """
    specs = tuple(SHARED if axis is None else OVER_MEMBERS for axis in in_axes)
    return jax.shard_map(
        jax.vmap(member_fn, in_axes=in_axes),
        mesh=mesh,
        in_specs=specs,
        out_specs=OVER_MEMBERS,
        check_vma=False,
    )


@partial(jax.jit, static_argnames=("model", "optimizer", "mesh"))
def start_members(
    seeds: Int[Array, " M"],
    inputs: Inputs,
    *,
    model: AttentionModel,
    optimizer: optax.GradientTransformation,
    mesh: Mesh,
) -> TrainState:
    """Return each member's state before its first step: what `fit` begins with at its seed.

    Args:
        seeds: one a member.
        inputs: one instance, for shapes.
        model: the classifier.
        optimizer: from gradients to updates.
        mesh: the devices.
    """

    def start(seed: Int[Array, ""], inputs: Inputs) -> TrainState:
        init_key, train_key = jax.random.split(jax.random.key(seed))
        return initial_state(model.init(init_key, inputs), optimizer, train_key)

    return over_members(start, mesh, in_axes=(0, None))(seeds, inputs)


@partial(
    jax.jit,
    static_argnames=("model", "optimizer", "settings", "mesh"),
    donate_argnames=("states",),
)
def population_step(
    states: TrainState,
    rows: Int[Array, "M B"],
    weights: Float[Array, " M"],
    table: Batch,
    class_weights: Float[Array, " classes"],
    *,
    model: AttentionModel,
    optimizer: optax.GradientTransformation,
    settings: StepSettings,
    mesh: Mesh,
) -> tuple[TrainState, StepMetrics]:
    """Return every member's state after one more batch of its own, and its loss.

    Args:
        states: what the last step left; consumed.
        rows: of the table, for each member.
        weights: of the objective's second part.
        table: all texts of one padded length.
        class_weights: how much each class counts.
        model: the classifier.
        optimizer: from gradients to updates.
        settings: what is fixed over the run.
        mesh: the devices.
    """

    def step(
        state: TrainState,
        rows: Int[Array, " B"],
        weight: Float[Array, ""],
        table: Batch,
        class_weights: Float[Array, " classes"],
    ) -> tuple[TrainState, StepMetrics]:
        batch = jax.tree.map(lambda leaf: leaf[rows], table)
        return train_step(
            state,
            batch,
            class_weights,
            weight,
            model=model,
            optimizer=optimizer,
            settings=settings,
        )

    split = over_members(step, mesh, in_axes=(0, 0, 0, None, None))
    return split(states, rows, weights, table, class_weights)


@partial(jax.jit, static_argnames=("model", "objective", "mesh"))
def judge_members(
    params: Params,
    weights: Float[Array, " M"],
    inputs: Inputs,
    class_weights: Float[Array, " classes"],
    *,
    model: AttentionModel,
    objective: Objective,
    mesh: Mesh,
) -> tuple[Float[Array, "M B classes"], Float[Array, "M B"]]:
    """Return every member's class distributions and losses of a batch, without dropout.

    Args:
        params: of all members.
        weights: of the objective's second part.
        inputs: rows of one padded length, the same for all members.
        class_weights: how much each class counts.
        model: the classifier.
        objective: what the members minimise.
        mesh: the devices.
    """

    def judge(
        params: Params,
        weight: Float[Array, ""],
        inputs: Inputs,
        class_weights: Float[Array, " classes"],
    ) -> tuple[Float[Array, "B classes"], Float[Array, " B"]]:
        def judge_row(inputs: Inputs) -> tuple[Float[Array, " classes"], Float[Array, ""]]:
            output, attention = run_row(model, params, inputs)
            class_weight = class_weights[jnp.maximum(inputs.label, 0)]
            loss = objective.row_loss(output, attention, inputs, class_weight, weight)
            return probabilities(output.logits), loss

        return jax.vmap(judge_row)(inputs)

    split = over_members(judge, mesh, in_axes=(0, 0, None, None))
    return split(params, weights, inputs, class_weights)


@partial(jax.jit, static_argnames=("model", "mesh"))
def predict_members(
    params: Params, inputs: Inputs, *, model: AttentionModel, mesh: Mesh
) -> BatchPredictions:
    """Return every member's predictions of a batch, without dropout.

    Args:
        params: of all members.
        inputs: rows of one padded length, the same for all members.
        model: the classifier.
        mesh: the devices.
    """
    return over_members(partial(predict_batch, model=model), mesh, in_axes=(0, None))(
        params, inputs
    )


@partial(jax.jit, donate_argnames=("best",))
def keep_better(better: Bool[Array, " M"], params: Params, best: Params) -> Params:
    """Return the new weights of members that are better than before, else their best ones.

    Args:
        better: which members are.
        params: of all members, now.
        best: of all members, so far; consumed.

    Example:
        >>> new, old = jnp.ones((2, 1)), jnp.zeros((2, 1))
        >>> keep_better(jnp.array([False, True]), new, old).tolist()
        [[0.0], [1.0]]
    """

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(jnp.expand_dims(better, range(1, new.ndim)), new, old)

    return jax.tree.map(choose, params, best)
