"""Pretrained weights into the params of a GPT, as many layers as are wanted, and out again."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.errors import UserError, WeightsError, raise_all
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights_lstm import LSTM, lstm_arrays, lstm_params
from attnjax.models.gpt.weights_names import (
    BLOCK,
    HEADS,
    POSITIONS,
    TOKENS,
    Pretrained,
    head_shapes,
)
from attnjax.types import Params


class Transferred(NamedTuple):
    """Params after a transfer, and what it did not touch.

    Attributes:
        params: of the model.
        fresh: what kept its initial values.
        unused: arrays of the file that the model has no place for, or was not to have.
    """

    params: Params
    fresh: tuple[str, ...]
    unused: tuple[str, ...]


def transfer(
    pretrained: Pretrained,
    settings: GPTSettings,
    params: Params,
    *,
    num_layers: int | None = None,
) -> Transferred:
    """Return initial params with pretrained weights in place of their own.

    The table's rows for tokens and positions come from the file (positions cut to the
    model's context), those for special tokens too where the file has them, and the first
    blocks. The task's layer comes from the file where it has one of the same kind and size.

    Args:
        pretrained: what `read_release` or `read_huggingface` gives.
        settings: of the model.
        params: initial ones, as `init` gives them.
        num_layers: how many blocks are transferred; 0 for the table alone, -1 for nothing
            at all, None for every block of the model.

    Raises:
        WeightsError: naming every size that does not fit.

    Source: Radford et al. (2018), section 5 and figure 2; the released code's `n_transfer`.

    Example:
        >>> import jax
        >>> from attnjax.models.gpt.model import init_params
        >>> settings = GPTSettings(vocabulary_size=5, context=4, num_layers=2, num_heads=1,
        ...                        width=2)
        >>> old = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
        >>> new = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(1))
        >>> found = transfer(export(old, settings), settings, new, num_layers=1)
        >>> same = found.params["blocks"]["qkv"]["kernel"] == old["blocks"]["qkv"]["kernel"]
        >>> same.all(axis=(1, 2)).tolist(), found.fresh
        ([True, False], ('block 1',))
    """
    if num_layers == -1:
        return _nothing(pretrained, settings, params)
    if settings.lstm_units:
        return _lstm(pretrained, settings, params, num_layers)
    count = settings.num_layers if num_layers is None else num_layers
    _check_sizes(pretrained.settings, settings, count)
    arrays = pretrained.arrays
    special = _has_special(pretrained.settings, settings)
    fresh = [] if special or not settings.num_special else ["special tokens"]
    fresh += [f"block {layer}" for layer in range(count, settings.num_layers)]
    used = {TOKENS, POSITIONS}
    used |= {f"h.{layer}.{name}" for layer in range(count) for name in BLOCK}
    head = params["head"]
    names = HEADS[settings.head]
    if names and _fits(pretrained, settings):
        head = _head(arrays, names)
        used |= set(names)
    elif names:
        fresh.append("task layer")
    new = {
        "table": _table(arrays, settings, params["table"], special),
        "blocks": _blocks(arrays, params["blocks"], count),
        "head": head,
    }
    return Transferred(new, tuple(fresh), tuple(name for name in arrays if name not in used))


def _lstm(
    pretrained: Pretrained, settings: GPTSettings, params: Params, num_layers: int | None
) -> Transferred:
    """Return the params of an LSTM, which is transferred whole."""
    if num_layers is not None:
        raise _error("num_transferred", f"{num_layers} layers of an LSTM", "all of it, or -1")
    _check_sizes(pretrained.settings, settings, 0)
    new, fresh = lstm_params(pretrained.arrays, settings, params)
    used = {TOKENS, *LSTM, *HEADS[settings.head]}
    unused = tuple(name for name in pretrained.arrays if name not in used)
    return Transferred(jax.tree.map(jnp.asarray, new), tuple(fresh), unused)


def _nothing(pretrained: Pretrained, settings: GPTSettings, params: Params) -> Transferred:
    count = 1 if settings.lstm_units else settings.num_layers
    blocks = tuple(f"block {layer}" for layer in range(count))
    head = ("task layer",) if params["head"] else ()
    return Transferred(params, ("table", *blocks, *head), tuple(pretrained.arrays))


def _check_sizes(theirs: GPTSettings, ours: GPTSettings, num_layers: int) -> None:
    errors: list[UserError] = []
    for name, found, expected in (
        ("width", theirs.width, ours.width),
        ("num_heads", theirs.num_heads, ours.num_heads),
        ("vocabulary_size", theirs.vocabulary_size, ours.vocabulary_size),
        ("lstm_units", theirs.lstm_units, ours.lstm_units),
    ):
        if found != expected:
            errors.append(_error(name, f"weights of {found}", str(expected)))
    # An LSTM has no rows of positions.
    if theirs.context < ours.context and not ours.lstm_units:
        errors.append(
            _error("context", f"weights of {theirs.context} positions", f"{ours.context} or more")
        )
    most = min(theirs.num_layers, ours.num_layers)
    if not 0 <= num_layers <= most:
        expected = f"-1 to {most}: the weights have {theirs.num_layers} layers and the model "
        expected += str(ours.num_layers)
        errors.append(_error("num_transferred", f"{num_layers} layers to transfer", expected))
    raise_all(errors)


def _error(name: str, found: str, expected: str) -> WeightsError:
    return WeightsError(
        f"weights, {name}",
        found=found,
        expected=expected,
        action="set the model's sizes to those of the weights, or name other weights",
    )


def _has_special(theirs: GPTSettings, ours: GPTSettings) -> bool:
    return theirs.num_special == ours.num_special > 0


def _fits(pretrained: Pretrained, settings: GPTSettings) -> bool:
    shapes = head_shapes(settings)
    return all(
        name in pretrained.arrays and pretrained.arrays[name].shape == shape
        for name, shape in shapes.items()
    )


def _head(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> Params:
    kernel, bias = (jnp.asarray(arrays[name], jnp.float32) for name in names)
    return {"kernel": kernel.T, "bias": bias}


def _table(
    arrays: dict[str, np.ndarray], settings: GPTSettings, initial: Params, special: bool
) -> Params:
    tokens = arrays[TOKENS] if special else arrays[TOKENS][: settings.vocabulary_size]
    middle = initial[len(tokens) : settings.num_tokens]
    positions = arrays[POSITIONS][: settings.context]
    return jnp.concatenate([jnp.asarray(tokens), middle, jnp.asarray(positions)])


def _blocks(arrays: dict[str, np.ndarray], initial: Params, count: int) -> Params:
    blocks = {name: dict(inner) for name, inner in initial.items()}
    for name, place in BLOCK.items():
        part, leaf = place.path
        if count:
            stacked = np.stack([arrays[f"h.{layer}.{name}"] for layer in range(count)])
            blocks[part][leaf] = initial[part][leaf].at[:count].set(jnp.asarray(stacked))
    return blocks


def export(params: Params, settings: GPTSettings) -> Pretrained:
    """Return a model's weights as named arrays: the inverse of `transfer`.

    Args:
        params: of the model.
        settings: of the model.

    Example: see `transfer`.
    """
    if settings.lstm_units:
        return Pretrained(settings, lstm_arrays(params, settings))
    table = np.asarray(params["table"])
    arrays = {POSITIONS: table[settings.num_tokens :], TOKENS: table[: settings.num_tokens]}
    for layer in range(settings.num_layers):
        for name, place in BLOCK.items():
            part, leaf = place.path
            arrays[f"h.{layer}.{name}"] = np.asarray(params["blocks"][part][leaf][layer])
    if names := HEADS[settings.head]:
        kernel, bias = names
        arrays[kernel] = np.ascontiguousarray(np.asarray(params["head"]["kernel"]).T)
        arrays[bias] = np.asarray(params["head"]["bias"])
    return Pretrained(settings, arrays)
