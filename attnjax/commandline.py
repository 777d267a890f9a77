"""What was typed: the flags, the config file, and the fields changed on the way."""

import dataclasses
import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from attnjax.config import GPT_TESTS, ROOTS, TESTS, AnyConfig, Config, field_names, resolve, root_of
from attnjax.config.checks import RATIONALES
from attnjax.config.typed import default_of, parse_value
from attnjax.errors import ConfigError, UserError, raise_all, suggestion

_PREFIX = "--config."


class Command(NamedTuple):
    """A parsed command line."""

    config: AnyConfig
    name: str
    workdir: str
    help: bool


def parse(arguments: Sequence[str], *, configs: Path) -> Command:
    """Parse everything after the program's name.

    Args:
        arguments: `--config=FILE`, `--workdir=DIR`, `--config.section.field=value`, `--help`.
        configs: folder of the shipped configs; its `quickstart.py` is the default.

    Returns:
        The resolved config and where to work.

    Raises:
        ConfigError: for unknown flags and fields and impossible values, all together.
    """
    arguments = _joined(arguments)
    overrides = [one for one in arguments if one.startswith(_PREFIX)]
    others = [one for one in arguments if not one.startswith(_PREFIX)]
    values = _plain_flags(others, default=configs / "quickstart.py")
    file = Path(str(values["config"].value)).expanduser()
    if values["help"].value:
        return Command(Config(), file.stem, "", True)
    raw = load_config(file, configs)
    default = root_of(raw)()
    errors: list[UserError] = []
    for one in overrides:
        _apply(raw, one, default, errors)
    typed = any(one.startswith(_PREFIX + "tests=") for one in overrides)
    if isinstance(default, Config) and not typed:
        _drop_tests_of_other_data(raw)
    return Command(_resolve(raw, errors), file.stem, str(values["workdir"].value), False)


def _drop_tests_of_other_data(raw: dict[str, Any]) -> None:
    """Leave out tests that need planted evidence or rationales which the data do not have.

    Any config takes a user's data; tests that were typed with them are refused instead.
    """
    data, tests = raw.get("data"), raw.get("tests")
    if not isinstance(data, dict) or not isinstance(tests, list | tuple):
        return
    name = "file" if data.get("path") else data.get("name", "planted")
    foreign: tuple[str, ...] = ()
    if name != "planted":
        mass = raw.get("mass_adversary", {})
        marked = mass.get("marked", "evidence") if isinstance(mass, dict) else ""
        foreign += ("planted_", "mass_adversary") if marked == "evidence" else ("planted_",)
    if name not in RATIONALES:
        foreign += ("plausibility",)
    raw["tests"] = [one for one in tests if not str(one).startswith(foreign)]


def _joined(arguments: Sequence[str]) -> list[str]:
    """Return `--flag value` as `--flag=value`."""
    joined: list[str] = []
    for one in arguments:
        before = joined[-1] if joined else ""
        waits = before.startswith("--") and "=" not in before and before != "--help"
        if waits and not one.startswith("--"):
            joined[-1] += f"={one}"
        else:
            joined.append(one)
    return joined


def _plain_flags(arguments: list[str], *, default: Path) -> flags.FlagValues:
    """Parse the flags that are not config fields.

    The fields are not left to `config_flags`: it stops at the first mistake, and refuses
    0.5 where a default was written 1.
    """
    values = flags.FlagValues()
    flags.DEFINE_string("config", str(default), "The config file.", flag_values=values)
    flags.DEFINE_string("workdir", "", "The work folder.", flag_values=values)
    flags.DEFINE_bool("help", False, "Show the flags.", flag_values=values)
    try:
        surplus = values(["train.py", *arguments])[1:]
    except flags.Error as error:
        raise _typed(str(error)) from error
    if surplus:
        raise _typed(f"the argument {surplus[0]!r}")
    return values


def load_config(file: Path, configs: Path) -> dict[str, Any]:
    """Run a config file and return the fields of its `get_config()`.

    Raises:
        ConfigError: if it cannot be read, does not run, or returns something else.
    """
    if file.is_dir():
        raise _broken(file, "a folder")  # runpy would run its __main__.py
    try:
        made = runpy.run_path(str(file))["get_config"]()
    except OSError as error:
        shipped = ", ".join(str(one) for one in shipped_configs(configs))
        raise ConfigError(
            "--config",
            found=f"{file}, which cannot be read ({error.strerror})",
            expected=f"a Python file with get_config(), such as {shipped}",
            action="correct the path",
        ) from error
    except KeyError as error:
        raise _broken(file, f"no {error}") from error
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        raise _broken(file, f"{type(error).__name__}: {error}") from error
    if not isinstance(made, ConfigDict):
        raise _broken(file, f"get_config() that returns {type(made).__name__}")
    return made.to_dict()


def shipped_configs(configs: Path) -> list[Path]:
    """Return the config files that come with the project, relative to its root."""
    return sorted(one.relative_to(configs.parent) for one in configs.glob("**/*.py"))


def _typed(found: str) -> ConfigError:
    return ConfigError(
        "command line",
        found=found,
        expected="--config=FILE, --workdir=DIR, --config.section.field=value or --help",
        action="correct the command",
    )


def _broken(file: Path, found: str) -> ConfigError:
    return ConfigError(
        f"--config={file}",
        found=found,
        expected="a Python file whose get_config() returns default_config() with changed fields",
        action="correct the file; docs and configs/quickstart.py show the form",
    )


def _apply(raw: dict[str, Any], override: str, default: AnyConfig, errors: list[UserError]) -> None:
    """Set one `--config.section.field=value` in the raw config, whose kind has the default."""
    name, has_value, text = override.removeprefix(_PREFIX).partition("=")
    names = list(field_names(default))
    if name == "kind" and text != default.kind:
        errors.append(
            ConfigError(
                "--config.kind",
                found=repr(text),
                expected=f"{default.kind!r}, the kind of the config file",
                action="choose a config file of that kind",
            )
        )
    elif name not in names:
        near = suggestion(name, names)
        errors.append(
            ConfigError(
                f"--config.{name}",
                found=f"an unknown field{near}",
                expected="a field of the config (--help lists them)",
                action="correct or remove it",
            )
        )
    elif not has_value:
        errors.append(
            ConfigError(
                f"--config.{name}",
                found="no value",
                expected=f"--config.{name}=VALUE",
                action="write one",
            )
        )
    else:
        *sections, leaf = name.split(".")
        place = raw
        for section in sections:
            place = place.setdefault(section, {})
        if isinstance(place, dict):  # else `resolve` names the file's mistake
            found = default_of(name, default)
            place[leaf] = parse_value(text, found.value, words=found.words)


def _resolve(raw: dict[str, Any], errors: list[UserError]) -> AnyConfig:
    """Resolve, adding the mistakes of the command line to those of the values."""
    try:
        config = resolve(raw)
    except UserError as error:
        raise_all([*errors, *getattr(error, "errors", (error,))])
        raise
    raise_all(errors)
    return config


def usage(configs: Path) -> str:
    """Return the text of `--help`: the flags, the shipped configs and every field."""
    lines = [
        "usage: python train.py [--config=FILE] [--workdir=DIR] [--config.section.field=value ...]",
        "",
        "Without flags: the quickstart, into a fresh folder below runs/.",
        "The same command with the same --workdir continues a run.",
        "",
        "Configs: " + ", ".join(str(one) for one in shipped_configs(configs)),
        "Tests:   " + ", ".join(TESTS),
        "         of a fine-tuned GPT: " + ", ".join(GPT_TESTS),
        "",
        "Fields and their defaults:",
        *_described(Config(), ""),
    ]
    for kind, root in ROOTS.items():
        if root is not Config:
            lines += ["", f"Fields and their defaults of a config of the kind {kind}:"]
            lines += _described(root(), "")
    return "\n".join(lines)


def _described(section: Any, prefix: str) -> list[str]:
    lines = []
    for spec in dataclasses.fields(section):
        value = getattr(section, spec.name)
        if dataclasses.is_dataclass(value):
            lines += _described(value, f"{prefix}{spec.name}.")
            continue
        several = spec.metadata.get("words")
        allowed = "" if several else " | ".join(spec.metadata.get("choices", ()))
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        lines.append(
            f"  --config.{prefix}{spec.name}={shown}" + (f"   ({allowed})" if allowed else "")
        )
    return lines
