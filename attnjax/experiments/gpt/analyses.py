"""What trainings that share their seeds show together: scores, ablations, layers, zero-shot."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Shaped

from attnjax.experiments.gpt.fine_tune import layers_of
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.gpt.task_rows import without_learning
from attnjax.experiments.gpt.variants import (
    FULL,
    Variant,
    ablated,
    by_layers,
    stage_name,
)
from attnjax.experiments.gpt.zero_shot import TokenLosses, score_heuristic
from attnjax.experiments.result import Result
from attnjax.measures.paired_seeds import paired_seeds
from attnjax.measures.resampling import interval
from attnjax.measures.task_scores import sampled_task_scores, summarise_task
from attnjax.types import Params


def predictions_of(variant: Variant, trial: FineTuningTrial) -> Shaped[np.ndarray, "M N"]:
    """Return what the models of a variant predict for the test rows, by seed.

    Args:
        variant: whose stages are finished.
        trial: of the run.
    """
    return np.stack([trial.rows(stage_name(variant, seed))["prediction"] for seed in trial.seeds])


def fine_tuning(trial: FineTuningTrial) -> Result:
    """Score the models of all seeds on the task: a stage of the run.

    Args:
        trial: of the run.

    Returns:
        What `summarise_task` gives, with `without_learning` beside it and, where the task has
        other test splits, `others`: each one's scores by seed.
    """
    rows = trial.rows_of_task
    summary = summarise_task(
        rows.metrics,
        rows.labels["test"],
        predictions_of(FULL, trial),
        seeds=trial.seeds,
        **trial.intervals,
    )
    summary["task"] = rows.name
    summary["without_learning"] = without_learning(rows)
    summary["num_test"] = len(rows.labels["test"])
    summary["others"] = _other_splits(trial)
    return Result(summary, {})


def _other_splits(trial: FineTuningTrial) -> dict[str, list[dict[str, Any]]]:
    """Return the scores of dev and of further tests, by seed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in trial.seeds:
        stage = stage_name(FULL, seed)
        scores = trial.summary(stage)["scores"]
        for split in scores:
            if split != "test":
                found.setdefault(split, []).append({"seed": seed, **scores[split]})
    return found


def ablations(trial: FineTuningTrial) -> Result:
    """Compare the full model with ones that lack a part, by seed: a stage of the run.

    Args:
        trial: of the run.

    Source: Radford et al. (2018), table 5.
    """
    variants = ablated(lstm=trial.data.lstm is not None)
    summary = compared(trial, variants, names=[one.name for one in variants], first=FULL)
    if trial.data.lstm is None:
        summary["left_out"] = {"lstm": "config.ablations.lstm names no pre-trained LSTM"}
    else:
        summary["lstm_units"] = trial.data.lstm.settings.lstm_units
    return Result(summary, {})


def layers(trial: FineTuningTrial) -> Result:
    """Compare models by the number of layers transferred: a stage of the run.

    Differences are from the model to which nothing was transferred.

    Args:
        trial: of the run.

    Source: Radford et al. (2018), figure 2 (left).
    """
    variants = layer_variants(trial)
    trained = tuple(variants.values())
    summary = compared(trial, trained, names=tuple(variants), first=trained[0])
    return Result(summary | {"num_layers": trial.data.settings.num_layers}, {})


def layer_variants(trial: FineTuningTrial) -> dict[int, Variant]:
    """Return the trainings of the analysis by the number of layers transferred.

    Args:
        trial: of the run.
    """
    return by_layers(
        trial.config.layers.counts,
        num_layers=trial.data.settings.num_layers,
        transferred=layers_of(FULL, trial),
    )


def compared(
    trial: FineTuningTrial, variants: Sequence[Variant], *, names: Sequence[Any], first: Variant
) -> dict[str, Any]:
    """Return the scores of trainings and their differences from one of them, paired by seed.

    Args:
        trial: of the run.
        variants: finished, of the same seeds.
        names: what each is called.
        first: the one that the others are compared with.

    Returns:
        `metric`, and `variants`: each with its `name`, what `summarise_task` gives and, but for
        the first, `difference`: by metric what `paired_seeds` gives of its scores minus the
        first's, with `bootstrap95` over seeds and rows beside it.
    """
    rows, metrics = trial.rows_of_task, trial.rows_of_task.metrics
    predictions = {one.name: predictions_of(one, trial) for one in variants}
    summaries = {
        name: summarise_task(
            metrics, rows.labels["test"], made, seeds=trial.seeds, **trial.intervals
        )
        for name, made in predictions.items()
    }
    sampled = {
        metric: sampled_task_scores(metric, rows.labels["test"], predictions, **trial.intervals)
        for metric in metrics
    }
    listed = []
    for name, variant in zip(names, variants, strict=True):
        one = {"name": name, **summaries[variant.name]}
        if variant != first:
            one["difference"] = {
                metric: _difference(summaries, sampled[metric], metric, variant, first)
                for metric in metrics
            }
        listed.append(one)
    return {"metric": metrics[0], "task": rows.name, "variants": listed}


def _difference(
    summaries: Mapping[str, dict[str, Any]],
    sampled: Mapping[str, np.ndarray],
    metric: str,
    variant: Variant,
    first: Variant,
) -> dict[str, Any]:
    scores = [[one[metric] for one in summaries[each.name]["seeds"]] for each in (variant, first)]
    ends = interval(sampled[variant.name] - sampled[first.name])
    return paired_seeds(*scores) | {"bootstrap95": None if ends is None else list(ends)}


def zero_shot(
    trial: FineTuningTrial,
    *,
    token_losses: TokenLosses,
    steps: Sequence[int],
    params_at: Callable[[int], Params],
) -> Result:
    """Score a language model on tasks that it was not trained on, as its pre-training goes on.

    Args:
        trial: of the run.
        token_losses: of the model, compiled.
        steps: of the pre-training at which its weights were kept, rising.
        params_at: from such a step to the weights.

    Source: Radford et al. (2018), figure 2 (right).
    """
    tasks: dict[str, Any] = {
        name: {
            "metric": one.metric,
            "chance": one.chance,
            "best": one.best,
            "n": len(one.sequences.label),
            "notes": dict(one.sequences.notes),
            "points": [],
        }
        for name, one in trial.data.heuristics.items()
    }
    for step in steps:
        trial.raise_if_stopped()
        params = params_at(step)
        for name, heuristic in trial.data.heuristics.items():
            point = score_heuristic(token_losses, params, heuristic, **trial.intervals)
            tasks[name]["points"].append({"step": step, **point})
    return Result({"steps": list(steps), "tasks": tasks}, {})
