"""The stages that train a model and record what it predicts."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from attnjax.config import Config
from attnjax.data.corpus import Instances
from attnjax.errors import ConfigError, WorkFolderError
from attnjax.experiments.result import Result
from attnjax.experiments.trial import Prepared, Trial
from attnjax.models.weights import load_release_weights, params_from_release
from attnjax.training.loop import FitResult, fit
from attnjax.training.mesh import make_mesh, replicate
from attnjax.training.metrics import score
from attnjax.training.predict import Predictions, predict
from attnjax.types import Params
from attnjax.workspace import read_json

CONTROL_GUIDE_WEIGHT = 10.0
"""Pull of the positive control's attention to the evidence, beside a loss of about 0.7 nats."""


def config_of(config: Config, stage: str) -> Config:
    """Return the config whose model a training stage trains.

    `train` is the run's own model. The positive control is the same model with its
    attention pulled onto the planted evidence; the negative control's attention is frozen
    noise, drawn per instance.

    Example:
        >>> from attnjax.config import resolve
        >>> config_of(resolve({}), "train_negative_control").model.attention
        'random'
    """
    if stage == "train_positive_control":
        guided = dataclasses.replace(config.training, guide_weight=CONTROL_GUIDE_WEIGHT)
        return dataclasses.replace(config, training=guided)
    if stage == "train_negative_control":
        noise = dataclasses.replace(config.model, attention="random")
        return dataclasses.replace(config, model=noise)
    return config


def train(trial: Trial, stage: str) -> Result:
    """Train the model of a stage, or continue to."""
    result = _fit(trial, stage)
    trial.params[stage] = result.params
    return Result(
        {
            "best_epoch": result.best_epoch,
            "best_score": result.best_score,
            "score_name": result.score_name,
            "epochs_run": result.epochs_run,
            "parameters": int(sum(leaf.size for leaf in jax.tree.leaves(result.params))),
            "params_sha256": params_digest(result.params),
            "seconds": result.seconds,
        },
        {},
    )


def best_params(trial: Trial, stage: str = "train") -> Params:
    """Return the params of a finished training stage, from memory or its checkpoints.

    Raises:
        WorkFolderError: if the checkpoints no longer hold what the stage recorded.
    """
    return recorded_params(trial, stage, lambda: _fit(trial, stage).params)


def recorded_params(trial: Trial, stage: str, fit_again: Callable[[], Params]) -> Params:
    """Return the params of a finished training stage.

    Args:
        trial: of the run.
        stage: name of the stage.
        fit_again: restores them from the stage's checkpoints or, without any, trains again.

    Raises:
        WorkFolderError: if they are not what the stage recorded.
    """
    if stage not in trial.params:
        checkpoints = trial.directory / "checkpoints" / stage
        if trial.config.training.epochs and not any(checkpoints.glob("*")):
            trial.say(f"{checkpoints}: no checkpoint is left, {stage} is repeated")
        params = fit_again()
        check_recorded(trial.directory, stage, params)
        trial.params[stage] = params
    return trial.params[stage]


def check_recorded(directory: Path, stage: str, params: Params) -> None:
    """Refuse params that are not what a finished training stage recorded.

    Args:
        directory: the work folder.
        stage: name of the stage.
        params: restored from its checkpoints, or trained again.

    Raises:
        WorkFolderError: if they are others.
    """
    path = directory / "stages" / f"{stage}.json"
    if params_digest(params) == read_json(path)["summary"]["params_sha256"]:
        return
    raise WorkFolderError(
        str(directory / "checkpoints" / stage),
        found="params that are not those that the finished stages used",
        expected="the checkpoints as the run left them",
        action=f"restore them, delete {path} so that its params are the ones that count "
        "and other stages are done again, or start again in another --workdir",
    )


def _fit(trial: Trial, stage: str) -> FitResult:
    """Fit, continue, or restore a finished fit, from the stage's own checkpoints."""
    config = config_of(trial.config, stage)
    splits = trial.data.splits
    metrics = "metrics.jsonl" if stage == "train" else f"metrics.{stage}.jsonl"
    result = fit(
        trial.model_like(config),
        train=splits["train"],
        dev=splits[config.selection.split],
        lengths=trial.data.lengths,
        config=config,
        params=initial_params(config, trial.data),
        directory=trial.directory / "checkpoints" / stage,
        metrics_path=trial.directory / metrics,
        name=stage,
        progress=trial.progress,
        stop=trial.stop,
        warn=trial.say,
    )
    # Where nothing was trained they are still on one device alone.
    return result._replace(params=replicate(result.params, make_mesh()))


def initial_params(config: Config, data: Prepared) -> Params | None:
    """Return imported weights where the config names them, else None.

    Raises:
        ConfigError: for weights of a model that answers questions: none can be read.
        DataError: for weights that do not fit.
    """
    if not config.model.weights:
        return None
    if data.splits["train"].question is not None:
        raise ConfigError(
            "config.model.weights",
            found=f"{config.model.weights!r} for data with questions",
            expected="'': weights of the released code can be read for classifiers only",
            action="remove it and train",
        )
    return params_from_release(
        load_release_weights(Path(config.model.weights).expanduser()),
        config.model,
        vocabulary_size=len(data.vocabulary),
        num_classes=len(data.corpus.class_names),
    )


def params_digest(params: Params) -> str:
    """Return a sha256 of every array and its name.

    Example:
        >>> import numpy as np
        >>> params_digest({"a": np.zeros(2)})[:8]
        '...'
    """
    sha256 = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        sha256.update(jax.tree_util.keystr(path).encode())
        sha256.update(np.ascontiguousarray(leaf).tobytes())
    return sha256.hexdigest()


def predictions(trial: Trial) -> Result:
    """Record the performance on dev and test, and what the model makes of each test instance."""
    params = best_params(trial)
    made = {
        split: predict(trial.model, params, trial.batches(split=split)) for split in ("dev", "test")
    }
    summary = {split: score(one.label, one.probability)._asdict() for split, one in made.items()}
    return Result(summary, _prediction_rows(trial, made["test"]))


def _questions(instances: Instances, order: list[int]) -> dict[str, Any]:
    """Return what is asked of each text, and the possible answers; nothing without questions."""
    found: dict[str, Any] = {}
    if instances.question is not None:
        found["question"] = [list(instances.question[row]) for row in order]
    if instances.candidates is not None:
        found["candidates"] = [np.array(instances.candidates[row], np.int32) for row in order]
    return found


def _prediction_rows(trial: Trial, made: Predictions) -> dict[str, Any]:
    instances, encoded = trial.data.corpus.splits["test"], trial.data.splits["test"]
    place = {int(one): row for row, one in enumerate(encoded.instance_id)}
    order = [place[int(one)] for one in made.instance_id]
    rows: dict[str, Any] = {
        "instance_id": made.instance_id,
        # A truncated text shows the tokens that the model read.
        "tokens": [list(instances.tokens[row][: len(encoded.token_ids[row]) - 2]) for row in order],
        **_questions(instances, order),
        "label": made.label,
        "predicted": made.predicted,
        "probability": list(made.probability),
        "max_attention": np.array([one.max() for one in made.attention], np.float32),
        "attention": list(made.attention),
    }
    if encoded.evidence is not None:
        rows["evidence"] = [np.asarray(encoded.evidence[row], bool) for row in order]
    if encoded.rationale is not None:
        rows["rationale"] = [np.asarray(encoded.rationale[row], bool) for row in order]
    return rows
