"""The weights of an LSTM in a GPT's framework as named arrays, and from these into its params."""

import numpy as np

from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights_names import HEADS, TOKENS, head_shapes
from attnjax.types import Params

LSTM = {
    "lstm.kernel": ("lstm", "kernel"),
    "lstm.bias": ("lstm", "bias"),
    "output.kernel": ("output", "kernel"),
    "output.bias": ("output", "bias"),
}
"""Our names of its arrays and where they are in its params; nobody else has such a file."""


def lstm_shapes(settings: GPTSettings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array but those of a task.

    Args:
        settings: of the model.

    Example:
        >>> lstm_shapes(GPTSettings(vocabulary_size=5, width=4, lstm_units=6))["lstm.bias"]
        (24,)
    """
    units, width = settings.lstm_units, settings.width
    return {
        TOKENS: (settings.num_tokens, width),
        "lstm.kernel": (width + units, 4 * units),
        "lstm.bias": (4 * units,),
        "output.kernel": (units, width),
        "output.bias": (width,),
    }


def lstm_arrays(params: Params, settings: GPTSettings) -> dict[str, np.ndarray]:
    """Return an LSTM's weights by name.

    Args:
        params: of the model.
        settings: of the model.
    """
    arrays = {TOKENS: np.asarray(params["table"])}
    arrays |= {name: np.asarray(params[part][leaf]) for name, (part, leaf) in LSTM.items()}
    if names := HEADS[settings.head]:
        kernel, bias = names
        arrays[kernel] = np.ascontiguousarray(np.asarray(params["head"]["kernel"]).T)
        arrays[bias] = np.asarray(params["head"]["bias"])
    return arrays


def lstm_params(
    arrays: dict[str, np.ndarray], settings: GPTSettings, initial: Params
) -> tuple[Params, list[str]]:
    """Return initial params with an LSTM's weights in place of their own, and what stayed.

    Args:
        arrays: by the names of `lstm_arrays`; the table may lack the special tokens.
        settings: of the model.
        initial: its params, of a model of the same width and units.
    """
    table = np.array(initial["table"])
    tokens = arrays[TOKENS]
    table[: len(tokens)] = tokens
    params: Params = {"table": table, "lstm": {}, "output": {}, "head": initial["head"]}
    for name, (part, leaf) in LSTM.items():
        params[part][leaf] = arrays[name]
    fresh = [] if len(tokens) == settings.num_tokens else ["special tokens"]
    shapes = head_shapes(settings)
    if shapes and all(name in arrays and arrays[name].shape == shapes[name] for name in shapes):
        kernel, bias = (arrays[name] for name in shapes)
        params["head"] = {"kernel": kernel.T, "bias": bias}
    elif shapes:
        fresh.append("task layer")
    return params, fresh
