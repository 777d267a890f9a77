"""From a feasible attention under a cap to a better one: weight changes hands while it pays.

A convex function on a polytope is largest at a vertex, and under a cap and an interval a vertex
has at most two weights strictly between 0 and the cap. A move goes from one attention near a
vertex to another: a fractional weight is rounded by giving to, or taking from, the other one;
a token with weight changes places with one that the linear program hardly prefers less; then one
token gives another as much as brings the logit into the interval. The best move is made until
none pays. Every attention on the way is feasible.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.slab import twice_divergence

MOST_MOVES = 64
"""Moves made at most; a handful is usual."""


class Polytope(NamedTuple):
    """Attentions under a cap whose logit stays in an interval, and what they are far from.

    Attributes:
        own: the model's own attention; 0 off the tokens.
        offset: by how much a weight of 1 on a token moves the logit.
        where: the tokens.
        cap: largest weight.
        low: end of the interval that the logit's move must stay in.
        high: the other end.
    """

    own: Float[Array, " L"]
    offset: Float[Array, " L"]
    where: Bool[Array, " L"]
    cap: Float[Array, ""]
    low: Float[Array, ""]
    high: Float[Array, ""]


class Transfer(NamedTuple):
    """Weight that one token gives another.

    Attributes:
        worth: twice the divergence of the attention afterwards, up to a constant; minus
            infinity where no transfer ends in the interval.
        giver: position.
        taker: position.
        amount: of weight.
    """

    worth: Float[Array, ""]
    giver: Int[Array, ""]
    taker: Int[Array, ""]
    amount: Float[Array, ""]


def improve(
    attention: Float[Array, " L"],
    polytope: Polytope,
    preference: Float[Array, " L"],
    *,
    givers: int,
    takers: int,
) -> Float[Array, " L"]:
    """Return a feasible attention that no single move makes more divergent.

    Args:
        attention: feasible.
        polytope: what it must stay in.
        preference: what the linear program loses, in nats a unit of weight, if a token changes
            sides: the smaller in size, the earlier it is tried.
        givers: tokens with weight that a move considers, at least 1.
        takers: tokens that may change places with one of them, at least 1.
    """
    least = 4 * jnp.finfo(attention.dtype).eps

    def go_on(state: tuple) -> Bool[Array, ""]:
        return state[1] & (state[2] < MOST_MOVES)

    def step(state: tuple) -> tuple:
        attention, _, count = state
        starts = _starts(attention, polytope, preference, givers=givers, takers=takers)
        found = jax.vmap(lambda start: _best_transfer(start, polytope, givers=givers))(starts)
        best = jnp.argmax(found.worth)
        _, giver, taker, amount = jax.tree.map(lambda x: x[best], found)
        after = _give(starts[best], giver, taker, amount)
        before = jnp.sum(twice_divergence(attention, polytope.own))
        better = found.worth[best] > before + least
        return jnp.where(better, after, attention), better, count + 1

    return jax.lax.while_loop(go_on, step, (attention, jnp.array(True), 0))[0]


def _starts(
    attention: Float[Array, " L"],
    polytope: Polytope,
    preference: Float[Array, " L"],
    *,
    givers: int,
    takers: int,
) -> Float[Array, "S L"]:
    """Return attentions under the cap, in the interval or not, from which a transfer starts."""
    length = attention.shape[0]
    between = jnp.minimum(attention, polytope.cap - attention)
    between = jnp.where(polytope.where, between, -1)
    fractional = jax.lax.top_k(between, min(2, length))[1]
    first, second = fractional[0], fractional[-1]
    different = (first != second) & polytope.where[second]

    def rounded(giver: Int[Array, ""], taker: Int[Array, ""]) -> Float[Array, " L"]:
        amount = jnp.minimum(attention[giver], polytope.cap - attention[taker])
        return _give(attention, giver, taker, jnp.where(different, amount, 0))

    def swapped(start: Float[Array, " L"]) -> Float[Array, "S L"]:
        rank = jnp.where(polytope.where & (start < polytope.cap), -jnp.abs(preference), -jnp.inf)
        one = jnp.repeat(jax.lax.top_k(start, givers)[1], takers)
        other = jnp.tile(jax.lax.top_k(rank, takers)[1], givers)
        exists = polytope.where[one] & polytope.where[other]
        amount = jnp.where(exists, start[one] - start[other], 0)
        return jax.vmap(_give, (None, 0, 0, 0))(start, one, other, amount)

    roundings = jnp.stack([rounded(first, second), rounded(second, first)])
    places = jax.vmap(swapped)(roundings).reshape(-1, length)
    return jnp.concatenate([attention[None], roundings, places])


def _give(
    attention: Float[Array, " L"],
    giver: Int[Array, ""],
    taker: Int[Array, ""],
    amount: Float[Array, ""],
) -> Float[Array, " L"]:
    """Return an attention after a transfer; two tokens change places where it is a difference."""
    return attention.at[giver].add(-amount).at[taker].add(amount)


def _best_transfer(attention: Float[Array, " L"], polytope: Polytope, *, givers: int) -> Transfer:
    """Return the transfer after which the attention diverges most, and is in the interval.

    Divergence is convex in the amount: it is largest where the logit meets an end of the
    interval, or where the giver has nothing left or the taker is at the cap.
    """
    offset, own = polytope.offset, polytope.own
    before = twice_divergence(attention, own)
    moved = jnp.sum(attention * offset)
    giver = jax.lax.top_k(attention, givers)[1][:, None]
    taker = jnp.arange(attention.shape[0])[None]
    most = jnp.minimum(attention[giver], polytope.cap - attention[taker])
    most = jnp.where(polytope.where[taker] & (giver != taker), most, 0)
    width = offset[taker] - offset[giver]
    last = moved + most * width
    amounts, possible = [most], [(last >= polytope.low) & (last <= polytope.high)]
    for end in (polytope.low, polytope.high):
        amount = jnp.where(width != 0, (end - moved) / jnp.where(width != 0, width, 1), -1)
        amounts.append(jnp.clip(amount, 0, most))
        possible.append((amount >= 0) & (amount <= most))
    amounts = jnp.stack(amounts)
    after = jnp.stack([attention[giver][None] - amounts, attention[taker][None] + amounts])
    owns = jnp.stack(jnp.broadcast_arrays(own[giver], own[taker]))[:, None]
    befores = jnp.stack(jnp.broadcast_arrays(before[giver], before[taker]))[:, None]
    gains = jnp.sum(twice_divergence(after, owns) - befores, axis=0)
    gains = jnp.where(jnp.stack(possible), gains, -jnp.inf)
    best = jnp.unravel_index(jnp.argmax(gains), gains.shape)
    worth = jnp.sum(before) + gains[best]
    return Transfer(worth, giver[best[1], 0], best[2], amounts[best])
