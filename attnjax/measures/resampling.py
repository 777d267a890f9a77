"""Confidence intervals of scores, by resampling models and instances together.

Several models (seeds) predict the same instances. A resample draws as many models and as
many instances with replacement; whatever it is compared with gets the very same draw, so
that differences are paired. Scores come from how often each instance was drawn, not from
copies of it: all resamples of a chunk are one matrix product and one cumulative sum.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attnjax.measures.bootstrap import Interval
from attnjax.measures.weighted_scores import area_of_sorted, weighted_f1

COUNTS_AT_A_TIME = 2**21
"""Numbers of draws held at a time: about 16 MiB for each array of a chunk."""


class Resamples(NamedTuple):
    """How often each model and each instance was drawn, by resample."""

    members: Int[np.ndarray, "R M"]
    instances: Int[np.ndarray, "R N"]


class SampledScores(NamedTuple):
    """Mean scores over the drawn models, by resample; NaN where undefined.

    Attributes:
        f1: of class 1 of two; the mean over the classes that occur or are predicted of more.
        auc: area under the ROC curve; the mean of one-versus-rest areas of more classes.
        accuracy: share of instances predicted right.
    """

    f1: Float[np.ndarray, " R"]
    auc: Float[np.ndarray, " R"]
    accuracy: Float[np.ndarray, " R"]


def draw_resamples(
    num_members: int, num_instances: int, *, samples: int, seed: int
) -> Iterator[Resamples]:
    """Yield resamples in chunks of bounded size.

    Args:
        num_members: models, at least 1.
        num_instances: at least 1.
        samples: how many resamples in all chunks together.
        seed: of the draw: the same arguments, the same draws.

    Example:
        >>> chunk, = draw_resamples(2, 3, samples=5, seed=0)
        >>> chunk.members.sum(axis=1).tolist(), chunk.instances.sum(axis=1).tolist()
        ([2, 2, 2, 2, 2], [3, 3, 3, 3, 3])
    """
    generator = np.random.default_rng(seed)
    size = max(1, COUNTS_AT_A_TIME // max(num_members, num_instances))
    for start in range(0, samples, size):
        rows = min(size, samples - start)
        yield Resamples(
            _counts(generator, rows, num_members), _counts(generator, rows, num_instances)
        )


def _counts(generator: np.random.Generator, rows: int, number: int) -> Int[np.ndarray, "R N"]:
    """Draw `number` of `number` things with replacement and count them, row by row."""
    drawn = generator.integers(number, size=(rows, number))
    places = drawn + number * np.arange(rows)[:, None]
    return np.bincount(places.ravel(), minlength=rows * number).reshape(rows, number)


def sample_scores(
    label: Int[np.ndarray, " N"],
    probability: Mapping[str, Float[np.ndarray, "M N classes"]],
    *,
    samples: int,
    seed: int,
) -> dict[str, SampledScores]:
    """Return the scores of several groups of models on common resamples.

    Args:
        label: true classes, from 0, all known.
        probability: name to the class distributions of its M models; the same M for all, in
            an order that pairs them (by seed).
        samples: resamples.
        seed: of the resampling.

    Returns:
        Name to the scores on each resample. Differences of two groups' scores are paired.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 8.

    Example:
        >>> import numpy as np
        >>> sure = np.eye(2)[None, [0, 1, 1, 0]]
        >>> scores = sample_scores(np.array([0, 1, 1, 0]), {"a": sure}, samples=3, seed=0)
        >>> scores["a"].accuracy.tolist()
        [1.0, 1.0, 1.0]
    """
    num_members = len(next(iter(probability.values())))
    chunks: dict[str, list[SampledScores]] = {name: [] for name in probability}
    ranked = {name: _ranked(np.asarray(one, np.float64)) for name, one in probability.items()}
    for drawn in draw_resamples(num_members, len(label), samples=samples, seed=seed):
        for name, one in ranked.items():
            chunks[name].append(_scores_of_chunk(label, one, drawn))
    return {
        name: SampledScores(*(np.concatenate(parts) for parts in zip(*chunk, strict=True)))
        for name, chunk in chunks.items()
    }


class _Ranked(NamedTuple):
    """Predictions, sorted once for all resamples.

    Attributes:
        predicted: classes `[M, N]`.
        order: instances by rising score, `[M, scores, N]`; one score for two classes, else
            one per class.
        group: number of each sorted instance's group of equal scores, of the same shape.
        num_classes: at least 2.
    """

    predicted: Int[np.ndarray, "M N"]
    order: Int[np.ndarray, "M scores N"]
    group: Int[np.ndarray, "M scores N"]
    num_classes: int


def _ranked(probability: Float[np.ndarray, "M N classes"]) -> _Ranked:
    num_classes = probability.shape[2]
    scores = probability[:, :, 1:] if num_classes == 2 else probability
    scores = np.moveaxis(scores, 2, 1)
    order = np.argsort(scores, axis=2, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=2)
    new = np.diff(ordered, axis=2, prepend=ordered[..., :1]) > 0
    return _Ranked(probability.argmax(axis=2), order, np.cumsum(new, axis=2), num_classes)


def _scores_of_chunk(
    label: Int[np.ndarray, " N"], ranked: _Ranked, drawn: Resamples
) -> SampledScores:
    """Return the scores on each resample of a chunk."""
    weights = drawn.instances.astype(np.float64)
    members = drawn.members / drawn.members.sum(axis=1, keepdims=True)
    # By model, for every resample: `[M, R]`. A model at a time, as one sort belongs to it.
    by_model = [
        (
            weighted_f1(label, predicted, weights, num_classes=ranked.num_classes),
            _weighted_auc(label, order, group, weights),
            (weights @ (predicted == label)) / weights.sum(axis=1),
        )
        for predicted, order, group in zip(
            ranked.predicted, ranked.order, ranked.group, strict=True
        )
    ]
    f1, auc, accuracy = (
        np.sum(members * np.stack(column, axis=1), axis=1) for column in zip(*by_model, strict=True)
    )
    return SampledScores(f1, auc, accuracy)


def _weighted_auc(
    label: Int[np.ndarray, " N"],
    order: Int[np.ndarray, "scores N"],
    group: Int[np.ndarray, "scores N"],
    weights: Float[np.ndarray, "R N"],
) -> Float[np.ndarray, " R"]:
    """Return the area, for several classes the mean of one against the rest."""
    positives = [1] if len(order) == 1 else range(len(order))
    areas = [
        area_of_sorted(label[ordered] == positive, groups, weights[:, ordered])
        for positive, ordered, groups in zip(positives, order, group, strict=True)
    ]
    # NaN as soon as one class is missing, as `training.metrics` has it.
    return np.mean(areas, axis=0)


def sample_means(
    values: Float[np.ndarray, "M N"], *, samples: int, seed: int
) -> Float[np.ndarray, " R"]:
    """Return the mean of one value a model and instance on each resample.

    Args:
        values: all defined.
        samples: resamples.
        seed: of the resampling; the same draws as `sample_scores` for equal M, N and seed.

    Example:
        >>> import numpy as np
        >>> sample_means(np.ones((2, 3)), samples=2, seed=0).tolist()
        [1.0, 1.0]
    """
    values = np.asarray(values, np.float64)
    return np.concatenate(
        [
            np.sum((drawn.members @ values) * drawn.instances, axis=1) / values.size
            for drawn in draw_resamples(*values.shape, samples=samples, seed=seed)
        ]
    )


def interval(sampled: Float[np.ndarray, " R"], *, level: float = 0.95) -> Interval | None:
    r"""Return the percentile interval of what resamples gave, or None if all are undefined.

    Args:
        sampled: one value a resample; NaN ones (a resample that lacks a class) are left out.
        level: probability in (0, 1) that the interval is meant to cover.

    Example:
        >>> import numpy as np
        >>> interval(np.array([0.5, 0.5, np.nan]))
        Interval(low=0.5, high=0.5)
    """
    defined = sampled[~np.isnan(sampled)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
