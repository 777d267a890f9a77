"""What does not change during a training run, made from its config."""

from collections.abc import Sequence
from typing import NamedTuple

import grain
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Key

from attnjax.config import Config, TrainingConfig
from attnjax.data.batching import (
    Batches,
    TrainingBatch,
    evaluation_batches,
    steps_per_epoch,
    training_iterator,
)
from attnjax.data.encoded import EncodedSplit
from attnjax.outputs import forward
from attnjax.training.losses import class_weights
from attnjax.training.mesh import replicate
from attnjax.training.objectives import Objective, classification, guided
from attnjax.training.optimizers import build_optimizer
from attnjax.training.step import StepSettings
from attnjax.types import AttentionModel, Inputs, Params


class Run(NamedTuple):
    """What does not change during training.

    Attributes:
        model: the classifier.
        optimizer: from gradients to updates.
        settings: of every step.
        config: of the whole run.
        mesh: the devices.
        class_weights: how much each class counts in the loss.
        iterator: the shuffled batches of all epochs; its position does change.
        steps_per_epoch: batches of one epoch.
        dev: the batches that epochs are judged on.
    """

    model: AttentionModel
    optimizer: optax.GradientTransformation
    settings: StepSettings
    config: Config
    mesh: Mesh
    class_weights: Float[Array, " classes"]
    iterator: grain.DatasetIterator[TrainingBatch]
    steps_per_epoch: int
    dev: Batches


def initial_params(
    model: AttentionModel, split: EncodedSplit, *, lengths: Sequence[int], key: Key[Array, ""]
) -> Params:
    """Return fresh weights of a model for texts like these.

    Args:
        model: the classifier.
        split: at least one text.
        lengths: padded lengths of batches, increasing.
        key: of the random numbers.

    Example:
        >>> import jax, numpy as np
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.models.build import build_model
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.ones(1, np.int32), np.zeros(1, np.int32))
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> sorted(initial_params(model, split, lengths=(4,), key=jax.random.key(0)))
        ['attention', 'decoder', 'embedding', 'encoder']
    """
    batches = evaluation_batches(split, lengths=lengths, batch_size=1)
    return jax.jit(model.init)(key, first_inputs(batches))


def may_be_best(training: TrainingConfig, epoch: int) -> bool:
    """Return whether an epoch may be the best one.

    The release saves nothing after its first epoch; a run of one epoch has no other.

    Example:
        >>> may_be_best(TrainingConfig(first_epoch="release"), epoch=0)
        False
    """
    return training.first_epoch != "release" or epoch > 0 or training.epochs == 1


def first_inputs(batches: Batches) -> Inputs:
    """Return one instance of some batches, for the shapes of a model's weights."""
    return jax.tree.map(lambda leaf: leaf[0], batches[0].inputs)


def prepare_run(
    model: AttentionModel,
    *,
    train: EncodedSplit,
    dev: EncodedSplit,
    lengths: Sequence[int],
    config: Config,
    params: Params,
    mesh: Mesh,
) -> Run:
    """Return everything that the config decides about a run.

    Args:
        model: the classifier.
        train: what it learns from.
        dev: what epochs are judged on.
        lengths: padded lengths of batches, increasing.
        config: its sections `training` and `model` and its seed are read.
        params: weights of the model, for their shapes.
        mesh: the devices.

    Example:
        >>> import jax, numpy as np
        >>> from attnjax.config import resolve
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.mesh import make_mesh
        >>> ids = (np.array([2, 7, 3], np.int32),) * 5
        >>> label = np.array([0, 0, 0, 0, 1], np.int32)
        >>> split = EncodedSplit(ids, label, np.arange(5, dtype=np.int32))
        >>> config = resolve({"model": {"encoder": "average", "embedding_size": 2}})
        >>> model = build_model(config.model, vocabulary_size=9, num_classes=2)
        >>> params = initial_params(model, split, lengths=(4,), key=jax.random.key(0))
        >>> run = prepare_run(model, train=split, dev=split, lengths=(4,), config=config,
        ...                   params=params, mesh=make_mesh())
        >>> run.class_weights.tolist()
        [1.0, 4.0]
    """
    training = config.training
    batching = {"lengths": lengths, "batch_size": training.batch_size}
    dev_batches = evaluation_batches(dev, **batching)
    weights = class_weights(
        train.label,
        num_classes=num_classes(model, params, dev_batches),
        weighted=training.class_weights,
    )
    objective = guided if training.guide_weight else classification
    return Run(
        model=model,
        optimizer=build_optimizer(training, config.model),
        settings=step_settings(training, objective),
        config=config,
        mesh=mesh,
        class_weights=replicate(jnp.asarray(weights), mesh),
        iterator=training_iterator(train, **batching, seed=config.seed, num_epochs=training.epochs),
        steps_per_epoch=steps_per_epoch(train, **batching),
        dev=dev_batches,
    )


def step_settings(training: TrainingConfig, objective: Objective) -> StepSettings:
    """Return what is fixed over all steps of a run.

    Args:
        training: says how the losses of a batch are reduced and how often they are logged.
        objective: what is minimised.

    Example:
        >>> step_settings(TrainingConfig(loss="paper"), classification).reduction
        'sum'
    """
    reduction = "mean" if training.loss == "fixed" else "sum"
    return StepSettings(reduction, objective, training.log_every)


def num_classes(model: AttentionModel, params: Params, batches: Batches) -> int:
    """Return the classes that a model tells apart, at least 2."""
    output = jax.eval_shape(
        lambda params, inputs: forward(model, params, inputs), params, first_inputs(batches)
    )
    return max(2, output.logits.shape[-1])
