"""The largest divergence over the attentions whose log-odds lie in a polytope, exactly.

A convex function has its maximum over the attentions that a polytope of log-odds allows at one
of their vertices. A vertex with m non-zero weights lies on m - 1 independent faces, and the
faces of a box's shadow (`odds.Box`) are known: for some groups of classes S at the upper end
and others T at the lower one, with |S| + |T| = m, the log-odds between them are given. So every
vertex is the one mixture of m tokens that meets the log-odds of m groups at ends of their box,
and all are tried.
"""

from functools import partial
from itertools import combinations, product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.odds import Box, token_cost
from attnjax.adversaries.subsets import fold_subsets

ERROR = 8
"""Units of rounding by which a weight may be wrong, times the condition of its system.

Where a weight may be wrong by 1, nothing is known and the mixture is left out: its tokens are
nearly dependent. It can be moved, its log-odds nearly at rest, until one of the tokens is gone,
and one of the two ways does not lower a convex function. So fewer tokens stand for it if the
polytope is widened by as much as the log-odds move, which `_slack` does.
"""


class Mixture(NamedTuple):
    """Weights of m tokens that meet log-odds of m groups.

    Attributes:
        weights: for every target and subset of tokens; they sum to 1 and may be negative.
        error: by how much they may be wrong.
        exists: whether the tokens are independent enough.
    """

    weights: Float[Array, "m T M"]
    error: Float[Array, "m 1 M"]
    exists: Bool[Array, " M"]


def largest_jsd(
    box: Box,
    attention: Float[Array, " L"],
    num_tokens: Int[Array, ""],
    *,
    most: int,
    at_once: int,
) -> Float[Array, ""]:
    """Return the largest divergence of all attentions whose log-odds lie in a box's shadow.

    Rounding errs upwards: weights count as less than they are by as much as they may be
    wrong, and a divergence falls with each weight's cost.

    Args:
        box: of 2 to 4 groups of classes.
        attention: the model's own, its tokens in front.
        num_tokens: tokens.
        most: with more tokens than this nothing is tried.
        at_once: mixtures of tokens in memory at a time.

    Returns:
        Nats, at most ln 2. Infinity with more than `most` tokens, or if rounding leaves no
        vertex.

    Source: a convex function on a polytope: Rockafellar (1970), "Convex Analysis", section 32.

    Example:
        >>> import jax.numpy as jnp
        >>> box = Box(jnp.array([[0.0, -4.0, 4.0], [0.0, 0.0, 0.0]]), jnp.full(2, -0.1),
        ...           jnp.full(2, 0.1), jnp.array(8.0))
        >>> own = jnp.array([0.9, 0.05, 0.05])
        >>> found = largest_jsd(box, own, jnp.array(3), most=9, at_once=8)
        >>> round(float(found), 4)  # 0.525 on token 1, 0.475 on token 2
        0.5257
    """
    size = len(box.low)
    slack = _slack(box)
    block = max(1, at_once // (2**size - 2))
    alone = token_cost(jnp.ones_like(attention), attention)
    inside = (jnp.arange(len(attention)) < num_tokens) & _inside(box, box.offset, slack)
    least = jnp.min(jnp.where(inside, alone, jnp.inf))
    for mixed in range(2, size + 1):
        least = _least_cost(least, box, attention, num_tokens, mixed=mixed, most=most, block=block)
    known = (num_tokens <= most) & jnp.isfinite(least)
    return jnp.where(known, jnp.log(2.0) - least / 2, jnp.inf)


def _least_cost(
    least: Float[Array, ""],
    box: Box,
    attention: Float[Array, " L"],
    num_tokens: Int[Array, ""],
    *,
    mixed: int,
    most: int,
    block: int,
) -> Float[Array, ""]:
    """Return the least cost of all vertices with some number of tokens, or a lower one."""
    size, slack = len(box.low), _slack(box)

    def visit(
        groups: Int[Array, " m"],
        least: Float[Array, ""],
        chosen: Int[Array, "m M"],
        valid: Bool[Array, " M"],
    ) -> Float[Array, ""]:
        offset, own = box.offset[:, chosen], attention[chosen]
        targets = corners(box.low[groups], box.high[groups])
        mixture = mix(offset[groups], targets, box.reach)
        met = jnp.all(mixture.weights >= -mixture.error, axis=0)
        met &= (valid & mixture.exists)[None]
        if mixed < size:
            moved = jnp.sum(offset[:, :, None] * mixture.weights[None], axis=1)
            error = jnp.sum(mixture.error, axis=0) * box.reach
            met &= _inside(box, moved, slack + error)
        fewest = jnp.maximum(mixture.weights - mixture.error, 0)
        cost = jnp.sum(token_cost(fewest, own[:, None]), axis=0)
        # However wrong the weights, a mixture costs no less than its cheapest token.
        cheapest = jnp.min(token_cost(jnp.ones_like(own), own), axis=0)
        cost = jnp.maximum(cost, cheapest[None])
        return jnp.minimum(least, jnp.min(jnp.where(met, cost, jnp.inf)))

    def of_groups(groups: Int[Array, " m"]) -> Float[Array, ""]:
        met = partial(visit, groups)
        return fold_subsets(met, least, num_tokens, size=mixed, most=most, block=block)

    groups = np.array(list(combinations(range(size), mixed)))
    return jnp.min(jax.lax.map(of_groups, jnp.asarray(groups)))


def mix(
    offset: Float[Array, "m m M"], targets: Float[Array, "m T"], reach: Float[Array, ""]
) -> Mixture:
    """Return the weights of tokens that meet the log-odds of as many groups.

    Args:
        offset: of every group (first axis) by every token (second).
        targets: what the groups' logarithms should be, up to a common shift.
        reach: the largest log-odds there are, for the bounds of error.

    Returns:
        See `Mixture`.

    Example:
        >>> import jax.numpy as jnp
        >>> offset = jnp.array([[[1.0], [-1.0]], [[0.0], [0.0]]])
        >>> mix(offset, jnp.array([[0.5], [0.0]]), jnp.array(1.0)).weights[:, 0, 0].tolist()
        [0.75, 0.25]
    """
    odds, goal = offset[1:] - offset[:1], targets[1:] - targets[:1]
    # The first token's weight is what the others leave.
    solver, exists = _inverse(odds[:, 1:] - odds[:, :1])
    away = goal[:, :, None] - odds[:, 0][:, None]
    others = jnp.sum(solver[:, :, None] * away[None], axis=1)
    weights = jnp.concatenate([1 - jnp.sum(others, axis=0, keepdims=True), others])
    condition = 1 + reach * jnp.sum(jnp.abs(solver), axis=1)
    error = ERROR * jnp.finfo(offset.dtype).eps * condition
    error = jnp.concatenate([jnp.sum(error, axis=0, keepdims=True), error])
    exists &= jnp.max(error, axis=0) < 1
    return Mixture(weights, error[:, None], exists)


def corners(low: Float[Array, " m"], high: Float[Array, " m"]) -> Float[Array, "m T"]:
    """Return the corners of a box but the two that its shadow does not have.

    Example:
        >>> import jax.numpy as jnp
        >>> corners(jnp.array([-1.0, -2.0]), jnp.array([1.0, 2.0])).T.tolist()
        [[-1.0, 2.0], [1.0, -2.0]]
    """
    size = len(low)
    upper = np.array([up for up in product((False, True), repeat=size) if 0 < sum(up) < size])
    return jnp.where(upper.T, high[:, None], low[:, None])


def _inside(box: Box, moved: Float[Array, "G *N"], slack: Float[Array, "..."]) -> Bool[Array, "*N"]:
    """Return whether a shift puts every group between its ends."""
    axes = (-1, *[1] * (moved.ndim - 1))
    above = jnp.max(moved - box.high.reshape(axes), axis=0)
    return above <= jnp.min(moved - box.low.reshape(axes), axis=0) + slack


def _inverse(
    matrix: Float[Array, "n n M"],
) -> tuple[Float[Array, "n n M"], Bool[Array, " M"]]:
    """Return inverses, by cofactors for n up to 3; those of singular matrices are garbage."""
    if len(matrix) > 3:
        inverse = jnp.moveaxis(jnp.linalg.inv(jnp.moveaxis(matrix, -1, 0)), 0, -1)
        exists = jnp.all(jnp.isfinite(inverse), axis=(0, 1))
        return jnp.where(exists[None, None], inverse, 0), exists
    if len(matrix) == 1:
        adjugate, determinant = jnp.ones_like(matrix), matrix[0, 0]
    elif len(matrix) == 2:
        (a, b), (c, d) = matrix
        adjugate, determinant = jnp.stack([jnp.stack([d, -b]), jnp.stack([-c, a])]), a * d - b * c
    else:
        columns = [jnp.cross(matrix[i - 2], matrix[i - 1], axis=0) for i in range(3)]
        adjugate = jnp.stack(columns, axis=1)
        determinant = jnp.sum(matrix[0] * columns[0], axis=0)
    exists = determinant != 0
    return adjugate / jnp.where(exists, determinant, 1)[None, None], exists


def _slack(box: Box) -> Float[Array, ""]:
    """Return by how much the polytope is widened for what `ERROR` leaves out."""
    return (len(box.low) - 1) * ERROR * jnp.finfo(box.offset.dtype).eps * box.reach
