"""Scores and distances of several models at once: what the tests of populations share."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attnjax.measures.resampling import Interval, interval, sample_means, sample_scores
from attnjax.training.metrics import score

SCORES = ("f1", "auc", "accuracy")


class Compared(NamedTuple):
    """Several groups of models, scored on the same instances.

    Attributes:
        groups: name to `f1`, `auc` and `accuracy` (means over the models, None where
            undefined), with `f1_ci95` and `auc_ci95`.
        differences: name to the same, less the scores of the first group; the intervals are
            paired by model and instance.
        each: name to the scores of each model, in order.
    """

    groups: dict[str, dict[str, Any]]
    differences: dict[str, dict[str, Any]]
    each: dict[str, list[dict[str, float | None]]]


def compare(
    label: Int[np.ndarray, " N"],
    probability: Mapping[str, Float[np.ndarray, "M N classes"]],
    *,
    samples: int,
    seed: int,
) -> Compared:
    """Score groups of models and compare each with the first.

    Args:
        label: true classes.
        probability: name to the class distributions of its models, paired by their order.
        samples: bootstrap samples over models and instances.
        seed: of the bootstrap.

    Example:
        >>> import numpy as np
        >>> sure = np.eye(2)[None, [0, 1, 1, 0]]
        >>> both = {"uniform": 1 - sure, "base": sure}
        >>> found = compare(np.array([0, 1, 1, 0]), both, samples=10, seed=0)
        >>> found.groups["base"]["f1"], found.differences["base"]["auc"]
        (1.0, 1.0)
    """
    sampled = sample_scores(label, probability, samples=samples, seed=seed)
    each = {name: [scores_of(label, one) for one in made] for name, made in probability.items()}
    groups: dict[str, dict[str, Any]] = {name: _mean_scores(made) for name, made in each.items()}
    first = next(iter(probability))
    differences = {}
    for name in probability:
        groups[name] |= _intervals(sampled[name].f1, sampled[name].auc)
        if name != first:
            differences[name] = {
                which: _minus(groups[name][which], groups[first][which]) for which in SCORES
            } | _intervals(
                sampled[name].f1 - sampled[first].f1, sampled[name].auc - sampled[first].auc
            )
    return Compared(groups, differences, each)


def scores_of(
    label: Int[np.ndarray, " N"], probability: Float[np.ndarray, "N classes"]
) -> dict[str, float | None]:
    """Return `f1`, `auc` (None where undefined) and `accuracy` of one model."""
    scores = score(label, probability)
    return {"f1": scores.f1, "auc": scores.auc, "accuracy": scores.accuracy}


def _mean_scores(each: Sequence[dict[str, float | None]]) -> dict[str, Any]:
    return {name: _mean([one[name] for one in each]) for name in SCORES}


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean, None where any value is undefined."""
    defined = [one for one in values if one is not None]
    return float(np.mean(defined)) if len(defined) == len(values) else None


def _minus(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


def _intervals(f1: np.ndarray, auc: np.ndarray) -> dict[str, list[float] | None]:
    return {"f1_ci95": as_list(interval(f1)), "auc_ci95": as_list(interval(auc))}


def as_list(ends: Interval | None) -> list[float] | None:
    """Return both ends of an interval as JSON has them."""
    return None if ends is None else list(ends)


def summarise_members(
    values: Float[np.ndarray, "M N"], *, samples: int, seed: int
) -> dict[str, Any]:
    """Summarise one value a model and instance.

    Args:
        values: all defined.
        samples: bootstrap samples over models and instances.
        seed: of the bootstrap.

    Returns:
        `mean`, `median`, `q25`, `q75` over all pairs, `ci95` of the mean over models and
        instances, and `n`, the number of pairs.

    Example:
        >>> import numpy as np
        >>> summarise_members(np.ones((2, 3)), samples=5, seed=0)["ci95"]
        [1.0, 1.0]
    """
    q25, median, q75 = np.quantile(np.asarray(values, np.float64), [0.25, 0.5, 0.75]).tolist()
    ends = interval(sample_means(values, samples=samples, seed=seed))
    return {
        "mean": float(np.mean(values, dtype=np.float64)),
        "ci95": as_list(ends),
        "median": median,
        "q25": q25,
        "q75": q75,
        "n": int(np.size(values)),
    }


def attention_jsd(
    attention: Sequence[Float[np.ndarray, "M _"]], base: Sequence[Float[np.ndarray, " _"]]
) -> Float[np.ndarray, "M N"]:
    """Return the Jensen-Shannon divergence of each model's attention from another's, in nats.

    Args:
        attention: of each instance, a distribution over its tokens for each model.
        base: of each instance, the distribution of one model.

    Returns:
        Values in [0, ln 2], in float64 from weights of any precision.

    Example:
        >>> import numpy as np
        >>> attention_jsd([np.eye(2)], [np.array([1.0, 0.0])]).round(4).tolist()
        [[0.0], [0.6931]]
    """
    from scipy.special import rel_entr  # half a second: not before the first training step

    columns = []
    for weights, other in zip(attention, base, strict=True):
        p, q = np.asarray(weights, np.float64), np.asarray(other, np.float64)
        middle = (p + q) / 2
        terms = rel_entr(p, middle) + rel_entr(q, middle)
        # Rounding may leave nearly equal distributions a divergence of about -1e-17.
        columns.append(np.maximum(0.5 * terms.sum(axis=-1), 0.0))
    return np.stack(columns, axis=1)


def output_changes(
    probability: Float[np.ndarray, "M N classes"], base: Float[np.ndarray, "N classes"]
) -> Float[np.ndarray, "M N"]:
    """Return the total variation distance of each model's class distributions from another's.

    Example:
        >>> import numpy as np
        >>> output_changes(np.array([[[0.2, 0.8]]]), np.array([[0.5, 0.5]])).round(3).tolist()
        [[0.3]]
    """
    return 0.5 * np.abs(np.asarray(probability, np.float64) - base).sum(axis=-1)


def per_instance(values: np.ndarray) -> list[np.ndarray]:
    """Return `[M, N, ...]` as one flat float32 array an instance, a column of rows.

    Example:
        >>> import numpy as np
        >>> [one.tolist() for one in per_instance(np.array([[1, 2], [3, 4]]))]
        [[1.0, 3.0], [2.0, 4.0]]
    """
    columns = np.moveaxis(np.asarray(values, np.float32), 1, 0)
    return list(columns.reshape(len(columns), -1))
