"""Scores of the tasks a GPT is fine-tuned on: over seeds, with intervals, and beside each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from attnjax.measures.resampling import Resamples, draw_resamples, interval
from attnjax.training.gpt.metrics import FUNCTIONS, MetricName

Weights = Int[np.ndarray, "R N"] | Float[np.ndarray, "R N"]


def weighted_score(
    metric: MetricName,
    labels: Shaped[np.ndarray, " N"],
    predictions: Shaped[np.ndarray, " N"],
    weights: Weights,
) -> Float[np.ndarray, " R"]:
    """Return a score on resamples, each given by how often it has each row.

    Args:
        metric: which score.
        labels: classes, or scores.
        predictions: the same, predicted.
        weights: whole numbers, at least one above 0 in each resample.

    Returns:
        What `FUNCTIONS[metric]` gives on the copied rows; NaN where it is undefined.

    Example:
        >>> weighted_score("accuracy", np.array([1, 0]), np.array([1, 1]), np.array([[3, 1]]))
        array([0.75])
    """
    times = np.asarray(weights, np.float64)
    if metric == "accuracy":
        return times @ (labels == predictions) / times.sum(axis=1)
    if metric == "f1":
        positive, predicted = labels == 1, predictions == 1
        either = times @ (positive.astype(np.float64) + predicted)
        both = 2 * (times @ (positive & predicted).astype(np.float64))
        return np.divide(both, either, out=np.full(len(times), np.nan), where=either > 0)
    if metric == "matthews":
        sides = [np.broadcast_to(side == 1, times.shape) for side in (labels, predictions)]
    elif metric == "spearman":
        sides = [_ranks(side, times) for side in (labels, predictions)]
    else:
        sides = [np.broadcast_to(side, times.shape) for side in (labels, predictions)]
    first, second = (side.astype(np.float64) for side in sides)
    return _correlations(first, second, times)


def _ranks(values: Shaped[np.ndarray, " N"], weights: Weights) -> Float[np.ndarray, "R N"]:
    """Return each row's rank in each resample, ties (its own copies too) at their mean."""
    _, group = np.unique(values, return_inverse=True)
    size = np.zeros((len(weights), int(group.max()) + 1))
    np.add.at(size.T, group, np.asarray(weights, np.float64).T)
    before = np.cumsum(size, axis=1) - size
    return (before + (size + 1) / 2)[:, group]


def _correlations(
    first: Float[np.ndarray, "R N"],
    second: Float[np.ndarray, "R N"],
    weights: Float[np.ndarray, "R N"],
) -> Float[np.ndarray, " R"]:
    """Return Pearson's correlation by resample; NaN where one side is constant."""
    share = weights / weights.sum(axis=1, keepdims=True)
    first = first - (share * first).sum(axis=1, keepdims=True)
    second = second - (share * second).sum(axis=1, keepdims=True)
    product = (share * first * second).sum(axis=1)
    sizes = np.sqrt((share * first**2).sum(axis=1) * (share * second**2).sum(axis=1))
    # What rounding leaves of a constant side is no spread.
    some = sizes > 1e-12
    found = np.divide(product, sizes, out=np.full(len(sizes), np.nan), where=some)
    return np.clip(found, -1.0, 1.0)


def sampled_task_scores(
    metric: MetricName,
    labels: Shaped[np.ndarray, " N"],
    predictions: Mapping[str, Shaped[np.ndarray, "M N"]],
    *,
    samples: int,
    seed: int,
) -> dict[str, Float[np.ndarray, " R"]]:
    """Return the mean score of groups of models on common resamples of models and rows.

    Args:
        metric: which score.
        labels: of the rows.
        predictions: name to what each of its M models predicts; the same M for all, paired by
            their order.
        samples: resamples.
        seed: of the resampling.

    Returns:
        Name to a score for each resample; NaN where a drawn model's is undefined. Differences
        of two groups are paired.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 8.

    Example:
        >>> right = np.array([[0, 1]])
        >>> found = sampled_task_scores("accuracy", right[0], {"a": right}, samples=2, seed=0)
        >>> found["a"].tolist()
        [1.0, 1.0]
    """
    num_models = len(next(iter(predictions.values())))
    found: dict[str, list[np.ndarray]] = {name: [] for name in predictions}
    for drawn in draw_resamples(num_models, len(labels), samples=samples, seed=seed):
        for name, made in predictions.items():
            found[name].append(_mean_of_models(metric, labels, made, drawn))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _mean_of_models(
    metric: MetricName,
    labels: Shaped[np.ndarray, " N"],
    predictions: Shaped[np.ndarray, "M N"],
    drawn: Resamples,
) -> Float[np.ndarray, " R"]:
    scores = [weighted_score(metric, labels, one, drawn.instances) for one in predictions]
    share = drawn.members / drawn.members.sum(axis=1, keepdims=True)
    # A model that was not drawn says nothing, an undefined score included.
    terms = np.where(drawn.members > 0, share * np.stack(scores, axis=1), 0.0)
    return terms.sum(axis=1)


def summarise_task(
    metrics: Sequence[MetricName],
    labels: Shaped[np.ndarray, " N"],
    predictions: Shaped[np.ndarray, "M N"],
    *,
    seeds: Sequence[int],
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Return a task's scores over the seeds of its models, and of each.

    Args:
        metrics: the scores; the first is the task's own.
        labels: of the rows.
        predictions: of the model of each seed.
        seeds: of the models.
        samples: bootstrap samples over seeds and rows.
        seed: of the bootstrap.

    Returns:
        `metric` (the first one's name), by name `mean`, `std` (divisor n), `ci95`, `n` and
        `undefined` in `scores`, and `seeds`: each one's `seed` and scores, None where
        undefined.

    Example:
        >>> found = summarise_task(("accuracy",), np.array([0, 1]), np.array([[0, 1], [1, 1]]),
        ...     seeds=(0, 1), samples=20, seed=0)
        >>> found["scores"]["accuracy"]["mean"], found["scores"]["accuracy"]["std"]
        (0.75, 0.25)
    """
    each = [
        {"seed": int(one)} | {name: FUNCTIONS[name](labels, made) for name in metrics}
        for one, made in zip(seeds, predictions, strict=True)
    ]
    scores = {}
    for name in metrics:
        sampled = sampled_task_scores(name, labels, {"": predictions}, samples=samples, seed=seed)
        ends = interval(sampled[""])
        scores[name] = mean_and_deviation([one[name] for one in each]) | {
            "ci95": None if ends is None else list(ends)
        }
    return {"metric": metrics[0], "scores": scores, "seeds": each}


def mean_and_deviation(values: Sequence[float | None]) -> dict[str, Any]:
    """Return `mean` and `std` (divisor n) of the defined values, `n` and `undefined`.

    Args:
        values: None where undefined.

    Example:
        >>> mean_and_deviation([1.0, 3.0, None])
        {'mean': 2.0, 'std': 1.0, 'n': 2, 'undefined': 1}
    """
    known = [one for one in values if one is not None]
    return {
        "mean": float(np.mean(known)) if known else None,
        "std": float(np.std(known)) if known else None,
        "n": len(known),
        "undefined": len(values) - len(known),
    }
