"""A GPT as the pure functions of `attnjax.types.AttentionModel`, and its fused pass."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from attnjax.errors import DataError
from attnjax.models.gpt.block import DEVIATION
from attnjax.models.gpt.heads import init_head, read_output
from attnjax.models.gpt.lstm import init_lstm, lstm_forward, lstm_seams, lstm_trace
from attnjax.models.gpt.noise import dropout
from attnjax.models.gpt.settings import GPTSettings, check_settings
from attnjax.models.gpt.slices import ALL, distributions_of
from attnjax.models.gpt.stack import Trace, init_blocks, run, run_given, run_traced
from attnjax.types import AttentionModel, Inputs, Output, Params, States


class ForwardFn(Protocol):
    """Params and one instance to the output, in one pass."""

    def __call__(
        self, params: Params, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Output: ...


class GPT(NamedTuple):
    """A GPT: the seams that explain and attack it, and what training runs.

    Attributes:
        settings: what it was built from.
        model: its seams. `attend` gives weights `[layers, S, heads, L, L]`, zero where a
            position does not exist; `decode` is a pass with the weights it is given.
        forward: the same output in one pass that keeps no weights.
        trace: states and weights of all layers, padding included.
    """

    settings: GPTSettings
    model: AttentionModel
    forward: ForwardFn
    trace: Callable[[Params, Inputs], Trace]


@functools.lru_cache(maxsize=64)
def build_gpt(settings: GPTSettings) -> GPT:
    """Return the GPT that settings describe; the same object for equal settings.

    Params are `table` (tokens, special tokens, positions), `blocks` (each leaf with a
    leading axis of layers) and `head` (empty for a language model); with
    `settings.lstm_units` they are those of `lstm.init_lstm`.

    Args:
        settings: of the model.

    Raises:
        ConfigError: naming every field that is wrong.

    Source: Radford et al. (2018), "Improving language understanding by generative
    pre-training", section 3, and the released code.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> from attnjax.outputs import forward
        >>> settings = GPTSettings(vocabulary_size=9, context=8, num_layers=2, num_heads=2,
        ...                        width=8, head="classification")
        >>> gpt = build_gpt(settings)
        >>> inputs = gpt_inputs(settings, [[settings.start_id, 4, settings.classify_id]])
        >>> params = jax.jit(gpt.model.init)(jax.random.key(0), inputs)
        >>> by_seams = jax.jit(forward, static_argnums=0)(gpt.model, params, inputs).logits
        >>> bool(jnp.allclose(by_seams, jax.jit(gpt.forward)(params, inputs).logits))
        True
    """
    check_settings(settings)
    if settings.lstm_units:
        forward = functools.partial(lstm_forward, settings)
        seams = lstm_seams(settings, functools.partial(prepare_params, settings))
        return GPT(settings, seams, forward, functools.partial(lstm_trace, settings))
    forward = functools.partial(run_forward, settings)
    return GPT(settings, _seams(settings), forward, functools.partial(run_trace, settings))


def _seams(settings: GPTSettings) -> AttentionModel:
    def init(key: Key[Array, ""], inputs: Inputs) -> Params:
        del inputs
        return init_params(settings, key)

    def encode(
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States:
        del params, inputs, key
        return States(embeddings)

    def attend(
        params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "layers S heads L L"]:
        trace = run_traced(settings, params["blocks"], states.tokens, key=_keys(key)[0])
        # A position that does not exist has no distribution.
        exists = jnp.asarray(inputs.mask)[None, :, None, :, None]
        return jnp.where(exists, trace.attention, 0.0)

    def decode(
        params: Params,
        states: States,
        attention: Float[Array, "layers S heads L L"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        blocks_key, head_key = _keys(key)
        last = run_given(settings, params["blocks"], states.tokens, attention, key=blocks_key)
        return read_output(settings, params, last, inputs, key=head_key)

    embed = functools.partial(look_up, settings)
    prepare = functools.partial(prepare_params, settings)
    return AttentionModel(
        init,
        embed,
        encode,
        attend,
        decode,
        prepare=prepare,
        forward=functools.partial(run_forward, settings),
        distributions=distributions_of(settings, ALL),
    )


def run_forward(
    settings: GPTSettings,
    params: Params,
    inputs: Inputs,
    *,
    key: Key[Array, ""] | None = None,
) -> Output:
    """Return the output of one instance in one pass; see `GPT.forward`.

    Args:
        settings: of the model.
        params: its weights, prepared for the step.
        inputs: the instance.
        key: of dropout; None for none.
    """
    embed_key, key = (None, None) if key is None else jax.random.split(key)
    blocks_key, head_key = _keys(key)
    embeddings = look_up(settings, params, inputs, key=embed_key)
    last = run(settings, params["blocks"], embeddings, key=blocks_key)
    return read_output(settings, params, last, inputs, key=head_key)


def run_trace(settings: GPTSettings, params: Params, inputs: Inputs) -> Trace:
    """Return the states and weights of all layers, without dropout; see `GPT.trace`.

    Args:
        settings: of the model.
        params: its weights.
        inputs: the instance.
    """
    return run_traced(settings, params["blocks"], look_up(settings, params, inputs))


def _keys(key: Key[Array, ""] | None) -> tuple[Key[Array, ""] | None, Key[Array, ""] | None]:
    """Return the keys of the blocks and of the head."""
    if key is None:
        return None, None
    blocks, head = jax.random.split(key)
    return blocks, head


def init_params(settings: GPTSettings, key: Key[Array, ""]) -> Params:
    """Return initial weights: kernels and table from N(0, 0.02), biases 0, gains 1.

    Args:
        settings: of the model.
        key: used once.

    Source: Radford et al. (2018), section 4.1.

    Example:
        >>> from functools import partial
        >>> settings = GPTSettings(vocabulary_size=9, context=4, num_layers=1, num_heads=1,
        ...                        width=2)
        >>> jax.eval_shape(partial(init_params, settings), jax.random.key(0))["table"].shape
        (16, 2)
    """
    if settings.lstm_units:
        return init_lstm(settings, key)
    table_key, blocks_key, head_key = jax.random.split(key, 3)
    table = DEVIATION * jax.random.normal(table_key, (settings.num_rows, settings.width))
    blocks = init_blocks(settings, blocks_key)
    return {"table": table, "blocks": blocks, "head": init_head(settings, head_key)}


def prepare_params(
    settings: GPTSettings, params: Params, key: Key[Array, ""] | None = None
) -> Params:
    """Return the params of one training step: in the mode "exact" with a table under dropout.

    The whole table is dropped once a step, and the same dropped table makes the logits.

    Args:
        settings: of the model.
        params: its weights.
        key: of the step; None changes nothing.

    Source: the released code of Radford et al. (2018).

    Example:
        >>> settings = GPTSettings(mode="standard")
        >>> prepare_params(settings, {"table": jnp.ones(3)}, jax.random.key(0))["table"].tolist()
        [1.0, 1.0, 1.0]
    """
    if settings.mode == "standard" or key is None:
        return params
    return params | {"table": dropout(params["table"], settings.embedding_dropout, key)}


def decayed(params: Params) -> Params:
    """Return which weights the release decays: those that have more than one axis in a block.

    Biases and gains are stacked by layer here, so their number of axes alone would say that
    they are decayed too.

    Args:
        params: of a model, or their gradients.

    Returns:
        A tree of booleans like the params: the table and every kernel.

    Source: the released code of Radford et al. (2018).

    Example:
        >>> params = {"table": jnp.ones((2, 2)), "blocks": {"qkv": {"bias": jnp.ones((3, 2))}}}
        >>> decayed(params)
        {'blocks': {'qkv': {'bias': False}}, 'table': True}
    """

    def one(path: tuple[Any, ...], leaf: Array) -> bool:
        return leaf.ndim - (path[0].key == "blocks") > 1

    return jax.tree_util.tree_map_with_path(one, params)


def look_up(
    settings: GPTSettings,
    params: Params,
    inputs: Inputs,
    *,
    key: Key[Array, ""] | None = None,
) -> Float[Array, "S L E"]:
    """Return the sums of the rows of tokens and of their positions, in float32.

    Args:
        settings: of the model.
        params: its weights.
        inputs: the instance; ids are those of the table's first rows.
        key: of the dropout of the sums, which the mode "standard" alone has.

    Raises:
        DataError: for sequences longer than the context.
    """
    token_ids = jnp.asarray(inputs.token_ids)
    length = token_ids.shape[-1]
    if length > settings.context:
        raise DataError(
            "inputs of a GPT",
            found=f"sequences padded to {length} positions",
            expected=f"at most {settings.context}, model.context",
            action="shorten the texts when they are encoded, or choose a larger model.context",
        )
    first = settings.num_tokens
    table = params["table"]
    embeddings = table[token_ids] + table[first : first + length][None]
    if key is None or settings.mode == "exact":
        return embeddings
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(token_ids)))
    return jax.vmap(lambda rows, one: dropout(rows, settings.embedding_dropout, one))(
        embeddings, keys
    )
