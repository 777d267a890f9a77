"""From a flax module to a model: its methods as pure functions of its params."""

from typing import Any

import flax.linen as nn
from jaxtyping import Array, Float, Int, Key

from attnjax.types import AttentionModel, Deletion, Inputs, Output, Params, Readout, States


def as_attention_model(module: nn.Module, *, affine: bool) -> AttentionModel:
    """Return the methods of a flax classifier as pure functions of its params.

    Args:
        module: `Classifier`, `QuestionClassifier`, or one of your own, unbound. It has the
            methods `embed(inputs, key)`, `encode(embeddings, inputs, key)`,
            `attend(states, inputs)` and `decode(states, attention, inputs, key)`.
        affine: whether its logits are affine in the attention; then it has the method
            `readout(states)` too.

    Returns:
        A new model each time: its functions are not equal to those of an earlier call.

    Example:
        >>> from attnjax.models.attention import DotAttention
        >>> from attnjax.models.classifier import Classifier
        >>> from attnjax.models.encoders import Average
        >>> module = Classifier(Average(4), DotAttention(), 9, 6, 1)
        >>> as_attention_model(module, affine=True).readout is None
        False
    """

    def init(key: Key[Array, ""], inputs: Inputs) -> Params:
        # Attention without weights still has its key, on which training's groups rely.
        return {"attention": {}, **module.init(key, inputs)["params"]}

    def apply(params: Params, method: str, *values: Any) -> Any:
        return module.apply({"params": params}, *values, method=method)

    def embed(
        params: Params, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, "S L E"]:
        return apply(params, "embed", inputs, key)

    def encode(
        params: Params,
        embeddings: Float[Array, "S L E"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> States:
        return apply(params, "encode", embeddings, inputs, key)

    def attend(
        params: Params, states: States, inputs: Inputs, *, key: Key[Array, ""] | None = None
    ) -> Float[Array, " L"]:
        del key
        return apply(params, "attend", states, inputs)

    def decode(
        params: Params,
        states: States,
        attention: Float[Array, " L"],
        inputs: Inputs,
        *,
        key: Key[Array, ""] | None = None,
    ) -> Output:
        return apply(params, "decode", states, attention, inputs, key)

    def readout(params: Params, states: States, inputs: Inputs) -> Readout:
        del inputs
        return apply(params, "readout", states)

    return AttentionModel(init, embed, encode, attend, decode, readout if affine else None)


def deletion_of(classifier: nn.Module) -> Deletion:
    """Return how a flax classifier with one of the encoders of `encoders` deletes a token.

    Args:
        classifier: `Classifier` or `QuestionClassifier`, unbound; it has the methods `read`
            and `encode_without`.

    Returns:
        The `deletion` of its `AttentionModel`.
    """

    def apply(params: Params, method: str, *values: Any) -> Any:
        return classifier.apply({"params": params}, *values, method=method)

    def read(params: Params, embeddings: Float[Array, "S L E"], inputs: Inputs) -> Any:
        return apply(params, "read", embeddings, inputs)

    def encode(
        params: Params, readings: Any, row: Int[Array, ""], position: Int[Array, ""]
    ) -> States:
        return apply(params, "encode_without", readings, row, position)

    return Deletion(read, encode)
