"""The kinds of runs that a config may describe, each with a root of its own."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from attnjax.config.gpt import FineTuningRun, PretrainingRun
from attnjax.config.sections import Config
from attnjax.errors import ConfigError, suggestion

AnyConfig = Config | PretrainingRun | FineTuningRun
"""The resolved config of any kind of run."""

ROOTS: dict[str, type[Config] | type[PretrainingRun] | type[FineTuningRun]] = {
    "classifier": Config,
    "pretraining": PretrainingRun,
    "fine_tuning": FineTuningRun,
}
"""The dataclass of each kind."""


def root_of(raw: Mapping[str, Any]) -> type[Config] | type[PretrainingRun] | type[FineTuningRun]:
    """Return the dataclass that the fields of a config belong to.

    Args:
        raw: the fields; without `kind` those of a classifier.

    Raises:
        ConfigError: for an unknown kind.

    Example:
        >>> root_of({}).__name__, root_of({"kind": "pretraining"}).__name__
        ('Config', 'PretrainingRun')
    """
    kind = raw.get("kind", "classifier")
    if isinstance(kind, str) and kind in ROOTS:
        return ROOTS[kind]
    raise ConfigError(
        "config.kind",
        found=f"{kind!r}{suggestion(str(kind), ROOTS)}",
        expected="one of " + ", ".join(ROOTS),
        action="choose one",
    )


def default_config(kind: str = "classifier") -> ConfigDict:
    """Return every field of a kind with its default, as what a file in `configs/` starts from.

    Args:
        kind: of the run.

    Raises:
        ConfigError: for an unknown kind.

    Example:
        >>> default_config().data.name, default_config("pretraining").gpt.num_layers
        ('planted', 12)
    """
    return ConfigDict(dataclasses.asdict(root_of({"kind": kind})()))


def field_names(config: Any = None, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every leaf field of a config; of a classifier's if None.

    Args:
        config: of any kind, or a section of one.
        prefix: of the names.

    Example:
        >>> "gpt.width" in list(field_names(PretrainingRun()))
        True
    """
    config = Config() if config is None else config
    for spec in dataclasses.fields(config):
        value = getattr(config, spec.name)
        if dataclasses.is_dataclass(value):
            yield from field_names(value, f"{prefix}{spec.name}.")
        else:
            yield prefix + spec.name
