"""The strongest adversary with a cap on every weight: an attention near it, and a bound.

The exact adversary puts all weight on one or two tokens, which no trained attention does. Under
a cap of c at least 1 / c tokens share the weight, and the vertices are too many to try. So the
maximum is enclosed: a linear program bounds the divergence from above, its solution has at most
two weights between 0 and the cap, and a few exchanges of weight make of it an answer that is, on
the small instances where all vertices can be tried, nearly always the maximum itself.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.adversaries.blocks import map_blocks
from attnjax.adversaries.constraint import (
    OPTIMAL_GAP,
    ConstrainedResult,
    enclose,
    limits_of,
)
from attnjax.adversaries.exact import readout_arrays
from attnjax.adversaries.exchange import Polytope, improve
from attnjax.adversaries.knapsack import Problem, relax
from attnjax.adversaries.slab import Slab, make_slab, twice_divergence, two_class_arrays
from attnjax.errors import UserError
from attnjax.types import AnyArray, AttentionModel, Inputs, Params

GIVERS = 8
"""Tokens with weight that a move considers."""

TAKERS = 2
"""Tokens that may change places with one of them; with 4 the mean answer grows by 4e-5."""

ARRAYS = 28
"""Arrays of transfers (starts x givers x tokens) in memory at once."""


@partial(jax.jit, static_argnames=("caps", "epsilon", "optimal_gap", "memory_bytes"))
def capped_adversary(
    attention: Float[AnyArray, "N L"],
    values: Float[AnyArray, "N L C"],
    bias: Float[AnyArray, "N C"],
    where: Bool[AnyArray, "N L"],
    *,
    caps: tuple[float, ...],
    epsilon: float,
    optimal_gap: float = OPTIMAL_GAP,
    memory_bytes: int = 256 * 2**20,
) -> ConstrainedResult:
    r"""Return the attention farthest from the model's own, no weight above a cap.

    \\( \max_\alpha \mathrm{JSD}(\alpha, \hat\alpha) \\) such that \\( \alpha_i \le c \\) and \\(
    |\sigma(\alpha^\top v + b) - \sigma(\hat\alpha^\top v + b)| \le \epsilon \\), enclosed: the
    answer is feasible and its divergence `lower`, and no feasible attention diverges by more
    than `upper`. With multipliers \\( \mu, \nu \\) for the sum and the logit the Lagrangian is a
    sum of convex functions of single weights, each largest at 0 or c:

    \\( \log 2 + \mu + \max_{l \le t \le u} \nu t + \sum_i \max(0, f_i(c) - c (\mu + \nu o_i)) \\)
    with \\( f_i(x) = \frac12 [h(x) + h(\hat\alpha_i) - h(x + \hat\alpha_i)] \\), \\( h(x) = x
    \log x \\),

    is an upper bound for all multipliers, and the smallest is that of a linear program.

    Args:
        attention: the model's own: distributions over `where`, 0 elsewhere.
        values: what each token adds to the logit; C must be 1.
        bias: what is added to that.
        where: tokens that attention may weigh.
        caps: each in (0, 1]; all cost one call.
        epsilon: output change (TVD), in (0, 1].
        optimal_gap: up to which an answer is called optimal, nats.
        memory_bytes: bound on the arrays of transfers, bytes.

    Returns:
        See `ConstrainedResult`. Infeasible is an instance with fewer than 1 / c tokens, and
        one without an attention under the cap that keeps the output; the model's own may
        break the cap.

    Raises:
        UserError: for more than one logit, or a cap or epsilon out of range.

    Source: the problem: Jain & Wallace (2019), section 4.2.2, equation 1; that any multipliers
        give a bound: Boyd & Vandenberghe (2004), "Convex Optimization", section 5.1.3.

    Example:
        Half of the weight has to leave the twin that had all of it:

        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> found = capped_adversary(
        ...     jnp.array([[1.0, 0.0, 0.0, 0.0]]), jnp.array([[[1.0], [1.0], [1.0], [-1.0]]]),
        ...     jnp.zeros((1, 1)), jnp.ones((1, 4), bool), caps=(0.5, 0.2), epsilon=0.01)
        >>> print(np.asarray(found.attention[0]).round(2))
        [[0.  0.5 0.5 0. ]
         [0.  0.  0.  0. ]]
        >>> found.status.tolist(), found.own_violates.tolist()
        ([[0, 2]], [[True, True]])
    """
    check_range("caps", caps)
    check_range("epsilon", (epsilon,))
    slabs = jax.vmap(make_slab)(*two_class_arrays(attention, values, bias, where))
    count, length = slabs.attention.shape
    size = min(length, max(math.ceil(1 / cap - 1e-6) for cap in caps))
    givers, takers = min(GIVERS, size + 1, length), min(TAKERS, length)
    starts = 3 + 2 * givers * takers
    one = ARRAYS * starts * givers * length * slabs.attention.dtype.itemsize
    block = max(1, min(count, memory_bytes // one))
    if jax.default_backend() == "cpu":
        block = 1  # in a block all instances make as many moves as the slowest

    def solve(slab: Slab) -> ConstrainedResult:
        one = partial(
            _solve,
            slab,
            epsilon=epsilon,
            size=size,
            givers=givers,
            takers=takers,
            optimal_gap=optimal_gap,
        )
        return jax.lax.map(one, jnp.asarray(caps, slab.attention.dtype))

    return map_blocks(jax.vmap(solve), slabs, block=block)


@partial(jax.jit, static_argnames=("model", "caps", "epsilon", "optimal_gap", "memory_bytes"))
def capped_adversary_of_model(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    caps: tuple[float, ...],
    epsilon: float,
    optimal_gap: float = OPTIMAL_GAP,
    memory_bytes: int = 256 * 2**20,
) -> ConstrainedResult:
    """Return `capped_adversary` for a model with a `readout` and a batch.

    Args:
        model: of two classes.
        params: its weights.
        inputs: a batch.
        caps: each in (0, 1].
        epsilon: output change (TVD), in (0, 1].
        optimal_gap: up to which an answer is called optimal, nats.
        memory_bytes: bound on the arrays of transfers, bytes.

    Raises:
        UserError: for a model without a `readout` or of more classes.
    """
    return capped_adversary(
        *readout_arrays(model, params, inputs),
        caps=caps,
        epsilon=epsilon,
        optimal_gap=optimal_gap,
        memory_bytes=memory_bytes,
    )


def check_range(name: str, numbers: tuple[float, ...]) -> None:
    """Raise a `UserError` unless all numbers are above 0 and at most 1."""
    if not all(0 < number <= 1 for number in numbers):
        raise UserError(
            name,
            found=", ".join(map(str, numbers)),
            expected="above 0 and at most 1",
            action="give shares, such as 0.25",
        )


def _solve(
    slab: Slab,
    cap: Float[Array, ""],
    *,
    epsilon: float,
    size: int,
    givers: int,
    takers: int,
    optimal_gap: float,
) -> ConstrainedResult:
    """Return the enclosure of one instance under one cap."""
    low, high, margin = limits_of(slab, epsilon)
    slope = twice_divergence(jnp.full_like(slab.attention, cap), slab.attention) / (2 * cap)
    relaxed = relax(Problem(slab.offset, slope, slab.where, cap, low, high, margin), size=size)
    attention = improve(
        relaxed.attention,
        Polytope(slab.attention, slab.offset, slab.where, cap, low, high),
        relaxed.preference,
        givers=givers,
        takers=takers,
    )
    return enclose(
        slab,
        attention,
        relaxed.bound,
        feasible=relaxed.reachable,
        own_violates=jnp.max(slab.attention) > cap,
        optimal_gap=optimal_gap,
    )
