r"""Arrays are enough: a model from anywhere on trial, by its attention, values, bias and mask.

A classifier whose logits are affine in the attention, \\( z = \alpha V + b \\), needs no more
than these four arrays to be searched, shuffled and attacked exactly; where they were computed
does not matter.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from attnjax.adversaries.foreign import check_arrays, check_rows, to_numpy
from attnjax.adversaries.permutation import Permutations, permutation_outputs
from attnjax.adversaries.search import SearchResult, search
from attnjax.adversaries.settings import SearchSettings
from attnjax.measures.divergence import jensen_shannon
from attnjax.measures.kendall import KendallResult, kendall_taus
from attnjax.types import (
    AnyArray,
    AttentionModel,
    Inputs,
    Output,
    Params,
    Readout,
    States,
    pytree,
)


class AttentionArrays(NamedTuple):
    """What N texts and a classifier that is affine in the attention come down to.

    In the order in which `exact_adversary` and `attention_reach` take them.

    Attributes:
        attention: the model's own, 0 off `where`.
        values: what a weight of 1 on each token adds to the logits; 0 off `where`.
        bias: what is added to that.
        where: tokens that attention may weigh.
    """

    attention: Float[Array, "N L"]
    values: Float[Array, "N L C"]
    bias: Float[Array, "N C"]
    where: Bool[Array, "N L"]


def attention_arrays(attention: Any, values: Any, bias: Any, where: Any) -> AttentionArrays:
    """Check four arrays from anywhere and return them as JAX arrays.

    Args:
        attention: `[N, L]`, every row a distribution over the tokens of a text.
        values: `[N, L, C]`, for two classes C = 1: for a state h of a token and a decoder
            `h @ kernel + bias` they are `h @ kernel`.
        bias: `[C]` or `[N, C]`.
        where: `[N, L]`, true (or 1) at tokens that attention may weigh. What the other three
            hold elsewhere is ignored.

        Each of NumPy, JAX, anything that exchanges arrays by DLPack (as PyTorch's tensors do),
        or nested lists.

    Returns:
        The arrays in JAX's default precision, zero where `where` is false.

    Raises:
        UserError: for a shape, type or number that cannot be right, with the row at fault.

    Example:
        >>> arrays = attention_arrays([[0.7, 0.3, 0.0]], [[[1.0], [-1.0], [9.0]]], [0.5],
        ...                           [[True, True, False]])
        >>> arrays.values[0, :, 0].tolist()
        [1.0, -1.0, 0.0]
    """
    given = {"attention": attention, "values": values, "bias": bias, "where": where}
    precision = jnp.result_type(float)
    arrays = {name: to_numpy(name, value) for name, value in given.items()}
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        arrays |= {name: arrays[name].astype(precision) for name in ("values", "bias")}
    check_arrays(arrays)
    attention, values, bias, where = arrays.values()
    here = where.astype(bool)
    # The check lets a sum miss 1 by a little; what follows takes it for exactly 1.
    attention = attention / np.where(here, attention, 0).sum(axis=1, keepdims=True)
    return AttentionArrays(
        attention=jnp.asarray(np.where(here, attention, 0), precision),
        values=jnp.asarray(np.where(here[..., None], values, 0), precision),
        bias=jnp.asarray(np.broadcast_to(bias, (len(values), values.shape[2])), precision),
        where=jnp.asarray(here),
    )


def search_arrays(
    arrays: AttentionArrays,
    key: Key[Array, ""],
    settings: SearchSettings,
    *,
    instance_ids: Int[AnyArray, " N"] | None = None,
    memory_bytes: int = 256 * 2**20,
) -> SearchResult:
    """Return `search` for texts that are given as arrays, in value form.

    Args:
        arrays: from `attention_arrays`.
        key: of this test.
        settings: see `SearchSettings`.
        instance_ids: what the randomness of each text is keyed by; None: 0 to N - 1.
        memory_bytes: bound on the arrays of one block, bytes.

    Example:
        >>> import jax
        >>> arrays = attention_arrays([[0.9, 0.05, 0.05]], [[[1.0], [1.0], [-1.0]]], [0.0],
        ...                           [[1, 1, 1]])
        >>> found = search_arrays(arrays, jax.random.key(0), SearchSettings())
        >>> int(found.winner_attention[0].argmax())  # the weight goes to the token's twin
        1
    """
    inputs = _inputs(arrays, instance_ids)
    return search(GIVEN, None, inputs, key, settings, memory_bytes=memory_bytes)


def permute_arrays(
    arrays: AttentionArrays,
    key: Key[Array, ""],
    *,
    count: int,
    instance_ids: Int[AnyArray, " N"] | None = None,
    memory_bytes: int = 256 * 2**20,
) -> Permutations:
    """Return `permutation_outputs` for texts that are given as arrays.

    Args:
        arrays: from `attention_arrays`.
        key: of this test.
        count: permutations of a text, at least 1.
        instance_ids: what the randomness of each text is keyed by; None: 0 to N - 1.
        memory_bytes: bound on the arrays of one block, bytes.

    Example:
        >>> import jax
        >>> arrays = attention_arrays([[0.9, 0.1]], [[[1.0], [1.0]]], [0.0], [[1, 1]])
        >>> permute_arrays(arrays, jax.random.key(0), count=3).change.shape
        (1, 3)
    """
    inputs = _inputs(arrays, instance_ids)
    return permutation_outputs(GIVEN, None, inputs, key, count=count, memory_bytes=memory_bytes)


def divergence_arrays(first: Any, second: Any, where: Any) -> Float[Array, " N"]:
    """Return the `jensen_shannon` divergence of two attentions of every text, in nats.

    Args:
        first: `[N, L]`, an attention from anywhere, as in `attention_arrays`.
        second: `[N, L]`, another one.
        where: `[N, L]`, the tokens that count.

    Example:
        >>> divergence_arrays([[0.5, 0.5]], [[0.5, 0.5]], [[1, 1]]).tolist()
        [0.0]
    """
    return jensen_shannon(*_rows(first=first, second=second, where=where))


def tau_arrays(first: Any, second: Any, where: Any) -> KendallResult:
    """Return `kendall_taus` of two scores of every token of every text.

    Args:
        first: `[N, L]`, scores from anywhere, as in `attention_arrays`.
        second: `[N, L]`, others.
        where: `[N, L]`, the tokens that count.

    Example:
        >>> tau_arrays([[0.5, 0.3, 0.2]], [[9, 7, 8]], [[1, 1, 0]]).tau.tolist()
        [1.0]
    """
    return kendall_taus(*_rows(first=first, second=second, where=where))


def _rows(**given: Any) -> tuple[Array, Array, Array]:
    """Return scores and the tokens that count, all of one shape."""
    arrays = {name: to_numpy(name, value) for name, value in given.items()}
    check_rows(arrays)
    first, second, where = arrays.values()
    return jnp.asarray(first, float), jnp.asarray(second, float), jnp.asarray(where == 1)


@pytree
class _ArrayInputs(Inputs):
    """Inputs that bring along what a model would have made of them."""

    attention: Float[AnyArray, "*B L"] | None = None
    values: Float[AnyArray, "*B L C"] | None = None
    bias: Float[AnyArray, "*B C"] | None = None


def _inputs(arrays: AttentionArrays, instance_ids: Int[AnyArray, " N"] | None) -> Inputs:
    """Return the arrays as a batch."""
    count, length = arrays.where.shape
    if instance_ids is None:
        instance_ids = jnp.arange(count)
    return _ArrayInputs(
        token_ids=jnp.zeros((count, 1, length), jnp.int32),
        mask=arrays.where[:, None],
        attendable=arrays.where[:, None],
        label=jnp.full(count, -1),
        instance_id=jnp.asarray(instance_ids),
        attention=arrays.attention,
        values=arrays.values,
        bias=arrays.bias,
    )


def _readout(params: Params, states: States, inputs: Any) -> Readout:
    del params, states
    return Readout(inputs.values, inputs.bias)


GIVEN = AttentionModel(
    init=lambda key, inputs: None,
    embed=lambda params, inputs, *, key=None: inputs.values[None],
    encode=lambda params, embeddings, inputs, *, key=None: States(embeddings),
    attend=lambda params, states, inputs, *, key=None: inputs.attention,
    decode=lambda params, states, attention, inputs, *, key=None: Output(
        attention @ inputs.values + inputs.bias
    ),
    readout=_readout,
)
"""The model whose inputs say everything: all that takes a model takes arrays through it."""
