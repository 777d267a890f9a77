"""What of a GPT's attention is perturbed: all of it, a layer, a head, or the classify row."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.models.gpt.heads import classify_positions
from attnjax.models.gpt.model import GPT
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import AttentionModel, Inputs, Output, Params, States

PartOfAttention = Float[Array, "some_layers S some_heads some_rows L"]
"""Weights `[layers, S, heads, L, L]` of which axes may be cut to a length of 1."""


class Part(NamedTuple):
    """Which weights are perturbed; the rest stays what the model itself gives.

    Attributes:
        layer: its number, from 0, or from -1 backwards; None for all.
        head: its number; None for all.
        classify_row: whether only the row of the classify token is.
    """

    layer: int | None = None
    head: int | None = None
    classify_row: bool = False


ALL = Part()
"""Every weight of every layer and head."""

LAST_CLASSIFY_ROW = Part(layer=-1, classify_row=True)
"""Where the last layer's heads look from the token whose state the task's layer reads."""


def take(
    attention: Float[Array, "layers S heads L L"],
    part: Part,
    where: Bool[Array, "S L"],
) -> PartOfAttention:
    """Return the weights of a part, with an axis of 1 where one of several was chosen.

    Args:
        attention: all weights.
        part: which.
        where: the classify position of each sequence.

    Example:
        >>> weights = jnp.arange(8.0).reshape(2, 1, 1, 2, 2)
        >>> here = jnp.array([[False, True]])
        >>> take(weights, Part(layer=0, classify_row=True), here).ravel().tolist()
        [2.0, 3.0]
    """
    chosen = attention[_slice(part.layer), :, _slice(part.head)]
    if not part.classify_row:
        return chosen
    return jnp.sum(jnp.where(where[None, :, None, :, None], chosen, 0.0), axis=3, keepdims=True)


def put(
    attention: Float[Array, "layers S heads L L"],
    given: PartOfAttention,
    part: Part,
    where: Bool[Array, "S L"],
) -> Float[Array, "layers S heads L L"]:
    """Return all weights with those of a part replaced: what `take` would find is `given`.

    Args:
        attention: all weights.
        given: those of the part.
        part: which.
        where: the classify position of each sequence.

    Example:
        >>> weights, here = jnp.zeros((1, 1, 1, 2, 2)), jnp.array([[False, True]])
        >>> row = jnp.ones((1, 1, 1, 1, 2))
        >>> put(weights, row, Part(classify_row=True), here)[0, 0, 0].tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    place = (_slice(part.layer), slice(None), _slice(part.head))
    if part.classify_row:
        given = jnp.where(where[None, :, None, :, None], given, attention[place])
    return attention.at[place].set(given)


def _slice(index: int | None) -> slice:
    """Return the slice of one index; one from the end needs no number behind it."""
    return slice(None) if index is None else slice(index, index + 1 or None)


@functools.lru_cache(maxsize=64)
def restrict(gpt: GPT, part: Part) -> AttentionModel:
    """Return a model whose attention is a part of a GPT's; the same for equal arguments.

    Its `decode` keeps all other weights at what the model gives for the unmodified input,
    also those of later layers, so its output is that of the whole model's `decode`.

    Args:
        gpt: the model.
        part: which weights `attend` gives and `decode` takes.

    Raises:
        ConfigError: for a layer or head that the model does not have.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> from attnjax.models.gpt.model import build_gpt
        >>> from attnjax.outputs import encode_inputs
        >>> settings = GPTSettings(vocabulary_size=9, context=8, num_layers=2, num_heads=2,
        ...                        width=8, head="classification")
        >>> inputs = gpt_inputs(settings, [[9, 4, 11]])
        >>> model = restrict(build_gpt(settings), LAST_CLASSIFY_ROW)
        >>> params = jax.jit(model.init)(jax.random.key(0), inputs)
        >>> model.attend(params, encode_inputs(model, params, inputs), inputs).shape
        (1, 1, 2, 1, 3)
    """
    _check_part(part, gpt.settings)
    if part == ALL:
        return gpt.model

    def attend(
        params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> PartOfAttention:
        whole = gpt.model.attend(params, states, inputs, key=key)
        return take(whole, part, classify_mask(gpt.settings, inputs))

    def decode(
        params: Params,
        states: States,
        attention: PartOfAttention,
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        whole = gpt.model.attend(params, states, inputs)
        whole = put(whole, attention, part, classify_mask(gpt.settings, inputs))
        return gpt.model.decode(params, states, whole, inputs, key=key)

    return gpt.model._replace(attend=attend, decode=decode)


def _check_part(part: Part, settings: GPTSettings) -> None:
    errors: list[UserError] = []
    for name, index, count in (
        ("layer", part.layer, settings.num_layers),
        ("head", part.head, settings.num_heads),
    ):
        if index is not None and not -count <= index < count:
            expected = f"one of the model's {count}, from 0 to {count - 1}"
            errors.append(_error(name, index, expected))
    if part.classify_row and settings.head == "language_model":
        errors.append(_error("classify_row", True, "a model of a task, which has a classify token"))
    raise_all(errors)


def _error(name: str, found: object, expected: str) -> ConfigError:
    return ConfigError(
        f"part.{name}", found=str(found), expected=expected, action="choose another part"
    )


def classify_mask(settings: GPTSettings, inputs: Inputs) -> Bool[Array, "S L"]:
    """Return which position of each sequence is its classify token.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> settings = GPTSettings(vocabulary_size=9)
        >>> classify_mask(settings, gpt_inputs(settings, [[9, 4, 11]])).tolist()
        [[False, False, True]]
    """
    positions = classify_positions(settings, jnp.asarray(inputs.token_ids))
    return jax.nn.one_hot(positions, inputs.token_ids.shape[-1], dtype=bool)


def classify_weights(
    settings: GPTSettings, attention: Float[Array, "layers S heads L L"], inputs: Inputs
) -> Float[Array, "layers S L"]:
    """Return where each layer looks from the classify token, as a mean over its heads.

    Args:
        settings: of the model.
        attention: all weights.
        inputs: the instance.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> settings = GPTSettings(vocabulary_size=9)
        >>> inputs = gpt_inputs(settings, [[9, 11]])
        >>> weights = jnp.array([[[1.0, 0.0], [0.2, 0.8]], [[1.0, 0.0], [0.4, 0.6]]])
        >>> (100 * classify_weights(settings, weights[None, None], inputs)).round().tolist()
        [[[30.0, 70.0]]]
    """
    rows = take(attention, Part(classify_row=True), classify_mask(settings, inputs))
    return jnp.mean(rows[:, :, :, 0], axis=2)
