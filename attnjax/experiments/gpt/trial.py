"""A fine-tuned GPT on trial: what the stages of the tests ask of any run in progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Key

from attnjax.adversaries.blocks import num_bytes
from attnjax.config import FineTuningRun
from attnjax.data.gpt.trial_batches import trial_batches
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.trial import MAX_EVALUATION_BATCH, Interruptible
from attnjax.models.gpt.model import GPT
from attnjax.models.gpt.parts import classify_weights, part_of, restrict
from attnjax.outputs import encode_inputs
from attnjax.training.mesh import SplitBatches, make_mesh
from attnjax.types import AttentionModel, Batch, Inputs, Params

ARRAYS = 20
"""Arrays of states that a pass and its slope keep in each layer."""


@dataclass(frozen=True)
class GPTTrial:
    """The model of a fine-tuning's first seed on trial.

    Attributes:
        run: the fine-tuning in progress.
        gpt: its model, whole.
        params: its weights, on each device.
    """

    run: FineTuningTrial
    gpt: GPT
    params: Params

    @property
    def config(self) -> FineTuningRun:
        """The resolved config."""
        return self.run.config

    @cached_property
    def model(self) -> AttentionModel:
        """The model whose attention is the part that `config.part` names."""
        return restrict(self.gpt, part_of(self.config.part))

    @property
    def intervals(self) -> dict[str, int]:
        """The bootstrap's settings, as keyword arguments."""
        return self.run.intervals

    def own_params(self) -> Params:
        """Return the weights of the model on trial."""
        return self.params

    def batches(self, limit: int = 0, split: str = "test") -> Sequence[Batch]:
        """Return a split's padded batches (at most `limit` instances; 0: all)."""
        inputs = self.run.rows_of_task.inputs[split]
        size = batch_size(
            self.gpt.settings.num_layers * num_bytes(self._sizes(inputs)),
            memory_bytes=self.config.memory.bytes,
        )
        batches = trial_batches(inputs, batch_size=size, limit=limit)
        return Interruptible(SplitBatches(batches, make_mesh()), self.raise_if_stopped)

    def raise_if_stopped(self) -> None:
        """Raise `Interrupted` if the run was asked to stop."""
        self.run.raise_if_stopped()

    def key(self, stage: str) -> Key[Array, ""]:
        """Return the key of a stage."""
        return self.run.key(stage)

    def rows(self, stage: str) -> dict[str, Any]:
        """Return the rows of a finished stage."""
        return self.run.rows(stage)

    def _sizes(self, inputs: Inputs) -> Any:
        """Return the shapes of what one layer keeps of one instance's pass and its slope."""
        settings, (sequences, length) = self.gpt.settings, inputs.mask.shape[1:]
        states = (ARRAYS, sequences, length, settings.width)
        weights = (4, sequences, settings.num_heads, length, length)
        return [jax.ShapeDtypeStruct(shape, np.float32) for shape in (states, weights)]


def batch_size(instance_bytes: int, *, memory_bytes: int) -> int:
    """Return how many instances fit the memory bound, from 1 to 128.

    Args:
        instance_bytes: that one takes.
        memory_bytes: the bound.

    Example:
        >>> batch_size(2**20, memory_bytes=2**24), batch_size(2**20, memory_bytes=1)
        (16, 1)
    """
    return int(np.clip(memory_bytes // max(1, instance_bytes), 1, MAX_EVALUATION_BATCH))


@partial(jax.jit, static_argnames="gpt")
def layer_weights(params: Params, inputs: Inputs, *, gpt: GPT) -> Float[Array, "B layers tokens"]:
    """Return where each layer looks from the classify token, a mean over its heads.

    Args:
        params: of the model.
        inputs: a batch.
        gpt: the model.
    """

    def one(inputs: Inputs) -> Float[Array, "layers tokens"]:
        states = encode_inputs(gpt.model, params, inputs)
        attention = gpt.model.attend(params, states, inputs)
        weights = classify_weights(gpt.settings, attention, inputs)
        return weights.reshape(weights.shape[0], -1)

    return jax.vmap(one)(inputs)
