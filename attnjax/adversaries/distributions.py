"""Pytrees of attention distributions: one vector of a classifier, or every head of a stack.

A leaf is `[..., L]` for one attention and `[K, ..., L]` for K candidates; every index before
the last axis is a distribution of its own.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.measures.divergence import RELEASE_OFFSET, jensen_shannon
from attnjax.types import Attention, AttentionModel, Inputs

MASKED = -1e30
"""Log-weight of a position that is not attendable: a finite number whose exponential is 0."""


def is_vector(attention: Attention) -> bool:
    """Tell whether a tree is one distribution over the positions of a text.

    Example:
        >>> import jax.numpy as jnp
        >>> is_vector(jnp.ones(3)), is_vector([jnp.ones((2, 3))])
        (True, False)
    """
    is_array = jax.tree_util.treedef_is_leaf(jax.tree.structure(attention))
    return is_array and attention.ndim == 1


def support(attention: Attention, inputs: Inputs) -> Attention:
    """Return where a candidate may put weight: a tree of booleans like the attention's.

    The attendable positions for the one distribution of a classifier; for any other tree the
    positions that the model itself weighs, because only the model knows which token may look
    at which. A distribution that is zero throughout, as that of padding, does not exist.

    Args:
        attention: the model's own.
        inputs: the instance.
    """
    if is_vector(attention):
        return jax.tree.map(lambda _: jnp.asarray(inputs.attendable[0]), attention)
    return jax.tree.map(lambda leaf: leaf > 0, attention)


def permutable(model: AttentionModel, attention: Attention, inputs: Inputs) -> Attention:
    """Return among which positions each distribution is shuffled.

    The tokens that it may weigh: of a row of causal attention those up to its own, without
    the special tokens, whose weight stays. A row with one of them stays as it is.

    Args:
        model: its `distributions` say which positions are tokens; without any, those of the
            first sequence are for every distribution.
        attention: the model's own.
        inputs: the instance.

    Example:
        >>> import jax.numpy as jnp
        >>> from attnjax.models.inputs import single_inputs
        >>> causal, model = jnp.tri(4)[None], AttentionModel(*[lambda *_: None] * 5)
        >>> permutable(model, causal, single_inputs([2, 7, 8, 3])).astype(int)[0, 2:].tolist()
        [[0, 1, 1, 0], [0, 1, 1, 0]]
    """
    where = support(attention, inputs)
    if is_vector(attention):
        return where
    if model.distributions is not None:
        tokens = model.distributions.attendable(inputs)
    else:
        tokens = jax.tree.map(lambda _: jnp.asarray(inputs.attendable[0]), attention)
    return jax.tree.map(lambda may, token: may & jnp.broadcast_to(token, may.shape), where, tokens)


def evened(where: Attention, attention: Attention) -> Attention:
    """Return the same weight for every position that a distribution may weigh.

    Args:
        where: from `support`.
        attention: of the type and the structure that is wanted.

    Example:
        >>> import jax.numpy as jnp
        >>> where = jnp.array([[True, False], [True, True], [False, False]])
        >>> evened(where, jnp.zeros((3, 2))).tolist()
        [[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]]
    """

    def even(where: Array, leaf: Array) -> Array:
        count = jnp.sum(where, axis=-1, keepdims=True, dtype=leaf.dtype)
        return where / jnp.maximum(count, 1)

    return jax.tree.map(even, where, attention)


def shares(where: Attention) -> Attention:
    """Return each distribution's share of an average over all that exist.

    Args:
        where: from `support`, leaves `[..., L]`.

    Returns:
        Leaves `[...]` that sum to 1 over the tree; 0 for a distribution without positions.

    Example:
        >>> import jax.numpy as jnp
        >>> one, two = jnp.array([True, False]), jnp.array([[True, True], [False, False]])
        >>> [leaf.tolist() for leaf in shares([one, two])]
        [0.5, [0.5, 0.0]]
    """
    exists = jax.tree.map(lambda leaf: jnp.any(leaf, axis=-1), where)
    count = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(exists))
    return jax.tree.map(lambda leaf: leaf / jnp.maximum(count, 1), exists)


def total(values: Attention) -> Float[Array, " K"]:
    """Return the sums over everything but the candidates, over all leaves `[K, ...]`.

    Example:
        >>> import jax.numpy as jnp
        >>> total([jnp.ones(2), jnp.ones((2, 3))]).tolist()
        [4.0, 4.0]
    """
    sums = [jnp.sum(leaf, axis=tuple(range(1, leaf.ndim))) for leaf in jax.tree.leaves(values)]
    return sum(sums[1:], sums[0])


def average(values: Attention, where: Attention) -> Float[Array, " K"]:
    """Return the average of a number per distribution, leaves `[K, ...]`, over all that exist."""
    return total(jax.tree.map(lambda leaf, share: leaf * share[None], values, shares(where)))


def divergence(
    candidates: Attention, own: Attention, where: Attention, *, form: str
) -> Float[Array, " K"]:
    """Return the candidates' Jensen-Shannon divergence, averaged over distributions, in nats.

    The mean over every distribution that exists, each of which counts as much: those of all
    layers, heads and rows that were perturbed. One with a single position counts as the 0
    that it is, as a text of one token does.

    Args:
        candidates: leaves `[K, ..., L]`.
        own: the model's own, leaves `[..., L]`.
        where: positions that count, like `own`.
        form: see `measures.divergence.jensen_shannon`.
    """
    diverge = jax.vmap(partial(jensen_shannon, form=form), (0, None, None))
    return average(jax.tree.map(diverge, candidates, own, where), where)


def softmax(x: Float[Array, "*K L"]) -> Float[Array, "*K L"]:
    """Return the weights of log-weights that are `MASKED` off the support; 0 without any."""
    shifted, total = _shift(x)
    return jnp.exp(shifted) / total


def log_softmax(x: Float[Array, "*K L"]) -> Float[Array, "*K L"]:
    """Return the logarithms of `softmax`; compiled together they share their exponentials."""
    shifted, total = _shift(x)
    return shifted - jnp.log(total)


def _shift(x: Float[Array, "*K L"]) -> tuple[Float[Array, "*K L"], Float[Array, "*K 1"]]:
    """Return log-weights below their maximum, and the sum of their exponentials."""
    shifted = x - jnp.maximum(jnp.max(x, axis=-1, keepdims=True), MASKED / 2)
    total = jnp.sum(jnp.exp(shifted), axis=-1, keepdims=True)
    return shifted, jnp.maximum(total, jnp.finfo(x.dtype).tiny)


def centre(slope: Float[Array, "*K L"], attention: Float[Array, "*#K L"]) -> Float[Array, "*K L"]:
    """Return a slope by the weights without the part that all weights share.

    Times the attention it is the slope by the log-weights.
    """
    return slope - jnp.sum(attention * slope, axis=-1, keepdims=True)


def sloped_divergence(
    log_weights: Attention, own: Attention, form: str
) -> tuple[Attention, Attention]:
    """Return every distribution's JSD from the model's own and its slope by the weights.

    The derivative of a JSD is the logarithm that its value needs anyway.

    Args:
        log_weights: of the candidates, leaves `[K, ..., L]`; `MASKED` off the support.
        own: the model's own, leaves `[..., L]`.
        form: see `measures.divergence.jensen_shannon`.

    Returns:
        Trees with leaves `[K, ...]` and `[K, ..., L]`.
    """
    found = jax.tree.map(partial(_sloped_divergence, form=form), log_weights, own)
    return jax.tree.transpose(jax.tree.structure(own), jax.tree.structure((0, 0)), found)


def _sloped_divergence(
    log_weights: Float[Array, "K *rows L"], own: Float[Array, "*rows L"], *, form: str
) -> tuple[Float[Array, "K *rows"], Float[Array, "K *rows L"]]:
    attention, logarithm, own = softmax(log_weights), log_softmax(log_weights), own[None]
    tiny = jnp.finfo(attention.dtype).tiny
    if form == "release":
        middle = (attention + own) / 2
        log_middle = jnp.log(middle + RELEASE_OFFSET)
        log_ratio = jnp.log(attention + RELEASE_OFFSET) - log_middle
        own_ratio = jnp.log(own + RELEASE_OFFSET) - log_middle
        slope = (log_ratio + offset_share(middle) - offset_share(attention)) / 2
    else:
        log_middle = jnp.log(jnp.maximum(attention + own, tiny)) - jnp.log(2.0)
        log_ratio = logarithm - log_middle
        own_ratio = jnp.log(jnp.maximum(own, tiny)) - log_middle
        slope = log_ratio / 2
    return jnp.sum(attention * log_ratio + own * own_ratio, axis=-1) / 2, slope


def offset_share(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return 1 - x / (x + c), the trace of the release's offset in a derivative."""
    return RELEASE_OFFSET / (x + RELEASE_OFFSET)


def choose(which: Bool[Array, " K"], chosen: Attention, other: Attention) -> Attention:
    """Return the candidates of one tree or of the other.

    Example:
        >>> import jax.numpy as jnp
        >>> choose(jnp.array([True, False]), jnp.ones((2, 1)), jnp.zeros((2, 1))).tolist()
        [[1.0], [0.0]]
    """

    def choose_leaf(a: Array, b: Array) -> Array:
        return jnp.where(which.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(choose_leaf, chosen, other)
