"""Scores of predictions against labels, on the host."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Scores(NamedTuple):
    """How good a set of predictions is.

    Attributes:
        accuracy: share of instances predicted right, in [0, 1].
        f1: F1 of the positive class; for more than two classes equal to `f1_macro`.
        f1_macro: mean F1 over the classes that occur or are predicted.
        auc: area under the ROC curve; for more classes the mean of one-versus-rest areas.
            None where it is undefined.
        loss: mean cross-entropy in nats, unweighted.
        auc_undefined: why `auc` is None, or None.
    """

    accuracy: float
    f1: float
    f1_macro: float
    auc: float | None
    loss: float
    auc_undefined: str | None = None


def judged_by(by: str, *, num_classes: int, has_area: bool) -> str:
    """Return the name of what an epoch is judged by: "auc", "accuracy" or "negative_loss".

    Args:
        by: `config.selection.score`: "auc", "accuracy", "loss", or "auto": the area for two
            classes, as in the papers, and accuracy for more, by which models with several
            answers are compared. The mean of areas of one class against the rest says
            little where answers are many and rare, and is undefined where one is missing.
        num_classes: at least 2.
        has_area: whether the area is defined: every class occurs. An undefined one is
            replaced by the negative loss.

    Example:
        >>> judged_by("auto", num_classes=3, has_area=True)
        'accuracy'
    """
    if by == "accuracy" or (by == "auto" and num_classes > 2):
        return "accuracy"
    return "auc" if has_area and by != "loss" else "negative_loss"


def epoch_value(scores: Scores, by: str, *, num_classes: int) -> float:
    """Return what an epoch is judged by, larger being better: see `judged_by`.

    Args:
        scores: of the epoch's weights.
        by: `config.selection.score`.
        num_classes: at least 2.

    Example:
        >>> scores = Scores(accuracy=0.5, f1=0.4, f1_macro=0.4, auc=0.8, loss=0.7)
        >>> epoch_value(scores, "auto", num_classes=2)
        0.8
    """
    name = judged_by(by, num_classes=num_classes, has_area=scores.auc is not None)
    if name == "accuracy":
        return scores.accuracy
    if name == "negative_loss" or scores.auc is None:
        return -scores.loss
    return scores.auc


def mean_scores(members: Sequence[Scores]) -> Scores:
    """Return the mean of several models' scores on the same instances.

    Args:
        members: at least one; their areas are all defined or all undefined.

    Example:
        >>> one, other = Scores(1.0, 1.0, 1.0, 1.0, 0.1), Scores(0.5, 0.5, 0.5, 0.5, 0.3)
        >>> mean_scores([one, other]).accuracy
        0.75
    """
    accuracy, f1, f1_macro, auc, loss, undefined = zip(*members, strict=True)
    area = None if None in auc else float(np.mean(auc))
    means = [float(np.mean(values)) for values in (accuracy, f1, f1_macro, loss)]
    return Scores(*means[:3], auc=area, loss=means[3], auc_undefined=undefined[0])


def score(label: Int[np.ndarray, " N"], probability: Float[np.ndarray, "N classes"]) -> Scores:
    """Return the scores of predicted class distributions.

    Args:
        label: true classes, from 0; instances with a negative one are left out.
        probability: class distributions; the predicted class is the most probable one
            (the first of equals).

    Returns:
        All scores, as plain numbers.

    Raises:
        ValueError: if there is no labelled instance.

    Example:
        >>> import numpy as np
        >>> scores = score(np.array([0, 1]), np.array([[0.9, 0.1], [0.4, 0.6]]))
        >>> scores.accuracy, scores.auc
        (1.0, 1.0)
    """
    known = label >= 0
    label, probability = label[known], np.asarray(probability[known], np.float64)
    if not len(label):
        raise ValueError("scores need at least one labelled instance")
    predicted = probability.argmax(axis=1)
    f1 = f1_by_class(label, predicted, num_classes=probability.shape[1])
    f1_macro = float(np.nanmean(f1))
    auc, undefined = roc_auc(label, probability)
    # The smallest float32 keeps the loss of a sure and wrong prediction finite.
    likelihood = np.maximum(probability[np.arange(len(label)), label], np.finfo(np.float32).tiny)
    return Scores(
        accuracy=float(np.mean(predicted == label)),
        f1=float(np.nan_to_num(f1[1])) if probability.shape[1] == 2 else f1_macro,
        f1_macro=f1_macro,
        auc=auc,
        loss=float(-np.mean(np.log(likelihood))),
        auc_undefined=undefined,
    )


def f1_by_class(
    label: Int[np.ndarray, " N"], predicted: Int[np.ndarray, " N"], *, num_classes: int
) -> Float[np.ndarray, " classes"]:
    r"""Return \\( F_1 = 2 TP / (2 TP + FP + FN) \\) of each class.

    Args:
        label: true classes.
        predicted: predicted classes.
        num_classes: at least 1.

    Returns:
        One value in [0, 1] per class; NaN for a class that neither occurs nor is predicted.

    Example:
        >>> import numpy as np
        >>> f1_by_class(np.array([0, 1, 1]), np.array([0, 0, 1]), num_classes=2).round(3).tolist()
        [0.667, 0.667]
    """
    hits = np.bincount(label[label == predicted], minlength=num_classes)
    seen = np.bincount(label, minlength=num_classes) + np.bincount(predicted, minlength=num_classes)
    return np.where(seen > 0, 2.0 * hits / np.maximum(seen, 1), np.nan)


def roc_auc(
    label: Int[np.ndarray, " N"], probability: Float[np.ndarray, "N classes"]
) -> tuple[float | None, str | None]:
    """Return the area under the ROC curve, or None and why it is undefined.

    The share of (positive, negative) pairs that the score orders rightly, ties counting
    half; for more than two classes the unweighted mean of the one-versus-rest areas.

    Args:
        label: true classes.
        probability: class distributions; the last class of two is the positive one.

    Returns:
        The area in [0, 1] and None, or None and the reason.

    Example:
        >>> import numpy as np
        >>> roc_auc(np.array([1, 1]), np.array([[0.5, 0.5], [0.1, 0.9]]))
        (None, 'class 0 does not occur')
    """
    classes = range(probability.shape[1])
    missing = [c for c in classes if not np.any(label == c)]
    if missing:
        return None, f"class {missing[0]} does not occur"
    if np.isnan(probability).any():
        return None, "a probability is NaN"
    if len(classes) == 2:
        return _binary_auc(label == 1, probability[:, 1]), None
    areas = [_binary_auc(label == c, probability[:, c]) for c in classes]
    return float(np.mean(areas)), None


def _binary_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the Mann-Whitney statistic over the number of pairs."""
    from scipy.stats import rankdata

    num_positive = int(positive.sum())
    num_negative = len(positive) - num_positive
    above = rankdata(scores)[positive].sum() - num_positive * (num_positive + 1) / 2
    return float(above / (num_positive * num_negative))
