"""The host loop of every training: epochs, judgement, checkpoints, continuing after a kill."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.training.checkpoint import Checkpoints
from attnjax.training.hosts import agreed, is_writer
from attnjax.training.journal import Journal, Unwritten
from attnjax.training.progress import make_display
from attnjax.training.recorder import Judged, Pace, Recorder, TakenStep, nothing_else
from attnjax.training.state import Best, Snapshot, TrainState
from attnjax.training.step import StepMetrics
from attnjax.types import Params


class Interrupted(Exception):
    """Training was asked to stop, has saved, and can be continued."""


def never_stop() -> bool:
    """Return False: the `stop` of a run that nobody interrupts."""
    return False


def stop_after(seconds: float) -> Callable[[], bool]:
    """Return a `stop` that is true once so much time has passed: one stage of a long run.

    Args:
        seconds: from now.

    Example:
        >>> stop_after(60.0)()
        False
    """
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def print_warning(message: str) -> None:
    """Print one line to standard error."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def same(snapshot: Snapshot) -> Snapshot:
    """Return what it is given: a single model's snapshot is kept as it lies on the devices."""
    return snapshot


class Stepped(NamedTuple):
    """What a step leaves.

    Attributes:
        state: of the training.
        metrics: on the device.
        num_tokens: real tokens of its batch.
    """

    state: TrainState
    metrics: StepMetrics
    num_tokens: int


class Rhythm(Protocol):
    """How long a training is, and how often it is judged, logged and saved.

    Attributes:
        epochs: after each of which the weights are judged.
        patience: epochs without a better score after which training ends; 0: never.
        log_every: steps.
        checkpoint_every: steps, beside every epoch's end.
    """

    @property
    def epochs(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def log_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...


class Program(NamedTuple):
    """What distinguishes one training from another.

    Attributes:
        training: epochs, patience, and how often something is logged and saved.
        steps_per_epoch: at least 1.
        take_step: the state and the number of steps taken to the state after one more.
        judge: params, the best ones so far and the epoch to the new best ones, and scores.
        position: where the stream of batches stands, as JSON.
        seek: continue the stream there.
        members: what each member of a population is called in messages; empty for one model.
        kept: a snapshot to what of it is saved, which must not depend on the devices.
        placed: what was saved to the snapshot on these devices.
        num_steps: of the whole training, where the last epoch is shorter; 0: of all epochs.
        period: what an epoch is called, where it is not one pass over the data.
        described_pace: from the pace to further fields of a logged step.
    """

    training: Rhythm
    steps_per_epoch: int
    take_step: Callable[[TrainState, int], Stepped]
    judge: Callable[[Params, Best, int], tuple[Best, Judged]]
    position: Callable[[], Any]
    seek: Callable[[Any], None]
    members: Sequence[str] = ()
    kept: Callable[[Snapshot], Snapshot] = same
    placed: Callable[[Snapshot], Snapshot] = same
    num_steps: int = 0
    period: str = "epoch"
    described_pace: Callable[[Pace], dict[str, Any]] = nothing_else


class Host(NamedTuple):
    """Where a run leaves its traces, and who may stop it."""

    checkpoints: Checkpoints
    journal: Journal
    recorder: Recorder
    stop: Callable[[], bool]


def run_program(
    program: Program,
    snapshot: Snapshot,
    *,
    directory: Path,
    metrics_path: Path,
    name: str,
    progress: bool,
    stop: Callable[[], bool],
    warn: Callable[[str], None],
) -> Snapshot:
    """Train to the end, from the newest checkpoint if there is one.

    Args:
        program: what to do.
        snapshot: where a run without a checkpoint begins.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.

    Raises:
        Interrupted: after saving, because `stop` said so.
        TrainingDivergedError: if a loss stops being a finite number.
        WorkFolderError: if something cannot be written.
    """
    with Checkpoints(directory, warn) as checkpoints:
        saved = checkpoints.restore(program.kept(snapshot))
        snapshot = snapshot if saved is None else program.placed(saved)
        length = snapshot.progress.journal_length
        with (
            Journal(metrics_path, name, length or None) if is_writer() else Unwritten(name)
        ) as journal:
            return _train(program, snapshot, checkpoints, journal, progress=progress, stop=stop)


def _train(
    program: Program,
    snapshot: Snapshot,
    checkpoints: Checkpoints,
    journal: Journal,
    *,
    progress: bool,
    stop: Callable[[], bool],
) -> Snapshot:
    """Run the epochs that are left."""
    if snapshot.progress.iterator is not None:
        program.seek(snapshot.progress.iterator)
    epochs = program.training.epochs
    num_steps = program.num_steps or epochs * program.steps_per_epoch
    display = make_display(
        journal.name,
        progress=progress,
        num_epochs=epochs,
        num_steps=num_steps,
        period=program.period,
    )
    with display:
        recorder = Recorder(
            journal,
            display,
            log_every=program.training.log_every,
            num_steps=num_steps,
            seconds=snapshot.progress.seconds,
            members=program.members,
            period=program.period,
            described_pace=program.described_pace,
        )
        host = Host(checkpoints, journal, recorder, stop)
        while snapshot.progress.status == "running":
            snapshot = _train_epoch(program, snapshot, host)
            snapshot = _finish_epoch(program, snapshot, host)
    return snapshot


def _train_epoch(program: Program, snapshot: Snapshot, host: Host) -> Snapshot:
    """Take the steps of an epoch that are left; save on the way."""
    state, epoch = snapshot.state, snapshot.progress.epoch
    begin, end = num_steps_taken(state), (epoch + 1) * program.steps_per_epoch
    end = min(end, program.num_steps or end)
    snapshot = snapshot._replace(state=None)  # pyright: ignore[reportArgumentType]
    for step in range(begin + 1, end + 1):
        state, metrics, num_tokens = program.take_step(state, step - 1)
        host.recorder.take(TakenStep(step, epoch, metrics, num_tokens))
        stopping = agreed(host.stop)
        # The end of an epoch is saved after its evaluation, not twice.
        due = step % program.training.checkpoint_every == 0 and step < end
        if stopping or due:
            _save(program, snapshot._replace(state=state), host)
        if stopping:
            raise Interrupted(f"stopped after step {step}; the same command continues")
    host.recorder.flush()
    return snapshot._replace(state=state)


def _finish_epoch(program: Program, snapshot: Snapshot, host: Host) -> Snapshot:
    """Evaluate, keep the best weights, decide whether to go on, save."""
    state, best, progress = snapshot
    training, epoch = program.training, progress.epoch
    best, judged = program.judge(state.params, best, epoch)
    host.recorder.evaluate(num_steps_taken(state), epoch, judged)
    # Of a population: since any member had its best epoch.
    latest = int(np.max(best.epoch))
    since_best = epoch - latest if latest >= 0 else 0
    status = "running"
    if 0 < training.patience <= since_best:
        status = "stopped_early"
    elif epoch + 1 == training.epochs:
        status = "finished"
    progress = progress._replace(epoch=epoch + 1, epochs_since_best=since_best, status=status)
    return _save(program, Snapshot(state, best, progress), host)


def _save(program: Program, snapshot: Snapshot, host: Host) -> Snapshot:
    """Write a checkpoint of this moment, with every line of the journal before it."""
    host.recorder.flush()
    host.journal.synchronise()
    progress = snapshot.progress._replace(
        seconds=host.recorder.seconds,
        iterator=program.position(),
        journal_length=host.journal.length,
    )
    snapshot = snapshot._replace(progress=progress)
    host.checkpoints.save(program.kept(snapshot))
    return snapshot


def num_steps_taken(state: TrainState) -> int:
    """Return the steps behind a state; all members of a population have taken as many."""
    return int(np.max(jax.device_get(state.step)))


@jax.jit
def copied(params: Params) -> Params:
    """Return other buffers with the same content, by one program for all arrays."""
    return jax.tree.map(jnp.copy, params)
