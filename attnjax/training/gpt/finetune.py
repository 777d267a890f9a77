"""Fine-tuning on a task, with the language model's loss beside the task's."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import grain
import jax
from jax.sharding import Mesh
from jaxtyping import Array, Float, Key

from attnjax.data.gpt.rows import RowBatch, RowPlan, num_rows, row_iterator
from attnjax.training.gpt.metrics import Labels, MetricName, predicted, prediction_loss, task_scores
from attnjax.training.gpt.optimizer import build_gpt_optimizer
from attnjax.training.gpt.placement import fetched, gpt_mesh, own_rows, place_rows, whole
from attnjax.training.gpt.predict import predict_rows
from attnjax.training.gpt.settings import Beat, FinetuneSettings
from attnjax.training.gpt.step import Loss, StepFn, compile_gpt_step, placed_state
from attnjax.training.host import (
    Program,
    Stepped,
    copied,
    never_stop,
    print_warning,
    run_program,
)
from attnjax.training.recorder import Judged
from attnjax.training.state import Best, Progress, Snapshot, TrainState
from attnjax.types import Params


class TaskLosses(NamedTuple):
    """What a batch costs.

    Attributes:
        task: mean over rows.
        language: of the language model on the same texts.
    """

    task: Float[Array, ""]
    language: Float[Array, ""]


class TaskModel(NamedTuple):
    """What fine-tuning asks of a model.

    Attributes:
        losses: of params, a batch of rows and the key of a step's dropout.
        logits: of params and a batch of rows, without dropout.
        num_tokens: real tokens of a batch of rows on the host, for the speed.
    """

    losses: Callable[[Params, Any, Key[Array, ""] | None], TaskLosses]
    logits: Callable[[Params, Any], Float[Array, "B C"]]
    num_tokens: Callable[[Any], int] = num_rows


class Task(NamedTuple):
    """What is learnt.

    Attributes:
        train: a tree of arrays with the rows first, as the model takes them.
        dev: the same, to judge by.
        dev_labels: classes, or scores.
        metrics: what the task is judged by; an epoch by the first one.
        kind: of what is predicted.
    """

    train: Any
    dev: Any
    dev_labels: Labels
    metrics: Sequence[MetricName] = ("accuracy",)
    kind: Literal["class", "score"] = "class"


class FinetuneResult(NamedTuple):
    """What fine-tuning ends with.

    Attributes:
        params: of the epoch that is kept.
        epoch: which one, from 0.
        scores: of it on dev, by name; None for one that is undefined.
        steps: taken.
        seconds: time spent, over all continuations.
        dropped: rows that are not in every epoch trained on, and why.
    """

    params: Params
    epoch: int
    scores: dict[str, Any]
    steps: int
    seconds: float
    dropped: dict[str, int]


class _Run(NamedTuple):
    """All that a fine-tuning consists of."""

    model: TaskModel
    task: Task
    settings: FinetuneSettings
    plan: RowPlan
    iterator: grain.DatasetIterator[RowBatch]
    step: StepFn
    logits: Callable[[Params, Any], Any]
    mesh: Mesh


def finetune(
    model: TaskModel,
    *,
    params: Params,
    task: Task,
    settings: FinetuneSettings,
    directory: Path,
    metrics_path: Path,
    name: str = "finetune",
    progress: bool = True,
    stop: Callable[[], bool] = never_stop,
    warn: Callable[[str], None] = print_warning,
    mesh: Mesh | None = None,
) -> FinetuneResult:
    r"""Train a model on a task; what is minimised is \\( L_{task} + \lambda L_{language} \\).

    The same call continues where an earlier one was killed or stopped, and ends (on CPU,
    with the same devices) with the same bits.

    Args:
        model: what to minimise, and how to predict.
        params: the weights to start from.
        task: rows to train on, rows to judge by, and the metrics.
        settings: of epochs and batches; lambda.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.
        mesh: the devices; all of them, each with the whole state, if None.

    Raises:
        Interrupted: after saving, because `stop` said so.
        DataError: if there are fewer rows than a batch has.
        TrainingDivergedError: if a loss stops being a finite number.
        WorkFolderError: if something cannot be written.

    Source: Radford et al. (2018), sections 3.2 and 4.1.
    """
    mesh = gpt_mesh() if mesh is None else mesh
    plan = RowPlan(
        task.train,
        batch_size=settings.batch_size,
        seed=settings.seed,
        num_epochs=settings.epochs,
        drop_last=settings.drop_last,
        own_rows=lambda size: own_rows(mesh, size),
    )
    optimizer = build_gpt_optimizer(dataclasses.replace(settings.optimizer, num_steps=len(plan)))
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    state = placed_state(params, optimizer=optimizer, key=key, mesh=mesh)
    step = compile_gpt_step(
        state,
        loss_fn=combined(model, settings.language_weight),
        optimizer=optimizer,
        log_every=settings.log_every,
        mesh=mesh,
    )
    logits = jax.jit(
        lambda params, rows: model.logits(fetched(params, mesh), rows), out_shardings=whole(mesh)
    )
    run = _Run(model, task, settings, plan, row_iterator(plan), step, logits, mesh)
    snapshot = run_program(
        _program(run),
        Snapshot(state, Best(_kept_at_first(settings, state)), Progress()),
        directory=directory,
        metrics_path=metrics_path,
        name=name,
        progress=progress,
        stop=stop,
        warn=warn,
    )
    return _result(snapshot, run)


def combined(
    model: TaskModel, language_weight: float
) -> Callable[[Params, Any, Key[Array, ""] | None], Loss]:
    r"""Return \\( L_{task} + \lambda L_{language} \\), with its parts.

    Args:
        model: of both losses.
        language_weight: lambda, at least 0.

    Example:
        >>> import jax.numpy as jnp
        >>> losses = lambda params, rows, key: TaskLosses(jnp.float32(1.0), jnp.float32(4.0))
        >>> loss = combined(TaskModel(losses, lambda params, rows: rows), 0.5)
        >>> float(loss(None, None, None).total)
        3.0
    """

    def loss_fn(params: Params, rows: Any, key: Key[Array, ""] | None) -> Loss:
        task, language = model.losses(params, rows, key)
        if language_weight == 0.0:
            # Not logged either: what nobody asks for is not computed.
            return Loss(task, {"task_loss": task})
        parts = {"task_loss": task, "language_loss": language}
        return Loss(task + language_weight * language, parts)

    return loss_fn


def _program(run: _Run) -> Program:
    """Return how a model takes a step on its task and is judged."""
    settings, task = run.settings, run.task

    def take_step(state: TrainState, number: int) -> Stepped:
        del number
        batch = next(run.iterator)
        num_tokens = run.model.num_tokens(batch.rows)
        state, metrics = run.step(state, place_rows(batch.rows, run.mesh, batch.size))
        return Stepped(state, metrics, num_tokens)

    def judge(params: Params, best: Best, epoch: int) -> tuple[Best, Judged]:
        size = settings.batch_size
        logits = predict_rows(run.logits, params, task.dev, size=size, mesh=run.mesh)
        found = predicted(logits, kind=task.kind)
        scores = task_scores(task.metrics, task.dev_labels, found)
        if settings.keep == "last":
            best = Best(best.params, scores, epoch)
        elif best.score is None or _better(scores, best.score, task.metrics[0]):
            # A copy, because the next step consumes the state.
            best = Best(copied(params), scores, epoch)
        loss = prediction_loss(logits, task.dev_labels, kind=task.kind)
        return best, Judged({"loss": loss, **scores})

    return Program(
        training=Beat(settings.epochs, settings.log_every, settings.checkpoint_every),
        steps_per_epoch=run.plan.steps,
        take_step=take_step,
        judge=judge,
        position=run.iterator.get_state,
        seek=run.iterator.set_state,
    )


def _kept_at_first(settings: FinetuneSettings, state: TrainState) -> Params:
    """Return what is kept of weights before any is judged; of the last ones no copy is."""
    return copied(state.params) if settings.keep == "best" else {}


def _result(snapshot: Snapshot, run: _Run) -> FinetuneResult:
    state, best, progress = snapshot
    return FinetuneResult(
        best.params if run.settings.keep == "best" else state.params,
        best.epoch,
        best.score,
        int(jax.device_get(state.step)),
        progress.seconds,
        run.plan.dropped,
    )


def _better(scores: dict[str, Any], best: dict[str, Any], metric: str) -> bool:
    """Return whether an epoch is better than the best one; an undefined score is the worst."""
    value, most = scores[metric], best[metric]
    return value is not None and (most is None or value > most)
