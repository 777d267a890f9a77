"""The two controls of the planted corpus: one must pass, one must fail."""

from typing import Any

import numpy as np

from attnjax.experiments.importance import gradient, leave_one_out_importance
from attnjax.experiments.planted import planted_evidence
from attnjax.experiments.result import Result, aligned, common_instances
from attnjax.experiments.training import best_params, config_of
from attnjax.experiments.trial import Trial
from attnjax.training.predict import predict

CONTROLS = {"positive": "train_positive_control", "negative": "train_negative_control"}


def planted_controls(trial: Trial) -> Result:
    """Score attention, gradient and leave-one-out of both controls against the evidence.

    The positive control's attention was pulled onto the evidence in training, so a measure
    of attention that finds no evidence in it is broken; the negative control's attention is
    noise, so a measure that finds evidence in it is broken.
    """
    summary: dict[str, Any] = {}
    rows: dict[str, Any] = {}
    for name, stage in CONTROLS.items():
        result = _recovery(trial, stage)
        summary[name] = result.summary
        rows["instance_id"] = result.rows["instance_id"]
        for column, values in result.rows.items():
            if column != "instance_id":
                rows[column.replace("planted_evidence.", f"planted_controls.{name}.")] = values
    return Result(summary, rows)


def _recovery(trial: Trial, stage: str) -> Result:
    config, params = trial.config, best_params(trial, stage)
    model = trial.model_like(config_of(config, stage))
    predictions = predict(model, params, trial.batches())
    parts: dict[str, dict[str, Any]] = {
        "attention": {
            "instance_id": predictions.instance_id,
            "attention": list(predictions.attention),
        },
        "gradient": gradient(
            model, params, trial.batches(config.gradient.limit), settings=config.gradient
        ).rows,
        "leave_one_out": leave_one_out_importance(
            model,
            params,
            trial.batches(config.leave_one_out.limit),
            memory_bytes=config.memory.bytes,
        ).rows,
    }
    ids = common_instances(*parts.values())
    encoded = trial.data.splits["test"]
    truth = {"instance_id": encoded.instance_id, "evidence": list(encoded.evidence or ())}
    scores = {name: aligned(part, name, ids) for name, part in parts.items()}
    return planted_evidence(
        {name: [np.abs(one) for one in values] for name, values in scores.items()},
        aligned(truth, "evidence", ids),
        instance_id=ids,
        **trial.intervals,
    )
