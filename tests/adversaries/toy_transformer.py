"""A toy model with layers of causal self-attention: its attention is a tree, not a vector."""

import jax
import jax.numpy as jnp

from attnjax.models.masking import masked_softmax
from attnjax.types import AttentionModel, Output, States

VOCABULARY = 13
WIDTH = 8
HEADS = 2
LAYERS = ("lower", "upper")


def init(key, inputs):
    del inputs
    table, *keys = jax.random.split(key, 2 + 3 * len(LAYERS))
    draw = lambda key, *shape: jax.random.normal(key, shape) / jnp.sqrt(WIDTH)  # noqa: E731
    layers = {
        name: {
            "query": 2 * draw(keys[3 * at], WIDTH, HEADS * WIDTH),
            "key": 2 * draw(keys[3 * at + 1], WIDTH, HEADS * WIDTH),
            "value": draw(keys[3 * at + 2], WIDTH, HEADS * WIDTH),
        }
        for at, name in enumerate(LAYERS)
    }
    table = jax.random.normal(table, (VOCABULARY, WIDTH))
    return {"embedding": table, "layers": layers, "decoder": 2 * draw(keys[-1], WIDTH, 1)}


def embed(params, inputs, *, key=None):
    return params["embedding"][inputs.token_ids] * inputs.mask[..., None]


def encode(params, embeddings, inputs, *, key=None):
    return States(embeddings)


def look_at(inputs):
    """Where each token may look: at itself and tokens before it; padding looks nowhere."""
    mask = inputs.mask[0]
    causal = jnp.tril(jnp.ones((mask.shape[0], mask.shape[0]), bool))
    return causal & mask[None] & mask[:, None]


def split_heads(hidden, kernel):
    return (hidden @ kernel).reshape(hidden.shape[0], HEADS, -1).swapaxes(0, 1)


def mix(layer, attention, hidden):
    """Return the next hidden states under given weights `[heads, L, L]`."""
    heads = attention @ split_heads(hidden, layer["value"])
    return jnp.tanh(hidden + heads.sum(axis=0))


def attend(params, states, inputs, *, key=None):
    hidden, attention = states.tokens[0], {}
    for name in LAYERS:
        layer = params["layers"][name]
        queries, keys = (split_heads(hidden, layer[part]) for part in ("query", "key"))
        scores = queries @ keys.swapaxes(1, 2) / jnp.sqrt(WIDTH)
        where = jnp.broadcast_to(look_at(inputs)[None], scores.shape)
        attention[name] = masked_softmax(scores, where)
        hidden = mix(layer, attention[name], hidden)
    return attention


def decode(params, states, attention, inputs, *, key=None):
    hidden = states.tokens[0]
    for name in LAYERS:
        hidden = mix(params["layers"][name], attention[name], hidden)
    last = jnp.sum(inputs.mask[0]) - 1
    return Output(hidden[last] @ params["decoder"])


MODEL = AttentionModel(init, embed, encode, attend, decode)
