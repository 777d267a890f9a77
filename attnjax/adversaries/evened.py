"""Equal weights: does the output notice when attention says nothing?"""

from functools import partial
from typing import NamedTuple

import jax
from jaxtyping import Array, Float

from attnjax.adversaries.blocks import map_blocks, num_bytes
from attnjax.adversaries.distributions import divergence, evened, support
from attnjax.outputs import encode_inputs, output_change, probabilities
from attnjax.types import AttentionModel, Inputs, Params


class Evened(NamedTuple):
    """What a model says under equal weights.

    Attributes:
        probabilities: class distribution under them.
        unmodified: under the model's own attention.
        change: total variation distance between the two, in [0, 1].
        jsd: of the model's own attention from equal weights, nats; the mean over its
            distributions.
    """

    probabilities: Float[Array, "B classes"]
    unmodified: Float[Array, "B classes"]
    change: Float[Array, " B"]
    jsd: Float[Array, " B"]


@partial(jax.jit, static_argnames=("model", "memory_bytes"))
def evened_outputs(
    model: AttentionModel, params: Params, inputs: Inputs, *, memory_bytes: int = 256 * 2**20
) -> Evened:
    r"""Give all positions that a distribution may weigh the same weight, and run the model.

    \\( \alpha_i = 1 / n \\) for each of the n positions: the attendable ones of a text, or those
    that a row of causal attention may look at, special tokens too. Nothing is trained again:
    what changes is what the model as it is makes of its weights.

    Args:
        model: the model.
        params: its weights.
        inputs: a batch.
        memory_bytes: bound on the arrays of one block, bytes; never below one instance's.

    Returns:
        See `Evened`. Compiled once per model and shape.

    Source: after the uniform baseline of Wiegreffe & Pinter (2019), section 3.2, who train a
    model with such weights.

    Example:
        >>> from attnjax.models.inputs import single_inputs
        >>> from attnjax.types import Output, States
        >>> model = AttentionModel(
        ...     init=lambda key, inputs: {},
        ...     embed=lambda params, inputs: jax.numpy.array([[[0.0], [2.0], [0.0], [0.0]]]),
        ...     encode=lambda params, embeddings, inputs: States(embeddings),
        ...     attend=lambda params, states, inputs: jax.numpy.array([0.0, 1.0, 0.0, 0.0]),
        ...     decode=lambda params, states, attention, inputs: Output(
        ...         attention @ states.tokens[0]))
        >>> inputs = jax.tree.map(lambda leaf: leaf[None], single_inputs([2, 7, 8, 3]))
        >>> found = evened_outputs(model, {}, inputs)
        >>> bool(jax.numpy.isclose(found.probabilities[0, 1], jax.nn.sigmoid(1.0)))
        True
    """

    def even(inputs: Inputs) -> Evened:
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        where = support(attention, inputs)
        equal = evened(where, attention)
        own, other = (
            probabilities(model.decode(params, states, one, inputs).logits)
            for one in (attention, equal)
        )
        candidates = jax.tree.map(lambda leaf: leaf[None], equal)
        jsd = divergence(candidates, attention, where, form="exact")[0]
        return Evened(other, own, output_change(other, own), jsd)

    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    needed = 8 * num_bytes((embeddings, states)) + 6 * num_bytes(attention)
    return map_blocks(jax.vmap(even), inputs, block=max(1, memory_bytes // needed))
