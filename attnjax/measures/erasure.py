"""Leave-one-out importance: what the output does when one token is deleted."""

import dataclasses
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from attnjax.data.vocabulary import PAD
from attnjax.outputs import forward, output_change, probabilities
from attnjax.types import AnyArray, AttentionModel, Inputs, Params

LARGEST_CPU_BLOCK = 64
"""Texts encoded at a time on a CPU at most. On two cores, with the released classifiers and
48 positions, 32 to 256 texts took about the same time and 512 up to twice as long."""


class LeaveOneOut(NamedTuple):
    """The output of every text that lacks one token.

    Attributes:
        probabilities: class distribution without the token; the unmodified one at
            positions that are not attendable.
        change: total variation distance to the unmodified output, in [0, 1]; 0 at
            positions that are not attendable.
    """

    probabilities: Float[Array, "B L classes"]
    change: Float[Array, "B L"]


@partial(jax.jit, static_argnames=("model", "memory_bytes"))
def leave_one_out(
    model: AttentionModel, params: Params, inputs: Inputs, *, memory_bytes: int = 256 * 2**20
) -> LeaveOneOut:
    r"""Delete each attendable token of each instance in turn and run the model again.

    \\( \Delta_i = \mathrm{TVD}(y(x_{-i}), y(x)) \\), where \\( x_{-i} \\) is the text with
    token i deleted (not masked): what follows moves up by one, and the whole text is
    encoded and attended to afresh.

    The deletions of all instances form one list, worked off in blocks of equal size, so
    neither padding nor short texts cost a pass. A text whose only attendable token is
    deleted has nothing to attend to: its attention is all zero, and its output whatever
    the decoder makes of a context of zeros (for a classifier, its bias).

    Args:
        model: the model; compiled once per model, `memory_bytes` and shape.
        params: its weights.
        inputs: a batch; of several sequences an instance, the first loses its tokens.
        memory_bytes: bound on the arrays of one block, bytes: the embeddings, eight times
            the states (gates and their activations in an LSTM) and twice the attention of
            every text. Never below one text; on a CPU never above 64.

    Returns:
        Output and change for every position.

    Source: Jain & Wallace (2019), section 4.1, algorithm 1, lines 5 to 7.

    Example:
        A model whose logit is the sum of its embeddings, one number a token:

        >>> import jax, jax.numpy as jnp
        >>> from attnjax.types import AnyArray, AttentionModel, Inputs, Output, States
        >>> model = AttentionModel(
        ...     init=lambda key, inputs: jnp.array([0.0, 0.5, -0.5]),
        ...     embed=lambda params, inputs: params[inputs.token_ids][..., None],
        ...     encode=lambda params, embeddings, inputs: States(embeddings),
        ...     attend=lambda params, states, inputs: inputs.attendable[0].astype(jnp.float32),
        ...     decode=lambda params, states, attention, inputs: Output(
        ...         attention @ states.tokens[0]),
        ... )
        >>> ones = jnp.ones((1, 1, 2), bool)
        >>> inputs = Inputs(token_ids=jnp.array([[[1, 2]]]), mask=ones, attendable=ones,
        ...                 label=jnp.array([0]), instance_id=jnp.array([0]))
        >>> params = jnp.array([0.0, 0.5, -0.5])
        >>> result = leave_one_out(model, params, inputs)
        >>> bool(jnp.allclose(result.probabilities[0, :, 1], jax.nn.sigmoid(-params[1:])))
        True
        >>> bool(jnp.allclose(result.change, jax.nn.sigmoid(0.5) - 0.5))
        True
    """
    run = partial(_run, model, params)
    original = jax.vmap(run)(inputs)
    attendable = jnp.asarray(inputs.attendable)[:, 0]
    num_instances, length = attendable.shape
    block = _block_size(model, params, inputs, memory_bytes)
    num_pairs = num_instances * length
    listed = jnp.flatnonzero(attendable, size=-(-num_pairs // block) * block, fill_value=num_pairs)

    def run_block(
        step: Int[Array, ""], outputs: Float[Array, "N classes"]
    ) -> Float[Array, "N classes"]:
        pairs = jax.lax.dynamic_slice(listed, (step * block,), (block,))
        row, position = jnp.divmod(jnp.minimum(pairs, num_pairs - 1), length)
        texts = jax.tree.map(lambda leaf: leaf[row], inputs)
        shortened = jax.vmap(run)(jax.vmap(delete_token)(texts, position))
        return jax.lax.dynamic_update_slice(outputs, shortened, (step * block, 0))

    num_blocks = -(-jnp.sum(attendable) // block)
    outputs = jnp.zeros((listed.shape[0], original.shape[-1]), original.dtype)
    outputs = jax.lax.fori_loop(0, num_blocks, run_block, outputs)

    unchanged = jnp.repeat(original, length, axis=0)
    without = unchanged.at[listed].set(outputs, mode="drop")
    change = output_change(without, unchanged)
    shape = (num_instances, length)
    return LeaveOneOut(without.reshape(*shape, -1), change.reshape(shape))


def delete_token(inputs: Inputs, position: Int[Array, ""]) -> Inputs:
    """Return one instance without one token of its first sequence.

    What follows the token moves up by one; the array keeps its length and ends in padding.

    Args:
        inputs: one instance.
        position: of the token, in [0, L).

    Source: Jain & Wallace (2019), section 4.1: leave-one-out.

    Example:
        >>> import jax.numpy as jnp
        >>> ones = jnp.ones((1, 3), bool)
        >>> inputs = Inputs(token_ids=jnp.array([[5, 6, 7]]), mask=ones, attendable=ones,
        ...                 label=jnp.array(0), instance_id=jnp.array(0))
        >>> shorter = delete_token(inputs, jnp.array(1))
        >>> shorter.token_ids.tolist(), shorter.mask.tolist()
        ([[5, 7, 0]], [[True, True, False]])
    """
    return dataclasses.replace(
        inputs,
        token_ids=_close_gap(inputs.token_ids, position, PAD),
        mask=_close_gap(inputs.mask, position, False),
        attendable=_close_gap(inputs.attendable, position, False),
    )


def _close_gap(
    values: Shaped[AnyArray, "S L"], position: Int[Array, ""], filler: int
) -> Shaped[Array, "S L"]:
    """Move the first row's values behind `position` up by one."""
    values = jnp.asarray(values)
    moved = jnp.append(values[0, 1:], jnp.asarray(filler, values.dtype))
    kept = jnp.where(jnp.arange(values.shape[1]) < position, values[0], moved)
    return values.at[0].set(kept)


def _run(model: AttentionModel, params: Params, inputs: Inputs) -> Float[Array, " classes"]:
    return probabilities(forward(model, params, inputs).logits)


def _block_size(model: AttentionModel, params: Params, inputs: Inputs, memory_bytes: int) -> int:
    """Return how many texts of a batch may be encoded at a time."""
    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    needed = _num_bytes(embeddings) + 8 * _num_bytes(states) + 2 * _num_bytes(attention)
    num_pairs = inputs.attendable[:, 0].size
    largest = LARGEST_CPU_BLOCK if jax.default_backend() == "cpu" else num_pairs
    return max(1, min(memory_bytes // max(1, needed), largest, num_pairs))


def _num_bytes(tree: object) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
