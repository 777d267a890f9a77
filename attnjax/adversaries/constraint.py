"""What every constrained adversary starts from, and the form of its answer."""

from enum import IntEnum
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.slab import (
    ROUNDING,
    Slab,
    inner_interval,
    interval,
    rounding_of,
    sigmoid_change,
)
from attnjax.measures.divergence import jensen_shannon
from attnjax.types import AnyArray

OPTIMAL_GAP = 1e-3
"""How far, in nats, answer and bound may be apart where the answer is called optimal."""


class Status(IntEnum):
    """What is known of an instance's constrained maximum."""

    OPTIMAL = 0
    """Answer and bound are no more than the gap asked for apart."""
    BOUND = 1
    """The maximum is between answer and bound."""
    INFEASIBLE = 2
    """No attention meets the constraints."""


class ConstrainedResult(NamedTuple):
    """The strongest adversary of every instance under each of K constraints.

    Attributes:
        attention: a feasible attention; zeros where there is none.
        lower: its divergence from the model's own, nats; NaN where there is none.
        upper: no feasible attention diverges more, nats; NaN where there is none.
        output_change: total variation distance from the model's own output under
            `attention`, in [0, 1]; NaN where there is none.
        status: a `Status`.
        own_violates: whether the model's own attention breaks the constraint.
    """

    attention: Float[Array, "N K L"]
    lower: Float[Array, "N K"]
    upper: Float[Array, "N K"]
    output_change: Float[Array, "N K"]
    status: Int[Array, "N K"]
    own_violates: Bool[Array, "N K"]

    @property
    def gap(self) -> Float[AnyArray, "N K"]:
        """How far answer and bound are apart, nats."""
        return self.upper - self.lower


class Limits(NamedTuple):
    """The interval that the logit's move must stay in.

    Attributes:
        low: its lower end, for a slightly smaller epsilon: no answer lies outside.
        high: its upper end.
        margin: how much farther out an end is for a slightly larger epsilon: what a bound
            has to reckon with.
    """

    low: Float[Array, ""]
    high: Float[Array, ""]
    margin: Float[Array, ""]


def limits_of(slab: Slab, epsilon: float) -> Limits:
    """Return the interval of an instance's logit for an output change of at most epsilon.

    Args:
        slab: the instance.
        epsilon: total variation distance, in (0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> from attnjax.adversaries.slab import make_slab
        >>> slab = make_slab(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]), jnp.array(0.0),
        ...                  jnp.ones(2, bool))
        >>> round(float(limits_of(slab, 0.1).high), 3)
        0.405
    """
    size = jnp.asarray(epsilon, slab.logit.dtype)
    ends = inner_interval(slab, size)
    outer = interval(slab.logit, size + rounding_of(slab, size))
    # Beyond the farthest token an end is no limit, so an infinite one is as good as that.
    reach = jnp.max(jnp.abs(slab.offset))
    margins = [
        jnp.maximum(jnp.minimum(jnp.abs(far), reach) - jnp.abs(end), 0)
        for end, far in zip(ends, outer, strict=True)
    ]
    return Limits(*ends, jnp.maximum(*margins))


def enclose(
    slab: Slab,
    attention: Float[Array, " L"],
    bound: Float[Array, ""],
    *,
    feasible: Bool[Array, ""],
    own_violates: Bool[Array, ""],
    optimal_gap: float,
) -> ConstrainedResult:
    """Return the result of one instance and constraint.

    Args:
        slab: the instance.
        attention: a feasible attention.
        bound: on what any is worth, nats above log 2.
        feasible: whether there is one.
        own_violates: whether the model's own attention breaks the constraint.
        optimal_gap: up to which the answer is called optimal, nats.
    """
    lower = jensen_shannon(attention, slab.attention, slab.where)
    most = jnp.log(jnp.asarray(2, lower.dtype))
    # The divergence itself is a rounded number.
    rounding = 2 * ROUNDING * jnp.finfo(lower.dtype).eps
    upper = jnp.maximum(jnp.minimum(most + bound + rounding, most), lower)
    change = sigmoid_change(slab.logit, jnp.sum(attention * slab.offset))
    status = jnp.where(upper - lower <= optimal_gap, Status.OPTIMAL, Status.BOUND)
    return ConstrainedResult(
        attention=jnp.where(feasible, attention, 0),
        lower=jnp.where(feasible, lower, jnp.nan),
        upper=jnp.where(feasible, upper, jnp.nan),
        output_change=jnp.where(feasible, change, jnp.nan),
        status=jnp.where(feasible, status, Status.INFEASIBLE),
        own_violates=own_violates,
    )
