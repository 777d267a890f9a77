"""The paper's ablation: one LSTM in place of a GPT's blocks, in the same framework."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from attnjax.models.classifier import dropout
from attnjax.models.gpt.block import DEVIATION
from attnjax.models.gpt.heads import init_head, read_output
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.stack import Trace
from attnjax.models.recurrence import Cell, lstm_step
from attnjax.types import AttentionModel, Inputs, Output, Params, States

NO_LAYERS = 0
"""An LSTM has no attention: its weights are an array of no layers."""


def init_lstm(settings: GPTSettings, key: Key[Array, ""]) -> Params:
    r"""Return initial weights: the table as a GPT's, the rest uniform, at most \\( 1/\sqrt H \\).

    The table has no rows for positions. The states of H units are brought to the width of the
    table by a linear layer, because the table makes the logits, as in a GPT.

    Args:
        settings: of the model; `lstm_units` is H.
        key: used once.

    Source: Radford et al. (2018), section 5: "a single layer 2048 unit LSTM using the same
    framework"; what they leave open is PyTorch's default.

    Example:
        >>> settings = GPTSettings(vocabulary_size=5, width=4, lstm_units=6)
        >>> params = init_lstm(settings, jax.random.key(0))
        >>> params["lstm"]["kernel"].shape, params["table"].shape
        ((10, 24), (8, 4))
    """
    units, width = settings.lstm_units, settings.width
    table_key, lstm_key, output_key, head_key = jax.random.split(key, 4)
    bound = 1.0 / math.sqrt(units)
    return {
        "table": DEVIATION * jax.random.normal(table_key, (settings.num_tokens, width)),
        "lstm": {
            "kernel": jax.random.uniform(
                lstm_key, (width + units, 4 * units), minval=-bound, maxval=bound
            ),
            "bias": jnp.zeros(4 * units),
        },
        "output": {
            "kernel": jax.random.uniform(output_key, (units, width), minval=-bound, maxval=bound),
            "bias": jnp.zeros(width),
        },
        "head": init_head(settings, head_key),
    }


def run_lstm(
    params: Params, embeddings: Float[Array, "S L E"], *, dtype: jnp.dtype
) -> Float[Array, "S L E"]:
    """Return the LSTM's states after each position, brought to the width of the table.

    Args:
        params: `lstm` and `output`.
        embeddings: of all sequences of one instance.
        dtype: of the products; gates and memory are float32.

    Source: Hochreiter & Schmidhuber (1997) with forget gates.
    """
    kernel, bias = params["lstm"]["kernel"], params["lstm"]["bias"]
    width = embeddings.shape[-1]
    of_inputs, of_hidden = kernel[:width].astype(dtype), kernel[width:].astype(dtype)

    def one(rows: Float[Array, "L E"]) -> Float[Array, "L E"]:
        # What the inputs add to the gates, of all positions at once.
        added = jnp.dot(rows.astype(dtype), of_inputs, preferred_element_type=jnp.float32)

        def step(cell: Cell, sums: Float[Array, " G"]) -> tuple[Cell, Array]:
            recurrent = jnp.dot(
                cell.hidden.astype(dtype), of_hidden, preferred_element_type=jnp.float32
            )
            cell = lstm_step(cell, sums + recurrent + bias)
            return cell, cell.hidden

        zero = jnp.zeros(of_hidden.shape[0], jnp.float32)
        _, hidden = jax.lax.scan(step, Cell(zero, zero), added)
        output = params["output"]
        out = jnp.dot(
            hidden.astype(dtype),
            output["kernel"].astype(dtype),
            preferred_element_type=jnp.float32,
        )
        return out + output["bias"][None]

    return jax.vmap(one)(embeddings)


def lstm_forward(
    settings: GPTSettings,
    params: Params,
    inputs: Inputs,
    *,
    key: Key[Array, ""] | None = None,
) -> Output:
    """Return the output of one instance.

    Args:
        settings: of the model.
        params: its weights, prepared for the step.
        inputs: the instance.
        key: of dropout; None for none.
    """
    keys = (None, None, None) if key is None else tuple(jax.random.split(key, 3))
    states = run_lstm(
        params, _look_up(settings, params, inputs, keys[0]), dtype=settings.compute_dtype
    )
    states = _each_dropped(states, settings.residual_dropout, keys[1])
    return read_output(settings, params, states, inputs, key=keys[2])


def lstm_seams(settings: GPTSettings, prepare: Callable[..., Params]) -> AttentionModel:
    """Return the seams of an LSTM: what it attends to is an array of no layers.

    Args:
        settings: of the model.
        prepare: params and the key of a step to what the step uses.
    """

    def init(key: Key[Array, ""], inputs: Inputs) -> Params:
        del inputs
        return init_lstm(settings, key)

    def embed(
        params: Params, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "S L E"]:
        return _look_up(settings, params, inputs, key)

    def encode(
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States:
        del inputs
        states = run_lstm(params, embeddings, dtype=settings.compute_dtype)
        return States(_each_dropped(states, settings.residual_dropout, key))

    def attend(
        params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "layers S heads L L"]:
        del params, inputs, key
        sequences, length, _ = states.tokens.shape
        return jnp.zeros((NO_LAYERS, sequences, 1, length, length))

    def decode(
        params: Params,
        states: States,
        attention: Float[Array, "layers S heads L L"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        del attention
        return read_output(settings, params, states.tokens, inputs, key=key)

    return AttentionModel(init, embed, encode, attend, decode, prepare=prepare)


def lstm_trace(settings: GPTSettings, params: Params, inputs: Inputs) -> Trace:
    """Return embeddings and states; there is no attention.

    Args:
        settings: of the model.
        params: its weights.
        inputs: the instance.
    """
    embeddings = _look_up(settings, params, inputs, None)
    states = run_lstm(params, embeddings, dtype=settings.compute_dtype)
    sequences, length, _ = states.shape
    return Trace(
        jnp.stack([embeddings, states]), jnp.zeros((NO_LAYERS, sequences, 1, length, length))
    )


def _look_up(
    settings: GPTSettings, params: Params, inputs: Inputs, key: Key[Array, ""] | None
) -> Float[Array, "S L E"]:
    embeddings = params["table"][jnp.asarray(inputs.token_ids)]
    # In the mode "exact" the whole table was dropped already.
    rate = 0.0 if settings.mode == "exact" else settings.embedding_dropout
    return _each_dropped(embeddings, rate, key)


def _each_dropped(
    states: Float[Array, "S L E"], rate: float, key: Key[Array, ""] | None
) -> Float[Array, "S L E"]:
    """Return states under dropout, each sequence with noise of its own."""
    if key is None or rate == 0.0:
        return states
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(states)))
    return jax.vmap(lambda rows, one: dropout(rows, rate, one))(states, keys)
