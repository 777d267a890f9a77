"""One step of a GPT's training: any loss, one optimizer, on any number of devices."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Key

from attnjax.training.gpt.placement import fetched, state_shardings, whole
from attnjax.training.state import TrainState, initial_state
from attnjax.training.step import StepMetrics
from attnjax.types import Params


class Loss(NamedTuple):
    """What a batch costs.

    Attributes:
        total: what is minimised.
        parts: further numbers by name, which are logged; or None.
    """

    total: Float[Array, ""]
    parts: dict[str, Float[Array, ""]] | None = None


LossFn = Callable[[Params, Any, Key[Array, ""] | None], Loss]
"""From params, a batch and the key of a step's dropout to its loss; without a key none."""

StepFn = Callable[[TrainState, Any], tuple[TrainState, StepMetrics]]


def gpt_step(
    state: TrainState,
    batch: Any,
    *,
    loss_fn: LossFn,
    optimizer: optax.GradientTransformation,
    log_every: int,
    mesh: Mesh | None = None,
) -> tuple[TrainState, StepMetrics]:
    """Return the state after one more batch, and what was measured.

    Args:
        state: what the last step left.
        batch: arrays with the rows first.
        loss_fn: of the model.
        optimizer: from gradients to updates; its `update` is given the params.
        log_every: steps after which the mean loss starts anew.
        mesh: over whose `model` axis the state is split; the weights are fetched once for
            the pass, and of the gradients each device gets back its part. None: one device.

    Returns:
        The new state; the loss, its mean since the last logged step, the norm of the
        gradient before it is clipped, and the parts of the loss.

    Example:
        >>> loss_fn = lambda params, batch, key: Loss(jnp.sum((params["w"] - batch) ** 2))
        >>> state = initial_state({"w": jnp.zeros(1)}, optax.sgd(0.25), jax.random.key(0))
        >>> state, metrics = gpt_step(
        ...     state, jnp.ones(1), loss_fn=loss_fn, optimizer=optax.sgd(0.25), log_every=1)
        >>> float(state.params["w"][0]), float(metrics.loss)
        (0.5, 1.0)
    """
    key = jax.random.fold_in(state.key, state.step)

    def total(params: Params) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        loss = loss_fn(params, batch, key)
        return loss.total, dict(loss.parts or {})

    params = state.params if mesh is None else fetched(state.params, mesh)
    (loss, parts), gradients = jax.value_and_grad(total, has_aux=True)(params)
    if mesh is not None:
        # Whole first: otherwise the compiler splits the backward pass as they are split.
        places = state_shardings(gradients, mesh)
        gradients = jax.lax.with_sharding_constraint(fetched(gradients, mesh), places)
    updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
    fresh = state.step % log_every == 0
    window_loss = jnp.where(fresh, 0.0, state.window_loss) + loss
    window_batches = jnp.where(fresh, 0.0, state.window_rows) + 1.0
    state = TrainState(
        params=optax.apply_updates(state.params, updates),
        opt_state=opt_state,
        step=state.step + 1,
        key=state.key,
        window_loss=window_loss,
        window_rows=window_batches,
    )
    others = {**parts, "gradient_norm": optax.tree.norm(gradients)}
    return state, StepMetrics(loss, window_loss / window_batches, others)


def compile_gpt_step(
    state: TrainState,
    *,
    loss_fn: LossFn,
    optimizer: optax.GradientTransformation,
    log_every: int,
    mesh: Mesh,
) -> jax.stages.Wrapped:
    """Return `gpt_step`, compiled for a state that stays where it lies.

    Args:
        state: the first one, or its shapes (`state_shapes`).
        loss_fn: of the model.
        optimizer: from gradients to updates.
        log_every: steps after which the mean loss starts anew.
        mesh: of the run.

    Returns:
        A function of state and batch; the state passed in is consumed. With shapes instead
        of arrays `lower(state, batch).compile()` compiles it ahead of time.

    Example:
        >>> from attnjax.training.gpt.placement import gpt_mesh
        >>> loss_fn = lambda params, batch, key: Loss(jnp.sum(params["w"] * batch))
        >>> optimizer, mesh = optax.sgd(0.1), gpt_mesh()
        >>> shapes = state_shapes({"w": jnp.zeros(3)}, optimizer=optimizer, mesh=mesh)
        >>> step = compile_gpt_step(
        ...     shapes, loss_fn=loss_fn, optimizer=optimizer, log_every=1, mesh=mesh)
        >>> step.lower(shapes, jax.ShapeDtypeStruct((3,), jnp.float32)).out_info[0].step.shape
        ()
    """
    step = partial(gpt_step, loss_fn=loss_fn, optimizer=optimizer, log_every=log_every, mesh=mesh)
    places = (state_shardings(state, mesh), whole(mesh))
    return jax.jit(step, donate_argnums=0, out_shardings=places)


def placed_state(
    params: Params,
    *,
    optimizer: optax.GradientTransformation,
    key: Key[Array, ""],
    mesh: Mesh,
) -> TrainState:
    """Return the state before the first step, split over the devices of the mesh.

    Args:
        params: the weights to start from; they are copied. With several hosts the same on
            all of them.
        optimizer: what will update them.
        key: of the run's dropout.
        mesh: of the run.

    Example:
        >>> from attnjax.training.gpt.placement import gpt_mesh
        >>> key, mesh = jax.random.key(0), gpt_mesh()
        >>> state = placed_state({"w": jnp.ones(2)}, optimizer=optax.sgd(0.1), key=key, mesh=mesh)
        >>> int(state.step)
        0
    """
    params = jax.device_put(params, state_shardings(params, mesh))
    # As its words: a key itself cannot be put onto devices of other hosts.
    words, kind = jax.device_put(jax.random.key_data(key), whole(mesh)), jax.random.key_impl(key)

    def start(params: Params, words: Array) -> TrainState:
        return initial_state(params, optimizer, jax.random.wrap_key_data(words, impl=str(kind)))

    places = state_shardings(jax.eval_shape(start, params, words), mesh)
    return jax.jit(start, out_shardings=places)(params, words)


def state_shapes(
    params: Params, *, optimizer: optax.GradientTransformation, mesh: Mesh
) -> TrainState:
    """Return shapes, types and places of the state before the first step, without arrays.

    Args:
        params: the weights, or their shapes.
        optimizer: what will update them.
        mesh: of the run.

    Example:
        >>> from attnjax.training.gpt.placement import gpt_mesh
        >>> shapes = state_shapes({"w": jnp.ones(2)}, optimizer=optax.adam(0.1), mesh=gpt_mesh())
        >>> shapes.opt_state[0].mu["w"].shape
        (2,)
    """
    start = partial(initial_state, optimizer=optimizer)
    shapes = jax.eval_shape(lambda params, key: start(params, key=key), params, jax.random.key(0))

    def placed(array: Any, place: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=place)

    return jax.tree.map(placed, shapes, state_shardings(shapes, mesh))
