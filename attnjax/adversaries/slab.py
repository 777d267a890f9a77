"""A two-class model that is affine in the attention, seen from an instance's own attention."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.errors import UserError
from attnjax.types import AnyArray

ROUNDING = 4
"""Units of rounding, at least, by which epsilon is reduced for an answer, enlarged for a bound."""


class Reach(NamedTuple):
    """How far attention can move the output at all.

    Attributes:
        output_change: the largest total variation distance of any attention, in [0, 1].
        token: the position that causes it with a weight of 1.
    """

    output_change: Float[Array, " N"]
    token: Int[Array, " N"]


class Slab(NamedTuple):
    """One instance, seen from its own attention.

    Attributes:
        attention: the model's own.
        offset: by how much a weight of 1 on a token moves the logit; 0 off the tokens.
        logit: the model's own.
        where: the tokens.
    """

    attention: Float[Array, " L"]
    offset: Float[Array, " L"]
    logit: Float[Array, ""]
    where: Bool[Array, " L"]


@jax.jit
def attention_reach(
    attention: Float[AnyArray, "N L"],
    values: Float[AnyArray, "N L C"],
    bias: Float[AnyArray, "N C"],
    where: Bool[AnyArray, "N L"],
) -> Reach:
    r"""Return the largest output change that any attention can cause.

    The logit is a mean of the tokens' values, so it is largest and smallest where all weight
    is on one token: \\( \max_i |\sigma(v_i + b) - \sigma(\hat\alpha^\top v + b)| \\).

    Args:
        attention: the model's own.
        values: what each token adds to the logit; C must be 1.
        bias: what is added to that.
        where: tokens that attention may weigh.

    Returns:
        See `Reach`; 0 where there is no token.

    Raises:
        UserError: for more than one logit.

    Example:
        >>> import jax.numpy as jnp
        >>> found = attention_reach(
        ...     jnp.array([[1.0, 0.0]]), jnp.array([[[0.0], [50.0]]]), jnp.zeros((1, 1)),
        ...     jnp.ones((1, 2), bool))
        >>> float(found.output_change[0]), int(found.token[0])
        (0.5, 1)
    """

    def reach(*arrays: Array) -> Reach:
        slab = make_slab(*arrays)
        change = jnp.where(slab.where, sigmoid_change(slab.logit, slab.offset), -1)
        return Reach(jnp.maximum(jnp.max(change), 0), jnp.argmax(change))

    return jax.vmap(reach)(*two_class_arrays(attention, values, bias, where))


def make_slab(
    attention: Float[Array, " L"],
    values: Float[Array, " L"],
    bias: Float[Array, ""],
    where: Bool[Array, " L"],
) -> Slab:
    r"""Return one instance as offsets \\( v_i - \hat\alpha^\top v \\) from its own logit.

    Args:
        attention: the model's own.
        values: what each token adds to the logit.
        bias: what is added to that.
        where: tokens that attention may weigh.

    Example:
        >>> import jax.numpy as jnp
        >>> make_slab(jnp.array([0.5, 0.5]), jnp.array([1.0, 3.0]), jnp.array(1.0),
        ...           jnp.ones(2, bool)).offset.tolist()
        [-1.0, 1.0]
    """
    attention = jnp.where(where, attention, 0)
    values = jnp.where(where, values, 0)
    moved = jnp.sum(attention * values)
    # A second pass takes the rounding of the first one out of the offsets.
    offset = values - moved
    error = jnp.sum(attention * offset)
    offset = jnp.where(where, offset - error, 0)
    return Slab(attention, offset, moved + error + bias, where)


def two_class_arrays(
    attention: AnyArray, values: AnyArray, bias: AnyArray, where: AnyArray
) -> tuple[Array, Array, Array, Array]:
    """Return the arrays of a batch without the axis of its single logit.

    Raises:
        UserError: for more than one logit.

    Example:
        >>> import numpy as np
        >>> values, bias = np.zeros((2, 3, 1)), np.zeros((2, 1))
        >>> arrays = two_class_arrays(np.zeros((2, 3)), values, bias, np.ones((2, 3), bool))
        >>> [array.shape for array in arrays]
        [(2, 3), (2, 3), (2,), (2, 3)]
    """
    if values.shape[-1] != 1:
        raise UserError(
            "values",
            found=f"{values.shape[-1]} logits an instance",
            expected="1, that is two classes",
            action="use attnjax.adversaries.search",
        )
    return (
        jnp.asarray(attention),
        jnp.asarray(values[..., 0]),
        jnp.asarray(bias[..., 0]),
        jnp.asarray(where, bool),
    )


def interval(
    logit: Float[Array, ""], epsilon: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Return how far the logit may move down and up while its sigmoid moves by epsilon.

    \\( \log(1 + \epsilon / p) - \log(1 - \epsilon / (1 - p)) \\) upwards, infinite where
    \\( p + \epsilon \ge 1 \\): no probability near 1 is ever subtracted from 1.

    Args:
        logit: where it starts.
        epsilon: total variation distance, above 0.

    Example:
        >>> import jax.numpy as jnp
        >>> low, high = interval(jnp.array(0.0), jnp.array(0.25))
        >>> round(float(jax.nn.sigmoid(high)), 4)
        0.75
        >>> float(interval(jnp.array(0.0), jnp.array(0.6))[1])
        inf
    """

    def distance(logit: Float[Array, ""]) -> Float[Array, ""]:
        rest = jax.nn.sigmoid(-logit)
        grown = jnp.logaddexp(0.0, jnp.log(epsilon) - jax.nn.log_sigmoid(logit))
        bounded = epsilon < rest
        shrunk = jnp.log1p(-jnp.where(bounded, epsilon, 0) / jnp.where(bounded, rest, 1))
        return jnp.where(bounded, grown - shrunk, jnp.inf)

    return -distance(-logit), distance(logit)


def rounding_of(slab: Slab, epsilon: Float[Array, ""]) -> Float[Array, ""]:
    """Return by how much rounding may move an instance's output: units of that of 1.

    The moved logit is as exact as the largest offset, and the sigmoid's slope is at most 1/4.

    Args:
        slab: the instance.
        epsilon: total variation distance, for its precision.
    """
    units = jnp.maximum(ROUNDING, jnp.max(jnp.abs(slab.offset)) / 4)
    return units * jnp.finfo(epsilon.dtype).eps


def inner_interval(
    slab: Slab, epsilon: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the `interval` in which an answer, once rounded, is still within epsilon.

    No output can move by more than 1, so an epsilon of 1 is no limit at all.

    Args:
        slab: the instance.
        epsilon: total variation distance, in (0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> slab = make_slab(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]), jnp.array(99.0),
        ...                  jnp.ones(2, bool))
        >>> [float(end) for end in inner_interval(slab, jnp.array(1.0))]
        [-inf, inf]
    """
    return interval(slab.logit, inner_epsilon(epsilon, rounding_of(slab, epsilon)))


def inner_epsilon(epsilon: Float[Array, ""], rounding: Float[AnyArray, ""]) -> Float[Array, ""]:
    """Return epsilon less rounding, at most half of it; an epsilon of 1 is no limit.

    Args:
        epsilon: total variation distance, in (0, 1].
        rounding: by how much an output may miss its true value.

    Example:
        >>> import jax.numpy as jnp
        >>> [float(inner_epsilon(jnp.array(each), jnp.array(0.25))) for each in (0.75, 1.0)]
        [0.5, 1.25]
    """
    # No output moves by more than 1, and not by so much: any number above it will do.
    return jnp.where(epsilon < 1, epsilon - jnp.minimum(rounding, epsilon / 2), 1 + rounding)


def sigmoid_change(logit: Float[Array, ""], move: Float[Array, "*N"]) -> Float[Array, "*N"]:
    r"""Return how far the sigmoid moves with its argument, without cancellation.

    \\( \sigma(b) - \sigma(a) = \sigma(b) \, \sigma(-a) \, (1 - e^{a - b}) \\).

    Args:
        logit: where its argument starts.
        move: by how much it moves, either way.

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(sigmoid_change(jnp.array(0.0), jnp.log(jnp.array([3.0])))[0]), 4)
        0.25
    """
    high, low = jnp.maximum(move, 0) + logit, jnp.minimum(move, 0) + logit
    return jax.nn.sigmoid(high) * jax.nn.sigmoid(-low) * -jnp.expm1(-jnp.abs(move))


def twice_divergence(weight: Float[Array, "..."], own: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Return twice what a token adds to the divergence, above that of a weight of 0.

    \\( h(\alpha) + h(\hat\alpha) - h(\alpha + \hat\alpha) \\) with \\( h(x) = x \log x \\), up to
    a term proportional to the weights, which sums to the same for all attentions: the
    divergence is log 2 and half the sum of this over tokens.

    Args:
        weight: of the token.
        own: its weight in the model's own attention.

    Example:
        >>> import jax.numpy as jnp
        >>> apart = twice_divergence(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]))
        >>> bool(jnp.isclose(jnp.log(2) + jnp.sum(apart) / 2, jnp.log(2)))
        True
    """
    total = weight + own
    return _x_log_x(weight) + _x_log_x(own) - _x_log_x(total)


def _x_log_x(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return x * jnp.log(jnp.maximum(x, jnp.finfo(x.dtype).tiny))
