"""This package's side: each measure as a stage of a run calls it, from host to host.

Every call begins with token ids on the host, fills and moves the batches, and ends with results on
the host, in the order of the texts.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.adversaries.exact import (
    exact_adversary,
    exact_adversary_of_model,
    readout_arrays,
)
from attnjax.adversaries.permutation import permutation_outputs, permuted_probabilities
from attnjax.adversaries.search import SearchSettings, search, search_from_noise
from attnjax.config import TrainingConfig, resolve
from attnjax.data.batching import Batches, TrainingBatch, evaluation_batches, training_iterator
from attnjax.data.encoded import EncodedSplit, bucket_lengths
from attnjax.experiments.trial import evaluation_batch_size
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.models.build import build_model
from attnjax.models.weights import model_config_from_release, params_from_release
from attnjax.training.mesh import make_mesh, shard_batch
from attnjax.training.optimizers import build_optimizer
from attnjax.training.predict import predict, predict_batch
from attnjax.training.state import initial_state
from attnjax.training.step import StepSettings, compiled_train_step
from attnjax.types import AttentionModel, Batch, Params
from benchmarks.workload import Workload

TRAINING_BATCH = 32


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
        chosen = _rows_of(batch, index)[..., : batch.inputs.mask.shape[-1]]
        shuffled = permuted_probabilities(ours.model, ours.params, batch.inputs, chosen)
        outputs = np.asarray(shuffled.probabilities)[batch.valid, :, 1]
        found[batch.inputs.instance_id[batch.valid]] = outputs
    return found


def search_default(ours: Ours) -> np.ndarray:
    """Return the winners' JSD, `[N]`, by the search as a run has it by default."""
    options = ours.workload.options
    settings = SearchSettings(
        candidates=options.candidates,
        steps=options.steps,
        optimizer_epsilon=options.epsilon,
        filter_epsilon=options.epsilon,
    )
    key = jax.random.key(options.seed)
    return in_order(
        ours, lambda b: search(ours.model, ours.params, b.inputs, key, settings).winner_jsd
    )


def search_as_given(ours: Ours, noise: np.ndarray, *, steps: int) -> dict[str, np.ndarray]:
    """Return candidates `[N, K, L]` and the winners' JSD `[N]`, by the paper's search."""
    options = ours.workload.options
    settings = SearchSettings(
        candidates=options.candidates,
        steps=steps,
        starts="noise",
        constraint="penalty",
        optimizer_epsilon=options.epsilon,
        filter_epsilon=options.epsilon,
        keep="last",
        jsd="release",
        amsgrad="release",
    )

    def attack(batch: Batch) -> dict[str, jax.Array]:
        start = _rows_of(batch, noise)[..., : batch.inputs.mask.shape[-1]]
        found = search_from_noise(ours.model, ours.params, batch.inputs, start, settings)
        return {"attention": found.attention, "largest_jsd": found.winner_jsd}

    return in_order(ours, attack)


def _rows_of(batch: Batch, array: np.ndarray) -> np.ndarray:
    """Return the rows of a batch's instances; those that only fill it get the first one's."""
    return array[np.maximum(batch.inputs.instance_id, 0)]


def exact_from_text(ours: Ours) -> np.ndarray:
    """Return the largest JSD, `[N]`, encoding included."""
    epsilons = (ours.workload.options.epsilon,)
    return in_order(
        ours,
        lambda b: exact_adversary_of_model(
            ours.model, ours.params, b.inputs, epsilons=epsilons
        ).jsd[:, 0],
    )


def arrays_of(ours: Ours) -> list[tuple[np.ndarray, ...]]:
    """Return attention, values, bias and attendable positions of every batch, on the host."""
    read = jax.jit(readout_arrays, static_argnames="model")
    return [
        tuple(
            np.asarray(array)[batch.valid] for array in read(ours.model, ours.params, batch.inputs)
        )
        for batch in ours.batches
    ]


def exact(parts: Sequence[tuple[np.ndarray, ...]], *, epsilon: float) -> np.ndarray:
    """Return the largest JSD of every row of given arrays, part after part."""
    asked = [exact_adversary(*part, epsilons=(epsilon,)).jsd[:, 0] for part in parts]
    return np.concatenate([np.asarray(one) for one in asked])


def taus(parts: Sequence[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Return tau and p-value, `[N, 2]`, of padded scores `(x, y, where)`, part after part."""
    asked = [kendall_taus(*part) for part in parts]
    return np.concatenate([np.stack([np.asarray(a) for a in found], axis=1) for found in asked])


class Trainer:
    """The training loop without its journal and checkpoints; an epoch a call.

    Args:
        ours: weights and texts, with labels.
        positive_weight: how much an instance of class 1 counts.
    """

    def __init__(self, ours: Ours, positive_weight: float) -> None:
        self._ours = ours
        self._mesh = make_mesh()
        self._weights = jnp.array([1.0, positive_weight], jnp.float32)
        # PyTorch's AMSGrad and the sum over a batch, which the reference has too.
        config = TrainingConfig(amsgrad="release")
        self._optimizer = build_optimizer(config, model_config_from_release(ours.workload.state))
        self._state = initial_state(ours.params, self._optimizer, jax.random.key(0))

    def epoch(self) -> float:
        """Train on every text once, in batches of 32; return the sum of the losses."""
        return self.train(batch for batch, _ in self._iterator())

    def plan(self) -> list[Batch]:
        """Return the batches of an epoch."""
        return [batch for batch, _ in self._iterator()]

    def _iterator(self) -> Iterator[TrainingBatch]:
        return training_iterator(
            self._ours.split,
            lengths=self._ours.lengths,
            batch_size=TRAINING_BATCH,
            seed=0,
            num_epochs=1,
        )

    def train(self, batches: Iterable[Batch]) -> float:
        """Take one step a batch; return the sum of the losses."""
        settings = StepSettings(reduction="sum")
        losses = []
        for batch in batches:
            self._state, metrics = compiled_train_step(
                self._state,
                shard_batch(batch, self._mesh),
                self._weights,
                jnp.float32(0),
                model=self._ours.model,
                optimizer=self._optimizer,
                settings=settings,
            )
            losses.append(metrics.loss * batch.valid.sum())
        return float(sum(jax.device_get(losses)))

    @property
    def params(self) -> Params:
        """The weights as they are now."""
        return jax.block_until_ready(self._state.params)
