"""The permutation test: does the output notice when the attention weights are shuffled?"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from attnjax.adversaries.blocks import map_blocks, num_bytes
from attnjax.adversaries.distributions import permutable
from attnjax.adversaries.logits import Source, logits_function, logits_source
from attnjax.adversaries.shuffles import shuffled_tree
from attnjax.outputs import encode_inputs, output_change, probabilities
from attnjax.types import Attention, AttentionModel, Inputs, Params

ARRAYS = 8
"""Arrays of permutations x positions in memory at once: draws, order, index, weights."""


CACHED = 2**15
"""Weights (permutations x positions) shuffled at a time on a CPU: its caches hold all arrays."""


class Permutations(NamedTuple):
    """What the model says under shuffled attention.

    Attributes:
        probabilities: class distribution under each shuffle.
        change: total variation distance from the unmodified output, in [0, 1].
    """

    probabilities: Float[Array, "B P classes"]
    change: Float[Array, "B P"]


@partial(jax.jit, static_argnames=("model", "count", "memory_bytes"))
def permutation_outputs(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    key: Key[Array, ""],
    *,
    count: int,
    memory_bytes: int = 256 * 2**20,
) -> Permutations:
    r"""Shuffle every instance's attention `count` times and return the outputs.

    \\( \Delta_p = \mathrm{TVD}(y(\alpha_{\pi_p}), y(\alpha)) \\) with a random permutation
    \\( \pi_p \\) of the attendable positions; of an attention of several distributions each is
    shuffled by itself, among the tokens that it may weigh (`distributions.permutable`). The
    permutation belongs to the instance, to p and to the distribution's place in the tree, so
    it depends neither on the padding nor on the batch.

    Args:
        model: where it has a `readout`, all shuffles of an instance are one matrix product.
        params: its weights.
        inputs: a batch.
        key: of this test.
        count: P, permutations an instance, at least 1.
        memory_bytes: bound on the arrays of one block, bytes.

    Returns:
        See `Permutations`. Compiled once per model, count and shape.

    Source: Jain & Wallace (2019), section 4.2.1, algorithm 2.

    Example:
        >>> import jax
        >>> from attnjax.types import AttentionModel, Inputs, Output, States
        >>> model = AttentionModel(
        ...     init=lambda key, inputs: {},
        ...     embed=lambda params, inputs: jax.numpy.array([[[1.0], [1.0], [1.0]]]),
        ...     encode=lambda params, embeddings, inputs: States(embeddings),
        ...     attend=lambda params, states, inputs: jax.numpy.array([0.9, 0.1, 0.0]),
        ...     decode=lambda params, states, attention, inputs: Output(
        ...         attention @ states.tokens[0]))
        >>> here = jax.numpy.ones((1, 1, 3), bool)
        >>> inputs = Inputs(token_ids=jax.numpy.zeros((1, 1, 3), int), mask=here,
        ...                 attendable=here, label=jax.numpy.zeros(1, int),
        ...                 instance_id=jax.numpy.zeros(1, int))
        >>> found = permutation_outputs(model, {}, inputs, jax.random.key(0), count=4)
        >>> bool((found.change < 1e-6).all())  # equal states: no shuffle can be noticed
        True
    """

    def shuffle(inputs: Inputs, attention: Attention, chosen: Int[Array, " N"]) -> Attention:
        where = permutable(model, attention, inputs)
        draw = partial(shuffled_tree, attention, key, inputs.instance_id, where)
        return jax.vmap(draw)(chosen)

    numbers = jnp.broadcast_to(jnp.arange(count)[None], (inputs.label.shape[0], count))
    return _permute(model, params, inputs, numbers, shuffle, memory_bytes=memory_bytes)


@partial(jax.jit, static_argnames=("model", "memory_bytes"))
def permuted_probabilities(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    index: Int[Array, "B P L"],
    *,
    memory_bytes: int = 256 * 2**20,
) -> Permutations:
    """Return the outputs under given permutations of an attention `[L]`.

    Args:
        model: the model.
        params: its weights.
        inputs: a batch.
        index: the weight at position j becomes the model's own at position `index[..., j]`.
        memory_bytes: bound on the arrays of one block, bytes.
    """

    def shuffle(
        inputs: Inputs, attention: Float[Array, " L"], chosen: Int[Array, "N L"]
    ) -> Float[Array, "N L"]:
        del inputs
        return attention[chosen]

    return _permute(model, params, inputs, index, shuffle, memory_bytes=memory_bytes)


def median_output_change(found: Permutations) -> Float[Array, " B"]:
    """Return each instance's median output change over its permutations.

    Source: Jain & Wallace (2019), section 4.2.1, algorithm 2, last line.

    Example:
        >>> import jax.numpy as jnp
        >>> change = jnp.array([[0.0, 0.2, 0.1]])
        >>> found = Permutations(jnp.zeros((1, 3, 2)), change)
        >>> round(float(median_output_change(found)[0]), 6)
        0.1
    """
    return jnp.median(found.change, axis=-1)


def _permute(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    chosen: Int[Array, "B P *L"],
    shuffle_fn: Callable[[Inputs, Attention, Int[Array, "N *L"]], Attention],
    *,
    memory_bytes: int,
) -> Permutations:
    """Return the outputs under the weights that `shuffle_fn` makes of `chosen`."""
    encoding, shuffle, num_weights = _sizes(model, params, inputs)
    num_shuffles = max(1, min(chosen.shape[1], (memory_bytes - encoding) // shuffle))
    num_instances = max(1, memory_bytes // (encoding + num_shuffles * shuffle))
    num_cached = num_instances
    if jax.default_backend() == "cpu":
        num_cached = max(1, CACHED // (num_shuffles * num_weights))

    def encode(inputs: Inputs) -> tuple[Attention, Float[Array, " classes"], Source]:
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        unmodified = probabilities(model.decode(params, states, attention, inputs).logits)
        return attention, unmodified, logits_source(model, params, states, inputs)

    def shuffle_one(rows: tuple) -> Permutations:
        inputs, chosen, (attention, unmodified, source) = rows
        logits_fn = logits_function(model, params, source)

        def shuffle_some(chosen: Int[Array, "N *L"]) -> Float[Array, "N classes"]:
            return probabilities(logits_fn(shuffle_fn(inputs, attention, chosen)))

        outputs = map_blocks(shuffle_some, chosen, block=num_shuffles)
        return Permutations(outputs, jax.vmap(output_change, (0, None))(outputs, unmodified))

    def permute_block(rows: tuple[Inputs, Int[Array, "N P *L"]]) -> Permutations:
        encoded = jax.vmap(encode)(rows[0])
        return map_blocks(jax.vmap(shuffle_one), (*rows, encoded), block=num_cached)

    return map_blocks(permute_block, (inputs, chosen), block=num_instances)


def _sizes(model: AttentionModel, params: Params, inputs: Inputs) -> tuple[int, int, int]:
    """Return the bytes of an instance's encoding and of a shuffle of it, and its weights."""
    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    decoding = 0 if model.readout else num_bytes(states)
    num_weights = sum(leaf.size for leaf in jax.tree.leaves(attention))
    shuffle = ARRAYS * num_bytes(attention) + decoding
    return num_bytes((embeddings, states)) * 8, shuffle, num_weights
