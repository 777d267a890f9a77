"""Leave-one-out importance: what the output does when one token is deleted."""

import dataclasses
import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Shaped

from attnjax.models.deletion import close_gap
from attnjax.models.together import largest
from attnjax.outputs import encode_inputs, forward, output_change, probabilities
from attnjax.training.mesh import batch_devices
from attnjax.types import AnyArray, AttentionModel, Deletion, Inputs, Params, States

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
        inputs: a batch; of several sequences an instance, the first loses its tokens.
        memory_bytes: bound on each device's arrays, bytes: half for what the deletions of a
            text share, half for a block: the embeddings, eight times the states (gates and
            their activations in an LSTM) and twice the attention of every text. Never below
            one text each; a block on a CPU never above 64.

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
    num_instances, length = inputs.attendable[:, 0].shape
    # Every device works on instances of its own.
    num_groups = math.gcd(num_instances, len(batch_devices()))
    block, num_rows = _sizes(model, params, inputs, num_instances // num_groups, memory_bytes)

    def split(leaf: Shaped[AnyArray, "B ..."]) -> Shaped[AnyArray, "groups parts rows ..."]:
        return leaf.reshape(num_groups, -1, num_rows, *leaf.shape[1:])

    delete = partial(_delete_each, model, params, block=block)
    outputs = jax.vmap(partial(jax.lax.map, delete))(jax.tree.map(split, inputs))
    without, unchanged = (leaf.reshape(num_instances, length, -1) for leaf in outputs)
    return LeaveOneOut(without, output_change(without, unchanged))


def _delete_each(
    model: AttentionModel, params: Params, inputs: Inputs, *, block: int
) -> tuple[Float[Array, "B L classes"], Float[Array, "B L classes"]]:
    """Return the outputs without each token, and the unmodified ones as often."""
    original = jax.vmap(partial(_run, model, params))(inputs)
    attendable = jnp.asarray(inputs.attendable)[:, 0]
    num_pairs, length = attendable.size, attendable.shape[1]
    listed = _sorted_pairs(inputs)
    listed = jnp.pad(listed, (0, -num_pairs % block), constant_values=num_pairs)
    deletion = model.deletion or _encoding_afresh(model)
    embeddings = jax.vmap(partial(model.embed, params))(inputs)
    readings = jax.vmap(partial(deletion.read, params))(embeddings, inputs)

    def run_one(row: Int[Array, ""], position: Int[Array, ""]) -> Float[Array, " classes"]:
        shorter = delete_token(jax.tree.map(lambda leaf: leaf[row], inputs), position)
        states = deletion.encode(params, readings, row, position)
        attention = model.attend(params, states, shorter)
        return probabilities(model.decode(params, states, attention, shorter).logits)

    def run_block(
        step: Int[Array, ""], outputs: Float[Array, "N classes"]
    ) -> Float[Array, "N classes"]:
        pairs = jax.lax.dynamic_slice(listed, (step * block,), (block,))
        shortened = jax.vmap(run_one)(*jnp.divmod(jnp.minimum(pairs, num_pairs - 1), length))
        return jax.lax.dynamic_update_slice(outputs, shortened, (step * block, 0))

    num_blocks = largest(-(-jnp.sum(attendable) // block))
    outputs = jnp.zeros((listed.shape[0], original.shape[-1]), original.dtype)
    outputs = jax.lax.fori_loop(0, num_blocks, run_block, outputs)
    unchanged = jnp.repeat(original, length, axis=0)
    without = unchanged.at[listed].set(outputs, mode="drop")
    shape = (*attendable.shape, -1)
    without, unchanged = without.reshape(shape), unchanged.reshape(shape)
    return jnp.where(attendable[..., None], without, unchanged), unchanged


def _sorted_pairs(inputs: Inputs) -> Int[Array, " N"]:
    """Return all (instance, position) pairs as numbers, those to be deleted first.

    They are sorted by length of the text, then position: what a block's deletions leave to
    be done is then about as much for each, and their loops stop together.
    """
    attendable = jnp.asarray(inputs.attendable)[:, 0]
    length = attendable.shape[1]
    lengths = jnp.sum(jnp.asarray(inputs.mask)[:, 0], axis=-1, keepdims=True)
    order = lengths * length + jnp.arange(length)[None]
    return jnp.argsort(jnp.where(attendable, order, (length + 1) * length).ravel())


def _encoding_afresh(model: AttentionModel) -> Deletion:
    """Return the deletion of a model that has none of its own."""

    def read(params: Params, embeddings: Array, inputs: Inputs) -> Inputs:
        del params, embeddings
        return inputs

    def encode(
        params: Params, readings: Inputs, row: Int[Array, ""], position: Int[Array, ""]
    ) -> States:
        text = jax.tree.map(lambda leaf: leaf[row], readings)
        return encode_inputs(model, params, delete_token(text, position))

    return Deletion(read, encode)


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

    def delete(values: Shaped[AnyArray, "S L"]) -> Shaped[Array, "S L"]:
        return jnp.asarray(values).at[0].set(close_gap(values[0], position))

    return dataclasses.replace(
        inputs,
        token_ids=delete(inputs.token_ids),
        mask=delete(inputs.mask),
        attendable=delete(inputs.attendable),
        guide=None if inputs.guide is None else close_gap(jnp.asarray(inputs.guide), position),
    )


def _run(model: AttentionModel, params: Params, inputs: Inputs) -> Float[Array, " classes"]:
    return probabilities(forward(model, params, inputs).logits)


def _sizes(
    model: AttentionModel, params: Params, inputs: Inputs, num_rows: int, memory_bytes: int
) -> tuple[int, int]:
    """Return how many deletions and how many texts of `num_rows` are worked on at a time."""
    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    deletion = model.deletion or _encoding_afresh(model)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    reading = jax.eval_shape(deletion.read, params, embeddings, one)
    half = memory_bytes // 2
    most_rows = max(1, half // max(1, _num_bytes(embeddings) + 2 * _num_bytes(reading)))
    rows = max(n for n in range(1, num_rows + 1) if num_rows % n == 0 and n <= most_rows)
    needed = _num_bytes(embeddings) + 8 * _num_bytes(states) + 2 * _num_bytes(attention)
    num_pairs = rows * inputs.attendable.shape[-1]
    largest = LARGEST_CPU_BLOCK if jax.default_backend() == "cpu" else num_pairs
    return max(1, min(half // max(1, needed), largest, num_pairs)), rows


def _num_bytes(tree: object) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
