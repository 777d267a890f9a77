r"""How far an attention of some entropy can be from the model's own, at most.

With multipliers \\( \mu, \nu, \lambda \\) for the sum, the logit and the entropy, the Lagrangian
is a sum over tokens of

\\( \phi_i(x) = \frac12 [h(x) + h(\hat\alpha_i) - h(x + \hat\alpha_i)] - \lambda h(x) - (\mu + \nu
o_i) x \\), with \\( h(x) = x \log x \\).

Its second derivative \\( (\frac12 - \lambda) / x - \frac12 / (x + \hat\alpha_i) \\) changes its
sign at most once, at \\( x^* = \hat\alpha_i (1 - 2 \lambda) / (2 \lambda) \\): convex before,
concave after. So the maximum is at 0 or in the concave part, where Newton's method in \\( \log x
\\) comes down on the only stationary point from the right, and a tangent bounds what is missing.
Any multipliers give a bound; the ellipsoid method looks for the best ones.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from attnjax.adversaries.constraint import Limits
from attnjax.adversaries.slab import Slab, twice_divergence

NEWTON_STEPS = 8
"""For each token; what they leave is added to the bound."""

CUTS = 200
"""Steps of the ellipsoid method: it gains a digit in about 50."""

RADIUS = 0.5
"""Of the ball around the first multipliers in which better ones are looked for, nats."""


class SpreadBound(NamedTuple):
    """What the best multipliers say.

    Attributes:
        bound: no attention of the entropy and in the interval is worth more, nats above log 2.
        attention: where the Lagrangian is largest; only nearly feasible.
    """

    bound: Float[Array, ""]
    attention: Float[Array, " L"]


class Dual(NamedTuple):
    """The dual function at some multipliers.

    Attributes:
        value: no smaller than it is; nats above log 2.
        slope: a subgradient by the multipliers.
        attention: where the Lagrangian is largest.
    """

    value: Float[Array, ""]
    slope: Float[Array, "3"]
    attention: Float[Array, " L"]


def bound_spread(
    slab: Slab,
    limits: Limits,
    floor: Float[Array, ""],
    start: Float[Array, "3"],
    *,
    cuts: int = CUTS,
) -> SpreadBound:
    """Return the smallest bound that the ellipsoid method finds.

    Args:
        slab: the instance.
        limits: of the logit's move.
        floor: least entropy, nats.
        start: multipliers of the sum, the logit and the entropy to begin with.
        cuts: steps, at least 1.

    Source: Shor (1970); Bland, Goldfarb & Todd (1981), "The ellipsoid method: a survey",
        Operations Research 29, section 1.
    """
    ends = jnp.abs(jnp.stack([limits.low, limits.high]))
    scale = jnp.maximum(
        jnp.max(jnp.abs(slab.offset)), jnp.max(jnp.where(jnp.isfinite(ends), ends, 0))
    )
    one = jnp.ones_like(scale)
    unit = jnp.stack([one, one / jnp.where(scale > 0, scale, 1), one])

    def cut(state: tuple, _: None) -> tuple[tuple, None]:
        center, shape, best = state
        multipliers = _allowed(center * unit, limits)
        found = dual(slab, limits, floor, multipliers)
        outside = center * unit - multipliers
        slope = jnp.where(jnp.any(outside != 0), outside, found.slope * unit)
        best = jax.tree.map(
            lambda new, old: jnp.where(found.value < best.bound, new, old),
            SpreadBound(found.value, found.attention),
            best,
        )
        direction = shape @ slope
        length = jnp.sqrt(jnp.maximum(slope @ direction, 0))
        direction = direction / jnp.where(length > 0, length, 1)
        center = center - direction / 4
        shape = (9 / 8) * (shape - jnp.outer(direction, direction) / 2)
        return (center, shape, best), None

    shape = jnp.diag((RADIUS * (1 + jnp.abs(start / unit))) ** 2)
    # A divergence is at most log 2, whatever the multipliers say.
    nothing = SpreadBound(jnp.zeros_like(scale), slab.attention)
    (_, _, best), _ = jax.lax.scan(cut, (start / unit, shape, nothing), length=cuts)
    return best


def _allowed(multipliers: Float[Array, "3"], limits: Limits) -> Float[Array, "3"]:
    """Return the nearest multipliers of the right signs: no price for an end at infinity."""
    total, price, spread = multipliers
    price = jnp.where(jnp.isfinite(limits.high), price, jnp.minimum(price, 0))
    price = jnp.where(jnp.isfinite(limits.low), price, jnp.maximum(price, 0))
    return jnp.stack([total, price, jnp.maximum(spread, 0)])


def dual(
    slab: Slab, limits: Limits, floor: Float[Array, ""], multipliers: Float[Array, "3"]
) -> Dual:
    """Return the dual function: a bound for any multipliers of the right signs.

    Args:
        slab: the instance.
        limits: of the logit's move.
        floor: least entropy, nats.
        multipliers: of the sum, the logit and the entropy; the last at least 0, the second
            without a price for an end at infinity.

    Source: Boyd & Vandenberghe (2004), "Convex Optimization", section 5.1.3.
    """
    total, price, spread = multipliers
    end = jnp.where(price > 0, limits.high, limits.low)
    end = jnp.where(price == 0, 0, end)
    cost = total + price * slab.offset
    weight, worth, terms = _largest(cost, spread, slab.attention)
    weight, worth, terms = (jnp.where(slab.where, x, 0) for x in (weight, worth, terms))
    chosen = jnp.where(worth > 0, weight, 0)
    eps = jnp.finfo(end.dtype).eps
    sizes = jnp.abs(total) + jnp.abs(price * end) + spread * floor + jnp.sum(terms)
    slack = 16 * eps * (1 + sizes)
    slack += jnp.abs(price) * (limits.margin + 8 * eps * jnp.max(jnp.abs(slab.offset)))
    value = total + price * end - spread * floor + jnp.sum(worth) + slack
    chosen_entropy = -jnp.sum(chosen * jnp.log(jnp.maximum(chosen, jnp.finfo(end.dtype).tiny)))
    slope = [1 - jnp.sum(chosen), end - jnp.sum(chosen * slab.offset), chosen_entropy - floor]
    return Dual(value, jnp.stack(slope), chosen)


def _largest(
    cost: Float[Array, " L"], spread: Float[Array, ""], own: Float[Array, " L"]
) -> tuple[Float[Array, " L"], Float[Array, " L"], Float[Array, " L"]]:
    """Return where each token's part is largest, a bound on it, and the size of its terms."""
    tiny = jnp.finfo(own.dtype).tiny
    bend = 0.5 - spread
    turn = jnp.clip(own * jnp.maximum(bend, 0) / jnp.maximum(spread, tiny), 0, 1)
    least = jnp.log(jnp.maximum(turn, tiny))

    def slope(log_weight: Float[Array, " L"]) -> Float[Array, " L"]:
        return bend * log_weight - jnp.log(jnp.exp(log_weight) + own) / 2 - spread - cost

    def newton(_: Int[Array, ""], log_weight: Float[Array, " L"]) -> Float[Array, " L"]:
        weight = jnp.exp(log_weight)
        curvature = jnp.minimum(bend - weight / (weight + own) / 2, -tiny)
        move = jnp.minimum(slope(log_weight), 0) / curvature
        return jnp.clip(log_weight - move, least, 0)

    log_weight = jax.lax.fori_loop(0, NEWTON_STEPS, newton, jnp.zeros_like(own))
    weight, rise = jnp.exp(log_weight), slope(log_weight)
    missing = jnp.where(rise > 0, rise * (1 - weight), -rise * jnp.maximum(weight - turn, 0))
    parts = twice_divergence(weight, own) / 2, -spread * weight * log_weight, -cost * weight
    worth = jnp.maximum(sum(parts) + missing, 0)
    return weight, worth, sum(map(jnp.abs, parts))  # pyright: ignore[reportReturnType]
