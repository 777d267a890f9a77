"""The host loop: epochs, evaluation, checkpoints, and continuing after a kill."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from attnjax.config import Config
from attnjax.data.encoded import EncodedSplit
from attnjax.training.checkpoint import Checkpoints
from attnjax.training.journal import Journal
from attnjax.training.mesh import make_mesh, replicate, shard_batch
from attnjax.training.metrics import Scores, score
from attnjax.training.predict import predict
from attnjax.training.progress import make_display
from attnjax.training.recorder import Recorder, TakenStep
from attnjax.training.run import Run, initial_params, prepare_run
from attnjax.training.state import Best, Progress, Snapshot, initial_state
from attnjax.training.step import compiled_train_step
from attnjax.types import AttentionModel, Params


class Interrupted(Exception):
    """Training was asked to stop, has saved, and can be continued."""


class FitResult(NamedTuple):
    """What training ends with.

    Attributes:
        params: the weights of the best epoch.
        best_epoch: counted from 0; -1 where nothing was trained.
        best_score: its dev score; None where nothing was trained.
        score_name: "auc", or "negative_loss" where the area is undefined on dev.
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


class Host(NamedTuple):
    """Where a run leaves its traces, and who may stop it."""

    checkpoints: Checkpoints
    journal: Journal
    recorder: Recorder
    stop: Callable[[], bool]


def never_stop() -> bool:
    """Return False: the `stop` of a run that nobody interrupts."""
    return False


def print_warning(message: str) -> None:
    """Print one line to standard error."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


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

    An epoch is judged by the area under the ROC curve on `dev`. The same call continues
    where an earlier one was killed, and ends (on CPU) with the same bits.

    Args:
        model: the classifier.
        train: what it learns from.
        dev: what epochs are judged on.
        lengths: padded lengths of batches, increasing.
        config: its sections `training` and `model` and its seed are read.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation.
        params: weights to start from; freshly initialised ones if None.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.
        mesh: the devices; all local ones if None.

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
    state = replicate(start(params, optimizer=run.optimizer, key=train_key), mesh)
    snapshot = Snapshot(state, Best(params), Progress())
    with Checkpoints(directory, warn) as checkpoints:
        restored = checkpoints.restore(snapshot)
        snapshot = snapshot if restored is None else restored
        del state, restored
        length = snapshot.progress.journal_length
        with Journal(metrics_path, name, length or None) as journal:
            snapshot = _train(
                run,
                snapshot,
                checkpoints=checkpoints,
                journal=journal,
                progress=progress,
                stop=stop,
            )
    return _result(snapshot, run)


def _train(
    run: Run,
    snapshot: Snapshot,
    *,
    checkpoints: Checkpoints,
    journal: Journal,
    progress: bool,
    stop: Callable[[], bool],
) -> Snapshot:
    """Run the epochs that are left."""
    if snapshot.progress.iterator is not None:
        run.iterator.set_state(snapshot.progress.iterator)
    epochs = run.config.training.epochs
    num_steps = epochs * run.steps_per_epoch
    display = make_display(journal.name, progress=progress, num_epochs=epochs, num_steps=num_steps)
    with display:
        recorder = Recorder(
            journal,
            display,
            log_every=run.settings.log_every,
            num_steps=num_steps,
            seconds=snapshot.progress.seconds,
        )
        host = Host(checkpoints, journal, recorder, stop)
        while snapshot.progress.status == "running":
            snapshot = _train_epoch(run, snapshot, host)
            snapshot = _finish_epoch(run, snapshot, host)
    return snapshot


def _train_epoch(run: Run, snapshot: Snapshot, host: Host) -> Snapshot:
    """Take the steps of an epoch that are left; save on the way."""
    state, epoch = snapshot.state, snapshot.progress.epoch
    begin, end = int(state.step), (epoch + 1) * run.steps_per_epoch
    snapshot = snapshot._replace(state=None)  # pyright: ignore[reportArgumentType]
    for step in range(begin + 1, end + 1):
        batch = next(run.iterator).batch
        state, metrics = compiled_train_step(
            state,
            shard_batch(batch, run.mesh),
            run.class_weights,
            model=run.model,
            optimizer=run.optimizer,
            settings=run.settings,
        )
        host.recorder.take(TakenStep(step, epoch, metrics, int(batch.inputs.attendable.sum())))
        stopping = host.stop()
        # The end of an epoch is saved after its evaluation, not twice.
        due = step % run.config.training.checkpoint_every == 0 and step < end
        if stopping or due:
            _save(run, snapshot._replace(state=state), host)
        if stopping:
            raise Interrupted(f"stopped after step {step}; the same command continues")
    host.recorder.flush()
    return snapshot._replace(state=state)


def _finish_epoch(run: Run, snapshot: Snapshot, host: Host) -> Snapshot:
    """Evaluate, keep the best weights, decide whether to go on, save."""
    state, best, progress = snapshot
    training, epoch = run.config.training, progress.epoch
    predictions = predict(run.model, state.params, run.dev, run.mesh)
    scores = score(predictions.label, predictions.probability)
    host.recorder.evaluate(int(state.step), epoch, scores)
    value = _score(scores)[0]
    # The release saves nothing after its first epoch; a run of one epoch has no other.
    eligible = training.first_epoch != "release" or epoch > 0 or training.epochs == 1
    if eligible and (best.score is None or value > best.score):
        # A copy, because the next step consumes the state.
        best = Best(_copied(state.params), value, epoch)
    since_best = epoch - best.epoch if best.epoch >= 0 else 0
    status = "running"
    if 0 < training.patience <= since_best:
        status = "stopped_early"
    elif epoch + 1 == training.epochs:
        status = "finished"
    progress = progress._replace(epoch=epoch + 1, epochs_since_best=since_best, status=status)
    return _save(run, Snapshot(state, best, progress), host)


@jax.jit
def _copied(params: Params) -> Params:
    """Return other buffers with the same content, by one program for all arrays."""
    return jax.tree.map(jnp.copy, params)


def _save(run: Run, snapshot: Snapshot, host: Host) -> Snapshot:
    """Write a checkpoint of this moment, with every line of the journal before it."""
    host.recorder.flush()
    host.journal.synchronise()
    progress = snapshot.progress._replace(
        seconds=host.recorder.seconds,
        iterator=run.iterator.get_state(),
        journal_length=host.journal.length,
    )
    snapshot = snapshot._replace(progress=progress)
    host.checkpoints.save(snapshot)
    return snapshot


def _score(scores: Scores) -> tuple[float, str]:
    """Return what an epoch is judged by, and its name."""
    if scores.auc is None:
        return -scores.loss, "negative_loss"
    return scores.auc, "auc"


def _result(snapshot: Snapshot, run: Run) -> FitResult:
    occurring = np.unique(run.dev.split.label)
    defined = len(occurring) == len(run.class_weights)
    return FitResult(
        params=snapshot.best.params,
        best_epoch=snapshot.best.epoch,
        best_score=snapshot.best.score,
        score_name="auc" if defined else "negative_loss",
        epochs_run=snapshot.progress.epoch,
        steps=int(snapshot.state.step),
        seconds=snapshot.progress.seconds,
        status=snapshot.progress.status,
    )
