"""From any attention of an instance to logits, by the cheapest way that the model offers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jaxtyping import Array, Float

from attnjax.adversaries.blocks import num_bytes
from attnjax.adversaries.distributions import is_vector
from attnjax.outputs import encode_inputs
from attnjax.types import Attention, AttentionModel, Inputs, Params, Readout, States

LogitsFn = Callable[[Attention], Float[Array, "K C"]]
"""From several attentions of one instance to the logits under each."""


Source = Readout | tuple[States, Inputs]
"""What an instance's logits are made of: its readout where there is one."""


def logits_source(model: AttentionModel, params: Params, states: States, inputs: Inputs) -> Source:
    """Return the arrays that the logits of one instance need, whatever its attention."""
    if model.readout is None:
        return states, inputs
    return model.readout(params, states, inputs)


def logits_function(model: AttentionModel, params: Params, source: Source) -> LogitsFn:
    r"""Return the function from attentions to logits: \\( \alpha V + b \\), or `decode`.

    Args:
        model: the model; not looked at where there is a readout.
        params: its weights; the same.
        source: of one instance, from `logits_source`.

    Example:
        >>> import jax.numpy as jnp
        >>> source = Readout(jnp.array([[1.0], [3.0]]), jnp.array([0.5]))
        >>> model = AttentionModel(*[lambda *_: None] * 5)
        >>> logits_function(model, {}, source)(jnp.array([[0.5, 0.5]])).tolist()
        [[2.5]]
    """
    if isinstance(source, Readout):
        return lambda attention: attention @ source.values + source.bias[None]
    states, inputs = source

    def decode(attention: Attention) -> Float[Array, " C"]:
        return model.decode(params, states, attention, inputs).logits

    return jax.vmap(decode)


def decoding_bytes(model: AttentionModel, params: Params, one: Inputs) -> int:
    """Return what one candidate's decoding and its slope keep in memory, bytes.

    Of a model whose attention is `[L]` about its states; of any other what a second candidate
    adds to all that the slope goes back through, so that weights and states that candidates
    share do not count.

    Args:
        model: without a readout.
        params: its weights, or their shapes.
        one: an instance, or its shapes.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> from attnjax.models.gpt.model import build_gpt
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> settings = GPTSettings(vocabulary_size=9, context=8, num_layers=2, num_heads=2,
        ...                        width=8, head="classification")
        >>> model, inputs = build_gpt(settings).model, gpt_inputs(settings, [[9, 4, 11]])
        >>> params = jax.eval_shape(model.init, jax.random.key(0), inputs)
        >>> 1000 < decoding_bytes(model, params, inputs) < 20_000
        True
    """
    states = jax.eval_shape(partial(encode_inputs, model), params, one)
    attention = jax.eval_shape(model.attend, params, states, one)
    if is_vector(attention):
        return num_bytes(states)

    def kept(count: int) -> int:
        several = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype), attention
        )

        def pull_back(params: Params, states: States, given: Attention, one: Inputs) -> Any:
            return jax.vjp(logits_function(model, params, (states, one)), given)[1]

        return num_bytes(jax.eval_shape(pull_back, params, states, several, one))

    return kept(2) - kept(1)
