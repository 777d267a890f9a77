"""Training one classifier."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from attnjax.config import Config
from attnjax.data.encoded import EncodedSplit
from attnjax.training.host import (
    Program,
    Stepped,
    copied,
    never_stop,
    print_warning,
    run_program,
)
from attnjax.training.mesh import make_mesh, replicate, shard_batch
from attnjax.training.metrics import epoch_value, judged_by, score
from attnjax.training.predict import predict
from attnjax.training.recorder import Judged
from attnjax.training.run import Run, initial_params, may_be_best, prepare_run
from attnjax.training.state import Best, Progress, Snapshot, TrainState, initial_state
from attnjax.training.step import compiled_train_step
from attnjax.types import AttentionModel, Params


class FitResult(NamedTuple):
    """What training ends with.

    Attributes:
        params: the weights of the best epoch.
        best_epoch: counted from 0; -1 where nothing was trained.
        best_score: its dev score; None where nothing was trained.
        score_name: "auc", "accuracy" or "negative_loss", as `metrics.judged_by` decides.
        epochs_run: epochs trained.
        steps: steps taken.
        seconds: time spent, over all continuations.
        status: "finished" or "stopped_early".
    """

    params: Params
    best_epoch: int
    best_score: float | None
    score_name: str
    epochs_run: int
    steps: int
    seconds: float
    status: str


def fit(
    model: AttentionModel,
    *,
    train: EncodedSplit,
    dev: EncodedSplit,
    lengths: Sequence[int],
    config: Config,
    directory: Path,
    metrics_path: Path,
    params: Params | None = None,
    name: str = "train",
    progress: bool = True,
    stop: Callable[[], bool] = never_stop,
    warn: Callable[[str], None] = print_warning,
    mesh: Mesh | None = None,
) -> FitResult:
    """Train a classifier and return the weights of its best epoch.

    An epoch is judged on `dev` by `config.selection.score`: the area under the ROC curve for
    two classes, accuracy for more. The same call continues where an earlier one was killed,
    and ends (on CPU) with the same bits.

    Args:
        model: the classifier.
        train: what it learns from.
        dev: what epochs are judged on.
        lengths: padded lengths of batches, increasing.
        config: its sections `training`, `selection` and `model` and its seed are read.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation.
        params: weights to start from; freshly initialised ones if None.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.
        mesh: the devices; those of `batch_devices` if None.

    Returns:
        The best weights and how they were found. With `config.training.epochs` 0 the
        initial weights.

    Raises:
        Interrupted: after saving, because `stop` said so.
        TrainingDivergedError: if the loss stops being a finite number.
        WorkFolderError: if something cannot be written.

    Source: Jain & Wallace (2019), section 3, and their released code.

    Example:
        >>> import tempfile
        >>> from attnjax.config import resolve
        >>> from attnjax.models.build import build_model
        >>> ids = tuple(np.array([2, 4 + i % 2, 3], np.int32) for i in range(8))
        >>> numbers = np.arange(8, dtype=np.int32)
        >>> split = EncodedSplit(ids, label=numbers % 2, instance_id=numbers)
        >>> config = resolve({"model": {"encoder": "average", "embedding_size": 2},
        ...                   "training": {"epochs": 20, "learning_rate": 0.1}})
        >>> model = build_model(config.model, vocabulary_size=6, num_classes=2)
        >>> folder = Path(tempfile.mkdtemp())
        >>> fit(model, train=split, dev=split, lengths=(8,), config=config, directory=folder,
        ...     metrics_path=folder / "metrics.jsonl").best_score
        1.0
    """
    mesh = make_mesh() if mesh is None else mesh
    init_key, train_key = jax.random.split(jax.random.key(config.seed))
    if params is None:
        params = initial_params(model, train, lengths=lengths, key=init_key)
    if config.training.epochs == 0:
        return FitResult(params, -1, None, "auc", 0, 0, 0.0, "finished")
    params = replicate(params, mesh)
    run = prepare_run(
        model, train=train, dev=dev, lengths=lengths, config=config, params=params, mesh=mesh
    )
    # One program instead of one for every shape of an array.
    start = jax.jit(initial_state, static_argnames="optimizer")
    snapshot = run_program(
        _program(run),
        Snapshot(
            replicate(start(params, optimizer=run.optimizer, key=train_key), mesh),
            Best(params),
            Progress(),
        ),
        directory=directory,
        metrics_path=metrics_path,
        name=name,
        progress=progress,
        stop=stop,
        warn=warn,
    )
    return _result(snapshot, run)


def _program(run: Run) -> Program:
    """Return how a single model takes a step and is judged."""
    weight = replicate(jnp.float32(run.config.training.guide_weight), run.mesh)

    def take_step(state: TrainState, number: int) -> Stepped:
        del number
        batch = next(run.iterator).batch
        state, metrics = compiled_train_step(
            state,
            shard_batch(batch, run.mesh),
            run.class_weights,
            weight,
            model=run.model,
            optimizer=run.optimizer,
            settings=run.settings,
        )
        return Stepped(state, metrics, int(batch.inputs.attendable.sum()))

    def judge(params: Params, best: Best, epoch: int) -> tuple[Best, Judged]:
        predictions = predict(run.model, params, run.dev, run.mesh)
        scores = score(predictions.label, predictions.probability)
        by, num_classes = run.config.selection.score, len(run.class_weights)
        value = epoch_value(scores, by, num_classes=num_classes)
        better = best.score is None or value > best.score
        if may_be_best(run.config.training, epoch) and better:
            # A copy, because the next step consumes the state.
            best = Best(copied(params), value, epoch)
        return best, Judged(scores)

    return Program(
        training=run.config.training,
        steps_per_epoch=run.steps_per_epoch,
        take_step=take_step,
        judge=judge,
        position=run.iterator.get_state,
        seek=run.iterator.set_state,
    )


def _result(snapshot: Snapshot, run: Run) -> FitResult:
    occurring, num_classes = np.unique(run.dev.split.label), len(run.class_weights)
    return FitResult(
        params=snapshot.best.params,
        best_epoch=snapshot.best.epoch,
        best_score=snapshot.best.score,
        score_name=judged_by(
            run.config.selection.score,
            num_classes=num_classes,
            has_area=len(occurring) == num_classes,
        ),
        epochs_run=snapshot.progress.epoch,
        steps=int(snapshot.state.step),
        seconds=snapshot.progress.seconds,
        status=snapshot.progress.status,
    )
