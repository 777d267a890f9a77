"""The strongest adversary of a model of several classes, between two certified bounds.

For two classes the feasible attentions are the simplex cut by a slab (`adversaries.exact`). For
more, the outputs within epsilon are no polytope of log-odds, but they lie in several: one for
every choice of groups of classes (`odds.make_box`). The largest divergence over each of these is
a bound from above. From below stand feasible attentions of few tokens, and any that a search
found.
"""

from functools import partial
from math import comb
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.blocks import map_blocks
from attnjax.adversaries.exact import readout_arrays
from attnjax.adversaries.feasible import Found, judge, mixtures, pairs, single_tokens
from attnjax.adversaries.odds import (
    Odds,
    change_of_move,
    groupings,
    make_box,
    make_odds,
    token_cost,
)
from attnjax.adversaries.polytope import largest_jsd
from attnjax.adversaries.slab import ROUNDING, inner_epsilon
from attnjax.errors import UserError
from attnjax.types import AnyArray, AttentionModel, Inputs, Params

GUARANTEES = ("none", "simplex", "pairs", "triples", "quadruples")
"""What the upper bound rests on, by the number in `MulticlassResult.guarantee`.

Nothing, because there is no token or a number is not finite; all attentions, whatever the
output; the log-odds of two groups of classes; of three at once; of four at once.
"""

SIMPLEX = 1
MOST_GROUPS = 4

MOST_MIXED = 6
"""Up to how many classes mixtures of as many tokens are tried from below."""

AT_ONCE = 2**13
"""Mixtures of an instance's tokens tried at a time: a CPU's caches hold all arrays."""

NUMBERS = 64
"""Numbers in memory at once for a mixture, at most, beside 4 for each class."""

CLOSE = 1e-5
"""Nats by which two bounds must differ to be told apart."""


class MulticlassResult(NamedTuple):
    """An interval around the largest divergence of every instance for every epsilon.

    Attributes:
        attention: a feasible one, the farthest found; the model's own where there is none.
        lower: its divergence from the model's own attention, nats.
        output_change: its total variation distance from the model's own output, in [0, 1].
        upper: the least of `bounds`, or `lower` where rounding would put it below.
        gap: `upper - lower`.
        bounds: no feasible attention is farther, by the means numbered 1 to 4 in
            `GUARANTEES`; infinite where one was not tried.
        guarantee: the number of the first of them that is the least; 0 where there is none.
        says_nothing: whether the output's bound plays no part in `upper` although `lower` is
            below it: the least attended token alone is as far, and was not shown feasible.
    """

    attention: Float[Array, "N E L"]
    lower: Float[Array, "N E"]
    output_change: Float[Array, "N E"]
    upper: Float[Array, "N E"]
    gap: Float[Array, "N E"]
    bounds: Float[Array, "N E 4"]
    guarantee: Int[Array, "N E"]
    says_nothing: Bool[Array, "N E"]


@partial(jax.jit, static_argnames=("epsilons", "max_mixtures", "memory_bytes"))
def multiclass_adversary(
    attention: Float[AnyArray, "N L"],
    values: Float[AnyArray, "N L C"],
    bias: Float[AnyArray, "N C"],
    where: Bool[AnyArray, "N L"],
    candidates: Float[AnyArray, "N K L"] | None = None,
    *,
    epsilons: tuple[float, ...],
    max_mixtures: int = 2**20,
    memory_bytes: int = 256 * 2**20,
) -> MulticlassResult:
    r"""Return an interval around the divergence of the strongest adversary of each instance.

    \\( \max_\alpha \mathrm{JSD}(\alpha, \hat\alpha) \\) such that \\( \mathrm{TVD}(
    \mathrm{softmax}(\alpha^\top V + b), \mathrm{softmax}(\hat\alpha^\top V + b)) \le
    \epsilon \\). Above it: for every two groups of classes (single ones, and one against the
    rest) the exact maximum over the interval that their log-odds must keep to; for every
    three and four groups the exact maximum over the polytope of all these intervals. Below
    it: the farthest feasible token, mixtures of two, mixtures of as many as there are classes
    up to four, and `candidates`.

    Args:
        attention: the model's own: distributions over `where`, 0 elsewhere.
        values: what each token adds to the logits; C = 1 stands for two classes.
        bias: what is added to that.
        where: tokens that attention may weigh.
        candidates: attentions that may be feasible, such as a search's; the others count
            for nothing.
        epsilons: each in (0, 1].
        max_mixtures: three and four groups are tried where the mixtures of as many tokens
            are no more than this for an instance, and of more tokens than can be mixed the
            least attended are.
        memory_bytes: bound on the arrays of the mixtures in work, bytes.

    Returns:
        See `MulticlassResult`. A row without tokens has zeros and guarantee 0.

    Raises:
        UserError: for an epsilon out of range.

    Source: the problem: Jain & Wallace (2019), section 4.2.2, equation 1.

    Example:
        Tokens 0 and 1 are twins, 2 and 3 would be noticed:

        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> found = multiclass_adversary(
        ...     jnp.array([[0.85, 0.05, 0.05, 0.05]]),
        ...     jnp.array([[[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]]),
        ...     jnp.zeros((1, 3)), jnp.ones((1, 4), bool), epsilons=(0.01,))
        >>> print(np.asarray(found.attention[0, 0]).round(2))
        [0.   0.93 0.06 0.01]
        >>> bool(found.gap[0, 0] < 0.01), GUARANTEES[int(found.guarantee[0, 0])]
        (True, 'triples')
    """
    if not all(0 < epsilon <= 1 for epsilon in epsilons):
        raise UserError(
            "epsilons",
            found=str(epsilons),
            expected="numbers above 0 and at most 1",
            action="give total variation distances, such as 0.01",
        )
    odds = jax.vmap(make_odds)(*map(jnp.asarray, (attention, values, bias, where)))
    if candidates is None:
        candidates = jnp.asarray(attention)[:, None]
    candidates = jnp.take_along_axis(jnp.asarray(candidates), odds.position[:, None], axis=-1)
    one = (NUMBERS + 4 * odds.log_probabilities.shape[1]) * odds.attention.dtype.itemsize
    at_once = max(1, min(AT_ONCE, memory_bytes // one))
    # An instance takes as many steps as its tokens ask for: on a CPU none waits for another.
    together = 1 if jax.default_backend() == "cpu" else max(1, memory_bytes // (one * at_once))

    def solve(rows: tuple[Odds, Float[Array, "K L"]]) -> MulticlassResult:
        one = partial(_solve, *rows, max_mixtures=max_mixtures, at_once=at_once)
        return jax.lax.map(one, jnp.asarray(epsilons, odds.attention.dtype))

    return map_blocks(jax.vmap(solve), (odds, candidates), block=together)


@partial(jax.jit, static_argnames=("model", "epsilons", "max_mixtures", "memory_bytes"))
def multiclass_adversary_of_model(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    candidates: Float[AnyArray, "B K L"] | None = None,
    *,
    epsilons: tuple[float, ...],
    max_mixtures: int = 2**20,
    memory_bytes: int = 256 * 2**20,
) -> MulticlassResult:
    """Return `multiclass_adversary` for a model with a `readout` and a batch.

    Args:
        model: of any number of classes.
        params: its weights.
        inputs: a batch.
        candidates: attentions that may be feasible, such as a search's.
        epsilons: each in (0, 1].
        max_mixtures: bound on the mixtures tried for one bound of an instance.
        memory_bytes: bound on the arrays of the mixtures in work, bytes.

    Raises:
        UserError: for a model without a `readout`.
    """
    arrays = readout_arrays(model, params, inputs)
    return multiclass_adversary(
        *arrays, candidates, epsilons=epsilons, max_mixtures=max_mixtures, memory_bytes=memory_bytes
    )


def _solve(
    odds: Odds,
    candidates: Float[Array, "K L"],
    epsilon: Float[Array, ""],
    *,
    max_mixtures: int,
    at_once: int,
) -> MulticlassResult:
    """Return the interval of one instance for one epsilon."""
    rounding = jnp.asarray(ROUNDING * jnp.finfo(epsilon.dtype).eps, epsilon.dtype)
    below = inner_epsilon(epsilon, rounding)
    effort = {"max_mixtures": max_mixtures, "at_once": at_once}
    found = _farthest_found(odds, candidates, below, **effort)
    bounds = _upper_bounds(odds, epsilon + rounding, **effort)
    least = jnp.min(bounds)
    known = jnp.isfinite(least) & jnp.isfinite(found.jsd) & (odds.num_tokens > 0)
    upper = jnp.where(known, jnp.maximum(least, found.jsd), 0)
    lower = jnp.where(known, found.jsd, 0)
    first = 1 + jnp.argmax(bounds <= least + CLOSE)
    attention = jnp.where(known, found.attention, odds.attention)
    return MulticlassResult(
        attention=jnp.zeros_like(attention).at[odds.position].set(attention),
        lower=lower,
        output_change=change_of_move(odds.log_probabilities, odds.offset @ attention),
        upper=upper,
        gap=upper - lower,
        bounds=bounds,
        guarantee=jnp.where(known, first, 0),
        says_nothing=(first == SIMPLEX) & (upper - lower > CLOSE) | ~known,
    )


def _farthest_found(
    odds: Odds,
    candidates: Float[Array, "K L"],
    limit: Float[Array, ""],
    *,
    max_mixtures: int,
    at_once: int,
) -> Found:
    """Return the farthest feasible attention of all that are tried."""
    num_classes, length = odds.offset.shape
    found = Found(odds.attention, jnp.zeros_like(limit))
    found = single_tokens(found, odds, limit)
    found = pairs(found, odds, limit, most=length, at_once=at_once)
    if 2 < num_classes <= MOST_MIXED:
        ways = 2**num_classes - 2 + num_classes * (num_classes - 1)
        most = _most_tokens(length, num_classes, max_mixtures // ways)
        found = mixtures(found, odds, limit, most=most, at_once=at_once)
    tokens = jnp.arange(length) < odds.num_tokens
    candidates = jnp.where(tokens[None], jnp.maximum(candidates, 0), 0)
    total = jnp.sum(candidates, axis=1, keepdims=True)
    # What is no distribution over the tokens is not weighed.
    whole = jnp.abs(total - 1) < 1e-3
    candidates = jnp.where(whole, candidates / jnp.where(whole, total, 1), odds.attention[None])
    return judge(found, candidates, odds, limit)


def _upper_bounds(
    odds: Odds, epsilon: Float[Array, ""], *, max_mixtures: int, at_once: int
) -> Float[Array, " 4"]:
    """Return the bounds of `MulticlassResult.bounds`."""
    num_classes, length = odds.offset.shape
    alone = token_cost(jnp.ones_like(odds.attention), odds.attention)
    alone = jnp.where(jnp.arange(length) < odds.num_tokens, alone, jnp.inf)
    bounds = [jnp.log(2.0) - jnp.min(alone) / 2]
    for size in range(2, MOST_GROUPS + 1):
        bounds.append(jnp.full_like(epsilon, jnp.inf))
        if size > num_classes:
            continue
        choices = groupings(num_classes, size)
        ways = len(choices) * (2**size - 2)
        largest = partial(
            largest_jsd,
            attention=odds.attention,
            num_tokens=odds.num_tokens,
            most=length if size == 2 else _most_tokens(length, size, max_mixtures // ways),
            at_once=max(1, at_once // len(choices)),
        )
        boxes = jax.vmap(make_box, (None, 0, None))(odds, jnp.asarray(choices), epsilon)
        bounds[-1] = jnp.min(jax.vmap(largest)(boxes))
    return jnp.stack(bounds).astype(epsilon.dtype)


def _most_tokens(length: int, size: int, max_subsets: int) -> int:
    """Return with how many tokens there are no more than so many subsets of a size.

    Padding does not decide it, so that an instance is treated alike in any batch.
    """
    return next((n for n in range(length, 0, -1) if comb(n, size) <= max_subsets), 0)
