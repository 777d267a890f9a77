r"""From any attention to one of at least some entropy that diverges more, tangent by tangent.

The divergence is convex, hence above its tangent g; where the tangent is largest among the
attentions of some entropy whose logit stays in an interval has a closed form but for two numbers,
\\( \alpha \propto \exp(\beta g - \kappa o) \\): the price \\( \kappa \\) keeps the logit in the
interval, and the sharpness \\( \beta \\) is the largest at which the entropy is at its floor.
Moving there again and again never loses divergence.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.constraint import Limits
from attnjax.adversaries.slab import Slab
from attnjax.measures.divergence import entropy
from attnjax.models.masking import masked_softmax

CLIMBS = 10
"""Tangents followed."""

HALVINGS = 24
"""Of the interval in which the sharpness is looked for."""

TILTINGS = 20
"""Steps of Newton's method, kept in a bracket, for the price of the logit."""

LEAST = 1e-7
"""Weight that a token without one is given for its tangent: it can come back."""

LEAST_STEP = 1e-3
"""Of the sharpness, for its multiplier: where nothing but the flattest is feasible it has none."""


class Tilted(NamedTuple):
    """The attention of the largest entropy plus score whose logit stays in the interval.

    Attributes:
        attention: proportional to the exponential of score minus price times offset.
        price: of moving the logit by 1, nats.
        inside: whether the logit stays in the interval.
    """

    attention: Float[Array, " L"]
    price: Float[Array, ""]
    inside: Bool[Array, ""]


class Climbed(NamedTuple):
    """Where a climb ended.

    Attributes:
        attention: an attention; feasible if `feasible`.
        multipliers: of the sum, the logit and the entropy, under which it is stationary.
        feasible: whether its logit stays in the interval and its entropy at the floor.
    """

    attention: Float[Array, " L"]
    multipliers: Float[Array, "3"]
    feasible: Bool[Array, ""]


def climb(
    attention: Float[Array, " L"], slab: Slab, limits: Limits, floor: Float[Array, ""]
) -> Climbed:
    """Return an attention of at least some entropy, at a local maximum of the divergence.

    Args:
        attention: where to start; need not be feasible.
        slab: the instance.
        limits: of the logit's move.
        floor: least entropy, nats.
    """

    def follow(_: Int[Array, ""], climbed: Climbed) -> Climbed:
        weight = jnp.maximum(climbed.attention, LEAST)
        tangent = jnp.log(weight / (weight + slab.attention)) / 2
        return _farthest(tangent, slab, limits, floor)

    start = Climbed(attention, jnp.zeros(3, floor.dtype), jnp.array(False))
    return jax.lax.fori_loop(0, CLIMBS, follow, start)


def _farthest(
    tangent: Float[Array, " L"], slab: Slab, limits: Limits, floor: Float[Array, ""]
) -> Climbed:
    """Return the feasible attention that goes farthest along a tangent."""

    def at(step: Float[Array, ""]) -> tuple[Tilted, Bool[Array, ""]]:
        tilted = tilt(step / (1 - step) * tangent, slab, limits)
        return tilted, tilted.inside & (entropy(tilted.attention, slab.where) >= floor)

    def halve(_: Int[Array, ""], ends: tuple) -> tuple:
        low, high = ends
        middle = (low + high) / 2
        feasible = at(middle)[1]
        return jnp.where(feasible, middle, low), jnp.where(feasible, high, middle)

    one = jnp.ones_like(floor)
    # One halving fewer than bits of a weight, so that the sharpness stays finite.
    step, _ = jax.lax.fori_loop(0, HALVINGS - 1, halve, (0 * one, one))
    tilted, feasible = at(step)
    spread = (1 - step) / jnp.maximum(step, LEAST_STEP)
    price = tilted.price * spread
    # The Lagrangian is stationary in every weight; the mean of these equations gives the sum's.
    gained = jnp.sum(tilted.attention * (tangent - price * slab.offset))
    total = gained + spread * (entropy(tilted.attention, slab.where) - 1)
    return Climbed(tilted.attention, jnp.stack([total, price, spread]), feasible)


def tilt(score: Float[Array, " L"], slab: Slab, limits: Limits) -> Tilted:
    r"""Return \\( \alpha \propto \exp(s - \kappa o) \\) with its logit in the interval.

    The mean offset falls as the price grows; it is brought to the end that it exceeds.

    Args:
        score: of each position, nats.
        slab: the instance.
        limits: of the logit's move.

    Example:
        >>> import jax.numpy as jnp
        >>> from attnjax.adversaries.slab import make_slab
        >>> slab = make_slab(jnp.array([1.0, 0.0]), jnp.array([0.0, 4.0]), jnp.array(0.0),
        ...                  jnp.ones(2, bool))
        >>> limits = Limits(jnp.array(-1.0), jnp.array(1.0), jnp.array(0.0))
        >>> [round(float(x), 3) for x in tilt(jnp.zeros(2), slab, limits).attention]
        [0.75, 0.25]
    """
    offset, where = slab.offset, slab.where
    score = jnp.where(where, score, 0)

    def at(price: Float[Array, ""]) -> tuple[Float[Array, " L"], Float[Array, ""]]:
        attention = masked_softmax(score - price * offset, where)
        return attention, jnp.sum(attention * offset)

    zero = jnp.zeros((), score.dtype)
    moved = at(zero)[1]
    above, below = moved > limits.high, moved < limits.low
    sign = above.astype(score.dtype) - below.astype(score.dtype)
    end = jnp.where(above, limits.high, jnp.where(below, limits.low, moved))
    largest = jnp.max(jnp.abs(offset))
    first = (1 + jnp.max(jnp.abs(score))) / jnp.where(largest > 0, largest, 1)

    def step(_: Int[Array, ""], state: tuple) -> tuple:
        size, low, high = state
        attention, moved = at(sign * size)
        excess = sign * (moved - end)
        low, high = jnp.where(excess > 0, size, low), jnp.where(excess > 0, high, size)
        variance = jnp.sum(attention * (offset - moved) ** 2)
        newton = size + excess / jnp.maximum(variance, jnp.finfo(variance.dtype).tiny)
        # On a plateau Newton's step is huge: without an upper end it may at most double.
        farther = jnp.where(jnp.isfinite(high), (low + high) / 2, 2 * size + first)
        most = jnp.where(jnp.isfinite(high), high, 2 * size + first)
        return jnp.where((newton > low) & (newton < most), newton, farther), low, high

    size, _, high = jax.lax.fori_loop(0, TILTINGS, step, (zero, zero, zero + jnp.inf))
    price = sign * jnp.where(jnp.isfinite(high), high, size)
    attention, moved = at(price)
    rounding = 4 * jnp.finfo(score.dtype).eps * largest + limits.margin
    inside = (moved <= limits.high + rounding) & (moved >= limits.low - rounding)
    return Tilted(attention, price, inside)
