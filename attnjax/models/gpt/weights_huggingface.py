"""Hugging Face's layout of a GPT-1: `config.json` and `model.safetensors`, read and written."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.errors import UserError, WeightsError, raise_all
from attnjax.models.checked_arrays import array_problems
from attnjax.models.gpt.block import EPSILON
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights import export
from attnjax.models.gpt.weights_lstm import lstm_shapes
from attnjax.models.gpt.weights_names import (
    CHOICE,
    HEADS,
    OUTPUT,
    SCORE,
    TOKENS,
    Pretrained,
    body_shapes,
    head_shapes,
    plain_names,
)
from attnjax.models.release_files import load_release_weights
from attnjax.types import Params

CONFIG = "config.json"
ARRAYS = "model.safetensors"
MODEL_TYPE = "openai-gpt"

SIZES = {
    "vocab_size": 40478,
    "n_positions": 512,
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "num_special": 0,
    "lstm_units": 0,
}
"""Whole numbers of a config and their values where it is silent; the last two are our own."""

RATES = {
    "embd_pdrop": "embedding_dropout",
    "attn_pdrop": "attention_dropout",
    "resid_pdrop": "residual_dropout",
    "summary_first_dropout": "classifier_dropout",
}
"""Rates of dropout of a config, and ours."""

OURS = "attnjax-lstm"
"""What an LSTM in a GPT's framework is called: nobody else reads it."""

FIXED = {"model_type": MODEL_TYPE, "afn": "gelu", "layer_norm_epsilon": EPSILON}
"""What a config must say; `gelu` is the tanh form here."""

ARCHITECTURES = {
    "language_model": "OpenAIGPTLMHeadModel",
    "classification": "OpenAIGPTForSequenceClassification",
    "similarity": "OpenAIGPTModel",  # theirs has no model of pairs
    "multiple_choice": "OpenAIGPTDoubleHeadsModel",
}


def read_huggingface(folder: Path | str) -> Pretrained:
    """Read a folder of an `openai-gpt` model.

    A task's layer is read where there is one. Rows for special tokens are told from those
    of the vocabulary by `num_special` in the config, which `write_huggingface` puts there.

    Args:
        folder: with `config.json` and `model.safetensors`.

    Raises:
        WeightsError: naming everything in the config that does not fit, or every array
            that is missing, too many, of another shape or not finite.

    Source: the package transformers, its OpenAI GPT.
    """
    folder = Path(folder)
    settings = _settings_of(folder / CONFIG)
    path = folder / ARRAYS
    if not path.is_file() and (others := sorted(p.name for p in folder.glob("pytorch_model*"))):
        raise _error(
            path,
            f"no such file, but {others[0]}",
            "weights as safetensors: to load a pickle is to run what is in it",
            "save the model with safe_serialization=True where you trust the file",
        )
    arrays = plain_names(load_release_weights(path))
    output = arrays.pop(OUTPUT, None)
    if output is not None:
        arrays.setdefault(TOKENS, output)  # tied weights are in a file once, under either name
    settings = _with_head(settings, arrays)
    shapes = _body_shapes(settings) | head_shapes(settings)
    if SCORE[0] in arrays:
        # Theirs has no bias.
        arrays.setdefault(SCORE[1], np.zeros(settings.num_logits, np.float32))
    if problems := array_problems(arrays, shapes, most=len(shapes)):
        expected = f"exactly the {len(shapes)} arrays of its {CONFIG}"
        raise _error(path, "; ".join(problems), expected, "copy both files again")
    if output is not None and not np.array_equal(output, arrays[TOKENS]):
        raise _error(path, f"another {OUTPUT} than {TOKENS}", "one table", "name other weights")
    return Pretrained(settings, {n: np.asarray(arrays[n], np.float32) for n in shapes})


def _error(path: Path, found: str, expected: str, action: str) -> WeightsError:
    return WeightsError(str(path), found=found, expected=expected, action=action)


def _body_shapes(settings: GPTSettings) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all arrays but a task's."""
    return lstm_shapes(settings) if settings.lstm_units else body_shapes(settings)


def _with_head(settings: GPTSettings, arrays: dict[str, np.ndarray]) -> GPTSettings:
    """Return the settings with the head whose kernel is there."""
    if SCORE[0] in arrays:
        num_logits = len(arrays[SCORE[0]])
        return dataclasses.replace(settings, head="classification", num_logits=num_logits)
    if CHOICE[0] in arrays:
        return dataclasses.replace(settings, head="multiple_choice")
    return settings


def _settings_of(path: Path) -> GPTSettings:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise _error(path, reason, "the config of a model", "copy it again") from error
    if not isinstance(content, dict):
        raise _error(path, "no JSON object", "the config of a model", "copy it again")
    errors: list[UserError] = []
    kind = OURS if content.get("lstm_units") else MODEL_TYPE
    for name, expected in (FIXED | {"model_type": kind}).items():
        if content.get(name, expected) != expected:
            found = f"{name} {content[name]!r}"
            errors.append(_error(path, found, repr(expected), "name weights of a GPT-1"))
    sizes = {name: content.get(name, default) for name, default in SIZES.items()}
    for name, value in sizes.items():
        least = 0 if name in ("num_special", "lstm_units") else 1
        if type(value) is not int or value < least:
            expected = f"a whole number of at least {least}"
            errors.append(_error(path, f"{name} {value!r}", expected, "correct it"))
    rates = {ours: content.get(name, 0.1) for name, ours in RATES.items()}
    for name, ours in RATES.items():
        if type(rates[ours]) not in (int, float) or not 0 <= rates[ours] < 1:
            errors.append(_error(path, f"{name} {rates[ours]!r}", "a rate in [0, 1)", "correct it"))
    raise_all(errors)
    return GPTSettings(
        vocabulary_size=sizes["vocab_size"] - sizes["num_special"],
        num_special=sizes["num_special"],
        context=sizes["n_positions"],
        num_layers=sizes["n_layer"],
        num_heads=sizes["n_head"],
        width=sizes["n_embd"],
        lstm_units=sizes["lstm_units"],
        mode="standard",
        **rates,
    )


def write_huggingface(folder: Path | str, params: Params, settings: GPTSettings) -> None:
    """Write a model in Hugging Face's layout, special tokens as rows of the vocabulary.

    Their classification has no bias: ours is written under a name that they ignore, so
    their logits lack it.

    Args:
        folder: made where it does not exist.
        params: of the model.
        settings: of the model.

    Raises:
        WeightsError: if one of the two files is there already.

    Example:
        >>> import jax, tempfile
        >>> from attnjax.models.gpt.model import init_params
        >>> settings = GPTSettings(vocabulary_size=5, context=4, num_layers=1, num_heads=1,
        ...                        width=2, mode="standard")
        >>> params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_huggingface(folder, params, settings)
        >>> read_huggingface(folder).settings == settings
        True
    """
    from safetensors.numpy import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    there = [name for name in (CONFIG, ARRAYS) if (folder / name).exists()]
    if there:
        raise _error(folder, f"{there[0]} already there", "an empty folder", "name another one")
    body = set(_body_shapes(settings))
    state = {
        # The layers of tasks are beside the transformer, not in it.
        f"transformer.{name}" if name in body else name: np.ascontiguousarray(array)
        for name, array in export(params, settings).arrays.items()
    }
    _replace(folder / ARRAYS, lambda path: save_file(state, path, metadata={"format": "pt"}))
    text = json.dumps(_config_of(settings), indent=2) + "\n"
    _replace(folder / CONFIG, lambda path: path.write_text(text, encoding="utf-8"))


def _replace(path: Path, write: Any) -> None:
    """Write beside a file, then rename: what has the name is whole."""
    beside = path.with_name(path.name + ".part")
    write(beside)
    os.replace(beside, path)


def _config_of(settings: GPTSettings) -> dict[str, Any]:
    config: dict[str, Any] = {
        "architectures": [ARCHITECTURES[settings.head]],
        **FIXED,
        "vocab_size": settings.num_tokens,
        "num_special": settings.num_special,
        "n_positions": settings.context,
        "n_embd": settings.width,
        "n_layer": settings.num_layers,
        "n_head": settings.num_heads,
        "initializer_range": 0.02,
        **{name: getattr(settings, ours) for name, ours in RATES.items()},
    }
    if settings.lstm_units:
        config |= {"model_type": OURS, "lstm_units": settings.lstm_units}
    if HEADS[settings.head] == CHOICE:
        # One logit a choice: their layer has as many outputs as there are labels.
        return config | {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    if HEADS[settings.head] == SCORE:
        labels = {str(i): f"LABEL_{i}" for i in range(settings.num_logits)}
        return config | {"id2label": labels, "label2id": {v: int(k) for k, v in labels.items()}}
    return config
