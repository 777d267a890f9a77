"""This package's side of an epoch of training."""

from collections.abc import Iterable, Iterator

import jax
import jax.numpy as jnp

from attnjax.config import TrainingConfig
from attnjax.data.batching import TrainingBatch, training_iterator
from attnjax.models.weights import model_config_from_release
from attnjax.training.mesh import make_mesh, shard_batch
from attnjax.training.optimizers import build_optimizer
from attnjax.training.state import initial_state
from attnjax.training.step import StepSettings, compiled_train_step
from attnjax.types import Batch, Params
from benchmarks.ours import Ours

TRAINING_BATCH = 32


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
