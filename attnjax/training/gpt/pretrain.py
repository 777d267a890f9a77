"""Pre-training of a language model on documents, judged on those that are held out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import grain
import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from attnjax.data.gpt.held_out import HeldOutBatches
from attnjax.data.gpt.windows import Documents, Window, WindowPlan, check_ids, window_iterator
from attnjax.training.gpt.evaluate import (
    TokenLossFn,
    compile_token_losses,
    held_out_scores,
    held_out_totals,
)
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.gpt.placement import gpt_mesh, own_rows, place_rows
from attnjax.training.gpt.schedules import schedule
from attnjax.training.gpt.settings import Beat, PretrainSettings, kept_steps, pretraining_optimizer
from attnjax.training.gpt.speed import described_speed
from attnjax.training.gpt.step import LossFn, StepFn, compile_gpt_step, placed_state
from attnjax.training.host import Program, Stepped, never_stop, print_warning, run_program
from attnjax.training.recorder import Judged, Pace
from attnjax.training.state import Best, Progress, Snapshot, TrainState
from attnjax.types import Params

SampleFn = Callable[[Params, int], str]
"""From params and the number of steps taken to a text that the model wrote."""

KeepFn = Callable[[Params, int], None]
"""Told the params, as they lie on the devices, and the number of steps taken; they are gone
after the next one."""


class LanguageModel(NamedTuple):
    """What pre-training asks of a model.

    Attributes:
        loss: of rows of context + 1 tokens.
        token_losses: what each token of such rows costs, without dropout.
        vocabulary_size: one more than the largest piece id.
        flops_per_token: of a training step, see `speed.flops_per_token`; 0: not counted.
    """

    loss: LossFn
    token_losses: TokenLossFn
    vocabulary_size: int
    flops_per_token: float = 0.0


class PretrainResult(NamedTuple):
    """What pre-training ends with.

    Attributes:
        params: the last weights.
        scores: of the last evaluation: see `held_out_scores`.
        steps: taken.
        seconds: time spent, over all continuations.
        dropped: what of the text is never, or not in every epoch, trained on, and why.
    """

    params: Params
    scores: dict[str, Any]
    steps: int
    seconds: float
    dropped: dict[str, int]


class _Run(NamedTuple):
    """All that a pre-training consists of."""

    model: LanguageModel
    settings: PretrainSettings
    optimizer: OptimizerSettings
    plan: WindowPlan
    iterator: grain.DatasetIterator[Window]
    step: StepFn
    token_losses: TokenLossFn
    held_out: HeldOutBatches
    mesh: Mesh
    num_steps: int
    sample: SampleFn | None
    keep: KeepFn | None


def pretrain(
    model: LanguageModel,
    *,
    params: Params,
    train: Documents,
    held_out: Documents,
    settings: PretrainSettings,
    directory: Path,
    metrics_path: Path,
    name: str = "pretrain",
    progress: bool = True,
    stop: Callable[[], bool] = never_stop,
    warn: Callable[[str], None] = print_warning,
    mesh: Mesh | None = None,
    sample: SampleFn | None = None,
    keep: KeepFn | None = None,
) -> PretrainResult:
    """Train a language model on documents; judge it on others as it goes.

    The same call continues where an earlier one was killed or stopped, and ends (on CPU,
    with the same devices) with the same bits.

    Args:
        model: what to minimise, and what to judge by.
        params: the weights to start from.
        train: documents to train on.
        held_out: documents to judge by.
        settings: of batches, steps and evaluations.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.
        mesh: the devices; all of them, each with the whole state, if None.
        sample: writes a text at every evaluation, for people to read; or None.
        keep: told the weights at `settings.keep_at`; after a kill again, and the same.

    Raises:
        Interrupted: after saving, because `stop` said so.
        DataError: if there is too little text, or a piece id that the model does not have.
        TrainingDivergedError: if a loss stops being a finite number.
        WorkFolderError: if something cannot be written.

    Source: Radford et al. (2018), sections 3.1 and 4.1.
    """
    mesh = gpt_mesh() if mesh is None else mesh
    plan = WindowPlan(
        train,
        context=settings.context,
        batch_size=settings.batch_size,
        seed=settings.seed,
        num_epochs=settings.epochs,
        rows=own_rows(mesh, settings.batch_size),
        crossing=settings.crossing,
    )
    num_steps = min(settings.num_steps or len(plan), len(plan))
    optimizer = pretraining_optimizer(settings, num_steps)
    key = jax.random.fold_in(jax.random.key(settings.seed), 1)
    state = placed_state(params, optimizer=build_gpt_optimizer(optimizer), key=key, mesh=mesh)
    run = _Run(
        model,
        settings,
        optimizer,
        plan,
        window_iterator(plan),
        _compiled(model, state, optimizer, settings, mesh),
        compile_token_losses(model.token_losses, mesh),
        _held_out_batches(held_out, settings),
        mesh,
        num_steps,
        sample,
        keep,
    )
    if keep is not None and 0 in kept_steps(settings, num_steps):
        keep(state.params, 0)
    snapshot = run_program(
        _program(run),
        Snapshot(state, Best({}), Progress()),
        directory=directory,
        metrics_path=metrics_path,
        name=name,
        progress=progress,
        stop=stop,
        warn=warn,
    )
    return PretrainResult(
        snapshot.state.params,
        snapshot.best.score,
        int(jax.device_get(snapshot.state.step)),
        snapshot.progress.seconds,
        plan.dropped,
    )


def _compiled(
    model: LanguageModel,
    state: TrainState,
    optimizer: OptimizerSettings,
    settings: PretrainSettings,
    mesh: Mesh,
) -> StepFn:
    return compile_gpt_step(
        state,
        loss_fn=model.loss,
        optimizer=build_gpt_optimizer(optimizer),
        log_every=settings.log_every,
        mesh=mesh,
    )


def _held_out_batches(documents: Documents, settings: PretrainSettings) -> HeldOutBatches:
    return HeldOutBatches(
        documents,
        context=settings.context,
        batch_size=settings.evaluation_batch,
        stride=settings.evaluation_stride,
        limit=settings.evaluation_limit,
    )


def _program(run: _Run) -> Program:
    """Return how a language model takes a step and is judged."""
    settings = run.settings
    kept = frozenset(kept_steps(settings, run.num_steps)) - {0}

    def take_step(state: TrainState, number: int) -> Stepped:
        window = next(run.iterator)
        check_ids(window.tokens, run.model.vocabulary_size)
        batch = place_rows(window.tokens, run.mesh, settings.batch_size)
        state, metrics = run.step(state, batch)
        if run.keep is not None and number + 1 in kept:
            run.keep(state.params, number + 1)
        return Stepped(state, metrics, settings.batch_size * settings.context)

    def judge(params: Params, best: Best, epoch: int) -> tuple[Best, Judged]:
        totals, tokens = held_out_totals(run.token_losses, params, run.held_out, run.mesh)
        scores = held_out_scores(run.held_out.documents, totals, tokens)
        if run.sample is not None:
            step = min((epoch + 1) * settings.evaluate_every, run.num_steps)
            scores["sample"] = run.sample(params, step)
        # The last weights are the result: no others are kept, only the last scores.
        return best._replace(score=scores), Judged(scores)

    return Program(
        training=Beat(
            -(-run.num_steps // settings.evaluate_every),
            settings.log_every,
            settings.checkpoint_every,
        ),
        steps_per_epoch=settings.evaluate_every,
        take_step=take_step,
        judge=judge,
        position=run.iterator.get_state,
        seek=run.iterator.set_state,
        num_steps=run.num_steps,
        period="stage",
        described_pace=lambda pace: _described(pace, run),
    )


def _described(pace: Pace, run: _Run) -> dict[str, Any]:
    """Return what a logged step says beside its loss."""
    optimizer = run.optimizer
    factor = schedule(optimizer.schedule, num_steps=run.num_steps, warmup=optimizer.warmup)
    rate = optimizer.learning_rate * float(factor(jnp.int32(pace.step - 1)))
    devices = list(run.mesh.devices.flat)
    speed = described_speed(
        pace.tokens_per_second, flops=run.model.flops_per_token, devices=devices
    )
    return {
        "epoch": (pace.step - 1) // run.plan.steps,
        "learning_rate": rate,
        **speed,
        "seconds_left": round(pace.seconds_left, 1),
    }
