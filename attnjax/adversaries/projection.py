"""Ascent of the divergence along the attentions that leave the output where it is.

Every step is the best one in a model of the problem that is cheap to solve: divergence and
logits as linear functions of the weights, and a Kullback-Leibler divergence from the present
weights that keeps the step short (mirror ascent).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.distributions import average, centre, sloped_divergence, softmax
from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.objective import Evaluation, Problem
from attnjax.adversaries.settings import SearchSettings
from attnjax.adversaries.slab import interval
from attnjax.outputs import output_change, probabilities
from attnjax.types import Attention

MARGIN = 1e-2
"""By which share of epsilon a step aims below it: an output that bends would end above it."""

CLASSES = 16
"""Classes whose logits are held: the most probable ones before or after the change."""

SOFTNESS = 1e-4
"""How much less than exactly a logit is held, relative to what the attention can do to it."""

LEAST = 1e-12
"""The least weight of a class, that nothing is divided by 0."""

HALVINGS = 16
"""Halvings of the interval in which the edge of the feasible outputs is sought."""


def project(
    log_weights: Attention, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> Evaluation:
    r"""Return the direction of mirror ascent that leaves the output where it is.

    With the slope \\( g \\) of the divergence and the slopes \\( S \\) of the logits by the
    weights, each less its mean under \\( \alpha \\), and the step size \\( \eta \\), the step
    of the log-weights is \\( \Delta x = \eta (g - S^\top \mu) \\), which maximises

    \\( \langle g, \Delta\alpha \rangle - \frac1\eta \mathrm{KL}(\alpha + \Delta\alpha, \alpha)
    \quad \text{such that} \quad z + S \Delta\alpha = z^* \\)

    to second order, where \\( S A S^\top \mu = (z + \eta S A g - z^*) / \eta \\) with
    \\( A = \mathrm{diag}(\alpha) \\), and \\( z^* \\) is the last feasible point on the way
    from the model's own logits to those \\( z + \eta S A g \\) that the step would lead to
    without any constraint (\\( \mu = 0 \\) if these are feasible). Logits count by their
    probabilities, and only up to what all have in common.

    So a candidate neither bounces off the edge of a penalty nor stops there: it slides along
    it, and unlike a gradient by the log-weights the step does not vanish with the weight.
    Where the attention is a tree, \\( g \\) is the slope of the sum over its distributions, so
    that the step size means the same for any number of them.

    Args:
        log_weights: of the candidates, leaves `[K, ..., L]`; `MASKED` off the support.
        logits_fn: the model.
        problem: the instance.
        settings: \\( \eta \\) `step_size`, \\( \epsilon \\) `optimizer_epsilon`, form `jsd`.

    Returns:
        See `Evaluation`; the gradient is \\( S^\top \mu - g \\).

    Source: Beck & Teboulle (2003), "Mirror descent and nonlinear projected subgradient methods
        for convex optimization", section 3; Rosen (1961), "The gradient projection method for
        nonlinear programming, part II: nonlinear constraints".

    Example:
        Twins 0 and 1 trade their weight, the third token's share stays:

        >>> import jax.numpy as jnp
        >>> own, values = jnp.array([0.6, 0.2, 0.2]), jnp.array([[1.0], [1.0], [-1.0]])
        >>> problem = Problem(own, probabilities(own @ values), jnp.ones(3, bool))
        >>> start = jnp.log(jnp.array([[0.3, 0.5, 0.2]]))
        >>> found = project(start, lambda a: a @ values, problem, SearchSettings())
        >>> step = softmax(start - 0.1 * found.gradient)
        >>> bool(step[0, 1] > 0.5), bool(abs(step[0, 2] - 0.2) < 0.01)
        (True, True)
    """
    attention = jax.tree.map(softmax, log_weights)
    jsd, gain = sloped_divergence(log_weights, problem.attention, settings.jsd)
    gain = jax.tree.map(centre, gain, attention)
    logits, pull_back = jax.vjp(logits_fn, attention)
    outputs = probabilities(logits)
    change = jax.vmap(output_change, (0, None))(outputs, problem.probabilities)

    held = _hold(logits, outputs, problem)
    slopes = jax.vmap(lambda one: pull_back(one)[0], in_axes=1, out_axes=1)(held.contrasts)
    slopes = jax.tree.map(lambda slope, a: centre(slope, a[:, None]), slopes, attention)
    freely = settings.step_size * _products(slopes, gain, attention)
    excess = _excess(held, freely, settings.optimizer_epsilon * (1 - MARGIN))
    multiplier = _solve(_gram(slopes, attention), excess / settings.step_size)

    def descend(gain: Array, slopes: Array) -> Array:
        shape = (*multiplier.shape, *[1] * (gain.ndim - 1))
        return jnp.sum(multiplier.reshape(shape) * slopes, axis=1) - gain

    mean = average(jsd, problem.attendable)
    return Evaluation(mean, change, -jnp.sum(mean), jax.tree.map(descend, gain, slopes))


class _Held(NamedTuple):
    """The M numbers that say where the output is: a logit, or log-probabilities.

    Attributes:
        contrasts: what of the logits they are, scaled by their weights.
        weights: how much each counts.
        present: their values under the candidates.
        own: their values under the model's own attention.
    """

    contrasts: Float[Array, "K M C"]
    weights: Float[Array, "K M"]
    present: Float[Array, "K M"]
    own: Float[Array, "K M"]


def _hold(
    logits: Float[Array, "K C"], outputs: Float[Array, "K classes"], problem: Problem
) -> _Held:
    """Return what to hold: the single logit, or the `CLASSES` that are or were most probable."""
    logarithm = lambda x: jnp.log(jnp.maximum(x, jnp.finfo(x.dtype).tiny))  # noqa: E731
    own = logarithm(problem.probabilities)
    if logits.shape[1] == 1:
        one = jnp.ones_like(logits)
        return _Held(one[:, None], one, logits, (own[1] - own[0]) * one)
    importance = jnp.maximum(jnp.maximum(outputs, problem.probabilities[None]), LEAST)
    weights, classes = jax.lax.top_k(importance, min(CLASSES, logits.shape[1]))
    weights = weights / jnp.sum(weights, axis=1, keepdims=True)
    chosen = jax.nn.one_hot(classes, logits.shape[1], dtype=logits.dtype)
    contrasts = chosen - jnp.einsum("km,kmc->kc", weights, chosen)[:, None]
    return _Held(
        contrasts * jnp.sqrt(weights)[..., None],
        weights,
        jnp.take_along_axis(logarithm(outputs), classes, axis=1),
        own[classes],
    )


def _excess(held: _Held, freely: Float[Array, "K M"], epsilon: float) -> Float[Array, "K M"]:
    """Return by how much a free step would leave the feasible outputs, scaled like `freely`."""
    root = jnp.sqrt(held.weights)
    way = held.present + freely / root - held.own
    if way.shape[1] == 1:
        low, high = interval(held.own[0, 0], jnp.asarray(epsilon, way.dtype))
        return way - jnp.clip(way, low, high)
    start = probabilities(held.own)

    def is_feasible(share: Float[Array, " K"]) -> Bool[Array, " K"]:
        return output_change(probabilities(held.own + share[:, None] * way), start) <= epsilon

    def halve(_: Int[Array, ""], share: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = share
        middle = (low + high) / 2
        inside = is_feasible(middle)
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    one = jnp.ones_like(way[:, 0])
    low, _ = jax.lax.fori_loop(0, HALVINGS, halve, (jnp.zeros_like(one), one))
    excess = way * (1 - jnp.where(is_feasible(one), one, low))[:, None]
    return root * (excess - jnp.sum(held.weights * excess, axis=1, keepdims=True))


def _products(slopes: Attention, gain: Attention, attention: Attention) -> Float[Array, "K M"]:
    """Return by how much the held numbers move with a step along the gain."""

    def product(slopes: Array, gain: Array, attention: Array) -> Array:
        return _sum(slopes * (gain * attention)[:, None])

    return _add(jax.tree.map(product, slopes, gain, attention))


def _gram(slopes: Attention, attention: Attention) -> Float[Array, "K M M"]:
    """Return by how much the held numbers move with steps along their own slopes."""

    def product(slopes: Array, attention: Array) -> Array:
        weighted = slopes * attention[:, None]
        count = slopes.shape[:2]
        if count[1] == 1:
            return _sum(weighted * slopes)[..., None]
        return jnp.einsum("kmn,kpn->kmp", weighted.reshape(*count, -1), slopes.reshape(*count, -1))

    return _add(jax.tree.map(product, slopes, attention))


def _sum(array: Float[Array, "K M ..."]) -> Float[Array, "K M"]:
    return jnp.sum(array, axis=tuple(range(2, array.ndim)))


def _add(tree: Attention) -> Array:
    """Return the sum of all leaves."""
    return functools.reduce(jnp.add, jax.tree.leaves(tree))


def _solve(gram: Float[Array, "K M M"], right: Float[Array, "K M"]) -> Float[Array, "K M"]:
    """Solve the regularised system; a number that nothing can move has no multiplier."""
    size = jnp.trace(gram, axis1=1, axis2=2)[:, None]
    movable = size > 0
    softness = jnp.where(movable, SOFTNESS * size, 1)
    right = jnp.where(movable, right, 0)
    if right.shape[1] == 1:
        return right / (gram[:, 0] + softness)
    identity = jnp.eye(right.shape[1], dtype=right.dtype)[None]
    return jnp.linalg.solve(gram + softness[..., None] * identity, right[..., None])[..., 0]
