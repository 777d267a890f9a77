"""The stages of the tests of one trained model: the same for every kind of run and of model."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, Key

from attnjax.adversaries.search import settings_from
from attnjax.experiments.adversary import adversary, summarise_adversary
from attnjax.experiments.agreement import agreement, random_scores, taus
from attnjax.experiments.importance import gradient, leave_one_out_importance
from attnjax.experiments.permutation import permutation, summarise_permutation
from attnjax.experiments.result import Result, aligned, common_instances
from attnjax.experiments.stage import Stage
from attnjax.measures.summary import summarise_tau
from attnjax.types import AttentionModel, Batch, Params


@runtime_checkable
class KeepsRows(Protocol):
    """A run in progress whose finished stages have rows."""

    def rows(self, stage: str) -> dict[str, Any]:
        """Return the rows of a finished stage."""
        ...


@runtime_checkable
class OnTrial(KeepsRows, Protocol):
    """What these stages ask of a run in progress."""

    @property
    def config(self) -> Any:
        """The resolved config, with the sections that a stage names."""
        ...

    @property
    def model(self) -> AttentionModel:
        """The model on trial."""
        ...

    @property
    def intervals(self) -> dict[str, int]:
        """The bootstrap's settings, as keyword arguments."""
        ...

    def own_params(self) -> Params:
        """Return the weights of the model on trial."""
        ...

    def batches(self, limit: int = 0, split: str = "test") -> Sequence[Batch]:
        """Return a split's padded batches (at most `limit` instances; 0: all)."""
        ...

    def raise_if_stopped(self) -> None:
        """Raise `Interrupted` if the run was asked to stop."""
        ...

    def key(self, stage: str) -> Key[Array, ""]:
        """Return the key of a stage."""
        ...


def _gradient(trial: OnTrial) -> Result:
    settings = trial.config.gradient
    return gradient(
        trial.model, trial.own_params(), trial.batches(settings.limit), settings=settings
    )


def _leave_one_out(trial: OnTrial) -> Result:
    return leave_one_out_importance(
        trial.model,
        trial.own_params(),
        trial.batches(trial.config.leave_one_out.limit),
        memory_bytes=trial.config.memory.bytes,
    )


def _agreement(trial: OnTrial, name: str, first: str, second: str) -> Result:
    """Compare two columns of `predictions`, `gradient` and `leave_one_out`."""
    predictions = trial.rows("predictions")
    parts = {column: token_scores(trial, column) for column in (first, second)}
    ids = common_instances(*parts.values())
    return agreement(
        name,
        aligned(parts[first], first, ids),
        aligned(parts[second], second, ids),
        instance_id=ids,
        predicted=aligned(predictions, "predicted", ids),
        **trial.intervals,
    )


def token_scores(trial: KeepsRows, column: str) -> dict[str, Any]:
    """Return `instance_id` and one score; of a gradient its size, as J&W compare it."""
    stage = "predictions" if column == "attention" else column
    rows = trial.rows(stage)
    values = [np.abs(one) for one in rows[column]] if column == "gradient" else rows[column]
    return {"instance_id": rows["instance_id"], column: values}


def _gradient_agreement(trial: OnTrial) -> Result:
    return _agreement(trial, "gradient_agreement", "attention", "gradient")


def _leave_one_out_agreement(trial: OnTrial) -> Result:
    return _agreement(trial, "leave_one_out_agreement", "attention", "leave_one_out")


def _gradient_leave_one_out(trial: OnTrial) -> Result:
    return _agreement(trial, "gradient_leave_one_out", "gradient", "leave_one_out")


def _random_agreement(trial: OnTrial) -> Result:
    """Compare random scores with the gradient; several draws are pooled in the summary."""
    scores = token_scores(trial, "gradient")
    ids = np.asarray(scores["instance_id"])
    predicted = aligned(trial.rows("predictions"), "predicted", ids)
    lengths = [len(one) for one in scores["gradient"]]
    draws = []
    for draw in range(trial.config.random.draws):
        trial.raise_if_stopped()
        noise = random_scores(lengths, ids, seed=trial.config.seed, draw=draw)
        draws.append(taus(noise, scores["gradient"]))
    tau = np.concatenate([one for one, _ in draws])
    p_value = np.concatenate([one for _, one in draws])
    summary = summarise_tau(tau, p_value, np.tile(predicted, len(draws)), **trial.intervals)
    return Result(
        {"tau": summary, "draws": len(draws)},
        {
            "instance_id": ids,
            "random_agreement.tau": draws[0][0],
            "random_agreement.p_value": draws[0][1],
        },
    )


def _permutation(trial: OnTrial) -> Result:
    settings = trial.config.permutation
    rows = permutation(
        trial.model,
        trial.own_params(),
        trial.batches(settings.limit),
        trial.key("permutation"),
        settings=settings,
        memory_bytes=trial.config.memory.bytes,
    )
    return summarise_permutation(rows, _max_attention(trial, rows), **trial.intervals)


def _adversary(trial: OnTrial) -> Result:
    config = trial.config.adversary
    settings = settings_from(config)
    if trial.model.distributions is not None:
        # Of several distributions there are no pairs of tokens to begin at.
        settings = dataclasses.replace(settings, starts="noise")
    rows = adversary(
        trial.model,
        trial.own_params(),
        trial.batches(config.limit),
        trial.key("adversary"),
        settings=settings,
        memory_bytes=trial.config.memory.bytes,
    )
    return summarise_adversary(
        rows,
        _max_attention(trial, rows),
        epsilon=config.epsilon,
        settings=settings,
        **trial.intervals,
    )


def _max_attention(trial: OnTrial, rows: dict[str, Any]) -> np.ndarray:
    return aligned(trial.rows("predictions"), "max_attention", rows["instance_id"])


SCORES = ("predictions", "gradient", "leave_one_out")
"""Stages that give every token a score."""

ATTENTION_STAGES = (
    Stage("gradient", _gradient, ("train",), ("gradient",)),
    Stage("leave_one_out", _leave_one_out, ("train",), ("leave_one_out",)),
    Stage(
        "gradient_agreement",
        _gradient_agreement,
        ("predictions", "gradient"),
        ("gradient", "bootstrap"),
    ),
    Stage(
        "leave_one_out_agreement",
        _leave_one_out_agreement,
        ("predictions", "leave_one_out"),
        ("leave_one_out", "bootstrap"),
    ),
    Stage(
        "gradient_leave_one_out",
        _gradient_leave_one_out,
        SCORES,
        ("gradient", "leave_one_out", "bootstrap"),
    ),
    Stage(
        "random_agreement",
        _random_agreement,
        ("predictions", "gradient"),
        ("gradient", "random", "bootstrap"),
    ),
    Stage("permutation", _permutation, ("predictions",), ("permutation", "bootstrap")),
    Stage("adversary", _adversary, ("predictions",), ("adversary", "bootstrap")),
)
"""Each reads `train`, the stage that trained the model, or what it predicts."""
