"""What of a GPT's attention is perturbed: all of it, a layer, a head, or the classify row."""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.models.gpt.classify_row import RowSeams
from attnjax.models.gpt.heads import read_output
from attnjax.models.gpt.model import GPT
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.slices import (
    ALL,
    LAST_CLASSIFY_ROW,
    Part,
    PartOfAttention,
    classify_mask,
    classify_weights,
    distributions_of,
    part_of,
    put,
    take,
)
from attnjax.models.gpt.stack import run_given, run_traced
from attnjax.types import AttentionModel, Inputs, Output, Params, States

__all__ = [
    "ALL",
    "LAST_CLASSIFY_ROW",
    "Part",
    "classify_mask",
    "classify_weights",
    "part_of",
    "put",
    "restrict",
    "take",
]


@functools.lru_cache(maxsize=64)
def restrict(gpt: GPT, part: Part) -> AttentionModel:
    """Return a model whose attention is a part of a GPT's; the same for equal arguments.

    All other weights stay what the model gives for the unmodified input, also those of later
    layers, so its output is that of the whole model's `decode` for any weights on positions
    that exist. `encode` keeps what no weight of the part can change, so that a part of one
    layer is decoded from that layer on, and of a part of the classify row that row alone.
    There is no dropout, whatever the key: a part is explained, the whole model is trained.

    Args:
        gpt: the model.
        part: which weights `attend` gives and `decode` takes.

    Raises:
        ConfigError: for a layer or head that the model does not have.

    Example:
        >>> import jax
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
    seams = RowSeams if part.classify_row else LayerSeams
    made = seams(gpt.settings, part)
    return gpt.model._replace(
        encode=made.encode,
        attend=made.attend,
        decode=made.decode,
        distributions=distributions_of(gpt.settings, part),
    )


class LayerSeams(NamedTuple):
    """The functions of `AttentionModel` that a part of whole rows decides.

    Attributes:
        settings: of the model.
        part: which weights, of all rows.
    """

    settings: GPTSettings
    part: Part

    def encode(
        self,
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States:
        """Return the embeddings, and of a pass what every weight of the part leaves as it is."""
        del key
        first = self.part.first(self.settings.num_layers)
        trace = run_traced(self.settings, params["blocks"], embeddings)
        exists = jnp.asarray(inputs.mask)[None, :, None, :, None]
        attention = jnp.where(exists, trace.attention[first:], 0.0)
        return States(embeddings, kept=_Kept(trace.states[first], attention))

    def attend(
        self, params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> PartOfAttention:
        """Return the part's own weights."""
        del params, key
        return take(
            states.kept.attention, self.part.from_first, classify_mask(self.settings, inputs)
        )

    def decode(
        self,
        params: Params,
        states: States,
        attention: PartOfAttention,
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        """Return the output under any weights of the part."""
        del key
        kept, blocks = states.kept, params["blocks"]
        first = self.part.first(self.settings.num_layers)
        whole = put(
            kept.attention, attention, self.part.from_first, classify_mask(self.settings, inputs)
        )
        last = run_given(self.settings, blocks, kept.entering, whole, first=first)
        return read_output(self.settings, params, last, inputs)


class _Kept(NamedTuple):
    """What a pass leaves for all attentions that a part may be given.

    Attributes:
        entering: the states that enter the part's first layer: no weight of the part has
            touched them.
        attention: the model's own weights from that layer on.
    """

    entering: Float[Array, "S L D"]
    attention: Float[Array, "some_layers S heads L L"]


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
