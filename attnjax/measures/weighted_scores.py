"""Scores of predictions whose instances count more than once, or not at all.

All rows of weights at once: F1 by matrix products, the area under the ROC curve by sums in
the order of the scores.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, Num


def weighted_f1(
    label: Int[np.ndarray, " N"],
    predicted: Int[np.ndarray, " N"],
    weights: Num[np.ndarray, "R N"],
    *,
    num_classes: int,
) -> Float[np.ndarray, " R"]:
    r"""Return \\( F_1 = 2 TP / (2 TP + FP + FN) \\) for each row of instance weights.

    Args:
        label: true classes.
        predicted: predicted classes.
        weights: how much each instance counts, at least 0.
        num_classes: 2 gives the F1 of class 1 (0 where it neither occurs nor is predicted),
            more the mean over the classes that occur or are predicted.

    Returns:
        Values in [0, 1].

    Example:
        >>> import numpy as np
        >>> one = np.array([0, 1, 1])
        >>> weighted_f1(one, np.array([0, 0, 1]), np.ones((1, 3)), num_classes=2).round(3).tolist()
        [0.667]
    """
    classes = np.arange(num_classes)[:, None]
    is_label, is_predicted = label == classes, predicted == classes
    hits = weights @ (is_label & is_predicted).T
    seen = weights @ (is_label.astype(np.float64) + is_predicted).T
    f1 = np.where(seen > 0, 2.0 * hits / np.where(seen > 0, seen, 1.0), np.nan)
    if num_classes == 2:
        return np.nan_to_num(f1[:, 1])
    return np.nanmean(f1, axis=1)


def weighted_auc(
    positive: Bool[np.ndarray, " N"],
    scores: Num[np.ndarray, " N"],
    weights: Num[np.ndarray, "R N"],
) -> Float[np.ndarray, " R"]:
    """Return the area under the ROC curve for each row of instance weights.

    The weighted share of (positive, negative) pairs that the score orders rightly, ties
    counting half.

    Args:
        positive: which instances are of the positive class.
        scores: larger for more positive.
        weights: how much each instance counts, at least 0.

    Returns:
        Values in [0, 1]; NaN where a row leaves no positive or no negative instance.

    Example:
        >>> import numpy as np
        >>> positive, scores = np.array([False, True, True]), np.array([0.2, 0.2, 0.9])
        >>> weighted_auc(positive, scores, np.array([[1, 1, 1], [1, 0, 5]])).tolist()
        [0.75, 1.0]
    """
    order = np.argsort(scores, kind="stable")
    group = np.cumsum(np.diff(scores[order], prepend=scores[order][:1]) > 0)
    return area_of_sorted(
        np.asarray(positive, bool)[order], group, np.asarray(weights, np.float64)[:, order]
    )


def area_of_sorted(
    positive: Bool[np.ndarray, " N"],
    group: Int[np.ndarray, " N"],
    weights: Float[np.ndarray, "R N"],
) -> Float[np.ndarray, " R"]:
    """Return the area under the ROC curve of instances in the order of their score.

    Args:
        positive: which of them are of the positive class.
        group: rising numbers, equal for instances of equal score.
        weights: how much each counts, at least 0.

    Returns:
        Values in [0, 1]; NaN where a row leaves no positive or no negative instance.
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    above = np.add.reduceat(weights * positive, starts, axis=1)
    below = np.add.reduceat(weights * ~positive, starts, axis=1)
    # Each positive is above the negatives of all groups before, and level with its own's.
    before = np.cumsum(below, axis=1) - 0.5 * below
    pairs = above.sum(axis=1) * below.sum(axis=1)
    return np.where(pairs > 0, np.sum(above * before, axis=1) / np.maximum(pairs, 1e-300), np.nan)
