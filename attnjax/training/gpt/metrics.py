"""The scores of the fine-tuning tasks, on the host."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import logsumexp
from scipy.stats import rankdata

MetricName = Literal["accuracy", "f1", "matthews", "pearson", "spearman"]
Labels = Shaped[np.ndarray, " N"]


def accuracy(labels: Labels, predictions: Labels) -> float | None:
    """Return the share of rows predicted right, in [0, 1]; None without rows.

    Args:
        labels: the classes.
        predictions: the classes predicted.

    Example:
        >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
        0.75
    """
    return float(np.mean(labels == predictions)) if len(labels) else None


def f1(labels: Labels, predictions: Labels) -> float | None:
    r"""Return F1 of class 1, \\( 2 TP / (2 TP + FP + FN) \\); None where it is 0 / 0.

    Args:
        labels: the classes.
        predictions: the classes predicted.

    Source: Wang et al. (2018), GLUE, sections 3.1 and 3.2 (QQP, MRPC).

    Example:
        >>> f1(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0]))
        0.5
    """
    positive, predicted = labels == 1, predictions == 1
    both = int(np.sum(positive & predicted))
    either = int(positive.sum() + predicted.sum())
    return 2 * both / either if either else None


def matthews(labels: Labels, predictions: Labels) -> float | None:
    """Return the Matthews correlation of two classes, in [-1, 1].

    None where one class is never a label, or never predicted: the correlation with a
    constant is undefined (scikit-learn calls it 0).

    Args:
        labels: 0 or 1.
        predictions: 0 or 1.

    Source: Matthews (1975); Warstadt et al. (2018), section 4 (CoLA).

    Example:
        >>> matthews(np.array([1, 1, 0, 0]), np.array([1, 1, 0, 1]))
        0.577...
    """
    return pearson(labels == 1, predictions == 1)


def pearson(labels: Labels, predictions: Labels) -> float | None:
    """Return Pearson's correlation, in [-1, 1]; None where one side is constant.

    Args:
        labels: scores.
        predictions: scores predicted.

    Example:
        >>> round(pearson(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 9.0])), 6)
        1.0
    """
    first = labels.astype(np.float64)
    second = predictions.astype(np.float64)
    if len(first) == 0 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    first, second = first - first.mean(), second - second.mean()
    product = np.sqrt((first**2).sum()) * np.sqrt((second**2).sum())
    return float(np.clip((first * second).sum() / product, -1.0, 1.0))


def spearman(labels: Labels, predictions: Labels) -> float | None:
    """Return Spearman's correlation of ranks, ties at their mean, in [-1, 1].

    Args:
        labels: scores.
        predictions: scores predicted.

    Returns:
        None where one side is constant.

    Example:
        >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])), 6)
        1.0
    """
    return pearson(rankdata(labels), rankdata(predictions))


FUNCTIONS: Mapping[MetricName, Callable[[Labels, Labels], float | None]] = {
    "accuracy": accuracy,
    "f1": f1,
    "matthews": matthews,
    "pearson": pearson,
    "spearman": spearman,
}

TASK_METRICS: Mapping[str, tuple[MetricName, ...]] = {
    "cola": ("matthews", "accuracy"),
    "sst2": ("accuracy",),
    "mrpc": ("f1", "accuracy"),
    "stsb": ("pearson", "spearman"),
    "qqp": ("f1", "accuracy"),
    "mnli": ("accuracy",),
    "qnli": ("accuracy",),
    "rte": ("accuracy",),
    "snli": ("accuracy",),
    "scitail": ("accuracy",),
    "race": ("accuracy",),
    "dream": ("accuracy",),
    "story_cloze": ("accuracy",),
}
"""What each task is judged by; first what the paper reports in tables 2 to 4."""


def task_scores(
    metrics: Sequence[MetricName], labels: Labels, predictions: Labels
) -> dict[str, float | None]:
    """Return the named scores; one that is undefined is None.

    Args:
        metrics: which ones.
        labels: classes, or scores.
        predictions: the same, predicted.

    Example:
        >>> task_scores(TASK_METRICS["mrpc"], np.array([1, 0]), np.array([1, 1]))
        {'f1': 0.666..., 'accuracy': 0.5}
    """
    return {name: FUNCTIONS[name](labels, predictions) for name in metrics}


def predicted(logits: Float[np.ndarray, "N C"], *, kind: Literal["class", "score"]) -> Labels:
    r"""Return what a model's logits say.

    Args:
        logits: one for two classes, else one a class or choice; of a score one, which is
            the score, or one for each whole score from 0.
        kind: "class", or "score": the expected whole score,
            \\( \sum_k k \, p_k \\).

    Returns:
        Classes, or scores in float64.

    Source: for the scores of STS-B Tai et al. (2015), section 4.2.

    Example:
        >>> predicted(np.array([[0.0, 3.0]]), kind="class").tolist()
        [1]
        >>> predicted(np.array([[0.0, 0.0, 0.0]]), kind="score").tolist()
        [1.0]
    """
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        return values[:, 0] if kind == "score" else (values[:, 0] > 0).astype(np.int64)
    if kind == "class":
        return values.argmax(axis=1)
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    return weights @ np.arange(values.shape[1]) / weights.sum(axis=1)


def prediction_loss(
    logits: Float[np.ndarray, "N C"], labels: Labels, *, kind: Literal["class", "score"]
) -> float:
    """Return the mean cross-entropy of classes in nats, or the mean squared error of scores.

    Args:
        logits: as for `predicted`.
        labels: classes, or scores; at least one.
        kind: "class" or "score".

    Example:
        >>> round(prediction_loss(np.zeros((1, 4)), np.array([2]), kind="class"), 4)  # ln 4
        1.3863
    """
    if kind == "score":
        return float(np.mean((predicted(logits, kind=kind) - labels) ** 2))
    values = logits.astype(np.float64)
    if values.shape[1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=1)
    of_label = values[np.arange(len(labels)), labels]
    return float(np.mean(np.asarray(logsumexp(values, axis=1)) - of_label))


def soft_scores(scores: Float[np.ndarray, " N"], num_classes: int) -> Float[np.ndarray, "N C"]:
    r"""Return scores as distributions over the whole scores next to them.

    A score y puts \\( y - \lfloor y \rfloor \\) on the whole score above and the rest on
    the one below, so that its expectation is y.

    Args:
        scores: from 0 to `num_classes` - 1.
        num_classes: whole scores; 6 for STS-B.

    Source: Tai et al. (2015), section 4.2; `stsb_label_encoding` of GPT-1's release.

    Example:
        >>> soft_scores(np.array([1.25, 2.0]), 3).tolist()
        [[0.0, 0.75, 0.25], [0.0, 0.0, 1.0]]
    """
    if not ((scores >= 0) & (scores <= num_classes - 1)).all():
        raise ValueError(f"a score outside 0 to {num_classes - 1}")
    distance = np.abs(np.arange(num_classes)[None, :] - scores[:, None])
    return np.maximum(1.0 - distance, 0.0)
