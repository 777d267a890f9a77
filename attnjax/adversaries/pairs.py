"""Pairs of tokens that replace a whole text: found by decoding single tokens and few mixtures.

A weight on a token counts the more for the divergence the less the model attends to it, and
two tokens leave the output where it is if they pull it to either side.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.blocks import map_blocks
from attnjax.adversaries.distributions import choose, divergence
from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.objective import Problem
from attnjax.adversaries.settings import SearchSettings, kept_epsilon
from attnjax.outputs import output_change, probabilities

RANKED = 4
"""Tokens on each side of the output that are paired with each other: 16 pairs at most."""

ROUNDS = 3
"""Decodings of a pair: with those of the single tokens at most 4 a token of the text."""

CHUNK = 64
"""Single tokens that are decoded at a time."""

AIM = 1e-3
"""By which share of epsilon a pair aims below it, so that rounding leaves it feasible."""


class Pairs(NamedTuple):
    """Mixtures of two tokens, the most promising first.

    Attributes:
        attention: their weights.
        jsd: divergence from the model's own attention, nats.
        feasible: whether the output stays where it is.
        exists: whether there is such a pair: a short text has few.
    """

    attention: Float[Array, "M L"]
    jsd: Float[Array, " M"]
    feasible: Bool[Array, " M"]
    exists: Bool[Array, " M"]


class _Lines(NamedTuple):
    """Mixtures of two tokens, by the weight of the second, on which log-odds are to be met.

    Attributes:
        first: a token whose log-odds are not above the interval.
        second: one whose log-odds are not below it.
        exists: whether both are there.
        goal: the log-odds to be met.
        low: a weight where they are below the goal; first 0.
        high: one where they are above; first 1.
        low_odds: log-odds at `low`.
        high_odds: log-odds at `high`.
    """

    first: Int[Array, " M"]
    second: Int[Array, " M"]
    exists: Bool[Array, " M"]
    goal: Float[Array, " M"]
    low: Float[Array, " M"]
    high: Float[Array, " M"]
    low_odds: Float[Array, " M"]
    high_odds: Float[Array, " M"]


def find_pairs(
    logits_fn: LogitsFn, problem: Problem, settings: SearchSettings, *, count: int
) -> Pairs:
    """Return the most promising mixtures of two tokens that leave the output where it is.

    Every token is decoded alone; of the tokens on each side of the output the `RANKED` least
    attended are paired with each other; the share of each is found by the method of false
    position on the log-odds of the predicted class, in `ROUNDS` decodings. (One would do for
    a model whose logits are affine in the attention, which is not assumed.)

    Args:
        logits_fn: the model; asked for at most 4 attentions a token of the text.
        problem: the instance, with a single distribution.
        settings: `filter_epsilon` decides what is feasible, `jsd` what is far.
        count: M, pairs wanted at most.

    Returns:
        See `Pairs`: feasible ones by their divergence, then others by their output change.

    Source: the false position: Dahlquist & Bjorck (1974), "Numerical methods", section 6.4.

    Example:
        Token 0 has the attention; 1 and 3 replace it:

        >>> import jax
        >>> import jax.numpy as jnp
        >>> own = jnp.array([0.9, 0.02, 0.07, 0.01])
        >>> values = jnp.array([[0.0], [1.0], [1.0], [-1.0]])
        >>> problem = Problem(own, probabilities(own @ values), jnp.ones(4, bool))
        >>> find = lambda problem: find_pairs(
        ...     lambda attention: attention @ values, problem, SearchSettings(), count=1)
        >>> found = jax.jit(find)(problem)
        >>> (found.attention[0] > 0).tolist(), bool(found.feasible[0])
        ([False, True, False, True], True)
    """
    target = jnp.argmax(problem.probabilities)
    length = problem.attention.shape[0]

    def log_odds(tokens: Int[Array, " N"]) -> Float[Array, " N"]:
        alone = jax.nn.one_hot(tokens, length, dtype=problem.attention.dtype)
        return _log_odds(probabilities(logits_fn(alone)), target)

    alone = map_blocks(log_odds, jnp.arange(length), block=CHUNK)
    lines = _draw_lines(alone, problem, target, kept_epsilon(settings) * (1 - AIM))
    promise = divergence(
        _attention(lines, _meet(lines), length),
        problem.attention,
        problem.attendable,
        form=settings.jsd,
    )
    num_pairs = min(promise.shape[0] // 2, length)
    _, order = jax.lax.top_k(jnp.where(lines.exists, promise, -1), num_pairs)
    lines = jax.tree.map(lambda leaf: leaf[order], lines)
    affordable = jnp.arange(num_pairs) < jnp.sum(problem.attendable)
    lines = lines._replace(exists=lines.exists & affordable)
    return _refine(lines, logits_fn, problem, settings, target, count=min(count, num_pairs))


def _draw_lines(
    alone: Float[Array, " L"], problem: Problem, target: Int[Array, ""], epsilon: float
) -> _Lines:
    """Return the lines between well ranked tokens, to both ends of the feasible interval."""
    tiny = jnp.finfo(alone.dtype).tiny
    own, rest = _split(problem.probabilities, target)
    bottom = jnp.log(jnp.maximum(own - epsilon, tiny)) - jnp.log(rest + epsilon)
    top = jnp.log(own + epsilon) - jnp.log(jnp.maximum(rest - epsilon, tiny))

    def rank(where: Bool[Array, " L"]) -> tuple[Int[Array, " R"], Bool[Array, " R"]]:
        scores = jnp.where(where & problem.attendable, -problem.attention, -jnp.inf)
        scores, tokens = jax.lax.top_k(scores, min(RANKED, where.shape[0]))
        return tokens, jnp.isfinite(scores)

    lower, is_lower = rank(alone <= top)
    upper, is_upper = rank(alone >= bottom)
    first, second, end = jnp.indices((len(lower), len(upper), 2)).reshape(3, -1)
    goal = jnp.stack([bottom, top])[end]
    return _Lines(
        first=lower[first],
        second=upper[second],
        exists=is_lower[first] & is_upper[second],
        goal=goal,
        low=jnp.zeros_like(goal),
        high=jnp.ones_like(goal),
        low_odds=alone[lower[first]],
        high_odds=alone[upper[second]],
    )


def _refine(
    lines: _Lines,
    logits_fn: LogitsFn,
    problem: Problem,
    settings: SearchSettings,
    target: Int[Array, ""],
    *,
    count: int,
) -> Pairs:
    """Decode a mixture on each line, `ROUNDS` times, and return the best ones."""
    epsilon, length = kept_epsilon(settings), problem.attention.shape[0]

    def look(carry: tuple[_Lines, Array, Pairs], _: None) -> tuple[tuple, None]:
        lines, best, kept = carry
        weight = _meet(lines)
        attention = _attention(lines, weight, length)
        outputs = probabilities(logits_fn(attention))
        change = jax.vmap(output_change, (0, None))(outputs, problem.probabilities)
        jsd = divergence(attention, problem.attention, problem.attendable, form=settings.jsd)
        seen = Pairs(attention, jsd, (change <= epsilon) & lines.exists, lines.exists)
        # A change is at most 1: any feasible pair before any other, and those by their change.
        score = jnp.where(seen.feasible, jsd, jnp.where(lines.exists, -1 - change, -3))
        kept = choose(score > best, seen, kept)
        lines = _narrow(lines, weight, _log_odds(outputs, target))
        return (lines, jnp.maximum(best, score), kept), None

    nothing = jnp.zeros((len(lines.goal), length), problem.attention.dtype)
    start = Pairs(nothing, lines.goal, lines.exists & False, lines.exists)
    worst = jnp.full_like(lines.goal, -4)
    (_, best, kept), _ = jax.lax.scan(look, (lines, worst, start), length=ROUNDS)
    _, order = jax.lax.top_k(best, count)
    return jax.tree.map(lambda leaf: leaf[order], kept)


def _meet(lines: _Lines) -> Float[Array, " M"]:
    """Return the weight of the second token at which a chord meets the goal."""
    rise = lines.high_odds - lines.low_odds
    way = jnp.clip((lines.goal - lines.low_odds) / jnp.where(rise > 0, rise, 1), 0, 1)
    return lines.low + way * (lines.high - lines.low)


def _narrow(lines: _Lines, weight: Float[Array, " M"], odds: Float[Array, " M"]) -> _Lines:
    """Return the lines with one end of each moved to a weight where the odds are known."""
    below = odds < lines.goal
    return lines._replace(
        low=jnp.where(below, weight, lines.low),
        low_odds=jnp.where(below, odds, lines.low_odds),
        high=jnp.where(below, lines.high, weight),
        high_odds=jnp.where(below, lines.high_odds, odds),
    )


def _attention(lines: _Lines, weight: Float[Array, " M"], length: int) -> Float[Array, "M L"]:
    """Return mixtures of two tokens as attentions."""
    first, second = (
        jax.nn.one_hot(tokens, length, dtype=weight.dtype) for tokens in (lines.first, lines.second)
    )
    return (1 - weight)[:, None] * first + weight[:, None] * second


def _split(
    outputs: Float[Array, "*N classes"], target: Int[Array, ""]
) -> tuple[Float[Array, "*N"], Float[Array, "*N"]]:
    """Return the probability of a class, and that of all others without cancellation."""
    others = jnp.where(jnp.arange(outputs.shape[-1]) == target, 0, 1).astype(outputs.dtype)
    return outputs[..., target], outputs @ others


def _log_odds(outputs: Float[Array, "N classes"], target: Int[Array, ""]) -> Float[Array, " N"]:
    """Return the log-odds of a class; finite where a probability underflows."""
    tiny = jnp.finfo(outputs.dtype).tiny
    own, rest = _split(outputs, target)
    return jnp.log(jnp.maximum(own, tiny)) - jnp.log(jnp.maximum(rest, tiny))
