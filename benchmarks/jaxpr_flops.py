"""Floating-point operations of a traced function, with every loop counted as often as it runs."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from jax.extend import core

FREE = frozenset({
    "reshape", "broadcast_in_dim", "transpose", "slice", "dynamic_slice", "dynamic_update_slice",
    "gather", "scatter", "concatenate", "pad", "rev", "squeeze", "iota", "copy", "copy_p",
    "convert_element_type", "bitcast_convert_type", "split", "stop_gradient",
    "random_wrap", "random_unwrap", "random_bits", "random_fold_in", "random_split", "random_seed",
    "sharding_constraint", "device_put", "expand_dims", "sort",
})  # fmt: skip
"""Operations that move or draw numbers and compute none."""


class Flops(NamedTuple):
    """How many operations.

    Attributes:
        count: additions, multiplications and elementwise functions, one each.
        bounded: whether some loop's length depends on the data; its body counts once.
    """

    count: float
    bounded: bool = False


def count_flops(jaxpr: core.Jaxpr) -> Flops:
    """Return the operations of a jaxpr.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> traced = jax.jit(lambda a, b: a @ b).trace(jnp.ones((2, 3)), jnp.ones((3, 4)))
        >>> count_flops(traced.jaxpr.jaxpr)
        Flops(count=48.0, bounded=False)
    """
    counted = [_equation_flops(equation) for equation in jaxpr.eqns]
    return Flops(float(sum(one.count for one in counted)), any(one.bounded for one in counted))


def _equation_flops(equation: core.JaxprEqn) -> Flops:
    name, parameters = equation.primitive.name, equation.params
    inner = [count_flops(jaxpr) for jaxpr in _jaxprs(parameters)]
    if inner:
        combine = max if name == "cond" else sum
        times = parameters["length"] if name == "scan" else 1
        bounded = name == "while" or any(one.bounded for one in inner)
        return Flops(times * combine([one.count for one in inner]), bounded)
    if name == "dot_general":
        (contracted, _), _ = parameters["dimension_numbers"]
        shape = equation.invars[0].aval.shape
        return Flops(2 * _size(equation.outvars) * math.prod(shape[axis] for axis in contracted))
    if name in FREE:
        return Flops(0)
    # A reduction touches what it reads, everything else what it writes.
    touched = equation.invars if name.startswith("reduce") else equation.outvars
    return Flops(_size(touched))


def _size(variables: Any) -> int:
    return sum(math.prod(getattr(one.aval, "shape", ())) for one in variables)


def _jaxprs(parameters: dict[str, Any]) -> Iterator[core.Jaxpr]:
    for value in parameters.values():
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, core.ClosedJaxpr):
                yield one.jaxpr
            elif isinstance(one, core.Jaxpr):
                yield one
