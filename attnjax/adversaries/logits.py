"""From any attention of an instance to logits, by the cheapest way that the model offers."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float

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
