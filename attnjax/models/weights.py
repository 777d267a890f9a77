"""Weights of the papers' released code to our params, and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from attnjax.config import ModelConfig
from attnjax.errors import WeightsError
from attnjax.models.checked_arrays import array_problems, listed
from attnjax.models.release_files import load_release_weights
from attnjax.models.release_names import EMBEDDING, model_config_of, release_places
from attnjax.types import Params

__all__ = [
    "load_release_weights",
    "model_config_from_release",
    "params_from_release",
    "params_to_release",
]


def model_config_from_release(state: Mapping[str, np.ndarray]) -> ModelConfig:
    """Return the encoder, attention and sizes of released weights.

    Args:
        state: arrays by state-dict name.

    Raises:
        WeightsError: for names of no encoder of ours.

    Example:
        >>> import numpy as np
        >>> model_config_from_release({"encoder.projection.bias": np.zeros(32)}).encoder
        'average'
    """
    config = model_config_of({name: array.shape for name, array in state.items()})
    if config is None:
        raise WeightsError(
            "weights",
            found=listed(state) or "no array",
            expected="names of the released code, such as encoder.rnn.weight_ih_l0 (lstm), "
            "encoder.convolutions.0.weight (cnn) or encoder.projection.weight (average)",
            action="give a state dict of the released code's encoder and decoder",
        )
    return config


def params_from_release(
    state: Mapping[str, np.ndarray],
    config: ModelConfig,
    *,
    vocabulary_size: int,
    num_classes: int,
) -> Params:
    """Return the params of `build_model` with the released code's weights.

    Args:
        state: arrays by state-dict name.
        config: the model that they are for.
        vocabulary_size: rows of its embedding table.
        num_classes: classes of its data.

    Raises:
        WeightsError: naming every array that is missing, too many, of another shape or not
            finite, or the encoder or attention where that is another one.

    Example:
        >>> import jax
        >>> from attnjax.models.build import build_model
        >>> from attnjax.models.inputs import single_inputs
        >>> config = ModelConfig(encoder="average", embedding_size=6, hidden_size=4)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = model.init(jax.random.key(0), single_inputs([2, 7, 3]))
        >>> again = params_from_release(
        ...     params_to_release(params), config, vocabulary_size=9, num_classes=2
        ... )
        >>> bool((again["embedding"]["table"] == params["embedding"]["table"]).all())
        True
    """
    _check_kind(model_config_from_release(state), config)
    places = release_places(config, vocabulary_size=vocabulary_size, num_classes=num_classes)
    _check_arrays(state, {name: place.shape for name, place in places.items()})
    params: dict[str, Any] = {"attention": {}}
    for name, place in places.items():
        array = np.asarray(state[name], np.float32)
        inner = params
        for key in place.path[:-1]:
            inner = inner.setdefault(key, {})
        inner.setdefault(place.path[-1], []).append(
            (array.T if place.transposed else array, place.part)
        )
    return jax.tree.map(_joined, params, is_leaf=lambda node: isinstance(node, list))


def _joined(parts: list[tuple[np.ndarray, tuple[int, int] | None]]) -> Array:
    """Return one of our arrays from those of the release that make it up, in order."""
    first, part = parts[0]
    if part is None:
        return jnp.asarray(first)
    return jnp.stack([array for array, _ in parts], axis=part[0])


def params_to_release(params: Params) -> dict[str, np.ndarray]:
    """Return arrays under the released code's names: the inverse of `params_from_release`.

    Args:
        params: those of a model of `build_model` that answers no questions.

    Example:
        >>> import jax
        >>> from attnjax.models.build import build_model
        >>> from attnjax.models.inputs import single_inputs
        >>> config = ModelConfig(encoder="average", embedding_size=6, hidden_size=4)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> params = model.init(jax.random.key(0), single_inputs([2, 7, 3]))
        >>> params_to_release(params)["encoder.projection.weight"].shape
        (4, 6)
    """
    num_logits = params["decoder"]["bias"].shape[0]
    places = release_places(
        _config_of_params(params),
        vocabulary_size=params["embedding"]["table"].shape[0],
        num_classes=max(2, num_logits),
    )
    state = {}
    for name, place in places.items():
        leaf = params
        for key in place.path:
            leaf = leaf[key]
        array = np.asarray(leaf)
        if place.part is not None:
            axis, index = place.part
            array = array.take(index, axis=axis)
        state[name] = np.ascontiguousarray(array.T if place.transposed else array)
    return state


def _config_of_params(params: Params) -> ModelConfig:
    encoder, attention = params["encoder"], params["attention"]
    if "recurrent_kernel" in encoder:
        kind, hidden = "lstm", encoder["recurrent_kernel"].shape[1]
    elif "projection" in encoder:
        kind, hidden = "average", encoder["projection"]["bias"].shape[0]
    else:
        kind, hidden = "cnn", sum(layer["bias"].shape[0] for layer in encoder.values())
    return ModelConfig(
        encoder=kind,
        attention="additive" if "hidden" in attention else "dot" if attention else "uniform",
        embedding_size=params["embedding"]["table"].shape[1],
        hidden_size=hidden,
    )


def _check_kind(found: ModelConfig, config: ModelConfig) -> None:
    """Refuse another encoder or attention before comparing arrays, which would all differ."""
    # Uniform and random attention have no arrays and cannot be told apart.
    blind = ("uniform", "random")
    attention = config.attention
    if found.attention in blind and attention in blind:
        found = dataclasses.replace(found, attention=attention)
    for field in ("encoder", "attention"):
        theirs, ours = getattr(found, field), getattr(config, field)
        if theirs != ours:
            raise WeightsError(
                "config.model.weights",
                found=f"weights of the {field} {theirs!r}",
                expected=f"{ours!r}, config.model.{field}",
                action=f"set --config.model.{field}={theirs}, or name other weights",
            )


def _check_arrays(state: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise one error about every array that does not fit."""
    found = array_problems(state, shapes)
    if not found:
        return
    raise WeightsError(
        "config.model.weights",
        found="; ".join(found),
        expected=f"exactly the {len(shapes)} arrays of this model, each of its shape",
        action=_advice(state, shapes),
    )


def _advice(state: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> str:
    table = state.get(EMBEDDING)
    if table is not None and table.ndim == 2 and table.shape[0] != shapes[EMBEDDING][0]:
        return (
            f"the weights know {table.shape[0]} words and the data's vocabulary has "
            f"{shapes[EMBEDDING][0]}: give the weights' own with --config.data.vocabulary=FILE"
        )
    return "set config.model's sizes to those of the weights, or name other weights"
