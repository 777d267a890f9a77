"""The strongest adversary of at least some entropy: an attention near it, and a bound.

The exact adversary puts all weight on one or two tokens. A floor on the entropy, like a cap on
the weights, asks for an attention that a model could have. Such attentions form a convex set
without vertices, so the answer is climbed to (`climb`), from the least attended tokens and from
where the bound (`spread_bound`) would have it.
"""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.adversaries.blocks import map_blocks
from attnjax.adversaries.capped import check_range
from attnjax.adversaries.climb import Climbed, climb, tilt
from attnjax.adversaries.constraint import (
    OPTIMAL_GAP,
    ConstrainedResult,
    enclose,
    limits_of,
)
from attnjax.adversaries.exact import readout_arrays
from attnjax.adversaries.slab import Slab, make_slab, twice_divergence, two_class_arrays
from attnjax.adversaries.spread_bound import bound_spread
from attnjax.measures.divergence import entropy
from attnjax.types import AnyArray, AttentionModel, Inputs, Params

ARRAYS = 64
"""Arrays of tokens in memory at once."""

CACHED = 16
"""Instances at a time on a CPU."""

STARTS = 2
"""Climbs from the least attended tokens; with 8 the mean answer grows by 2e-4."""

Unit = Literal["share", "nats"]


@partial(jax.jit, static_argnames=("floors", "epsilon", "unit", "optimal_gap", "memory_bytes"))
def spread_adversary(
    attention: Float[AnyArray, "N L"],
    values: Float[AnyArray, "N L C"],
    bias: Float[AnyArray, "N C"],
    where: Bool[AnyArray, "N L"],
    *,
    floors: tuple[float, ...],
    epsilon: float,
    unit: Unit = "share",
    optimal_gap: float = OPTIMAL_GAP,
    memory_bytes: int = 256 * 2**20,
) -> ConstrainedResult:
    r"""Return the attention farthest from the model's own of at least some entropy.

    \\( \max_\alpha \mathrm{JSD}(\alpha, \hat\alpha) \\) such that \\( H(\alpha) \ge h \\) and \\(
    |\sigma(\alpha^\top v + b) - \sigma(\hat\alpha^\top v + b)| \le \epsilon \\), enclosed: the
    answer is feasible and its divergence `lower`, and no feasible attention diverges by more
    than `upper`.

    Args:
        attention: the model's own: distributions over `where`, 0 elsewhere.
        values: what each token adds to the logit; C must be 1.
        bias: what is added to that.
        where: tokens that attention may weigh.
        floors: least entropies, each above 0; a share is at most 1. All cost one call.
        epsilon: output change (TVD), in (0, 1].
        unit: of `floors`: "share" of the log of an instance's number of tokens, or "nats".
        optimal_gap: up to which an answer is called optimal, nats.
        memory_bytes: bound on the working arrays, bytes.

    Returns:
        See `ConstrainedResult`. The model's own attention may break the floor.

    Raises:
        UserError: for more than one logit, or a floor or epsilon out of range.

    Source: the problem: Jain & Wallace (2019), section 4.2.2, equation 1; the climb: Yuille &
        Rangarajan (2003), "The concave-convex procedure", Neural Computation 15; the bound:
        Boyd & Vandenberghe (2004), "Convex Optimization", section 5.1.3.

    Example:
        Twins 0 and 1 can trade all of their weight, but not without a rest of entropy:

        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> found = spread_adversary(
        ...     jnp.array([[0.98, 0.01, 0.01]]), jnp.array([[[1.0], [1.0], [-1.0]]]),
        ...     jnp.zeros((1, 1)), jnp.ones((1, 3), bool), floors=(0.3, 1.0), epsilon=0.01)
        >>> print(np.asarray(found.attention[0]).round(2))
        [[0.04 0.92 0.03]
         [0.   0.   0.  ]]
        >>> found.own_violates.tolist()
        [[True, True]]
    """
    check_range("epsilon", (epsilon,))
    check_range("floors", floors if unit == "share" else tuple(min(x, 1.0) for x in floors))
    slabs = jax.vmap(make_slab)(*two_class_arrays(attention, values, bias, where))
    count, length = slabs.attention.shape
    block = max(1, memory_bytes // (ARRAYS * length * slabs.attention.dtype.itemsize))
    if jax.default_backend() == "cpu":
        block = min(block, CACHED)

    def solve(slab: Slab) -> ConstrainedResult:
        one = partial(_solve, slab, epsilon=epsilon, unit=unit, optimal_gap=optimal_gap)
        return jax.lax.map(one, jnp.asarray(floors, slab.attention.dtype))

    return map_blocks(jax.vmap(solve), slabs, block=min(block, count))


@partial(
    jax.jit,
    static_argnames=("model", "floors", "epsilon", "unit", "optimal_gap", "memory_bytes"),
)
def spread_adversary_of_model(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    floors: tuple[float, ...],
    epsilon: float,
    unit: Unit = "share",
    optimal_gap: float = OPTIMAL_GAP,
    memory_bytes: int = 256 * 2**20,
) -> ConstrainedResult:
    """Return `spread_adversary` for a model with a `readout` and a batch.

    Args:
        model: of two classes.
        params: its weights.
        inputs: a batch.
        floors: least entropies.
        epsilon: output change (TVD), in (0, 1].
        unit: of `floors`.
        optimal_gap: up to which an answer is called optimal, nats.
        memory_bytes: bound on the working arrays, bytes.

    Raises:
        UserError: for a model without a `readout` or of more classes.
    """
    return spread_adversary(
        *readout_arrays(model, params, inputs),
        floors=floors,
        epsilon=epsilon,
        unit=unit,
        optimal_gap=optimal_gap,
        memory_bytes=memory_bytes,
    )


def _solve(
    slab: Slab, floor: Float[Array, ""], *, epsilon: float, unit: Unit, optimal_gap: float
) -> ConstrainedResult:
    """Return the enclosure of one instance under one floor."""
    limits = limits_of(slab, epsilon)
    most = jnp.log(jnp.maximum(jnp.sum(slab.where), 1).astype(floor.dtype))
    floor = floor * most if unit == "share" else floor
    rounding = 8 * jnp.finfo(floor.dtype).eps * most
    flat = tilt(jnp.zeros_like(slab.offset), slab, limits).attention
    flattest = entropy(flat, slab.where)
    feasible = jnp.any(slab.where) & (flattest >= floor - rounding)

    reached = jnp.minimum(floor, flattest)

    def from_start(start: Float[Array, " L"]) -> Climbed:
        return climb(start, slab, limits, reached)

    first = jax.vmap(from_start)(_least_attended(slab, starts=STARTS))
    best = jnp.argmax(_worth(first, slab))
    bound = bound_spread(slab, limits, floor - rounding, first.multipliers[best])
    last = from_start(bound.attention)
    own_violates = entropy(slab.attention, slab.where) < floor - rounding
    simple = Climbed(
        jnp.stack([flat, slab.attention]),
        jnp.zeros((2, 3), floor.dtype),
        jnp.stack([feasible, ~own_violates]),
    )
    last = jax.tree.map(lambda x: x[None], last)
    answers = jax.tree.map(lambda *parts: jnp.concatenate(parts), first, last, simple)
    return enclose(
        slab,
        answers.attention[jnp.argmax(_worth(answers, slab))],
        bound.bound,
        feasible=feasible,
        own_violates=own_violates,
        optimal_gap=optimal_gap,
    )


def _worth(climbed: Climbed, slab: Slab) -> Float[Array, " K"]:
    """Return twice the divergence of each attention, up to a constant, where it is feasible."""
    worth = jnp.sum(twice_divergence(climbed.attention, slab.attention[None]), axis=1)
    return jnp.where(climbed.feasible, worth, -jnp.inf)


def _least_attended(slab: Slab, *, starts: int) -> Float[Array, "K L"]:
    """Return weights that halve from token to token, each time from another token on.

    The least attended stand first, in some order where the model has none: from a uniform
    attention all directions look the same.
    """
    order = jnp.argsort(jnp.where(slab.where, slab.attention, jnp.inf))
    rank = jnp.argsort(order)[None]
    shift = jnp.arange(starts)[:, None]
    count = jnp.maximum(jnp.sum(slab.where), 1)
    place = (rank - shift) % count
    return jnp.where(slab.where[None], 0.5 ** (1 + place.astype(slab.attention.dtype)), 0)
