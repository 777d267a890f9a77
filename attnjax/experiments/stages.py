"""The stages of a run: the one table where the names in a config become functions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from attnjax.adversaries.search import settings_from
from attnjax.experiments.adversary import adversary, summarise_adversary
from attnjax.experiments.agreement import agreement, random_scores, taus
from attnjax.experiments.capped import capped_adversary_stage
from attnjax.experiments.controls import planted_controls
from attnjax.experiments.exact import exact_adversary_stage
from attnjax.experiments.importance import gradient, leave_one_out_importance
from attnjax.experiments.permutation import permutation, summarise_permutation
from attnjax.experiments.planted import planted_evidence
from attnjax.experiments.plausibility import plausibility
from attnjax.experiments.result import Result, aligned, common_instances
from attnjax.experiments.stage import Stage
from attnjax.experiments.stages_trained import TRAINED_STAGES
from attnjax.experiments.training import best_params, predictions, train
from attnjax.experiments.trial import Trial
from attnjax.measures.summary import summarise_tau


def _gradient(trial: Trial) -> Result:
    settings = trial.config.gradient
    params = best_params(trial)
    return gradient(trial.model, params, trial.batches(settings.limit), settings=settings)


def _leave_one_out(trial: Trial) -> Result:
    return leave_one_out_importance(
        trial.model,
        best_params(trial),
        trial.batches(trial.config.leave_one_out.limit),
        memory_bytes=trial.config.memory.bytes,
    )


def _agreement(trial: Trial, name: str, first: str, second: str) -> Result:
    """Compare two columns of `predictions`, `gradient` and `leave_one_out`."""
    predictions = trial.rows("predictions")
    parts = {column: _scores(trial, column) for column in (first, second)}
    ids = common_instances(*parts.values())
    return agreement(
        name,
        aligned(parts[first], first, ids),
        aligned(parts[second], second, ids),
        instance_id=ids,
        predicted=aligned(predictions, "predicted", ids),
        **trial.intervals,
    )


def _scores(trial: Trial, column: str) -> dict[str, Any]:
    """Return `instance_id` and one score; of a gradient its size, as J&W compare it."""
    stage = "predictions" if column == "attention" else column
    rows = trial.rows(stage)
    values = [np.abs(one) for one in rows[column]] if column == "gradient" else rows[column]
    return {"instance_id": rows["instance_id"], column: values}


def _gradient_agreement(trial: Trial) -> Result:
    return _agreement(trial, "gradient_agreement", "attention", "gradient")


def _leave_one_out_agreement(trial: Trial) -> Result:
    return _agreement(trial, "leave_one_out_agreement", "attention", "leave_one_out")


def _gradient_leave_one_out(trial: Trial) -> Result:
    return _agreement(trial, "gradient_leave_one_out", "gradient", "leave_one_out")


def _random_agreement(trial: Trial) -> Result:
    """Compare random scores with the gradient; several draws are pooled in the summary."""
    scores = _scores(trial, "gradient")
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


def _planted_evidence(trial: Trial) -> Result:
    return _recovery(trial, planted_evidence, "evidence")


def _plausibility(trial: Trial) -> Result:
    return _recovery(trial, plausibility, "rationale")


def _recovery(trial: Trial, test: Callable[..., Result], column: str) -> Result:
    """Compare all scores with the tokens that a column of `predictions` marks."""
    names = ("attention", "gradient", "leave_one_out")
    parts = {name: _scores(trial, name) for name in names}
    ids = common_instances(*parts.values())
    return test(
        {name: aligned(parts[name], name, ids) for name in names},
        aligned(trial.rows("predictions"), column, ids),
        instance_id=ids,
        **trial.intervals,
    )


def _permutation(trial: Trial) -> Result:
    settings = trial.config.permutation
    rows = permutation(
        trial.model,
        best_params(trial),
        trial.batches(settings.limit),
        trial.key("permutation"),
        settings=settings,
        memory_bytes=trial.config.memory.bytes,
    )
    return summarise_permutation(rows, _max_attention(trial, rows), **trial.intervals)


def _adversary(trial: Trial) -> Result:
    config = trial.config.adversary
    settings = settings_from(config)
    rows = adversary(
        trial.model,
        best_params(trial),
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


def _max_attention(trial: Trial, rows: dict[str, Any]) -> np.ndarray:
    return aligned(trial.rows("predictions"), "max_attention", rows["instance_id"])


_SCORES = ("predictions", "gradient", "leave_one_out")

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("train", partial(train, stage="train")),
        Stage("predictions", predictions, ("train",)),
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
            _SCORES,
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage(
            "random_agreement",
            _random_agreement,
            ("predictions", "gradient"),
            ("gradient", "random", "bootstrap"),
        ),
        Stage(
            "planted_evidence",
            _planted_evidence,
            _SCORES,
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage(
            "plausibility",
            _plausibility,
            _SCORES,
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage("train_positive_control", partial(train, stage="train_positive_control")),
        Stage("train_negative_control", partial(train, stage="train_negative_control")),
        Stage(
            "planted_controls",
            planted_controls,
            ("train_positive_control", "train_negative_control"),
            ("gradient", "leave_one_out", "bootstrap"),
        ),
        Stage("permutation", _permutation, ("predictions",), ("permutation", "bootstrap")),
        Stage("adversary", _adversary, ("predictions",), ("adversary", "bootstrap")),
        Stage(
            "exact_adversary",
            exact_adversary_stage,
            ("predictions",),
            ("exact", "adversary.epsilon", "adversary.filter_epsilon", "bootstrap"),
        ),
        Stage(
            "capped_adversary",
            capped_adversary_stage,
            ("train",),
            ("capped", "adversary.epsilon", "bootstrap"),
        ),
        *TRAINED_STAGES,
    )
}


def needed(tests: tuple[str, ...]) -> list[Stage]:
    """Return the stages of some tests in an order in which each finds what it requires.

    Example:
        >>> [stage.name for stage in needed(("permutation",))]
        ['train', 'predictions', 'permutation']
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for required in STAGES[name].requires:
            visit(required)
        if name not in order:
            order.append(name)

    for name in ("train", "predictions", *tests):
        visit(name)
    return [STAGES[name] for name in order]
