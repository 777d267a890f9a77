"""Training one variant of the model on the task with one seed, and what it then predicts."""

import dataclasses
import json
import shutil
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from attnjax.experiments.gpt.adapters import task_model
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.gpt.starting_point import StartingPoint
from attnjax.experiments.gpt.task_rows import model_settings
from attnjax.experiments.gpt.variants import ALL, FULL, Variant, stage_name
from attnjax.experiments.result import Result
from attnjax.experiments.training import params_digest
from attnjax.models.gpt.model import GPT, build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights import Transferred, transfer
from attnjax.training.gpt.finetune import FinetuneResult, Task, finetune
from attnjax.training.gpt.metrics import predicted, task_scores
from attnjax.training.gpt.optimizer import OptimizerSettings
from attnjax.training.gpt.placement import gpt_mesh, whole
from attnjax.training.gpt.predict import predict_rows
from attnjax.training.gpt.settings import FinetuneSettings
from attnjax.types import Params


class Trained(NamedTuple):
    """A variant after its training.

    Attributes:
        gpt: the model.
        result: its params and what is known of its training.
        transferred: what it started from: arrays that stayed fresh, and that were not used.
    """

    gpt: GPT
    result: FinetuneResult
    transferred: Transferred


def train_variant(variant: Variant, seed: int, trial: FineTuningTrial) -> Result:
    """Train a variant with a seed and predict the test rows: a stage of the run.

    Args:
        variant: what is trained.
        seed: of the new weights, the order of rows and the dropout: the same for all variants,
            so that they are paired by it.
        trial: of the run.
    """
    forget_checkpoints(trial)
    trained = trained_variant(variant, seed, trial)
    rows, (gpt, result, transferred) = trial.rows_of_task, trained
    mesh = gpt_mesh()
    logits_of = jax.jit(task_model(gpt).logits, out_shardings=whole(mesh))
    predict = partial(
        predict_rows, logits_of, result.params, size=trial.config.fine_tuning.batch_size, mesh=mesh
    )
    kind = "score" if rows.is_score else "class"
    logits = {split: predict(rows.inputs[split]) for split in rows.inputs if split != "train"}
    scores = {
        split: task_scores(rows.metrics, rows.labels[split], predicted(one, kind=kind))
        for split, one in logits.items()
    }
    summary = {
        "seed": seed,
        "epoch": result.epoch,
        "steps": result.steps,
        "seconds": result.seconds,
        "parameters": num_parameters(result.params),
        "params_sha256": params_digest(result.params),
        "dropped": result.dropped,
        "fresh": list(transferred.fresh),
        "unused": list(transferred.unused),
        "scores": scores,
    }
    found = logits["test"]
    table = {
        "instance_id": np.arange(len(found), dtype=np.int32),
        "label": rows.labels["test"],
        "prediction": predicted(found, kind=kind),
        "logits": list(np.asarray(found, np.float32)),
    }
    return Result(summary, table)


def trained_variant(variant: Variant, seed: int, trial: FineTuningTrial) -> Trained:
    """Return a variant after its training; one that is finished is read from its checkpoint.

    Args:
        variant: what is trained.
        seed: of its weights, rows and dropout.
        trial: of the run.
    """
    stage, rows = stage_name(variant, seed), trial.rows_of_task
    start = start_of(variant, trial)
    settings = model_settings(settings_of(variant, trial), rows)
    gpt = build_gpt(settings)
    transferred = initial(settings, start, seed=seed, layers=layers_of(variant, trial))
    result = finetune(
        task_model(gpt),
        params=transferred.params,
        task=Task(
            rows.inputs["train"],
            rows.inputs["dev"],
            rows.labels["dev"],
            rows.metrics,
            "score" if rows.is_score else "class",
        ),
        settings=finetune_settings(trial, variant, seed),
        directory=trial.directory / "checkpoints" / stage,
        metrics_path=trial.directory / _journal(variant, seed, trial),
        name=stage,
        progress=trial.progress,
        stop=trial.stop,
        warn=trial.say,
    )
    if (variant, seed) == (FULL, trial.seeds[0]):
        trial.params[stage] = result.params
    return Trained(gpt, result, transferred)


def initial(
    settings: GPTSettings, start: StartingPoint | None, *, seed: int, layers: int | None
) -> Transferred:
    """Return the weights that a training starts from.

    Args:
        settings: of the model.
        start: pretrained weights; None for new ones.
        seed: of what is new.
        layers: transferred; None: all; -1: nothing.

    Raises:
        WeightsError: naming every size that does not fit.
    """
    key = jax.random.fold_in(jax.random.key(seed), 0)
    fresh: Params = jax.jit(partial(init_params, settings))(key)
    if start is None:
        return Transferred(fresh, ("everything",), ())
    return transfer(start.weights, settings, fresh, num_layers=layers)


def start_of(variant: Variant, trial: FineTuningTrial) -> StartingPoint | None:
    """Return the weights that a variant starts from, before layers are left out."""
    return trial.data.lstm if variant.lstm else trial.data.start


def settings_of(variant: Variant, trial: FineTuningTrial) -> GPTSettings:
    """Return the settings of a variant's model before it is put on the task."""
    if not variant.lstm:
        return trial.data.settings
    assert trial.data.lstm is not None
    theirs = trial.data.lstm.settings
    return dataclasses.replace(
        trial.data.settings,
        width=theirs.width,
        num_heads=theirs.num_heads,
        num_layers=theirs.num_layers,
        lstm_units=theirs.lstm_units,
    )


def layers_of(variant: Variant, trial: FineTuningTrial) -> int | None:
    """Return how many layers a variant is given: the config's number of them for all."""
    if variant.layers is not None or variant.lstm:
        return variant.layers
    chosen = trial.config.fine_tuning.layers
    return ALL if chosen == -1 else chosen


def finetune_settings(trial: FineTuningTrial, variant: Variant, seed: int) -> FinetuneSettings:
    """Return how a variant is trained.

    Args:
        trial: of the run.
        variant: without the auxiliary loss lambda is 0.
        seed: of the order of rows and of dropout.
    """
    config = trial.config.fine_tuning
    optimizer = OptimizerSettings(
        form=config.optimizer,  # pyright: ignore[reportArgumentType]
        learning_rate=config.learning_rate,
        schedule=config.schedule,  # pyright: ignore[reportArgumentType]
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        max_norm=config.max_norm,
    )
    return FinetuneSettings(
        epochs=config.epochs,
        batch_size=config.batch_size,
        language_weight=config.language_weight if variant.auxiliary else 0.0,
        drop_last=config.drop_last,
        keep=config.keep,  # pyright: ignore[reportArgumentType]
        optimizer=optimizer,
        checkpoint_every=config.checkpoint_every,
        log_every=config.log_every,
        seed=seed,
    )


def num_parameters(params: Params) -> int:
    """Return how many numbers some params are.

    Example:
        >>> num_parameters({"a": np.ones((2, 3)), "b": np.ones(1)})
        7
    """
    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(params))


def forget_checkpoints(trial: FineTuningTrial) -> None:
    """Delete the checkpoints of finished trainings but the one that is put on trial.

    Their predictions are kept in their stages; the states of many large models would fill
    the disk.

    Args:
        trial: of the run.
    """
    kept = stage_name(FULL, trial.seeds[0])
    for folder in sorted((trial.directory / "checkpoints").glob("*_seed*")):
        record = trial.directory / "stages" / f"{folder.name}.json"
        if folder.name != kept and _is_finished(record):
            shutil.rmtree(folder)


def _is_finished(record: Any) -> bool:
    try:
        return json.loads(record.read_text(encoding="utf-8")).get("sha256") is not None
    except (OSError, ValueError):
        return False


def _journal(variant: Variant, seed: int, trial: FineTuningTrial) -> str:
    if (variant, seed) == (FULL, trial.seeds[0]):
        return "metrics.jsonl"
    return f"metrics.{stage_name(variant, seed)}.jsonl"
