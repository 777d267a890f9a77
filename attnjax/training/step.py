"""One step of training: a pure function of state and batch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key

from attnjax.training.losses import Reduction, reduce_rows
from attnjax.training.objectives import Objective, classification
from attnjax.training.state import TrainState
from attnjax.types import AnyArray, Attention, AttentionModel, Batch, Inputs, Output, Params


class StepSettings(NamedTuple):
    """What is fixed over all steps of a run.

    Attributes:
        reduction: of the losses of a batch's rows.
        objective: what is minimised.
        log_every: steps after which the mean loss starts anew, at least 1.
    """

    reduction: Reduction = "mean"
    objective: Objective = classification
    log_every: int = 20


class StepMetrics(NamedTuple):
    """What a step reports; on the device until somebody asks.

    Attributes:
        loss: mean loss of this batch's rows, whatever the reduction.
        window_loss: the same over all rows since the last logged step.
        others: further numbers by name, which are logged with these; or None.
    """

    loss: Float[Array, ""]
    window_loss: Float[Array, ""]
    others: Any = None


def train_step(
    state: TrainState,
    batch: Batch,
    class_weights: Float[Array, " classes"],
    weight: Float[AnyArray, ""],
    *,
    model: AttentionModel,
    optimizer: optax.GradientTransformation,
    settings: StepSettings,
) -> tuple[TrainState, StepMetrics]:
    """Return the state after one more batch, and its loss.

    Randomness belongs to (run, step, instance): the key of a row is
    `fold_in(key of the step, instance_id)`, so dropout does not depend on where in which
    batch an instance stands or on the number of devices.

    Args:
        state: what the last step left.
        batch: rows of one padded length; those with `valid` False change nothing.
        class_weights: how much each class counts.
        weight: of the objective's second part.
        model: the classifier.
        optimizer: from gradients to updates.
        settings: what is fixed over the run.

    Returns:
        The new state and the metrics of this step.

    Example:
        >>> import jax, jax.numpy as jnp, numpy as np, optax
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.data.encoded import EncodedSplit
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.run import initial_params
        >>> from attnjax.training.state import initial_state
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.ones(1, np.int32), np.zeros(1, np.int32))
        >>> batch = evaluation_batches(split, lengths=(4,), batch_size=2)[0]
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = initial_params(model, split, lengths=(4,), key=jax.random.key(0))
        >>> optimizer = optax.sgd(0.1)
        >>> state = initial_state(params, optimizer, jax.random.key(1))
        >>> state, metrics = train_step(
        ...     state, jax.tree.map(jnp.asarray, batch), jnp.ones(2), jnp.zeros([]),
        ...     model=model, optimizer=optimizer, settings=StepSettings())
        >>> int(state.step)
        1
    """
    step_key = jax.random.fold_in(state.key, state.step)

    def loss(params: Params) -> tuple[Float[Array, ""], Float[Array, ""]]:
        prepare_key, rows_key = jax.random.split(step_key)
        rows = row_losses(
            model.prepare(params, prepare_key),
            batch.inputs,
            class_weights,
            weight,
            model=model,
            objective=settings.objective,
            key=rows_key,
        )
        total = reduce_rows(rows, batch.valid, reduction="sum")
        reduced = reduce_rows(rows, batch.valid, reduction=settings.reduction)
        if settings.objective.times_class_weights:
            reduced *= reduce_rows(_of_labels(class_weights, batch), batch.valid, reduction="sum")
        return reduced, total

    (_, total), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
    updates, opt_state = optimizer.update(gradients, state.opt_state, state.params)
    fresh = state.step % settings.log_every == 0
    num_rows = jnp.sum(batch.valid).astype(jnp.float32)
    window_loss = jnp.where(fresh, 0.0, state.window_loss) + total
    window_rows = jnp.where(fresh, 0.0, state.window_rows) + num_rows
    state = TrainState(
        params=optax.apply_updates(state.params, updates),
        opt_state=opt_state,
        step=state.step + 1,
        key=state.key,
        window_loss=window_loss,
        window_rows=window_rows,
    )
    return state, StepMetrics(
        loss=total / jnp.maximum(num_rows, 1.0),
        window_loss=window_loss / jnp.maximum(window_rows, 1.0),
    )


compiled_train_step = jax.jit(
    train_step, static_argnames=("model", "optimizer", "settings"), donate_argnames=("state",)
)
"""`train_step`, compiled once per batch shape; the state passed in is consumed."""


def row_losses(
    params: Params,
    inputs: Inputs,
    class_weights: Float[Array, " classes"],
    weight: Float[AnyArray, ""],
    *,
    model: AttentionModel,
    objective: Objective,
    key: Key[Array, ""] | None = None,
) -> Float[Array, " B"]:
    """Return the loss of every row of a batch, filling rows included.

    Args:
        params: prepared for this step.
        inputs: rows of one padded length.
        class_weights: how much each class counts.
        weight: of the objective's second part.
        model: the classifier.
        objective: what is computed of its output and attention.
        key: of the rows' dropout; None for none.
    """

    def row_loss(inputs: Inputs) -> Float[Array, ""]:
        output, attention = run_row(model, params, inputs, key=key)
        class_weight = class_weights[jnp.maximum(inputs.label, 0)]
        return objective.row_loss(output, attention, inputs, class_weight, weight)

    return jax.vmap(row_loss)(inputs)


def run_row(
    model: AttentionModel, params: Params, inputs: Inputs, *, key: Key[Array, ""] | None = None
) -> tuple[Output, Attention]:
    """Return the output of one instance and the model's own attention.

    Args:
        model: the classifier.
        params: prepared for this step.
        inputs: the instance.
        key: of dropout, for the whole batch; None for none.
    """
    embed_key, encode_key, attend_key, decode_key = _row_keys(key, inputs)
    embeddings = model.embed(params, inputs, key=embed_key)
    states = model.encode(params, embeddings, inputs, key=encode_key)
    attention = model.attend(params, states, inputs, key=attend_key)
    return model.decode(params, states, attention, inputs, key=decode_key), attention


def _row_keys(key: Key[Array, ""] | None, inputs: Inputs) -> Sequence[Key[Array, ""] | None]:
    """Return the keys of a row's four parts."""
    if key is None:
        return (None,) * 4
    row_key = jax.random.fold_in(key, jnp.maximum(inputs.instance_id, 0))
    return tuple(jax.random.split(row_key, 4))


def _of_labels(class_weights: Float[Array, " classes"], batch: Batch) -> Float[Array, " B"]:
    return class_weights[jnp.maximum(jnp.asarray(batch.inputs.label), 0)]
