"""All blocks of a GPT, one after another: one scan over params stacked by layer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from attnjax.models.gpt.block import Block, Weighed
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import Params

UNROLLED = 6
"""Layers up to which a CPU gets them one after another, without a loop."""


class Trace(NamedTuple):
    """Every intermediate of a pass.

    Attributes:
        states: embeddings first, then what each block makes of them.
        attention: each block's own weights.
    """

    states: Float[Array, "levels S L D"]
    attention: Float[Array, "layers S heads L L"]


def init_blocks(settings: GPTSettings, key: Key[Array, ""]) -> Params:
    """Return the params of all blocks, each leaf with a leading axis of layers.

    Args:
        settings: of the model.
        key: used once.

    Example:
        >>> from functools import partial
        >>> settings = GPTSettings(num_layers=2, width=4, num_heads=2)
        >>> blocks = jax.eval_shape(partial(init_blocks, settings), jax.random.key(0))
        >>> blocks["qkv"]["kernel"].shape
        (2, 4, 12)
    """
    x = jnp.zeros((1, settings.width), settings.compute_dtype)
    keys = jax.random.split(key, settings.num_layers)
    return jax.vmap(lambda one: Block(settings).init(one, x)["params"])(keys)


def run(
    settings: GPTSettings,
    blocks: Params,
    embeddings: Float[Array, "S L D"],
    *,
    key: Key[Array, ""] | None = None,
) -> Float[Array, "S L D"]:
    """Return the last states, without keeping any weights.

    Args:
        settings: of the model.
        blocks: params stacked by layer.
        embeddings: of all sequences of one instance.
        key: of dropout; None for none.
    """

    def step(states: Array, layer: "_Layer") -> tuple[Array, None]:
        keys = _keys(key, layer.number, len(states))
        return _each(settings, layer.params, "__call__")(states, keys), None

    return _scan(settings, step, embeddings, _layers(settings, blocks))[0]


def run_traced(
    settings: GPTSettings,
    blocks: Params,
    embeddings: Float[Array, "S L D"],
    *,
    key: Key[Array, ""] | None = None,
) -> Trace:
    """Return the states and weights of every layer.

    Under `jit`, what the caller does not use is neither computed nor kept.

    Args:
        settings: of the model.
        blocks: params stacked by layer.
        embeddings: of all sequences of one instance.
        key: of dropout; None for none. The weights are those before their dropout.
    """

    def step(states: Array, layer: "_Layer") -> tuple[Array, Weighed]:
        keys = _keys(key, layer.number, len(states))
        weighed: Weighed = _each(settings, layer.params, "weighed")(states, keys)
        return weighed.states, weighed

    layers = _layers(settings, blocks)
    _, levels = _scan(settings, step, embeddings, layers)
    first = embeddings.astype(levels.states.dtype)[None]
    return Trace(jnp.concatenate([first, levels.states]), levels.weights)


def run_given(
    settings: GPTSettings,
    blocks: Params,
    embeddings: Float[Array, "S L D"],
    attention: Float[Array, "some_layers S heads L L"],
    *,
    first: int = 0,
    key: Key[Array, ""] | None = None,
) -> Float[Array, "S L D"]:
    """Return the last states under any weights.

    Args:
        settings: of the model.
        blocks: params stacked by layer.
        embeddings: of all sequences of one instance, or what enters layer `first`.
        attention: of the layers from there on; used as it is: neither masked nor normalised.
        first: layer to begin with.
        key: of dropout; None for none.
    """

    def step(states: Array, layer: "_Layer") -> tuple[Array, None]:
        keys = _keys(key, layer.number, len(states))
        return _each(settings, layer.params, "given")(states, layer.weights, keys), None

    layers = jax.tree.map(lambda leaf: leaf[first:], _layers(settings, blocks))
    layers = layers._replace(weights=attention)
    return _scan(settings, step, embeddings, layers)[0]


class _Layer(NamedTuple):
    """What a step of the scan reads: of one layer, or of all with a leading axis."""

    params: Params
    number: Int[Array, "*layers"]
    weights: Float[Array, "*layers S heads L L"] | None = None


def _layers(settings: GPTSettings, blocks: Params) -> _Layer:
    return _Layer(blocks, jnp.arange(settings.num_layers))


def _keys(key: Key[Array, ""] | None, layer: Int[Array, ""], count: int) -> Key[Array, " S"] | None:
    """Return a key for each sequence in a layer.

    By number instead of one split, so that a sequence's noise depends on no other; made
    inside the scan, where the check against using a key twice can follow it.
    """
    if key is None:
        return None
    fold = jax.vmap(jax.random.fold_in, (None, 0))
    return fold(jax.random.fold_in(key, layer), jnp.arange(count))


def _each(settings: GPTSettings, params: Params, method: str) -> Callable[..., Any]:
    """Return a method of the block, over all sequences of the instance."""

    def one(*values: Any) -> Any:
        return Block(settings).apply({"params": params}, *values, method=method)

    return jax.vmap(one)


def _scan(
    settings: GPTSettings, step: Callable[..., Any], embeddings: Array, layers: _Layer
) -> tuple[Array, Any]:
    if settings.recompute:
        # Inside a scan nothing can be merged with the first computation by mistake.
        step = jax.checkpoint(step, prevent_cse=False)
    # A loop copies what the backward pass needs into arrays of all layers and out of them: on
    # a CPU a fifth of a training step. What is computed again must stay in a loop, see above.
    in_a_row = settings.num_layers <= UNROLLED and not settings.recompute
    unroll = in_a_row and jax.default_backend() == "cpu"
    return jax.lax.scan(step, embeddings.astype(settings.compute_dtype), layers, unroll=unroll)
