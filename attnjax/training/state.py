"""What a training run consists of between two steps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key

from attnjax.types import Params


class TrainState(NamedTuple):
    """What a step reads and writes, all of it on the device.

    In a population every array has a leading axis of members.

    Attributes:
        params: the weights.
        opt_state: the optimizer's own arrays.
        step: steps taken so far.
        key: the run's key; a step's key is `fold_in(key, step)`, so it never changes.
        window_loss: sum of the losses of rows since the last logged step.
        window_rows: number of those rows.
    """

    params: Params
    opt_state: optax.OptState
    step: Int[Array, ""]
    key: Key[Array, ""]
    window_loss: Float[Array, ""]
    window_rows: Float[Array, ""]


class Best(NamedTuple):
    """The weights with the best dev score so far.

    Attributes:
        params: the weights; the initial ones while `epoch` is -1.
        score: their dev score; None while there is none. Of a population a list, with one
            for each member.
        epoch: counted from 0; of a population a list.
    """

    params: Params
    score: Any = None
    epoch: Any = -1


class Progress(NamedTuple):
    """Where the host loop stands; everything in it can be written as JSON.

    Attributes:
        epoch: epochs trained and evaluated.
        epochs_since_best: of these, how many came after the best one.
        seconds: time spent training, over all continuations.
        iterator: position in the stream of batches, as grain gives it.
        journal_length: bytes of `metrics.jsonl` that belong to this moment.
        status: "running", "finished" or "stopped_early".
    """

    epoch: int = 0
    epochs_since_best: int = 0
    seconds: float = 0.0
    iterator: Any = None
    journal_length: int = 0
    status: str = "running"


class Snapshot(NamedTuple):
    """All that a checkpoint keeps."""

    state: TrainState
    best: Best
    progress: Progress


def initial_state(
    params: Params, optimizer: optax.GradientTransformation, key: Key[Array, ""]
) -> TrainState:
    """Return the state before the first step.

    Args:
        params: the weights to start from; they are copied, because a step's state is
            donated to it and the caller may still hold these.
        optimizer: what will update them.
        key: the run's key.

    Returns:
        A state at step 0.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> int(initial_state({"w": jnp.ones(2)}, optax.sgd(0.1), jax.random.key(0)).step)
        0
    """
    params = jax.tree.map(jnp.array, params)
    return TrainState(
        params=params,
        opt_state=optimizer.init(params),
        step=jnp.zeros([], jnp.int32),
        key=jnp.copy(key),
        window_loss=jnp.zeros([], jnp.float32),
        window_rows=jnp.zeros([], jnp.float32),
    )
