"""What a trained classifier says about every instance."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int

from attnjax.outputs import (
    encode_inputs,
    predicted_class,
    probabilities,
    token_mask,
    token_weights,
)
from attnjax.training.mesh import make_mesh, replicate, shard_batch
from attnjax.types import AttentionModel, Batch, Inputs, Params


class Predictions(NamedTuple):
    """Per-instance arrays on the host, in the order of the batches, without filling rows.

    Attributes:
        instance_id: which instance.
        label: its true class; -1 where it is not known.
        logits: unnormalised scores.
        probability: full class distributions, also for one logit.
        predicted: the most probable class.
        attention: for each instance, its weights over its real tokens; of a model of several
            distributions what it says its weights of the tokens are.
    """

    instance_id: Int[np.ndarray, " N"]
    label: Int[np.ndarray, " N"]
    logits: Float[np.ndarray, "N C"]
    probability: Float[np.ndarray, "N classes"]
    predicted: Int[np.ndarray, " N"]
    attention: tuple[Float[np.ndarray, " _"], ...]


class BatchPredictions(NamedTuple):
    """The same of one batch, on the device, padded."""

    logits: Float[Array, "B C"]
    probability: Float[Array, "B classes"]
    predicted: Int[Array, " B"]
    attention: Float[Array, "B tokens"]


@partial(jax.jit, static_argnames="model")
def predict_batch(params: Params, inputs: Inputs, *, model: AttentionModel) -> BatchPredictions:
    """Return the predictions of a batch under the model's own attention, without dropout.

    Args:
        params: the weights.
        inputs: rows of one padded length.
        model: the classifier; one compilation for each model and shape.

    Example:
        >>> import jax
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.data.encoded import EncodedSplit
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.run import initial_params
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> inputs = evaluation_batches(split, lengths=(4,), batch_size=1)[0].inputs
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = initial_params(model, split, lengths=(4,), key=jax.random.key(0))
        >>> predict_batch(params, inputs, model=model).attention.tolist()
        [[0.0, 1.0, 0.0, 0.0]]
    """

    def predict_one(inputs: Inputs) -> tuple[Float[Array, " C"], Float[Array, " tokens"]]:
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        logits = model.decode(params, states, attention, inputs).logits
        return logits, token_weights(model, attention, inputs)

    logits, attention = jax.vmap(predict_one)(inputs)
    return BatchPredictions(logits, probabilities(logits), predicted_class(logits), attention)


def predict(
    model: AttentionModel, params: Params, batches: Iterable[Batch], mesh: Mesh | None = None
) -> Predictions:
    """Return the predictions of all instances of some batches.

    Every batch is handed to the devices before the first result is asked for, so the host
    never waits between batches.

    Args:
        model: the classifier.
        params: its weights.
        batches: at least one, on the host.
        mesh: the devices; those of `batch_devices` if None.

    Returns:
        Host arrays, filling rows left out.

    Example:
        >>> import jax
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.data.encoded import EncodedSplit
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.run import initial_params
        >>> ids = (np.array([2, 7, 5, 3], np.int32),) * 3
        >>> split = EncodedSplit(ids, np.zeros(3, np.int32), np.arange(3, dtype=np.int32))
        >>> batches = evaluation_batches(split, lengths=(8,), batch_size=2)
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = initial_params(model, split, lengths=(8,), key=jax.random.key(0))
        >>> predict(model, params, batches).instance_id.tolist()
        [0, 1, 2]
    """
    mesh = make_mesh() if mesh is None else mesh
    params = replicate(params, mesh)
    asked = [
        (batch, predict_batch(params, shard_batch(batch, mesh).inputs, model=model))
        for batch in batches
    ]
    parts = [_valid_rows(batch, jax.device_get(found)) for batch, found in asked]
    stacked = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:-1]]
    attention = tuple(weights for part in parts for weights in part.attention)
    return Predictions(*stacked, attention=attention)


def _valid_rows(batch: Batch, found: BatchPredictions) -> Predictions:
    rows = np.flatnonzero(batch.valid)
    attendable = np.asarray(token_mask(batch.inputs))
    attention = np.asarray(found.attention)
    return Predictions(
        instance_id=np.asarray(batch.inputs.instance_id)[rows],
        label=np.asarray(batch.inputs.label)[rows],
        logits=np.asarray(found.logits)[rows],
        probability=np.asarray(found.probability)[rows],
        predicted=np.asarray(found.predicted)[rows],
        attention=tuple(attention[row][attendable[row]] for row in rows),
    )
