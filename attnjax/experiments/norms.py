"""How large what attention weighs is: larger values can make up for smaller weights."""

from collections.abc import Iterable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from attnjax.outputs import encode_inputs
from attnjax.types import AttentionModel, Batch, Inputs, Params


def norms(model: AttentionModel, params: Params, batches: Iterable[Batch]) -> dict[str, float]:
    r"""Return the sizes of a classifier's states, of its decoder and of what both make.

    Args:
        model: a classifier of `build_model`.
        params: its weights.
        batches: of the instances.

    Returns:
        `states`: mean of \\( \|h_i\| \\) over all attendable tokens; `decoder`:
        \\( \|W_o\| \\) (Frobenius) of the kernel that reads what attention averaged; `values`,
        for a model with a `readout`: mean of \\( \|W_o h_i\| \\), what a token adds to the
        logits at a weight of 1.

    Example:
        >>> import numpy as np
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.data.encoded import EncodedSplit
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.run import initial_params
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = initial_params(model, split, lengths=(4,), key=jax.random.key(0))
        >>> batches = evaluation_batches(split, lengths=(4,), batch_size=1)
        >>> sorted(norms(model, params, batches))
        ['decoder', 'states', 'values']
    """
    sums = [jax.device_get(_sums(params, batch.inputs, model=model)) for batch in batches]
    tokens, states, values = np.array(sums, np.float64).sum(axis=0).tolist()
    found = {
        "states": states / tokens,
        "decoder": float(np.linalg.norm(np.asarray(_kernel(params["decoder"]), np.float64))),
    }
    return found | ({"values": values / tokens} if model.readout else {})


def _kernel(decoder: Params) -> Float[Array, "D N"]:
    """Return the kernel that the average of the states meets; a question has one of its own."""
    return decoder.get("context", decoder)["kernel"]


@partial(jax.jit, static_argnames="model")
def _sums(params: Params, inputs: Inputs, *, model: AttentionModel) -> Float[Array, "3"]:
    """Return the attendable tokens of a batch and the sums of their two norms."""

    def of_one(inputs: Inputs) -> Float[Array, "3"]:
        states = encode_inputs(model, params, inputs)
        real = inputs.attendable[0]
        lengths = jnp.linalg.norm(states.tokens[0], axis=-1)
        values = jnp.zeros_like(lengths)
        if model.readout is not None:
            values = jnp.linalg.norm(model.readout(params, states, inputs).values, axis=-1)
        ones = jnp.ones_like(lengths)
        return jnp.stack([jnp.sum(one, where=real) for one in (ones, lengths, values)])

    return jax.vmap(of_one)(inputs).sum(axis=0)
