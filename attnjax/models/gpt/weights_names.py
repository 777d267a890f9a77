"""The one table of a GPT's arrays: our paths, Hugging Face's names, shapes, release's order."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from attnjax.models.gpt.settings import GPTSettings

TOKENS = "tokens_embed.weight"
POSITIONS = "positions_embed.weight"
OUTPUT = "lm_head.weight"
"""The table of tokens once more, in files that do not know that they are the same."""

SCORE = ("score.weight", "score.bias")
CHOICE = ("multiple_choice_head.summary.weight", "multiple_choice_head.summary.bias")
"""Kernel and bias of a task's layer; Hugging Face's kernels are `[outputs, inputs]` here."""

HEADS = {
    "language_model": (),
    "classification": SCORE,
    "similarity": SCORE,
    "multiple_choice": CHOICE,
}

BUFFER = re.compile(r"(h\.\d+\.attn\.(bias|masked_bias)|position_ids)")
"""Constants that old files hold beside the weights."""


class Place(NamedTuple):
    """Where an array of a block is in our params, and its shape in one block.

    Attributes:
        path: below `blocks`.
        widths: its shape in widths of the model.
    """

    path: tuple[str, str]
    widths: tuple[int, ...]


BLOCK = {
    "attn.c_attn.weight": Place(("qkv", "kernel"), (1, 3)),
    "attn.c_attn.bias": Place(("qkv", "bias"), (3,)),
    "attn.c_proj.weight": Place(("attention_output", "kernel"), (1, 1)),
    "attn.c_proj.bias": Place(("attention_output", "bias"), (1,)),
    "ln_1.weight": Place(("attention_norm", "scale"), (1,)),
    "ln_1.bias": Place(("attention_norm", "bias"), (1,)),
    "mlp.c_fc.weight": Place(("expand", "kernel"), (1, 4)),
    "mlp.c_fc.bias": Place(("expand", "bias"), (4,)),
    "mlp.c_proj.weight": Place(("contract", "kernel"), (4, 1)),
    "mlp.c_proj.bias": Place(("contract", "bias"), (1,)),
    "ln_2.weight": Place(("mlp_norm", "scale"), (1,)),
    "ln_2.bias": Place(("mlp_norm", "bias"), (1,)),
}
"""Arrays of a block by Hugging Face's name, in the order in which the release has them."""


class Pretrained(NamedTuple):
    """Weights as a file has them.

    Attributes:
        settings: of the model that they are of; `num_special` counts the special tokens
            among the rows of the file.
        arrays: by Hugging Face's names without `transformer.`.
    """

    settings: GPTSettings
    arrays: dict[str, np.ndarray]


def body_shapes(settings: GPTSettings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array but those of a task, in the release's order.

    Args:
        settings: of the model.

    Example:
        >>> shapes = body_shapes(GPTSettings(num_special=0))
        >>> len(shapes), sum(np.prod(shape) for shape in shapes.values()).item()
        (146, 116534784)
    """
    width = settings.width
    shapes: dict[str, tuple[int, ...]] = {
        POSITIONS: (settings.context, width),
        TOKENS: (settings.num_tokens, width),
    }
    for layer in range(settings.num_layers):
        for name, place in BLOCK.items():
            shapes[f"h.{layer}.{name}"] = tuple(width * times for times in place.widths)
    return shapes


def head_shapes(settings: GPTSettings) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of the model's task.

    Args:
        settings: of the model.

    Example:
        >>> head_shapes(GPTSettings(head="classification", width=12))
        {'score.weight': (2, 12), 'score.bias': (2,)}
    """
    names = HEADS[settings.head]
    if not names:
        return {}
    num_logits = 1 if settings.head == "multiple_choice" else settings.num_logits
    return {names[0]: (num_logits, settings.width), names[1]: (num_logits,)}


def plain_names(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays without the prefix of their names and without constants.

    Args:
        state: by the names of a Hugging Face file.

    Example:
        >>> names = ("transformer.h.0.attn.bias", "transformer.h.0.ln_1.bias")
        >>> list(plain_names({name: np.zeros(1) for name in names}))
        ['h.0.ln_1.bias']
    """
    plain = {name.removeprefix("transformer."): array for name, array in state.items()}
    return {name: array for name, array in plain.items() if not BUFFER.fullmatch(name)}
