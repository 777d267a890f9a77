"""Parts of a GPT's attention: which of its weights, and one weight a token."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.config import PartConfig
from attnjax.models.gpt.heads import classify_positions
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import Distributions, Inputs

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

    def first(self, num_layers: int) -> int:
        """Return the first layer that has weights of the part, from 0.

        Example:
            >>> Part(layer=-1).first(12), Part().first(12)
            (11, 0)
        """
        return 0 if self.layer is None else self.layer % num_layers

    @property
    def from_first(self) -> "Part":
        """The part among the layers from its first one on, of which its only one is the first."""
        return Part(None if self.layer is None else 0, self.head)


ALL = Part()
"""Every weight of every layer and head."""

LAST_CLASSIFY_ROW = Part(layer=-1, classify_row=True)
"""Where the last layer's heads look from the token whose state the task's layer reads."""


def part_of(config: PartConfig) -> Part:
    """Return the part that a config names: layers and heads from 1, 0 for all of them.

    Args:
        config: section `part` of a run.

    Example:
        >>> part_of(PartConfig(layer=2, head=0, rows="all"))
        Part(layer=1, head=None, classify_row=False)
    """
    layer = config.layer - 1 if config.layer > 0 else config.layer or None
    return Part(layer, config.head - 1 if config.head else None, config.rows == "classify")


def take(
    attention: Float[Array, "layers S heads rows L"],
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
    attention: Float[Array, "layers S heads rows L"],
    given: PartOfAttention,
    part: Part,
    where: Bool[Array, "S L"],
) -> Float[Array, "layers S heads rows L"]:
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


def part_token_weights(
    settings: GPTSettings, attention: PartOfAttention, part: Part, inputs: Inputs
) -> Float[Array, "S L"]:
    """Return the weight of every position as the part's layers and heads see it from the end.

    A mean, over the layers and heads of the part, of the row of the classify token, whose
    state the task's layer reads; of a language model of the row that predicts the next token.
    What is on special tokens is left there: the weights of the tokens sum to less than 1.

    Args:
        settings: of the model.
        attention: of the part.
        part: which.
        inputs: the instance.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> settings = GPTSettings(vocabulary_size=9, head="classification")
        >>> inputs = gpt_inputs(settings, [[9, 11]])
        >>> weights = jnp.array([[[1.0, 0.0], [0.25, 0.75]], [[1.0, 0.0], [0.75, 0.25]]])
        >>> part_token_weights(settings, weights[None, None], ALL, inputs).tolist()
        [[0.5, 0.5]]
    """
    if not part.classify_row:
        row = Part(classify_row=True)
        attention = take(attention, row, read_mask(settings, inputs))
    return jnp.mean(attention[:, :, :, 0], axis=(0, 2))


def distributions_of(settings: GPTSettings, part: Part) -> Distributions:
    """Return how the weights of a part are read; see `attnjax.types.Distributions`.

    Args:
        settings: of the model.
        part: which.
    """

    def attendable(inputs: Inputs) -> Bool[Array, "1 S 1 1 L"]:
        return jnp.asarray(inputs.attendable)[None, :, None, None]

    def token_weights(attention: PartOfAttention, inputs: Inputs) -> Float[Array, "S L"]:
        return part_token_weights(settings, attention, part, inputs)

    return Distributions(attendable, token_weights)


def read_mask(settings: GPTSettings, inputs: Inputs) -> Bool[Array, "S L"]:
    """Return the position of each sequence whose last state decides the output.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> settings = GPTSettings(vocabulary_size=9)
        >>> read_mask(settings, gpt_inputs(settings, [[4, 5]], length=3)).tolist()
        [[False, True, False]]
    """
    if settings.head != "language_model":
        return classify_mask(settings, inputs)
    last = jnp.sum(jnp.asarray(inputs.mask), axis=-1) - 1
    return jax.nn.one_hot(last, inputs.token_ids.shape[-1], dtype=bool)
