"""The types that cross module boundaries, on one page.

Axis names used in every annotation of the package:

| axis | meaning |
| --- | --- |
| `B` | instances of a batch |
| `S` | sequences of one instance (1, the two orders of a pair, or the choices) |
| `L` | positions of a sequence, padding included |
| `E` | width of an embedding |
| `D` | width of an encoder state |
| `Q` | positions of a question, padding included |
| `C` | logits: 1 for two classes, else one per class; of an answer always one per class |
| `K` | candidates of an adversarial search |
| `P` | permutations |
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar, dataclass_transform

import chex
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

AnyArray = Array | np.ndarray
"""An array of a batch: NumPy while it is on the host, then on a device."""

Params = Any
"""A pytree of arrays: the weights of a model, under the model's own names."""

Attention = Any
"""A pytree of distributions over the last axis; `[L]` for every classifier here."""


_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def pytree(cls: type[_Class]) -> type[_Class]:
    """Make a frozen chex dataclass, in a way that type checkers understand."""
    return chex.dataclass(cls, frozen=True, mappable_dataclass=False)  # pyright: ignore[reportReturnType]


@pytree
class Inputs:
    """Everything a model reads about one instance (or, with a leading axis, a batch).

    Attributes:
        token_ids: vocabulary ids, start and end included, padded with 0.
        mask: positions that exist, i.e. what an encoder reads.
        attendable: where attention may go and over which statistics are taken: real
            tokens, not start, end or padding.
        label: the class, from 0; -1 where it is not known.
        instance_id: what the randomness of this instance is keyed by; -1 for a row that
            only fills a batch.
        guide: a distribution over positions that training may pull the attention to or
            push it away from, or that is the attention; or None.
        reference: the class distribution of another model, which training may stay close
            to, or None.
        marked: positions that training may keep attention away from, or None.
        question: token ids of a question, or None.
        question_mask: positions of the question that exist, or None.
        candidates: which classes are possible answers, or None where all are.
    """

    token_ids: Int[AnyArray, "*B S L"]
    mask: Bool[AnyArray, "*B S L"]
    attendable: Bool[AnyArray, "*B S L"]
    label: Int[AnyArray, "*B"]
    instance_id: Int[AnyArray, "*B"]
    guide: Float[AnyArray, "*B L"] | None = None
    reference: Float[AnyArray, "*B classes"] | None = None
    marked: Bool[AnyArray, "*B L"] | None = None
    question: Int[AnyArray, "*B Q"] | None = None
    question_mask: Bool[AnyArray, "*B Q"] | None = None
    candidates: Bool[AnyArray, "*B C"] | None = None


class Batch(NamedTuple):
    """Instances of one padded length; rows with `valid` False only fill the batch."""

    inputs: Inputs
    valid: Bool[AnyArray, " B"]


class States(NamedTuple):
    """What an encoder makes of one instance.

    Attributes:
        tokens: a state of every position.
        context: the encoded question, or None.
        kept: what else of the instance a model's own `attend` and `decode` share, or None.
    """

    tokens: Float[Array, "S L D"]
    context: Float[Array, " D"] | None = None
    kept: Any = None


class Output(NamedTuple):
    """What a decoder makes of states and attention."""

    logits: Float[Array, " C"]
    token_logits: Float[Array, "S L V"] | None = None


class Readout(NamedTuple):
    """The decoder as an affine map: `logits = attention @ values + bias`."""

    values: Float[Array, "L C"]
    bias: Float[Array, " C"]


class EmbedFn(Protocol):
    """Params and inputs to embeddings: the place where gradients are taken."""

    def __call__(
        self, params: Params, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "S L E"]: ...


class EncodeFn(Protocol):
    """Embeddings to states."""

    def __call__(
        self,
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States: ...


class AttendFn(Protocol):
    """States to the model's own attention."""

    def __call__(
        self, params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Attention: ...


class DecodeFn(Protocol):
    """States and any attention to the output."""

    def __call__(
        self,
        params: Params,
        states: States,
        attention: Attention,
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output: ...


class Deletion(NamedTuple):
    """How to encode a text without one of its tokens, doing the shared work once.

    Attributes:
        read: params, embeddings and inputs of ONE instance to what all its deletions share.
        encode: params, that of several instances (stacked), the row of one of them and the
            position of the deleted token, to the states of the shortened text: those
            behind the position move up by one. It looks up of a row what it needs, so
            that nothing is copied for each deletion.
    """

    read: Callable[[Params, Float[Array, "S L E"], Inputs], Any]
    encode: Callable[[Params, Any, Int[Array, ""], Int[Array, ""]], States]


class Distributions(NamedTuple):
    """How an attention that is not one distribution over the tokens of a text is read.

    Both functions are written for ONE instance.

    Attributes:
        attendable: of the inputs, which positions are tokens of the sequence that each
            distribution is over: a tree like the attention, leaves that broadcast to its own.
        token_weights: of any attention and the inputs, one weight for every position: what
            "the attention" of an instance means where tokens are ranked or shown.
    """

    attendable: Callable[[Inputs], Attention]
    token_weights: Callable[[Attention, Inputs], Float[Array, "S L"]]


def no_preparation(params: Params, key: Key[Array, ""] | None) -> Params:
    """Return the params unchanged: the `prepare` of a model without per-step noise."""
    del key
    return params


class AttentionModel(NamedTuple):
    """A model with attention, as the pure functions that explain or attack it.

    Every function is written for ONE instance and vmapped outside; `key=None` means
    deterministic. `prepare` runs once a training step, outside the vmap.

    Attributes:
        init: key and one instance's inputs to params.
        embed: params and inputs to embeddings.
        encode: params, embeddings and inputs to states.
        attend: params, states and inputs to attention.
        decode: params, states, attention and inputs to the output; the attention need
            not be the model's own.
        readout: params, states and inputs to `Readout`, for models whose logits are
            affine in the attention; None for the others.
        prepare: params and the step's key to the params of that step.
        deletion: a faster way to the states of a text that has lost a token, with the same
            result; None where such a text is encoded afresh, and for models that read
            several sequences.
        forward: params and inputs to the same output as `decode` under the model's own
            attention, where one pass is cheaper than two; or None.
        distributions: how the attention is read where it is not one `[L]`; None where it is.
    """

    init: Callable[[Key[Array, ""], Inputs], Params]
    embed: EmbedFn
    encode: EncodeFn
    attend: AttendFn
    decode: DecodeFn
    readout: Callable[[Params, States, Inputs], Readout] | None = None
    prepare: Callable[[Params, Key[Array, ""] | None], Params] = no_preparation
    deletion: Deletion | None = None
    forward: Callable[[Params, Inputs], Output] | None = None
    distributions: Distributions | None = None
