"""What the adversarial search minimises, with its gradient worked out by hand."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.settings import SearchSettings
from attnjax.measures.divergence import RELEASE_OFFSET
from attnjax.outputs import output_change, probabilities

MASKED = -1e30
"""Log-weight of a position that is not attendable: a finite number whose exponential is 0."""

GROUP = 5
"""Factors of one logarithm in `_pair_logarithms`."""


class Problem(NamedTuple):
    """What is attacked: one instance under the model's own attention.

    Attributes:
        attention: the model's own.
        probabilities: its class distribution.
        attendable: positions that a candidate may weigh.
    """

    attention: Float[Array, " L"]
    probabilities: Float[Array, " classes"]
    attendable: Bool[Array, " L"]


class Evaluation(NamedTuple):
    """One look at all candidates of an instance.

    Attributes:
        jsd: from the model's own attention, nats.
        output_change: total variation distance, in [0, 1].
        loss: the sum that is minimised.
        gradient: of the loss by the log-weights.
    """

    jsd: Float[Array, " K"]
    output_change: Float[Array, " K"]
    loss: Float[Array, ""]
    gradient: Float[Array, "K L"]


def evaluate(
    log_weights: Float[Array, "K L"],
    logits_fn: LogitsFn,
    problem: Problem,
    settings: SearchSettings,
) -> Evaluation:
    r"""Return loss, gradient, divergence and output change of an instance's candidates.

    With \\( \alpha_k = \mathrm{softmax}(x_k) \\), the model's own attention \\( \hat\alpha \\)
    and output \\( \hat y \\), the loss is

    \\( \sum_k \left[ -\mathrm{JSD}(\alpha_k, \hat\alpha) + \lambda \max(0,
    \mathrm{TVD}(y_k, \hat y) - \epsilon) \right] - \frac{1}{K^2} \sum_{k,l}
    \mathrm{JSD}(\alpha_k, \alpha_l) \\)

    (the release averages the last term over pairs and sums it over a batch: the same).
    Only the model is differentiated by JAX. The rest is by hand, because the derivative of
    a JSD is the logarithm that its value needs anyway: one exponential and three
    logarithms a weight are all that a step costs.

    Args:
        log_weights: of the candidates; `MASKED` off the attendable positions.
        logits_fn: the model.
        problem: the instance.
        settings: \\( \lambda \\) `penalty`, \\( \epsilon \\) `optimizer_epsilon`, form `jsd`.

    Source: Jain & Wallace (2019), section 4.2.2, equations 2 to 4; their release.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> found = evaluate(
        ...     jnp.array([[0.0, MASKED]]), lambda attention: attention[:, :1] - 0.5,
        ...     Problem(half, half, jnp.array([True, True])), SearchSettings())
        >>> [round(float(found.jsd[0]), 4), round(float(found.output_change[0]), 4)]
        [0.2158, 0.1225]
    """
    attention, logarithm = _softmax(log_weights)
    penalty, change, penalty_slope = _penalise(attention, logits_fn, problem, settings)
    jsd, jsd_slope = _divergence(attention, logarithm, problem.attention, settings.jsd)
    spread, spread_slope = _spread(attention, logarithm, settings.jsd)
    slope = penalty_slope - jsd_slope - spread_slope
    gradient = attention * (slope - jnp.sum(attention * slope, axis=1, keepdims=True))
    return Evaluation(jsd, change, jnp.sum(penalty - jsd) - spread, gradient)


def _softmax(x: Float[Array, "K L"]) -> tuple[Float[Array, "K L"], Float[Array, "K L"]]:
    """Return the weights and their logarithms."""
    shifted = x - jnp.max(x, axis=1, keepdims=True)
    exponential = jnp.exp(shifted)
    total = jnp.sum(exponential, axis=1, keepdims=True)
    return exponential / total, shifted - jnp.log(total)


def _penalise(
    attention: Float[Array, "K L"], logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[Float[Array, " K"], Float[Array, " K"], Float[Array, "K L"]]:
    """Return penalty, output change and the penalty's slope by the weights."""

    def penalise(logits: Float[Array, "K C"]) -> tuple[Float[Array, ""], tuple]:
        change = jax.vmap(output_change, (0, None))(probabilities(logits), problem.probabilities)
        penalty = settings.penalty * jax.nn.relu(change - settings.optimizer_epsilon)
        return jnp.sum(penalty), (penalty, change)

    logits, pull_back = jax.vjp(logits_fn, attention)
    slope, (penalty, change) = jax.grad(penalise, has_aux=True)(logits)
    return penalty, change, pull_back(slope)[0]


def _divergence(
    attention: Float[Array, "K L"],
    logarithm: Float[Array, "K L"],
    original: Float[Array, " L"],
    form: str,
) -> tuple[Float[Array, " K"], Float[Array, "K L"]]:
    """Return JSD(attention, original) and its slope by the weights."""
    tiny = jnp.finfo(attention.dtype).tiny
    own = original[None]
    if form == "release":
        middle = (attention + own) / 2
        log_middle = jnp.log(middle + RELEASE_OFFSET)
        log_ratio = jnp.log(attention + RELEASE_OFFSET) - log_middle
        own_ratio = jnp.log(own + RELEASE_OFFSET) - log_middle
        slope = (log_ratio + _offset(middle) - _offset(attention)) / 2
    else:
        log_middle = jnp.log(jnp.maximum(attention + own, tiny)) - jnp.log(2.0)
        log_ratio = logarithm - log_middle
        own_ratio = jnp.log(jnp.maximum(own, tiny)) - log_middle
        slope = log_ratio / 2
    jsd = jnp.sum(attention * log_ratio + own * own_ratio, axis=1) / 2
    return jsd, slope


def _spread(
    attention: Float[Array, "K L"], logarithm: Float[Array, "K L"], form: str
) -> tuple[Float[Array, ""], Float[Array, "K L"]]:
    """Return the mean JSD over all K x K pairs of candidates and its slope by the weights."""
    count = attention.shape[0]
    if form == "release":
        own = jnp.log(attention + RELEASE_OFFSET)
        pairs, offsets = _pair_logarithms(attention, offset=RELEASE_OFFSET)
        log_ratio = count * own - pairs
        slope = log_ratio + offsets - count * _offset(attention)
    else:
        pairs, _ = _pair_logarithms(attention, offset=0.0)
        log_ratio = count * logarithm - pairs
        slope = log_ratio
    # Each unordered pair stands twice among K x K, so half of 1/2 (KL + KL) is one KL each.
    return jnp.sum(attention * log_ratio) / count**2, slope / count**2


def _offset(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return 1 - x / (x + c), the trace of the release's offset in a derivative."""
    return RELEASE_OFFSET / (x + RELEASE_OFFSET)


def _pair_logarithms(
    attention: Float[Array, "K L"], *, offset: float
) -> tuple[Float[Array, "K L"], Float[Array, "K L"]]:
    """Return the sums over l of log(m_kl + offset) and offset / (m_kl + offset).

    Here m_kl is the mean of the weights of candidates k and l. `GROUP` factors share one
    logarithm: their product, scaled by 2^20 each, neither overflows (2^105) nor loses
    anything before all five are below 1e-13, where the gradient, which carries the weight
    itself, is too small for AMSGrad to act on.
    """
    count, length = attention.shape
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
    groups = (others.reshape(num_groups, GROUP, length), real)
    (logarithms, offsets), _ = jax.lax.scan(add_group, (zero, zero), groups, unroll=num_groups <= 4)
    return logarithms - count * jnp.log(scale), offsets
