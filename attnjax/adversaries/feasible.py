"""Feasible attentions far from an instance's own, for any number of classes: from below."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.odds import Odds, change_of_move, make_box, token_cost
from attnjax.adversaries.polytope import corners, mix
from attnjax.adversaries.subsets import fold_subsets
from attnjax.measures.divergence import jensen_shannon

ANCHORS = 7
"""Points of a segment at which a feasible one is looked for, evenly spaced."""

HALVINGS = 24
"""Of an interval between a feasible and an infeasible point: what float32 can tell apart."""


class Found(NamedTuple):
    """A feasible attention of one instance.

    Attributes:
        attention: its tokens in front, as those of `Odds`.
        jsd: from the model's own, nats.
    """

    attention: Float[Array, " L"]
    jsd: Float[Array, ""]


class _Block(NamedTuple):
    """Mixtures of m tokens: which tokens, T ways to mix them, and what each costs."""

    chosen: Int[Array, "m M"]
    weights: Float[Array, "m T M"]
    cost: Float[Array, "T M"]


def judge(found: Found, attention: Float[Array, "K L"], odds: Odds, limit: Array) -> Found:
    """Return the farthest of what was found and those of some attentions that are feasible.

    Args:
        found: the farthest so far.
        attention: others; need not be feasible.
        odds: the instance.
        limit: output change (TVD) of a feasible one, at most.
    """
    change = change_of_move(odds.log_probabilities, odds.offset @ attention.T)
    where = jnp.arange(attention.shape[-1]) < odds.num_tokens
    jsd = jax.vmap(jensen_shannon, (0, None, None))(attention, odds.attention, where)
    jsd = jnp.where(change <= limit, jsd, -1)
    best = jnp.argmax(jsd)
    better = jsd[best] > found.jsd
    return Found(
        jnp.where(better, attention[best], found.attention), jnp.maximum(jsd[best], found.jsd)
    )


def single_tokens(found: Found, odds: Odds, limit: Float[Array, ""]) -> Found:
    """Return the farthest of what was found and all single tokens that are feasible."""
    change = change_of_move(odds.log_probabilities, odds.offset)
    cost = token_cost(jnp.ones_like(odds.attention), odds.attention)
    possible = (change <= limit) & (jnp.arange(len(cost)) < odds.num_tokens)
    best = jnp.argmin(jnp.where(possible, cost, jnp.inf))
    alone = jnp.where(possible[best], jnp.eye(1, len(cost), best), odds.attention[None])
    return judge(found, alone.astype(odds.attention.dtype), odds, limit)


def pairs(found: Found, odds: Odds, limit: Float[Array, ""], *, most: int, at_once: int) -> Found:
    """Return the farthest of what was found and mixtures of two tokens.

    On the segment between two tokens the feasible points nearest to either end are found by
    halving, from whichever of a few points within the box of every class moves the output
    least. The divergence is convex, so between them nothing is farther. Feasible points may
    be missed where the output leaves and returns: a lower bound is all that is promised.

    Args:
        found: the farthest so far.
        odds: the instance.
        limit: output change (TVD) of a feasible one, at most.
        most: with more tokens than this nothing is tried.
        at_once: mixtures of tokens in memory at a time.
    """
    num_classes = len(odds.log_probabilities)
    box = make_box(odds, jnp.eye(num_classes, dtype=bool), limit)
    aim = _aim(limit, box.reach)

    def visit(found: Found, chosen: Int[Array, "2 M"], valid: Bool[Array, " M"]) -> Found:
        start = odds.offset[:, chosen[1]]
        step = odds.offset[:, chosen[0]] - start

        def feasible(share: Float[Array, "*K M"]) -> Bool[Array, "*K M"]:
            return change(share) <= aim

        def change(share: Float[Array, "*K M"]) -> Float[Array, "*K M"]:
            shape = (num_classes, *[1] * (share.ndim - 1), -1)
            move = start.reshape(shape) + share[None] * step.reshape(shape)
            return change_of_move(odds.log_probabilities, move)

        low, high = _shares_inside(start, step, box.low, box.high)
        between = (jnp.arange(ANCHORS, dtype=low.dtype) + 0.5)[:, None] / ANCHORS
        anchors = low[None] + between * (high - low)[None]
        best = jnp.argmin(change(anchors), axis=0)
        anchor = jnp.take_along_axis(anchors, best[None], axis=0)
        ends = _halve(feasible, jnp.stack([low, high]), jnp.broadcast_to(anchor, (2, len(low))))
        possible = feasible(anchor)[0] & (low <= high) & valid
        own = odds.attention[chosen]
        cost = token_cost(ends, own[:1]) + token_cost(1 - ends, own[1:])
        cost = jnp.where(possible[None], cost, jnp.inf)
        return _judge_best(found, _Block(chosen, jnp.stack([ends, 1 - ends]), cost), odds, limit)

    block = max(1, at_once // ANCHORS)
    return fold_subsets(visit, found, odds.num_tokens, size=2, most=most, block=block)


def mixtures(
    found: Found, odds: Odds, limit: Float[Array, ""], *, most: int, at_once: int
) -> Found:
    """Return the farthest of what was found and mixtures of as many tokens as classes.

    Of a long text the least attended tokens are mixed, those that take the divergence far.

    As many tokens as classes meet any output between theirs in one way. The outputs tried
    are those at the edge of what is feasible, towards every corner of the box of all classes
    and where one class gives all of epsilon to another.

    Args:
        found: the farthest so far.
        odds: the instance.
        limit: output change (TVD) of a feasible one, at most.
        most: how many of the least attended tokens are mixed.
        at_once: mixtures of tokens in memory at a time.
    """
    box = make_box(odds, jnp.eye(len(odds.log_probabilities), dtype=bool), limit)
    aim = _aim(limit, box.reach)
    targets = _edge_outputs(odds, corners(box.low, box.high), aim)
    size = len(targets)

    def visit(found: Found, chosen: Int[Array, "m M"], valid: Bool[Array, " M"]) -> Found:
        own = odds.attention[chosen]
        mixture = mix(odds.offset[:, chosen], targets, box.reach)
        met = jnp.all(mixture.weights >= 0, axis=0) & (valid & mixture.exists)[None]
        weights = jnp.maximum(mixture.weights, 0)
        cost = jnp.sum(token_cost(weights, own[:, None]), axis=0)
        cost = jnp.where(met, cost, jnp.inf)
        return _judge_best(found, _Block(chosen, weights, cost), odds, limit)

    block = max(1, at_once // targets.shape[1])
    num_tokens = jnp.minimum(odds.num_tokens, most)
    return fold_subsets(visit, found, num_tokens, size=size, most=most, block=block)


def _aim(limit: Float[Array, ""], reach: Float[Array, ""]) -> Float[Array, ""]:
    """Return a little less than the limit, because weights that meet it are rounded."""
    rounding = 2 * jnp.finfo(limit.dtype).eps * (1 + reach)
    return limit - jnp.minimum(rounding, limit / 2)


def _edge_outputs(
    odds: Odds, towards: Float[Array, "C T"], limit: Float[Array, ""]
) -> Float[Array, "C R"]:
    """Return moves of the logits that change the output by as much as is allowed."""
    log_p = odds.log_probabilities
    size = len(log_p)
    gaining, losing = np.nonzero(~np.eye(size, dtype=bool))
    log_amount = jnp.minimum(jnp.log(limit), log_p[losing] - 1e-3)
    gain = jnp.logaddexp(0.0, log_amount - log_p[gaining])
    loss = jnp.log1p(-jnp.exp(log_amount - log_p[losing]))
    one = np.eye(size, dtype=bool)
    given = jnp.where(one[:, gaining], gain[None], 0) + jnp.where(one[:, losing], loss[None], 0)

    def feasible(share: Float[Array, " R"]) -> Bool[Array, " R"]:
        return change_of_move(log_p, share[None] * towards) <= limit

    nothing = jnp.zeros(towards.shape[1], towards.dtype)
    share = _halve(feasible, nothing + 1, nothing)
    return jnp.concatenate([share[None] * towards, given], axis=1)


def _shares_inside(
    start: Float[Array, "C M"],
    step: Float[Array, "C M"],
    low: Float[Array, " C"],
    high: Float[Array, " C"],
) -> tuple[Float[Array, " M"], Float[Array, " M"]]:
    """Return from which share of a step to which the logits stay in the box of every class."""

    def narrow(ends: tuple, upper: tuple) -> tuple[tuple, None]:
        """Keep one class below its upper end where every other is at its lower one."""
        first, last = ends
        start_up, step_up, high = upper
        slope = step_up[None] - step
        room = high - low[:, None] - (start_up[None] - start)
        crossing = room / jnp.where(slope == 0, 1, slope)
        first = jnp.maximum(first, jnp.max(jnp.where(slope < 0, crossing, 0), axis=0))
        last = jnp.minimum(last, jnp.min(jnp.where(slope > 0, crossing, 1), axis=0))
        never = jnp.any((slope == 0) & (room < 0), axis=0)
        return (first, jnp.where(never, -1, last)), None

    nothing = jnp.zeros_like(start[0])
    return jax.lax.scan(narrow, (nothing, nothing + 1), (start, step, high))[0]


def _halve(
    feasible: Callable[[Array], Array], outer: Float[Array, "*N"], inner: Float[Array, "*N"]
) -> Float[Array, "*N"]:
    """Return feasible points next to infeasible ones between `outer` and a feasible `inner`.

    Where `outer` is feasible, it is returned.
    """

    def step(_: Int[Array, ""], ends: tuple) -> tuple:
        outer, inner = ends
        middle = (outer + inner) / 2
        good = feasible(middle)
        return jnp.where(good, outer, middle), jnp.where(good, middle, inner)

    found = jax.lax.fori_loop(0, HALVINGS, step, (outer, inner))[1]
    return jnp.where(feasible(outer), outer, found)


def _judge_best(found: Found, block: _Block, odds: Odds, limit: Float[Array, ""]) -> Found:
    """Judge the cheapest mixture of a block as the attention that would be returned."""
    chosen, weights, cost = block
    which, column = jnp.unravel_index(jnp.argmin(cost), cost.shape)
    # What the first weight was left by others that cancel may miss a sum of 1.
    best = weights[:, which, column] / jnp.sum(weights[:, which, column])
    attention = jnp.zeros_like(odds.attention).at[chosen[:, column]].set(best)
    attention = jnp.where(jnp.isfinite(cost[which, column]), attention, odds.attention)
    return judge(found, attention[None], odds, limit)
