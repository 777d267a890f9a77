"""The strongest adversary of a two-class model that is affine in the attention, exactly.

The output may move by at most epsilon, so `attention @ values` must stay in an interval: the
feasible attentions are the simplex cut by a slab. The divergence from the model's own attention
is convex, so its maximum is at a vertex, and a vertex has at most two non-zero weights: a single
token whose value lies in the interval, or a pair mixed so that an end of the interval is met.
Every pair is tried.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.blocks import map_blocks
from attnjax.adversaries.slab import (
    Slab,
    inner_interval,
    make_slab,
    sigmoid_change,
    twice_divergence,
    two_class_arrays,
)
from attnjax.errors import UserError
from attnjax.measures.divergence import jensen_shannon
from attnjax.outputs import encode_inputs
from attnjax.types import AnyArray, AttentionModel, Inputs, Params

ARRAYS = 6
"""Arrays of tokens x tokens in memory at once."""

CACHED = 2**17
"""Pairs of tokens tried at a time on a CPU: its caches hold all arrays."""

FEASIBLE = 1e-6
"""By how much the rounded answer of a certified instance may miss epsilon, if at all."""


class ExactResult(NamedTuple):
    """The strongest adversary of every instance for every epsilon.

    Attributes:
        attention: the adversary: at most two non-zero weights. The model's own where nothing
            else is feasible (a single token).
        jsd: its divergence from the model's own attention, nats.
        output_change: total variation distance from the model's own output, in [0, 1].
        certified: whether `jsd` is the maximum, up to rounding: true wherever there is a
            token, all numbers are finite, rounding leaves a vertex, and the answer itself
            moves the output by at most epsilon + 1e-6 (with values of many thousands a
            float32 cannot tell).
    """

    attention: Float[Array, "N E L"]
    jsd: Float[Array, "N E"]
    output_change: Float[Array, "N E"]
    certified: Bool[Array, "N E"]


@partial(jax.jit, static_argnames=("epsilons", "memory_bytes"))
def exact_adversary(
    attention: Float[AnyArray, "N L"],
    values: Float[AnyArray, "N L C"],
    bias: Float[AnyArray, "N C"],
    where: Bool[AnyArray, "N L"],
    *,
    epsilons: tuple[float, ...],
    memory_bytes: int = 256 * 2**20,
) -> ExactResult:
    r"""Return the attention farthest from the model's own, output moved by at most epsilon.

    \\( \max_\alpha \mathrm{JSD}(\alpha, \hat\alpha) \\) such that \\( |\sigma(\alpha^\top v + b)
    - \sigma(\hat\alpha^\top v + b)| \le \epsilon \\). With \\( h(x) = x \log x \\) the divergence
    of the pair i, j with weights \\( 1 - \lambda, \lambda \\) is

    \\( \log 2 + \frac12 [h(1 - \lambda) + h(\hat\alpha_i) - h(1 - \lambda + \hat\alpha_i)
    + h(\lambda) + h(\hat\alpha_j) - h(\lambda + \hat\alpha_j)] \\),

    so each of the L (L - 1) pairs and ends costs the same few operations, whatever L.

    Args:
        attention: the model's own: distributions over `where`, 0 elsewhere.
        values: what each token adds to the logit; C must be 1.
        bias: what is added to that.
        where: tokens that attention may weigh.
        epsilons: each in (0, 1]; the whole curve costs one call.
        memory_bytes: bound on the arrays of pairs, bytes.

    Returns:
        See `ExactResult`. A row without tokens has zeros and is not certified.

    Raises:
        UserError: for more than one logit, where a search is what there is, or an epsilon
            out of range.

    Source: the problem: Jain & Wallace (2019), section 4.2.2, equation 1; a convex function on a
        polytope: Rockafellar (1970), "Convex Analysis", section 32.

    Example:
        Twins 0 and 1 can trade their weight, token 2 would be noticed:

        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> found = exact_adversary(
        ...     jnp.array([[0.9, 0.05, 0.05]]), jnp.array([[[1.0], [1.0], [-1.0]]]),
        ...     jnp.zeros((1, 1)), jnp.ones((1, 3), bool), epsilons=(0.01, 1.0))
        >>> print(np.asarray(found.attention[0]).round(2))
        [[0.   0.97 0.03]
         [0.   1.   0.  ]]
        >>> found.certified.tolist()
        [[True, True]]
    """
    if not all(0 < epsilon <= 1 for epsilon in epsilons):
        raise UserError(
            "epsilons",
            found=str(epsilons),
            expected="numbers above 0 and at most 1",
            action="give total variation distances, such as 0.01",
        )
    slabs = jax.vmap(make_slab)(*two_class_arrays(attention, values, bias, where))
    count, length = slabs.attention.shape
    one = ARRAYS * length * slabs.attention.dtype.itemsize
    columns = max(1, min(length, memory_bytes // one))
    block = max(1, memory_bytes // (one * columns))
    if jax.default_backend() == "cpu":
        block = max(1, min(block, CACHED // (length * columns)))

    def solve(slab: Slab) -> ExactResult:
        one = partial(_solve, slab, columns=columns)
        return jax.lax.map(one, jnp.asarray(epsilons, slab.attention.dtype))

    return map_blocks(jax.vmap(solve), slabs, block=max(1, min(block, count)))


@partial(jax.jit, static_argnames=("model", "epsilons", "memory_bytes"))
def exact_adversary_of_model(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    epsilons: tuple[float, ...],
    memory_bytes: int = 256 * 2**20,
) -> ExactResult:
    """Return `exact_adversary` for a model with a `readout` and a batch.

    Args:
        model: of two classes.
        params: its weights.
        inputs: a batch.
        epsilons: each in (0, 1].
        memory_bytes: bound on the arrays of pairs, bytes.

    Raises:
        UserError: for a model without a `readout` or of more classes.
    """
    arrays = readout_arrays(model, params, inputs)
    return exact_adversary(*arrays, epsilons=epsilons, memory_bytes=memory_bytes)


def readout_arrays(
    model: AttentionModel, params: Params, inputs: Inputs
) -> tuple[Float[Array, "B L"], Float[Array, "B L C"], Float[Array, "B C"], Bool[AnyArray, "B L"]]:
    """Return attention, values, bias and attendable positions of a batch.

    Raises:
        UserError: for a model without a `readout`.
    """
    readout = model.readout
    if readout is None:
        raise UserError(
            "model.readout",
            found="None",
            expected="a model whose logits are affine in the attention",
            action="use attnjax.adversaries.search, which asks for nothing but decode",
        )

    def read(inputs: Inputs) -> tuple[Array, Array, Array]:
        states = encode_inputs(model, params, inputs)
        found = readout(params, states, inputs)
        return model.attend(params, states, inputs), found.values, found.bias

    return *jax.vmap(read)(inputs), inputs.attendable[:, 0]


def _solve(slab: Slab, epsilon: Float[Array, ""], *, columns: int) -> ExactResult:
    """Return the strongest adversary of one instance for one epsilon."""
    positions = jnp.arange(slab.offset.shape[0])
    low, high = inner_interval(slab, epsilon)

    def gain(
        first: Int[Array, "*N"], second: Int[Array, "*M"]
    ) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
        """Return the weight of the first of two tokens, and what the pair is worth.

        A pair stands for the lower end where the first position is the smaller one, else for
        the upper end, so that one square of pairs holds both; a token with itself stands for
        that token alone.
        """
        start, stop = slab.offset[first], slab.offset[second]
        end = jnp.where(first < second, low, high)
        alone = first == second
        width = stop - start
        crossing = ((start < end) != (stop < end)) & (start != end) & (stop != end)
        share = (stop - end) / jnp.where(crossing, width, 1)
        share = jnp.where(crossing, jnp.clip(share, 0, 1), 1)
        inside = (start >= low) & (start <= high)
        possible = slab.where[first] & slab.where[second] & jnp.where(alone, inside, crossing)
        worth = twice_divergence(share, slab.attention[first])
        worth += twice_divergence(1 - share, slab.attention[second])
        return share, jnp.where(possible, worth, -jnp.inf)

    def best_first(second: Int[Array, " M"]) -> Float[Array, " M"]:
        return jnp.max(gain(positions[:, None], second[None])[1], axis=0)

    best = map_blocks(best_first, positions, block=columns)
    second = jnp.argmax(best)
    share, worth = gain(positions, second)
    first = jnp.argmax(worth)
    found = jnp.isfinite(worth[first])
    weight = share[first]
    attention = jnp.where(positions == first, weight, jnp.where(positions == second, 1 - weight, 0))
    attention = jnp.where(found, attention, slab.attention)
    change = sigmoid_change(slab.logit, jnp.sum(attention * slab.offset))
    return ExactResult(
        attention=attention,
        jsd=jensen_shannon(attention, slab.attention, slab.where),
        output_change=change,
        certified=found & (change <= epsilon + FEASIBLE),
    )
