"""What was typed: the flags, the config file, and the fields changed on the way."""

import ast
import dataclasses
import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict

from attnjax.config import TESTS, Config, field_names, resolve
from attnjax.config.checks import RATIONALES
from attnjax.errors import ConfigError, UserError, raise_all, suggestion

_PREFIX = "--config."


class Command(NamedTuple):
    """A parsed command line."""

    config: Config
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
    errors: list[UserError] = []
    for one in overrides:
        _apply(raw, one, errors)
    if not any(one.startswith(_PREFIX + "tests=") for one in overrides):
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


def _apply(raw: dict[str, Any], override: str, errors: list[UserError]) -> None:
    """Set one `--config.section.field=value` in the raw config."""
    name, has_value, text = override.removeprefix(_PREFIX).partition("=")
    names = list(field_names())
    if name not in names:
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
            place[leaf] = parse_value(text, default_of(name))


def default_of(name: str) -> Any:
    """Return the default of a dotted field."""
    value: Any = Config()
    for part in name.split("."):
        value = getattr(value, part)
    return value


def parse_value(text: str, default: Any) -> Any:
    """Read a value in the type of a default; text that does not fit stays text.

    `resolve` then names the field, the text and the expected type.

    Example:
        >>> parse_value("0.5", 1.0), parse_value("false", True), parse_value("a,b", ("x",))
        (0.5, False, ('a', 'b'))
    """
    if isinstance(default, bool):
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    if isinstance(default, int | float):
        return _parse_number(text)
    if isinstance(default, tuple):
        parts = [one.strip(" '\"") for one in text.strip("()[] ").split(",")]
        words = tuple(one for one in parts if one)
        names = bool(default) and isinstance(default[0], str)
        return words if names else tuple(_parse_number(one) for one in words)
    return text


def _parse_number(text: str) -> int | float | str:
    """Read a number; text that is none stays text."""
    try:
        number = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return text
    return number if type(number) in (int, float) else text


def _resolve(raw: dict[str, Any], errors: list[UserError]) -> Config:
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
        "",
        "Fields and their defaults:",
    ]
    return "\n".join([*lines, *_described(Config(), "")])


def _described(section: Any, prefix: str) -> list[str]:
    lines = []
    for spec in dataclasses.fields(section):
        value = getattr(section, spec.name)
        if dataclasses.is_dataclass(value):
            lines += _described(value, f"{prefix}{spec.name}.")
            continue
        allowed = " | ".join(spec.metadata.get("choices", ()))
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        lines.append(
            f"  --config.{prefix}{spec.name}={shown}" + (f"   ({allowed})" if allowed else "")
        )
    return lines
