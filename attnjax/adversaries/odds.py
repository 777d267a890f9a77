"""An instance of several classes that is affine in the attention, seen from its own output.

An output q within a total variation distance of epsilon of the own output p has every class,
and every group of classes, within epsilon of its own probability. So the logarithms of q lie
in a box around those of p, and the logits, which are these logarithms up to a common shift,
in the box's shadow along the direction of that shift: a polytope.
"""

from functools import cache
from itertools import combinations
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.types import AnyArray


class Odds(NamedTuple):
    """One instance, its tokens moved to the front, the least attended first.

    Attributes:
        attention: the model's own.
        offset: by how much a weight of 1 on a token moves each logit; 0 off the tokens.
        log_probabilities: the model's own, nats.
        num_tokens: tokens; they stand in the first positions.
        position: where each of them stands in the text.
    """

    attention: Float[Array, " L"]
    offset: Float[Array, "C L"]
    log_probabilities: Float[Array, " C"]
    num_tokens: Int[Array, ""]
    position: Int[Array, " L"]


class Box(NamedTuple):
    """What the logarithms of the probabilities of some groups of classes may do.

    Attributes:
        offset: by how much a weight of 1 on a token moves each of them, up to a shift.
        low: how far they may move down, at most 0, and no farther than any attention needs.
        high: how far they may move up, at least 0; the same.
        reach: the largest log-odds of any token or corner.
    """

    offset: Float[Array, "G L"]
    low: Float[Array, " G"]
    high: Float[Array, " G"]
    reach: Float[Array, ""]


def make_odds(
    attention: Float[Array, " L"],
    values: Float[Array, "L C"],
    bias: Float[Array, " C"],
    where: Bool[Array, " L"],
) -> Odds:
    r"""Return one instance as offsets \\( v_i - \hat\alpha^\top v \\) from its own logits.

    Args:
        attention: the model's own.
        values: what each token adds to the logits; a single logit stands for two classes.
        bias: what is added to that.
        where: tokens that attention may weigh.

    Example:
        >>> import jax.numpy as jnp
        >>> odds = make_odds(jnp.array([0.0, 0.5, 0.5]), jnp.array([[9.0], [1.0], [3.0]]),
        ...                  jnp.array([-2.0]), jnp.array([False, True, True]))
        >>> odds.offset.tolist(), int(odds.num_tokens), odds.position.tolist()
        ([[0.0, 0.0, 0.0], [-1.0, 1.0, 0.0]], 2, [1, 2, 0])
    """
    if values.shape[-1] == 1:
        values, bias = jnp.pad(values, ((0, 0), (1, 0))), jnp.pad(bias, (1, 0))
    position = jnp.lexsort((attention, ~where))
    attention = jnp.where(where, attention, 0)[position]
    offset = jnp.where(where[:, None], values, 0)[position].T
    moved = jnp.sum(offset * attention[None], axis=1)
    # A second pass takes the rounding of the first one out of the offsets.
    offset = offset - moved[:, None]
    error = jnp.sum(offset * attention[None], axis=1)
    offset = jnp.where(where[position][None], offset - error[:, None], 0)
    log_probabilities = jax.nn.log_softmax(moved + error + bias)
    return Odds(attention, offset, log_probabilities, jnp.sum(where), position)


def change_of_move(
    log_probabilities: Float[Array, " C"], move: Float[Array, "C *N"]
) -> Float[Array, "*N"]:
    """Return the total variation distance that a move of the logits causes, in [0, 1].

    Args:
        log_probabilities: before the move, nats.
        move: of every logit; a common shift means nothing.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.log(jnp.array([0.5, 0.5]))
        >>> round(float(change_of_move(half, jnp.log(jnp.array([3.0, 1.0])))), 6)
        0.25
    """
    own = log_probabilities.reshape(-1, *[1] * (move.ndim - 1))
    return 0.5 * jnp.sum(jnp.abs(jax.nn.softmax(own + move, axis=0) - jnp.exp(own)), axis=0)


def make_box(odds: Odds, groups: Bool[AnyArray, "G C"], epsilon: Float[Array, ""]) -> Box:
    r"""Return the box of groups of classes that no output within epsilon leaves.

    With \\( p_g \\) the probability of a group and \\( \pi_c = p_c / p_g \\) the share of a
    class in it, a group stands for \\( y_g = \sum_{c \in g} \pi_c \log (q_c / p_c) \\).
    Upwards, by Gibbs' inequality, \\( y_g \le \log(1 + \epsilon / p_g) \\). Downwards it is
    farthest when one class loses all of epsilon, \\( y_g \ge \min_c \pi_c \log(1 - \epsilon /
    p_c) \\), because the logarithm is concave. For two groups the largest difference of their
    \\( y \\) is the sum of both, attained by one output: these bounds cannot be improved.
    A class of at most epsilon may vanish, which no finite log-odds can show. But where no
    token moves a logit by more than M, no attention needs an end beyond 2 M.

    Args:
        odds: the instance.
        groups: which classes belong to each; no class to two of them.
        epsilon: total variation distance, above 0.

    Example:
        >>> import jax.numpy as jnp
        >>> odds = make_odds(jnp.array([1.0, 0.0]), jnp.array([[0.0, 0.0], [0.0, 3.0]]),
        ...                  jnp.log(jnp.array([0.75, 0.25])), jnp.ones(2, bool))
        >>> box = make_box(odds, jnp.eye(2, dtype=bool), jnp.array(0.25))
        >>> [round(float(end), 2) for end in (*jnp.exp(box.high), *box.low)]
        [1.33, 2.0, -0.41, -6.0]
    """
    members = jnp.asarray(groups)
    log_p = odds.log_probabilities
    log_group = jax.nn.logsumexp(log_p[None], axis=1, where=members)
    # The rest of the classes, so that no probability near 1 is subtracted from 1.
    log_rest = jax.nn.logsumexp(log_p[None], axis=1, where=~members)
    high = jnp.logaddexp(0.0, jnp.minimum(jnp.log(epsilon), log_rest) - log_group)
    share = jnp.where(members, jnp.exp(log_p[None] - log_group[:, None]), 0)
    bounded = log_p > jnp.log(epsilon)
    ratio = jnp.where(bounded, jnp.exp(jnp.log(epsilon) - log_p), 0)
    loss = jnp.where(bounded[None], share * jnp.log1p(-ratio)[None], -jnp.inf)
    low = jnp.min(jnp.where(members, loss, jnp.inf), axis=1)
    offset = share @ odds.offset
    reach = 2 * jnp.max(jnp.abs(offset))
    return Box(offset, jnp.maximum(low, -reach), jnp.minimum(high, reach), 2 * reach)


@cache
def groupings(num_classes: int, size: int) -> Bool[np.ndarray, "N G C"]:
    """Return ways to choose `size` groups of classes: all, or where those are many the likely.

    These are single classes, and single classes beside one group of all the rest.

    Args:
        num_classes: at least 2.
        size: groups at a time, from 2 to the number of classes.

    Example:
        >>> groupings(3, 2).astype(int).tolist()[:2]  # classes 0 and 1, then 0 and 2
        [[[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 0, 1]]]
        >>> groupings(3, 2).astype(int).tolist()[3]  # class 0 and the rest
        [[1, 0, 0], [0, 1, 1]]
        >>> len(groupings(3, 2)), len(groupings(4, 2)), len(groupings(4, 3)), len(groupings(6, 2))
        (6, 25, 10, 21)
    """
    one = np.eye(num_classes, dtype=bool)
    found = [one[list(chosen)] for chosen in combinations(range(num_classes), size)]
    if num_classes > size:
        for chosen in combinations(range(num_classes), size - 1):
            singles = one[list(chosen)]
            found.append(np.concatenate([singles, ~singles.any(axis=0, keepdims=True)]))
    if num_classes == 4 and size == 2:
        pairs = [one[list(chosen)].any(axis=0) for chosen in combinations(range(4), 2)]
        found += [np.stack([pair, ~pair]) for pair in pairs[:3]]
        found += [np.stack([a, b]) for a in one for b in pairs if not (a & b).any()]
    return np.stack(found)


def token_cost(weight: Float[Array, "..."], own: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Return twice what a weight on a token takes from the largest possible divergence.

    \\( c(\alpha) = \alpha \log(1 + \hat\alpha / \alpha) + \hat\alpha \log(1 + \alpha /
    \hat\alpha) \\), so that \\( \mathrm{JSD} = \log 2 - \frac12 \sum_i c_i(\alpha_i) \\). It
    is 0 at 0 and grows with either argument.

    Args:
        weight: of an attention.
        own: of the model's own attention.

    Example:
        >>> import jax.numpy as jnp
        >>> float(token_cost(jnp.array(1.0), jnp.array(0.0)))
        0.0
    """
    tiny = jnp.finfo(weight.dtype).tiny
    logarithm = jnp.log(jnp.maximum(weight + own, tiny))
    part = weight * (logarithm - jnp.log(jnp.maximum(weight, tiny)))
    return part + own * (logarithm - jnp.log(jnp.maximum(own, tiny)))
