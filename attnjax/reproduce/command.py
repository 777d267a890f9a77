"""The command: rows one after another, each a work folder; then the page."""

import gc
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from absl import flags

from attnjax import cli
from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.reproduce.memory import forget_peak, peak_bytes
from attnjax.reproduce.page import write_page
from attnjax.reproduce.plan import Row, chosen_rows
from attnjax.reproduce.record import record_of, write_record
from attnjax.workspace import read_json, write_json

USAGE = """Run the models of the tables of "Attention is not Explanation" and write what came out.

  python -m attnjax.reproduce --workdir=DIR [--only=ROWS] [--data_dir=DIR] [--docs=DIR]
                              [--keep_checkpoints] [--config.section.field=value ...]

  --workdir           a folder; every row works in a folder of its own below it, and the same
                      command continues where it was stopped
  --only              rows, or the beginnings of their names, by commas, such as sst,babi1-lstm;
                      `none` only writes the page again
  --data_dir          local copies of the data sets' files (config.data.dir of every row)
  --docs              where results/ROW.json and reproduction.md are written
  --keep_checkpoints  keep the checkpoints of finished rows
  --config...         fields changed in every row; the page marks such rows and compares them
                      with nothing

Run it in the root of the project, where configs/ is."""


class Asked(NamedTuple):
    """A parsed command line."""

    workdir: Path
    rows: tuple[Row, ...]
    data_dir: str
    docs: Path
    keep_checkpoints: bool
    overrides: list[str]


def main(arguments: Sequence[str]) -> int:
    """Run the rows that were asked for and write the page.

    Args:
        arguments: everything after the program's name.

    Returns:
        0 if all is done; 2 for a mistake of the user, also where a row could not be run (for
        want of its data, say), after all the others have been; 130 or 143 where it was asked
        to stop; 1 for a mistake of ours.
    """
    try:
        asked = _parse(arguments)
        if asked is None:
            print(USAGE)
            return cli.OK
        code = _run_rows(asked)
        if code in (cli.INTERRUPTED, cli.TERMINATED, cli.BROKEN_PIPE):
            return code
        print(f"page:    {write_page(asked.docs)}", flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return cli.USERS
    return code


def _run_rows(asked: Asked) -> int:
    """Run the rows one after another and return the worst of their exit codes."""
    codes: dict[str, int] = {}
    for number, row in enumerate(asked.rows, 1):
        print(f"== {row.name} ({number} of {len(asked.rows)})", file=sys.stderr, flush=True)
        code = _run_row(asked, row)
        if code in (cli.INTERRUPTED, cli.TERMINATED, cli.BROKEN_PIPE):
            return code
        codes[row.name] = code
    failed = [name for name, code in codes.items() if code != cli.OK]
    if failed:
        print(f"not run, for the reasons above: {', '.join(failed)}", file=sys.stderr)
    return next((code for code in (cli.OURS, cli.USERS) if code in codes.values()), cli.OK)


def _run_row(asked: Asked, row: Row) -> int:
    """Run one row as `train.py` would, and keep what came out."""
    directory = asked.workdir / row.name
    places = [f"--workdir={directory}"]
    if asked.data_dir:
        places.append(f"--config.data.dir={asked.data_dir}")
    gc.collect()  # what the row before left would count as this one's
    watched = forget_peak()
    code = cli.main([*row.arguments(), *asked.overrides, *places], root=Path.cwd())
    if code != cli.OK:
        return code
    peak = _peak(directory, peak_bytes() if watched else None)
    record = record_of(row, directory, changed=asked.overrides, peak_bytes=peak)
    write_record(asked.docs / "results", record)
    if not asked.keep_checkpoints:
        _remove_finished(directory)
    return code


def _peak(directory: Path, now: int | None) -> int | None:
    """Return the largest peak of all the commands that worked in a folder."""
    path = directory / "peak.json"
    before = read_json(path)["bytes"] if path.exists() else None
    known = [value for value in (before, now) if value is not None]
    peak = max(known, default=None)
    write_json(path, {"bytes": peak})
    return peak


def _remove_finished(directory: Path) -> None:
    """Remove a finished row's checkpoints: they are most of its size, and no stage is left."""
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)


def _parse(arguments: Sequence[str]) -> Asked | None:
    """Return what is asked for, or None for help.

    Raises:
        ConfigError: for unknown flags and rows, or where no configs are.
    """
    overrides = [one for one in arguments if one.startswith("--config.")]
    _check_overrides(overrides)
    others = [one for one in arguments if not one.startswith("--config.")]
    values = flags.FlagValues()
    for name, default, what in (
        ("workdir", "", "The folder of the runs."),
        ("only", "", "Rows."),
        ("data_dir", "", "Local copies."),
        ("docs", "docs", "Where records and page are written."),
    ):
        flags.DEFINE_string(name, default, what, flag_values=values)
    flags.DEFINE_bool("keep_checkpoints", False, "Keep checkpoints.", flag_values=values)
    flags.DEFINE_bool("help", False, "Show this.", flag_values=values)
    try:
        surplus = values(["reproduce", *others])[1:]
    except flags.Error as error:
        raise _typed(str(error)) from error
    if values["help"].value:
        return None
    if surplus:
        raise _typed(f"the argument {surplus[0]!r}")
    docs = Path(str(values["docs"].value)).expanduser()
    if docs.exists() and not docs.is_dir():
        raise ConfigError(
            f"--docs={docs}", found="a file", expected="a folder", action="correct it"
        )
    only = str(values["only"].value)
    rows = () if only == "none" else chosen_rows(only)
    if rows and not values["workdir"].value:
        raise _typed("no --workdir")
    if rows and not Path("configs").is_dir():
        raise ConfigError(
            str(Path.cwd()),
            found="no folder configs/",
            expected="the root of the project",
            action="change to the folder of train.py and run the command again",
        )
    return Asked(
        workdir=Path(str(values["workdir"].value)).expanduser(),
        rows=rows,
        data_dir=str(values["data_dir"].value),
        docs=docs,
        keep_checkpoints=bool(values["keep_checkpoints"].value),
        overrides=overrides,
    )


def _check_overrides(overrides: list[str]) -> None:
    """Refuse to change what makes a row that row.

    Raises:
        ConfigError: naming every such field.
    """
    fixed = ("config.model.encoder", "config.model.attention", "config.data.name")
    fixed += ("config.data.task", "config.data.path", "config.data.dir")
    errors: list[UserError] = [
        ConfigError(
            f"--{name}",
            found="a field that every row sets by itself",
            expected="rows by --only, the folder of the data by --data_dir",
            action="remove it",
        )
        for name in (one.removeprefix("--").partition("=")[0] for one in overrides)
        if name in fixed
    ]
    raise_all(errors)


def _typed(found: str) -> ConfigError:
    return ConfigError(
        "command line",
        found=found,
        expected="--workdir=DIR and what `--help` lists",
        action="correct it",
    )
