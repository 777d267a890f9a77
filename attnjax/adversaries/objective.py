"""What the search of the paper minimises, with its gradient worked out by hand."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from attnjax.adversaries.distributions import (
    average,
    centre,
    log_softmax,
    offset_share,
    shares,
    sloped_divergence,
    softmax,
)
from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.settings import SearchSettings
from attnjax.measures.divergence import RELEASE_OFFSET
from attnjax.outputs import output_change, probabilities
from attnjax.types import Attention

GROUP = 5
"""Factors of one logarithm in `_pair_logarithms`."""


class Problem(NamedTuple):
    """What is attacked: one instance under the model's own attention.

    Attributes:
        attention: the model's own: `[L]`, or a tree of distributions over the last axis.
        probabilities: its class distribution.
        attendable: positions that a candidate may weigh, like the attention.
    """

    attention: Attention
    probabilities: Float[Array, " classes"]
    attendable: Attention


class Evaluation(NamedTuple):
    """One look at all candidates of an instance.

    Attributes:
        jsd: from the model's own attention, nats; the mean over its distributions.
        output_change: total variation distance, in [0, 1].
        loss: the sum that is minimised.
        gradient: what the optimizer descends along, like the log-weights.
    """

    jsd: Float[Array, " K"]
    output_change: Float[Array, " K"]
    loss: Float[Array, ""]
    gradient: Attention


def evaluate(
    log_weights: Attention, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> Evaluation:
    r"""Return loss, gradient, divergence and output change of an instance's candidates.

    With \\( \alpha_k = \mathrm{softmax}(x_k) \\), the model's own attention \\( \hat\alpha \\)
    and output \\( \hat y \\), the loss is

    \\( \sum_k \left[ -\mathrm{JSD}(\alpha_k, \hat\alpha) + \lambda \max(0,
    \mathrm{TVD}(y_k, \hat y) - \epsilon) \right] - \frac{1}{K^2} \sum_{k,l}
    \mathrm{JSD}(\alpha_k, \alpha_l) \\)

    (the release averages the last term over pairs and sums it over a batch: the same). Where
    the attention is a tree, each JSD is the mean over its distributions.
    Only the model is differentiated by JAX. The rest is by hand, because the derivative of
    a JSD is the logarithm that its value needs anyway: one exponential and three
    logarithms a weight are all that a step costs.

    Args:
        log_weights: of the candidates, leaves `[K, ..., L]`; `MASKED` off the attendable
            positions.
        logits_fn: the model.
        problem: the instance.
        settings: \\( \lambda \\) `penalty`, \\( \epsilon \\) `optimizer_epsilon`, form `jsd`.

    Source: Jain & Wallace (2019), section 4.2.2, equations 2 to 4; their release.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> found = evaluate(
        ...     jnp.array([[0.0, -1e30]]), lambda attention: attention[:, :1] - 0.5,
        ...     Problem(half, half, jnp.array([True, True])), SearchSettings())
        >>> [round(float(found.jsd[0]), 4), round(float(found.output_change[0]), 4)]
        [0.2158, 0.1225]
    """
    attention = jax.tree.map(softmax, log_weights)
    penalty, change, penalty_slope = _penalise(attention, logits_fn, problem, settings)
    jsd, jsd_slope = sloped_divergence(log_weights, problem.attention, settings.jsd)
    spread, spread_slope = _spread(log_weights, problem, settings.jsd)

    def descend(
        attention: Array, penalty_slope: Array, jsd_slope: Array, spread_slope: Array, share: Array
    ) -> Array:
        slope = penalty_slope - (jsd_slope + spread_slope) * share[None, ..., None]
        return attention * centre(slope, attention)

    gradient = jax.tree.map(
        descend, attention, penalty_slope, jsd_slope, spread_slope, shares(problem.attendable)
    )
    mean = average(jsd, problem.attendable)
    return Evaluation(mean, change, jnp.sum(penalty - mean) - jnp.sum(spread), gradient)


def _penalise(
    attention: Attention, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[Float[Array, " K"], Float[Array, " K"], Attention]:
    """Return penalty, output change and the penalty's slope by the weights."""

    def penalise(logits: Float[Array, "K C"]) -> tuple[Float[Array, ""], tuple]:
        change = jax.vmap(output_change, (0, None))(probabilities(logits), problem.probabilities)
        penalty = settings.penalty * jax.nn.relu(change - settings.optimizer_epsilon)
        return jnp.sum(penalty), (penalty, change)

    logits, pull_back = jax.vjp(logits_fn, attention)
    slope, (penalty, change) = jax.grad(penalise, has_aux=True)(logits)
    return penalty, change, pull_back(slope)[0]


def _spread(
    log_weights: Attention, problem: Problem, form: str
) -> tuple[Float[Array, " K"], Attention]:
    """Return each candidate's part of the mean JSD over all K x K pairs, and its slope."""
    found = jax.tree.map(partial(_leaf_spread, form=form), log_weights)
    spread, slope = jax.tree.transpose(
        jax.tree.structure(log_weights), jax.tree.structure((0, 0)), found
    )
    return average(spread, problem.attendable), slope


def _leaf_spread(
    log_weights: Float[Array, "K *rows L"], *, form: str
) -> tuple[Float[Array, "K *rows"], Float[Array, "K *rows L"]]:
    """Return the parts of one leaf and their slope by the weights."""
    attention = softmax(log_weights)
    count = attention.shape[0]
    if form == "release":
        own = jnp.log(attention + RELEASE_OFFSET)
        pairs, offsets = _pair_logarithms(attention, offset=RELEASE_OFFSET)
        log_ratio = count * own - pairs
        slope = log_ratio + offsets - count * offset_share(attention)
    else:
        pairs, _ = _pair_logarithms(attention, offset=0.0)
        log_ratio = count * log_softmax(log_weights) - pairs
        slope = log_ratio
    # Each unordered pair stands twice among K x K, so half of 1/2 (KL + KL) is one KL each.
    return jnp.sum(attention * log_ratio, axis=-1) / count**2, slope / count**2


def _pair_logarithms(
    attention: Float[Array, "K *rows L"], *, offset: float
) -> tuple[Float[Array, "K *rows L"], Float[Array, "K *rows L"]]:
    """Return the sums over l of log(m_kl + offset) and offset / (m_kl + offset).

    Here m_kl is the mean of the weights of candidates k and l. `GROUP` factors share one
    logarithm: their product, scaled by 2^20 each, neither overflows (2^105) nor loses
    anything before all five are below 1e-13, where the gradient, which carries the weight
    itself, is too small for AMSGrad to act on.
    """
    shape, count = attention.shape, attention.shape[0]
    attention = attention.reshape(count, -1)
    num_groups = -(-count // GROUP)
    scale = 2.0**20
    tiny = jnp.finfo(attention.dtype).tiny
    real = (jnp.arange(num_groups * GROUP) < count).reshape(num_groups, GROUP)
    others = jnp.pad(attention, ((0, num_groups * GROUP - count), (0, 0)))

    def add_group(sums: tuple, group: tuple) -> tuple[tuple, None]:
        other, exists = group
        middle = (attention[:, None] + other[None]) / 2 + offset
        factors = jnp.where(exists[None, :, None], middle * scale, 1.0)
        logarithm = jnp.log(jnp.maximum(jnp.prod(factors, axis=1), tiny))
        offsets = jnp.sum(
            jnp.where(exists[None, :, None], offset / jnp.maximum(middle, tiny), 0.0), axis=1
        )
        return (sums[0] + logarithm, sums[1] + offsets), None

    zero = jnp.zeros_like(attention)
    groups = (others.reshape(num_groups, GROUP, attention.shape[1]), real)
    (logarithms, offsets), _ = jax.lax.scan(add_group, (zero, zero), groups, unroll=num_groups <= 4)
    return (logarithms - count * jnp.log(scale)).reshape(shape), offsets.reshape(shape)
