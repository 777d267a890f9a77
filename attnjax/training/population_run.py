"""What does not change while a population is trained, and the program that trains it."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array, Float

from attnjax.config import Config
from attnjax.data.batching import Batches, evaluation_batches
from attnjax.data.encoded import EncodedSplit
from attnjax.data.member_batches import MemberPlan
from attnjax.training.host import Program, Stepped
from attnjax.training.losses import class_weights
from attnjax.training.members import Members, describe_members, first_members, place_members
from attnjax.training.mesh import replicate
from attnjax.training.metrics import epoch_value, mean_scores, score
from attnjax.training.objectives import Objective
from attnjax.training.optimizers import build_optimizer
from attnjax.training.population_step import (
    judge_members,
    keep_better,
    population_step,
    start_members,
)
from attnjax.training.recorder import Judged, described
from attnjax.training.run import first_inputs, may_be_best, num_classes, step_settings
from attnjax.training.state import Best, Snapshot, TrainState
from attnjax.training.step import StepSettings
from attnjax.types import AttentionModel, Batch, Params


class Population(NamedTuple):
    """What does not change while a population is trained.

    Attributes:
        model: the classifier.
        members: without those that only fill devices.
        optimizer: from gradients to updates.
        settings: of every step.
        config: of the whole run.
        mesh: the devices.
        weights: of the objective's second part, on the devices.
        class_weights: how much each class counts in the loss.
        plan: the batches of all epochs.
        tables: the training texts of each padded length, on every device.
        dev: the batches that epochs are judged on.
    """

    model: AttentionModel
    members: Members
    optimizer: optax.GradientTransformation
    settings: StepSettings
    config: Config
    mesh: Mesh
    weights: Float[Array, " M"]
    class_weights: Float[Array, " classes"]
    plan: MemberPlan
    tables: list[Batch]
    dev: Batches


def start_population(
    model: AttentionModel,
    *,
    split: EncodedSplit,
    lengths: Sequence[int],
    config: Config,
    members: Members,
    mesh: Mesh,
) -> TrainState:
    """Return every member's state before its first step, split over devices.

    Args:
        model: the classifier.
        split: at least one text, for shapes.
        lengths: padded lengths of batches, increasing.
        config: its sections `training` and `model` are read.
        members: their seeds are read.
        mesh: the devices.
    """
    inputs = first_inputs(evaluation_batches(split, lengths=lengths, batch_size=1))
    return start_members(
        place_members(np.asarray(members.seeds, np.int32), mesh),
        replicate(inputs, mesh),
        model=model,
        optimizer=build_optimizer(config.training, config.model),
        mesh=mesh,
    )


def prepare_population(
    model: AttentionModel,
    *,
    train: EncodedSplit,
    dev: EncodedSplit,
    lengths: Sequence[int],
    config: Config,
    members: Members,
    objective: Objective,
    params: Params,
    mesh: Mesh,
) -> Population:
    """Return everything that the config decides about a population.

    Args:
        model: the classifier.
        train: what they learn from.
        dev: what epochs are judged on.
        lengths: padded lengths of batches, increasing.
        config: its sections `training` and `model` and its seed are read.
        members: seeds and weights.
        objective: what they minimise.
        params: of all members, for their shapes.
        mesh: the devices.
    """
    training = config.training
    batching = {"lengths": lengths, "batch_size": training.batch_size}
    dev_batches = evaluation_batches(dev, **batching)
    one = jax.eval_shape(lambda tree: jax.tree.map(lambda leaf: leaf[0], tree), params)
    weights = class_weights(
        train.label,
        num_classes=num_classes(model, one, dev_batches),
        weighted=training.class_weights,
    )
    plan = MemberPlan(train, **batching, seed=config.seed, member_seeds=members.seeds)
    return Population(
        model=model,
        members=members,
        optimizer=build_optimizer(training, config.model),
        settings=step_settings(training, objective),
        config=config,
        mesh=mesh,
        weights=place_members(jnp.asarray(members.weights, jnp.float32), mesh),
        class_weights=replicate(jnp.asarray(weights), mesh),
        plan=plan,
        tables=[replicate(table, mesh) for table in plan.tables()],
        dev=dev_batches,
    )


def program_of(population: Population) -> Program:
    """Return how all members take a step together and are judged."""
    steps_per_epoch = len(population.plan.epoch(0))
    training = population.config.training

    def take_step(state: TrainState, number: int) -> Stepped:
        epoch, step = divmod(number, steps_per_epoch)
        batch = population.plan.epoch(epoch)[step]
        state, metrics = population_step(
            state,
            place_members(batch.rows, population.mesh),
            population.weights,
            population.tables[batch.table],
            population.class_weights,
            model=population.model,
            optimizer=population.optimizer,
            settings=population.settings,
            mesh=population.mesh,
        )
        return Stepped(state, metrics, batch.num_tokens)

    def judge(params: Params, best: Best, epoch: int) -> tuple[Best, Judged]:
        values, judged = judge_population(population, params)
        if not may_be_best(training, epoch):
            return best, judged
        before = np.full(len(values), -np.inf) if best.score is None else np.array(best.score)
        better = values > before
        kept = keep_better(place_members(better, population.mesh), params, best.params)
        epochs = np.where(better, epoch, best.epoch)
        return Best(kept, np.maximum(values, before).tolist(), epochs.tolist()), judged

    def kept(snapshot: Snapshot) -> Snapshot:
        return _each_tree(partial(first_members, count=len(population.members.seeds)), snapshot)

    def placed(snapshot: Snapshot) -> Snapshot:
        return _each_tree(partial(place_members, mesh=population.mesh), snapshot)

    return Program(
        # The order follows from the number of steps; all members run to the last epoch.
        training=dataclasses.replace(training, patience=0),
        steps_per_epoch=steps_per_epoch,
        take_step=take_step,
        judge=judge,
        position=lambda: None,
        seek=lambda position: None,
        members=describe_members(population.members),
        kept=kept,
        placed=placed,
    )


def _each_tree(change: Callable[[Any], Any], snapshot: Snapshot) -> Snapshot:
    """Return a snapshot whose two trees of arrays were changed."""
    best = snapshot.best._replace(params=change(snapshot.best.params))
    return snapshot._replace(state=change(snapshot.state), best=best)


def judge_population(population: Population, params: Params) -> tuple[np.ndarray, Judged]:
    """Return what each member's epoch is judged by, larger being better, and all scores.

    Args:
        population: what is trained.
        params: of all members, split over devices.
    """
    objective, members = population.settings.objective, population.members
    asked = [
        judge_members(
            params,
            population.weights,
            replicate(batch.inputs, population.mesh),
            population.class_weights,
            model=population.model,
            objective=objective,
            mesh=population.mesh,
        )
        for batch in population.dev
    ]
    valid = [np.flatnonzero(batch.valid) for batch in population.dev]
    pairs = zip(population.dev, valid, strict=True)
    label = np.concatenate([np.asarray(batch.inputs.label)[rows] for batch, rows in pairs])
    parts = [
        (probability[:, rows], loss[:, rows])
        for (probability, loss), rows in zip(jax.device_get(asked), valid, strict=True)
    ]
    probability, loss = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
    count = len(members.seeds)
    scores = [score(label, each) for each in probability[:count]]
    losses = loss[:count].mean(axis=1, dtype=np.float64)
    rows = [
        {"seed": int(seed), "weight": float(weight), **described(each), "objective": float(mean)}
        for seed, weight, each, mean in zip(*members, scores, losses, strict=True)
    ]
    if objective.judged_by == "loss":
        return -losses, Judged(mean_scores(scores), rows)
    by, num_classes = population.config.selection.score, probability.shape[2]
    values = [epoch_value(each, by, num_classes=num_classes) for each in scores]
    return np.array(values), Judged(mean_scores(scores), rows)
