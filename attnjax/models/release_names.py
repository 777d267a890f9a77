"""The released code's names and shapes for weights, and ours: one table for both directions."""

from collections.abc import Mapping
from typing import NamedTuple

from attnjax.config import ModelConfig
from attnjax.models.encoders import WIDTHS

EMBEDDING = "encoder.embedding.weight"
DIRECTIONS = ("", "_reverse")
LSTM_LEAVES = {
    "weight_ih_l0": "input_kernel",
    "weight_hh_l0": "recurrent_kernel",
    "bias_ih_l0": "input_bias",
    "bias_hh_l0": "recurrent_bias",
}


class Place(NamedTuple):
    """One array of the release and where it stands in our params.

    Attributes:
        shape: in the release; a kernel's output units come first there.
        path: keys in our params.
        transposed: whether the order of the axes is turned round.
        part: axis and index of our array that this is, or None for all of it.
    """

    shape: tuple[int, ...]
    path: tuple[str, ...]
    transposed: bool = True
    part: tuple[int, int] | None = None


def release_places(
    config: ModelConfig, *, vocabulary_size: int, num_classes: int
) -> dict[str, Place]:
    """Return every array that the release has for a model, by its state-dict name.

    Args:
        config: encoder, attention and sizes.
        vocabulary_size: rows of the embedding table.
        num_classes: 2 means one logit.

    Example:
        >>> from attnjax.config import ModelConfig
        >>> config = ModelConfig(encoder="average", embedding_size=6, hidden_size=4)
        >>> places = release_places(config, vocabulary_size=9, num_classes=2)
        >>> places["encoder.projection.weight"].shape
        (4, 6)
    """
    hidden, embedding = config.hidden_size, config.embedding_size
    width = 2 * hidden if config.encoder == "lstm" else hidden
    num_logits = 1 if num_classes == 2 else num_classes
    table = Place((vocabulary_size, embedding), ("embedding", "table"), transposed=False)
    encoder = {
        "lstm": _lstm_places,
        "cnn": _convolution_places,
        "average": _projection_places,
    }[config.encoder](hidden, embedding)
    return {
        EMBEDDING: table,
        **encoder,
        **_attention_places(config.attention, width),
        "decoder.linear_1.weight": Place((num_logits, width), ("decoder", "kernel")),
        "decoder.linear_1.bias": Place((num_logits,), ("decoder", "bias")),
    }


def _lstm_places(hidden: int, embedding: int) -> dict[str, Place]:
    gates = 4 * hidden
    places = {}
    for index, direction in enumerate(DIRECTIONS):
        for theirs, ours in LSTM_LEAVES.items():
            inputs = embedding if theirs == "weight_ih_l0" else hidden
            shape = (gates, inputs) if theirs.startswith("weight") else (gates,)
            # Our input kernel has the directions inside: one product then serves both.
            part = (1 if ours == "input_kernel" else 0, index)
            places[f"encoder.rnn.{theirs}{direction}"] = Place(shape, ("encoder", ours), part=part)
    return places


def _convolution_places(hidden: int, embedding: int) -> dict[str, Place]:
    filters = hidden // len(WIDTHS)
    places = {}
    for index, width in enumerate(WIDTHS):
        name, path = f"encoder.convolutions.{index}", ("encoder", f"width_{width}")
        places[f"{name}.weight"] = Place((filters, embedding, width), (*path, "kernel"))
        places[f"{name}.bias"] = Place((filters,), (*path, "bias"))
    return places


def _projection_places(hidden: int, embedding: int) -> dict[str, Place]:
    path = ("encoder", "projection")
    return {
        "encoder.projection.weight": Place((hidden, embedding), (*path, "kernel")),
        "encoder.projection.bias": Place((hidden,), (*path, "bias")),
    }


def _attention_places(attention: str, width: int) -> dict[str, Place]:
    half = max(1, width // 2)
    first, score = "decoder.attention.attn1.weight", ("attention", "score", "kernel")
    if attention == "additive":
        return {
            first: Place((half, width), ("attention", "hidden", "kernel")),
            "decoder.attention.attn1.bias": Place((half,), ("attention", "hidden", "bias")),
            "decoder.attention.attn2.weight": Place((1, half), score),
        }
    return {first: Place((1, width), score)} if attention == "dot" else {}


def model_config_of(shapes: Mapping[str, tuple[int, ...]]) -> ModelConfig | None:
    """Return the encoder, attention and sizes that names and shapes speak of.

    Sizes that cannot be told keep their default, so that a comparison with the expected
    arrays says what is wrong. Without any attention array the attention is `uniform`.

    Args:
        shapes: shapes by state-dict name.

    Returns:
        A config, or None where no encoder of ours has such names.

    Example:
        >>> model_config_of({"encoder.projection.bias": (32,)}).hidden_size
        32
    """
    if any(name.startswith("encoder.rnn.") for name in shapes):
        encoder, hidden = "lstm", _axis(shapes, "encoder.rnn.bias_ih_l0", 0, 512) // 4
    elif any(name.startswith("encoder.convolutions.") for name in shapes):
        encoder, hidden = "cnn", 4 * _axis(shapes, "encoder.convolutions.0.bias", 0, 32)
    elif any(name.startswith("encoder.projection.") for name in shapes):
        encoder, hidden = "average", _axis(shapes, "encoder.projection.bias", 0, 128)
    else:
        return None
    attention = "uniform"
    if "decoder.attention.attn2.weight" in shapes or "decoder.attention.attn1.bias" in shapes:
        attention = "additive"
    elif "decoder.attention.attn1.weight" in shapes:
        attention = "dot"
    return ModelConfig(
        encoder=encoder,
        attention=attention,
        embedding_size=_axis(shapes, EMBEDDING, 1, ModelConfig.embedding_size),
        hidden_size=hidden,
    )


def _axis(shapes: Mapping[str, tuple[int, ...]], name: str, axis: int, default: int) -> int:
    shape = shapes.get(name, ())
    return shape[axis] if len(shape) > axis else default
