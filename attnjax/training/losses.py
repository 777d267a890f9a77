"""What training minimises: weighted cross-entropy and the pull to a guide."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

from attnjax.types import AnyArray

Reduction = Literal["sum", "mean"]


def class_weights(
    labels: Int[np.ndarray, " N"], *, num_classes: int, weighted: bool
) -> Float[np.ndarray, " classes"]:
    r"""Return how much an instance of each class counts in the loss.

    Two classes: 1 for the negative and negatives / positives for the positive class.
    More: the balanced weight \\( N / (C \, N_c) \\). A class without instances weighs 1 (two
    classes) or 0. Not `weighted`: 1 for all.

    Args:
        labels: classes of the training split, from 0.
        num_classes: at least 2.
        weighted: `config.training.class_weights`.

    Returns:
        One weight per class, at least 0.

    Source: Jain & Wallace (2019), released code: `pos_weight` of two-class training.

    Example:
        >>> import numpy as np
        >>> class_weights(np.array([0, 0, 0, 1]), num_classes=2, weighted=True).tolist()
        [1.0, 3.0]
    """
    if not weighted:
        return np.ones(num_classes, np.float32)
    counts = np.bincount(labels, minlength=num_classes)
    if num_classes == 2:
        ratio = counts[0] / counts[1] if counts.all() else 1.0
        return np.array([1.0, ratio], np.float32)
    balanced = len(labels) / (num_classes * np.maximum(counts, 1))
    return np.where(counts > 0, balanced, 0.0).astype(np.float32)


def cross_entropy(logits: Float[Array, " C"], label: Int[Array, ""]) -> Float[Array, ""]:
    r"""Return \\( -\log p(\mathrm{label}) \\) of one instance, in nats.

    One logit means two classes with \\( p(1) = \sigma(z) \\).

    Args:
        logits: unnormalised scores.
        label: the true class, from 0.

    Returns:
        The loss, at least 0.

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(cross_entropy(jnp.array([0.0]), jnp.array(1))), 4)
        0.6931
    """
    if logits.shape[-1] == 1:
        return optax.sigmoid_binary_cross_entropy(logits[0], label.astype(logits.dtype))
    return -jax.nn.log_softmax(logits)[label]


def guide_divergence(
    attention: Float[Array, " L"], guide: Float[AnyArray, " L"]
) -> Float[Array, ""]:
    r"""Return \\( \mathrm{KL}(\mathrm{guide} \,\|\, \mathrm{attention}) \\) of one instance.

    Its gradient is that of the cross-entropy between the two; a guide that is all zero
    contributes exactly nothing.

    Args:
        attention: a distribution.
        guide: a distribution, or all zero where there is nothing to pull to.

    Returns:
        The divergence in nats, at least 0.

    Example:
        >>> import jax.numpy as jnp
        >>> guide = jnp.array([0.0, 1.0])
        >>> round(float(guide_divergence(jnp.array([0.5, 0.5]), guide)), 4)
        0.6931
    """
    # Attention that underflowed to 0 would give an infinite loss and a NaN gradient.
    smallest = jnp.finfo(attention.dtype).tiny
    wanted = guide > 0
    log_guide = jnp.log(jnp.where(wanted, guide, 1.0))
    log_attention = jnp.log(jnp.where(wanted, jnp.maximum(attention, smallest), 1.0))
    return jnp.sum(guide * (log_guide - log_attention))


def reduce_rows(
    losses: Float[Array, " B"], valid: Bool[AnyArray, " B"], *, reduction: Reduction
) -> Float[Array, ""]:
    """Return the sum or the mean of the losses of the valid rows; 0 where there is none.

    Args:
        losses: one per row.
        valid: rows that are instances and not filling.
        reduction: "sum" (the papers) or "mean".

    Example:
        >>> import jax.numpy as jnp
        >>> rows, valid = jnp.array([1.0, 3.0, jnp.nan]), jnp.array([True, True, False])
        >>> float(reduce_rows(rows, valid, reduction="mean"))
        2.0
    """
    total = jnp.sum(jnp.where(valid, losses, 0.0))
    if reduction == "sum":
        return total
    return total / jnp.maximum(jnp.sum(valid), 1)
