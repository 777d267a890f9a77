"""Leave-one-out importance: what the output does when one token is deleted."""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from attnjax.models.deletion import close_gap
from attnjax.models.together import largest
from attnjax.outputs import forward, output_change, probabilities
from attnjax.training.mesh import batch_devices
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

    probabilities: Float[Array, "B tokens classes"]
    change: Float[Array, "B tokens"]


@partial(jax.jit, static_argnames=("model", "memory_bytes"))
def leave_one_out(
    model: AttentionModel, params: Params, inputs: Inputs, *, memory_bytes: int = 256 * 2**20
) -> LeaveOneOut:
    r"""Delete each attendable token of each instance in turn and run the model again.

    \\( \Delta_i = \mathrm{TVD}(y(x_{-i}), y(x)) \\), where \\( x_{-i} \\) is the text with
    token i deleted (not masked): what follows moves up by one, and the text is encoded and
    attended to as it then is. A model with a `deletion` does not encode again what stays
    the same (float32 results may differ by roundings, because other products are formed);
    every other model encodes the shorter text afresh.

    The deletions of all instances form one list, sorted so that those of one block have
    about as much to do, and worked off in blocks of equal size, so neither padding nor
    short texts cost a pass. Each device has a list of its own: instances that are split
    over devices stay where they are. A text whose only attendable token is
    deleted has nothing to attend to: its attention is all zero, and its output whatever
    the decoder makes of a context of zeros (for a classifier, its bias).

    Args:
        model: the model; compiled once per model, `memory_bytes` and shape.
        params: its weights.
        inputs: a batch. Of several sequences an instance, one loses a token and the others
            stay: a text that stands in two of them has a token in each.
        memory_bytes: bound on each device's arrays, bytes: half for what the deletions of a
            text share, half for a block: the embeddings, eight times the states (gates and
            their activations in an LSTM) and twice the attention of every text. Never below
            one text each; a block on a CPU never above 64.

    Returns:
        Output and change for every position of an instance's only sequence, `[B, L]`, or
        of all of them one after another, `[B, S * L]`.

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
    num_instances = inputs.label.shape[0]
    # Every device works on instances of its own.
    num_groups = math.gcd(num_instances, len(batch_devices()))
    block, num_rows = _sizes(model, params, inputs, num_instances // num_groups, memory_bytes)

    def split(leaf: Shaped[AnyArray, "B ..."]) -> Shaped[AnyArray, "groups parts rows ..."]:
        return leaf.reshape(num_groups, -1, num_rows, *leaf.shape[1:])

    delete = partial(_delete_each, model, params, block=block)
    outputs = jax.vmap(partial(jax.lax.map, delete))(jax.tree.map(split, inputs))
    without, unchanged = (leaf.reshape(num_instances, -1, leaf.shape[-1]) for leaf in outputs)
    return LeaveOneOut(without, output_change(without, unchanged))


def _delete_each(
    model: AttentionModel, params: Params, inputs: Inputs, *, block: int
) -> tuple[Float[Array, "N classes"], Float[Array, "N classes"]]:
    """Return the outputs without each token, and the unmodified ones as often."""
    original = jax.vmap(partial(_run, model, params))(inputs)
    attendable = jnp.asarray(inputs.attendable)
    listed = _sorted_tokens(inputs)
    num_tokens = attendable.size
    listed = jnp.pad(listed, (0, -num_tokens % block), constant_values=num_tokens)
    run_shorter = _run_shorter(model, params, inputs)

    def run_one(token: Int[Array, ""]) -> Float[Array, " classes"]:
        row, sequence, position = jnp.unravel_index(token, attendable.shape)
        text = jax.tree.map(lambda leaf: leaf[row], inputs)
        return run_shorter(delete_token(text, position, sequence), row, position)

    def run_block(
        step: Int[Array, ""], outputs: Float[Array, "N classes"]
    ) -> Float[Array, "N classes"]:
        tokens = jax.lax.dynamic_slice(listed, (step * block,), (block,))
        shortened = jax.vmap(run_one)(jnp.minimum(tokens, num_tokens - 1))
        return jax.lax.dynamic_update_slice(outputs, shortened, (step * block, 0))

    num_blocks = largest(-(-jnp.sum(attendable) // block))
    outputs = jnp.zeros((listed.shape[0], original.shape[-1]), original.dtype)
    outputs = jax.lax.fori_loop(0, num_blocks, run_block, outputs)
    unchanged = jnp.repeat(original, num_tokens // len(original), axis=0)
    without = unchanged.at[listed].set(outputs, mode="drop")
    return jnp.where(attendable.ravel()[:, None], without, unchanged), unchanged


def _sorted_tokens(inputs: Inputs) -> Int[Array, " N"]:
    """Return all (instance, sequence, position) as numbers, those to be deleted first.

    They are sorted by length of the text, then position: what a block's deletions leave to
    be done is then about as much for each, and their loops stop together.
    """
    attendable = jnp.asarray(inputs.attendable)
    length = attendable.shape[-1]
    lengths = jnp.sum(jnp.asarray(inputs.mask), axis=-1, keepdims=True)
    order = lengths * length + jnp.arange(length)[None, None]
    return jnp.argsort(jnp.where(attendable, order, (length + 1) * length).ravel())


def _run_shorter(
    model: AttentionModel, params: Params, inputs: Inputs
) -> Callable[[Inputs, Int[Array, ""], Int[Array, ""]], Float[Array, " classes"]]:
    """Return how a shortened text is run, by the least that the model asks for.

    Args:
        model: the model.
        params: its weights.
        inputs: the batch from whose rows tokens are deleted.
    """
    deletion, readings = model.deletion, None
    if deletion is not None:
        embeddings = jax.vmap(partial(model.embed, params))(inputs)
        readings = jax.vmap(partial(deletion.read, params))(embeddings, inputs)

    def run_shorter(
        shorter: Inputs, row: Int[Array, ""], position: Int[Array, ""]
    ) -> Float[Array, " classes"]:
        if deletion is None:
            return _run(model, params, shorter)
        states = deletion.encode(params, readings, row, position)
        attention = model.attend(params, states, shorter)
        return probabilities(model.decode(params, states, attention, shorter).logits)

    return run_shorter


def delete_token(
    inputs: Inputs, position: Int[Array, ""], sequence: Int[AnyArray, ""] | int = 0
) -> Inputs:
    """Return one instance without one token of one of its sequences.

    What follows the token moves up by one; the array keeps its length and ends in padding.

    Args:
        inputs: one instance.
        position: of the token, in [0, L).
        sequence: which one, in [0, S); a guide is over the positions of the first one.

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

    def delete(values: Shaped[AnyArray, "S L"]) -> Shaped[Array, "S L"]:
        values = jnp.asarray(values)
        return values.at[sequence].set(close_gap(values[sequence], position))

    return dataclasses.replace(
        inputs,
        token_ids=delete(inputs.token_ids),
        mask=delete(inputs.mask),
        attendable=delete(inputs.attendable),
        guide=None if inputs.guide is None else close_gap(jnp.asarray(inputs.guide), position),
    )


def _run(model: AttentionModel, params: Params, inputs: Inputs) -> Float[Array, " classes"]:
    """Return the output under the model's own attention, in one pass where there is one."""
    run = model.forward or partial(forward, model)
    return probabilities(run(params, inputs).logits)


def _sizes(
    model: AttentionModel, params: Params, inputs: Inputs, num_rows: int, memory_bytes: int
) -> tuple[int, int]:
    """Return how many deletions and how many texts of `num_rows` are worked on at a time."""
    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    reading = one
    if model.deletion is not None:
        reading = jax.eval_shape(model.deletion.read, params, embeddings, one)
    half = memory_bytes // 2
    most_rows = max(1, half // max(1, _num_bytes(embeddings) + 2 * _num_bytes(reading)))
    rows = max(n for n in range(1, num_rows + 1) if num_rows % n == 0 and n <= most_rows)
    needed = _num_bytes(embeddings) + 8 * _num_bytes(states) + 2 * _num_bytes(attention)
    num_tokens = rows * one.attendable.size
    largest = LARGEST_CPU_BLOCK if jax.default_backend() == "cpu" else num_tokens
    return max(1, min(half // max(1, needed), largest, num_tokens)), rows


def _num_bytes(tree: object) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
