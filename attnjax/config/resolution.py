"""The one bridge from a config outside the package to a dataclass: every mistake at once."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from attnjax.config.checks import check_together, config_error
from attnjax.config.checks_gpt import check_fine_tuning, check_pretraining
from attnjax.config.gpt import PretrainingRun
from attnjax.config.kinds import AnyConfig, root_of
from attnjax.config.sections import Config
from attnjax.errors import ConfigError, UserError, raise_all, suggestion

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def resolve(raw: ConfigDict | Mapping[str, Any]) -> AnyConfig:
    """Turn a config from outside into a checked one with every setting decided.

    Args:
        raw: nested fields; a missing one takes its default. `kind` says of which run.

    Returns:
        The config, in which no field says `"protocol"` any more.

    Raises:
        ConfigError: for unknown fields, wrong types and values out of range, all together.

    Example:
        >>> resolve({"protocol": {"setting": "release"}}).adversary.keep
        'release'
    """
    errors: list[UserError] = []
    values = raw.to_dict() if isinstance(raw, ConfigDict) else dict(raw)
    config: AnyConfig = _build(root_of(values), values, "config", errors)
    raise_all(errors)
    config = _decide(config)
    if isinstance(config, Config):
        check_together(config, errors)
    elif isinstance(config, PretrainingRun):
        check_pretraining(config, errors)
    else:
        check_fine_tuning(config, errors)
    raise_all(errors)
    return config


def _build(cls: type, values: Any, where: str, errors: list[UserError]) -> Any:
    """Build one dataclass from a mapping, gathering every error on the way."""
    if not isinstance(values, Mapping):
        errors.append(config_error(where, repr(values), "a section with fields", "write it as one"))
        return cls()
    specs = {spec.name: spec for spec in dataclasses.fields(cls)}
    for name in values:
        if name not in specs:
            errors.append(_unknown(f"{where}.{name}", str(name), list(specs)))
    chosen = {}
    for name, spec in specs.items():
        if name not in values:
            continue
        path, value = f"{where}.{name}", values[name]
        default = (
            spec.default if spec.default is not dataclasses.MISSING else spec.default_factory()  # pyright: ignore[reportCallIssue]
        )
        if dataclasses.is_dataclass(default):
            chosen[name] = _build(type(default), value, path, errors)
        elif spec.metadata.get("words"):
            chosen[name] = _words(path, value, spec.metadata["choices"], errors)
        elif isinstance(default, tuple):
            chosen[name] = _numbers(path, value, dict(spec.metadata), errors)
        else:
            chosen[name] = _leaf(path, value, default, dict(spec.metadata), errors)
    return cls(**chosen)


def _unknown(where: str, name: str, choices: list[str]) -> ConfigError:
    return config_error(
        where,
        f"an unknown field{suggestion(name, choices)}",
        "one of " + ", ".join(choices),
        "correct or remove it",
    )


def _words(
    where: str, value: Any, choices: tuple[str, ...], errors: list[UserError]
) -> tuple[str, ...]:
    """Check several words; the same word twice is one."""
    what = where.rpartition(".")[2]
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
        errors.append(config_error(where, repr(value), f"a list of {what}", "correct it"))
        return ()
    for name in names:
        if choices and name not in choices:
            near = suggestion(name, choices)
            expected = f"{what} among " + ", ".join(choices)
            errors.append(config_error(where, f"{name!r}{near}", expected, "correct it"))
    return tuple(dict.fromkeys(names))


def _numbers(where: str, value: Any, spec: dict[str, Any], errors: list) -> tuple[float | int, ...]:
    """Check each of several numbers against the range of all; return them in order."""
    parts = value if isinstance(value, list | tuple) else (value,)
    if len(parts) < spec["least"]:
        errors.append(
            config_error(where, "no number", f"at least {spec['least']}", "give one or more")
        )
    numbers = [_leaf(where, one, spec.get("kind", float)(), spec, errors) for one in parts]
    return tuple(sorted(set(numbers)))


def _leaf(where: str, value: Any, default: Any, spec: dict[str, Any], errors: list) -> Any:
    """Check one value against the type of its default and its choices or range."""
    kind = type(default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 10**300 else math.inf
    if type(value) is not kind:
        errors.append(config_error(where, repr(value), _KINDS[kind], "correct it"))
        return default
    if choices := spec.get("choices"):
        if value not in choices:
            near = suggestion(str(value), choices)
            errors.append(
                config_error(
                    where, f"{value!r}{near}", "one of " + ", ".join(choices), "choose one"
                )
            )
            return default
    elif "low" in spec:
        low, high = spec["low"], spec["high"]
        inside = (value > low if spec["above"] else value >= low) and value <= high
        if not inside:  # also NaN
            least = f"above {low}" if spec["above"] else f"at least {low}"
            most = "" if math.isinf(high) else f" and at most {high}"
            errors.append(config_error(where, repr(value), least + most, "choose such a value"))
            return default
    return value


def _decide(config: AnyConfig) -> AnyConfig:
    """Replace every `"protocol"` by the protocol's setting, and infer `data.name`."""
    if isinstance(config, PretrainingRun):
        return config
    changed: dict[str, Any] = {}
    for spec in dataclasses.fields(config):
        section = getattr(config, spec.name)
        if dataclasses.is_dataclass(section):
            following = {
                leaf.name: config.protocol.setting
                for leaf in dataclasses.fields(section)
                if getattr(section, leaf.name) == "protocol"
            }
            changed[spec.name] = dataclasses.replace(section, **following)  # pyright: ignore[reportArgumentType]
    if isinstance(config, Config) and config.data.path:
        changed["data"] = dataclasses.replace(changed["data"], name="file")
    return dataclasses.replace(config, **changed)
