"""This package's side: each measure as a stage of a run calls it, from host to host.

Every call begins with token ids on the host, fills and moves the batches, and ends with results on
the host, in the order of the texts.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from attnjax.adversaries.arrays import attention_arrays, permute_arrays
from attnjax.adversaries.exact import (
    readout_arrays,
)
from attnjax.adversaries.permutation import permutation_outputs, permuted_probabilities
from attnjax.config import resolve
from attnjax.data.batching import Batches, evaluation_batches
from attnjax.data.encoded import EncodedSplit, bucket_lengths
from attnjax.experiments.trial import evaluation_batch_size
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.models.build import build_model
from attnjax.models.weights import model_config_from_release, params_from_release
from attnjax.training.predict import predict, predict_batch
from attnjax.types import AttentionModel, Batch, Params
from benchmarks.workload import Options, Workload


class Ours(NamedTuple):
    """The model and texts of a workload, ready to be called.

    Attributes:
        model: the classifier.
        params: its weights, on the device.
        split: the texts.
        lengths: padded lengths.
        workload: what all of it was made of.
    """

    model: AttentionModel
    params: Params
    split: EncodedSplit
    lengths: tuple[int, ...]
    workload: Workload

    @property
    def batches(self) -> Batches:
        """The padded batches; each is filled when it is asked for."""
        options = self.workload.options
        size = options.batch or evaluation_batch_size(resolve({}), self.lengths[-1])
        size = min(size, len(self.split))
        return evaluation_batches(self.split, lengths=self.lengths, batch_size=size)


def prepare(workload: Workload, *, labels: np.ndarray | None = None) -> Ours:
    """Return this package's model and texts of a workload."""
    state = {name: np.asarray(array, np.float32) for name, array in workload.state.items()}
    config = model_config_from_release(state)
    vocabulary_size = len(state["encoder.embedding.weight"])
    params = params_from_release(state, config, vocabulary_size=vocabulary_size, num_classes=2)
    count = len(workload.texts)
    label = np.zeros(count, np.int32) if labels is None else labels
    split = EncodedSplit(workload.texts, label, np.arange(count, dtype=np.int32))
    return Ours(
        model=build_model(config, vocabulary_size=vocabulary_size, num_classes=2),
        params=jax.device_put(params),
        split=split,
        # No more lengths than batches: each costs a compilation.
        lengths=bucket_lengths({"test": split}, min(workload.options.buckets, -(-count // 64))),
        workload=workload,
    )


def in_order(ours: Ours, function: Callable[[Batch], Any]) -> Any:
    """Call a function for every batch; return its arrays on the host, in the order of the texts.

    All batches are handed over before the first result is asked for. Arrays of more than one axis
    end in positions and are filled up with zeros to the longest text.
    """
    asked = [(batch, function(batch)) for batch in ours.batches]

    def join(*parts: jax.Array) -> np.ndarray:
        shape = [len(ours.split), *parts[0].shape[1:]]
        if len(shape) > 1:
            shape[-1] = ours.lengths[-1]
        whole = np.zeros(shape, parts[0].dtype)
        for (batch, _), part in zip(asked, parts, strict=True):
            rows, here = batch.inputs.instance_id[batch.valid], np.asarray(part)[batch.valid]
            if len(shape) > 1:
                whole[rows, ..., : here.shape[-1]] = here
            else:
                whole[rows] = here
        return whole

    return jax.tree.map(join, *(found for _, found in asked))


def evaluate(ours: Ours) -> np.ndarray:
    """Return P(positive), `[N]`."""
    found = predict(ours.model, ours.params, ours.batches)
    return found.probability[np.argsort(found.instance_id), 1]


def attention(ours: Ours) -> np.ndarray:
    """Return the model's own attention, `[N, L]`."""
    return in_order(
        ours, lambda b: predict_batch(ours.params, b.inputs, model=ours.model).attention
    )


def gradient(ours: Ours) -> np.ndarray:
    """Return signed gradient importances of real tokens, `[N, L]`."""
    scores = in_order(ours, lambda b: gradient_importances(ours.model, ours.params, b.inputs))
    where = np.arange(scores.shape[1])
    return np.where((where > 0) & (where < ours.split.lengths[:, None] - 1), scores, 0)


def erase(ours: Ours) -> np.ndarray:
    """Return the output change of every deletion, `[N, L]`."""
    return in_order(ours, lambda b: leave_one_out(ours.model, ours.params, b.inputs).change)


def rows_of(batch: Batch, array: np.ndarray) -> np.ndarray:
    """Return the rows of a batch's instances; those that only fill it get the first one's."""
    return array[np.maximum(batch.inputs.instance_id, 0)]


def permute(ours: Ours) -> np.ndarray:
    """Return the median output change over random shuffles, `[N]`."""
    key = jax.random.key(ours.workload.options.seed)
    count = ours.workload.options.permutations
    outputs = [
        (b, permutation_outputs(ours.model, ours.params, b.inputs, key, count=count))
        for b in ours.batches
    ]
    found = np.zeros(len(ours.split))
    for batch, shuffled in outputs:
        medians = np.median(np.asarray(shuffled.change), axis=1)
        found[batch.inputs.instance_id[batch.valid]] = medians[batch.valid]
    return found


def permute_as_given(ours: Ours, index: np.ndarray) -> np.ndarray:
    """Return P(positive) under given shuffles `[N, P, L]`, `[N, P]`."""
    found = np.zeros(index.shape[:2])
    for batch in ours.batches:
        chosen = rows_of(batch, index)[..., : batch.inputs.mask.shape[-1]]
        shuffled = permuted_probabilities(ours.model, ours.params, batch.inputs, chosen)
        outputs = np.asarray(shuffled.probabilities)[batch.valid, :, 1]
        found[batch.inputs.instance_id[batch.valid]] = outputs
    return found


def arrays_of(ours: Ours) -> list[tuple[np.ndarray, ...]]:
    """Return attention, values, bias and attendable positions of every batch, on the host."""
    read = jax.jit(readout_arrays, static_argnames="model")
    return [
        tuple(
            np.asarray(array)[batch.valid] for array in read(ours.model, ours.params, batch.inputs)
        )
        for batch in ours.batches
    ]


def permute_from_arrays(parts: Sequence[tuple[np.ndarray, ...]], options: Options) -> np.ndarray:
    """Return the median output change over random shuffles of given arrays, part after part."""
    key = jax.random.key(options.seed)
    asked = [
        permute_arrays(attention_arrays(*part), key, count=options.permutations).change
        for part in parts
    ]
    return np.concatenate([np.median(np.asarray(change), axis=1) for change in asked])


def taus(parts: Sequence[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Return tau and p-value, `[N, 2]`, of padded scores `(x, y, where)`, part after part."""
    asked = [kendall_taus(*part) for part in parts]
    return np.concatenate([np.stack([np.asarray(a) for a in found], axis=1) for found in asked])
