r"""The cap's relaxation: fill the best tokens up to the cap, with a price on moving the logit.

On [0, c] a convex function is at most its chord, so the largest divergence under a cap is at
most that of a linear program: \\( \max_\alpha \sum_i s_i \alpha_i \\) with \\( \sum_i \alpha_i
= 1 \\), \\( 0 \le \alpha_i \le c \\) and \\( l \le \sum_i o_i \alpha_i \le u \\). This is what the
Lagrangian with a multiplier for the sum and one for the interval gives, whose maximisation
separates over tokens. For a given price \\( \nu \\) the best attention fills the tokens of the
largest \\( s_i - \nu o_i \\) up to the cap; every price gives a bound, and the best one is found
by walking along the upper hull of the points \\( (\sum o_i \alpha_i, \sum s_i \alpha_i) \\) to the
edge above the end of the interval.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

MOST_PRICES = 64
"""Prices tried at most; about ten are needed. Fewer leave a valid bound, only a looser one."""

ROUNDING = 8
"""Units of rounding by which each term of a bound may be wrong, the tokens' offsets included."""


class Problem(NamedTuple):
    """One instance under one cap.

    Attributes:
        offset: by how much a weight of 1 on a token moves the logit.
        slope: of each token's chord, nats a unit of weight.
        where: the tokens.
        cap: largest weight.
        low: end of the interval that the logit's move must stay in.
        high: the other end.
        margin: by how much the ends may be outside of that in a bound.
    """

    offset: Float[Array, " L"]
    slope: Float[Array, " L"]
    where: Bool[Array, " L"]
    cap: Float[Array, ""]
    low: Float[Array, ""]
    high: Float[Array, ""]
    margin: Float[Array, ""]


class Filling(NamedTuple):
    """An attention that fills tokens in some order.

    Attributes:
        token: positions in that order.
        weight: their weights.
        moved: by how much it moves the logit.
        value: its value in the linear program, nats.
    """

    token: Int[Array, " S"]
    weight: Float[Array, " S"]
    moved: Float[Array, ""]
    value: Float[Array, ""]


class Relaxation(NamedTuple):
    """What the linear program says.

    Attributes:
        attention: its solution: at most two weights strictly between 0 and the cap, but for
            ties.
        bound: no attention is worth more, nats; rounding included.
        preference: what keeping a token full rather than empty is worth at the best price,
            nats a unit of weight; 0 where the program does not care.
        reachable: whether any attention under the cap stays in the interval.
    """

    attention: Float[Array, " L"]
    bound: Float[Array, ""]
    preference: Float[Array, " L"]
    reachable: Bool[Array, ""]


class Edge(NamedTuple):
    """Two attentions on the upper hull, on either side of an end of the interval.

    Attributes:
        near: of the larger value; outside the interval.
        far: of the smaller one.
    """

    near: Filling
    far: Filling


def fill(score: Float[Array, " L"], problem: Problem, size: int) -> Filling:
    """Return the attention that fills the tokens of the largest score up to the cap.

    Args:
        score: of each position.
        problem: the instance.
        size: tokens that a full attention needs at most.
    """
    best, token = jax.lax.top_k(jnp.where(problem.where, score, -jnp.inf), size)
    weight = jnp.clip(1 - problem.cap * jnp.arange(size), 0, problem.cap)
    weight = jnp.where(best > -jnp.inf, weight, 0)
    moved = jnp.sum(weight * problem.offset[token])
    return Filling(token, weight, moved, jnp.sum(weight * problem.slope[token]))


def relax(problem: Problem, *, size: int) -> Relaxation:
    """Solve the linear program of one instance, with a bound that rounding keeps valid.

    Args:
        problem: the instance.
        size: tokens that a full attention needs at most: 1 / cap, rounded up.

    Example:
        Weights of at most a half; the two best tokens would move the logit by 1, so the price
        of moving it makes room for the third:

        >>> import jax.numpy as jnp
        >>> found = relax(Problem(
        ...     offset=jnp.array([1.0, 1.0, 0.0]), slope=jnp.array([0.2, 0.1, 0.0]),
        ...     where=jnp.ones(3, bool), cap=jnp.array(0.5), low=jnp.array(-0.75),
        ...     high=jnp.array(0.75), margin=jnp.array(0.0)), size=2)
        >>> found.attention.tolist(), round(float(found.bound), 3), bool(found.reachable)
        ([0.5, 0.25, 0.25], 0.125, True)
    """
    orders = jnp.stack([problem.slope, -problem.offset, problem.offset])
    filled = jax.vmap(lambda score: fill(score, problem, size))(orders)
    free, lowest, highest = (jax.tree.map(lambda x, at=at: x[at], filled) for at in range(3))
    above, below = free.moved > problem.high, free.moved < problem.low
    far = jax.tree.map(
        lambda low, high, own: jnp.where(above, low, jnp.where(below, high, own)),
        lowest,
        highest,
        free,
    )
    end = jnp.where(above, problem.high, jnp.where(below, problem.low, free.moved))
    near, far, bound = _walk(problem, end, Edge(free, far), size=size)

    share = _ratio(end - far.moved, near.moved - far.moved)
    share = jnp.clip(share, 0, 1)
    attention = jnp.zeros_like(problem.offset).at[near.token].add(share * near.weight)
    attention = attention.at[far.token].add((1 - share) * far.weight)
    price = _ratio(near.value - far.value, near.moved - far.moved)
    score = problem.slope - price * problem.offset
    last = near.token[jnp.maximum(jnp.sum(near.weight > 0) - 1, 0)]
    unit = _unit(problem, size)
    reach = unit * jnp.max(jnp.abs(problem.offset)) + problem.margin
    return Relaxation(
        attention=attention,
        bound=bound,
        preference=score - score[last],
        reachable=(jnp.sum(problem.where) * problem.cap >= 1 - unit)
        & (lowest.moved <= problem.high + reach)
        & (highest.moved >= problem.low - reach),
    )


def _walk(
    problem: Problem, end: Float[Array, ""], edge: Edge, *, size: int
) -> tuple[Filling, Filling, Float[Array, ""]]:
    """Return the edge of the hull above an end of the interval, and the least bound met.

    The slope of the line through both attentions is a price. If the best attention at that
    price is above the line it takes the place of the one on its side, otherwise the line is
    the edge.
    """
    slope, offset = jnp.max(jnp.abs(problem.slope)), jnp.max(jnp.abs(problem.offset))
    unit = _unit(problem, size)
    above = edge.near.moved > end

    def worth(filling: Filling, price: Float[Array, ""]) -> Float[Array, ""]:
        return filling.value - price * (filling.moved - end)

    def bound(filling: Filling, price: Float[Array, ""]) -> Float[Array, ""]:
        """Return the dual function at a price, no smaller than it is."""
        size = jnp.abs(price)
        slack = unit * (slope + size * (offset + jnp.abs(end))) + size * problem.margin
        return worth(filling, price) + slack

    def go_on(state: tuple) -> Bool[Array, ""]:
        return ~state[2] & (state[3] < MOST_PRICES)

    def step(state: tuple) -> tuple:
        (near, far), least, _, count = state
        price = _ratio(near.value - far.value, near.moved - far.moved)
        price = jnp.where(above, jnp.maximum(price, 0), jnp.minimum(price, 0))
        found = fill(problem.slope - price * problem.offset, problem, size)
        tolerance = unit * (slope + jnp.abs(price) * offset)
        done = worth(found, price) <= worth(near, price) + tolerance
        is_near = (found.moved > end) == above
        near, far = (
            jax.tree.map(lambda new, old, take=take: jnp.where(take, new, old), found, old)
            for take, old in ((is_near & ~done, near), (~is_near & ~done, far))
        )
        return Edge(near, far), jnp.minimum(least, bound(found, price)), done, count + 1

    crossing = (edge.near.moved != end) & (above == (edge.far.moved <= end))
    start = (edge, bound(edge.near, jnp.zeros_like(end)), ~crossing, 0)
    (near, far), least, _, _ = jax.lax.while_loop(go_on, step, start)
    return near, far, least


def _unit(problem: Problem, size: int) -> Float[Array, ""]:
    """Return what `size` terms of 1 may lose to rounding when they are summed."""
    return jnp.asarray((ROUNDING + size) * jnp.finfo(problem.cap.dtype).eps, problem.cap.dtype)


def _ratio(numerator: Float[Array, ""], denominator: Float[Array, ""]) -> Float[Array, ""]:
    """Return a quotient, 0 where the denominator is 0."""
    zero = denominator == 0
    return jnp.where(zero, 0, numerator / jnp.where(zero, 1, denominator))
