"""The files of a finished stage: the JSON is written last, and believed while all is whole."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attnjax.errors import UserError, WorkFolderError
from attnjax.experiments.result import Result, write_rows
from attnjax.workspace import SCHEMA, check_schema, flatten, write_json


def write_finished(
    folder: Path,
    name: str,
    result: Result,
    *,
    settings: dict[str, Any],
    requires: dict[str, str],
    seconds: float,
) -> dict[str, Any]:
    """Write the rows and then the JSON of a stage.

    Args:
        folder: `stages/` of the work folder.
        name: of the stage.
        result: of the stage.
        settings: the config sections that decided it.
        requires: digests of the stages that it read, by name.
        seconds: that it took.

    Returns:
        What the JSON says; `sha256` is the digest of everything in it but the seconds, so
        that stages that read this one can tell whether it is still what they read.
    """
    rows = write_rows(folder / f"{name}.parquet", result.rows) if result.rows else None
    record = {
        "schema": SCHEMA,
        "stage": name,
        "settings": settings,
        "requires": requires,
        "rows_sha256": rows,
        "seconds": seconds,
        "summary": result.summary,
    }
    record["sha256"] = _digest(record)
    write_json(folder / f"{name}.json", record)
    return record


def read_finished(folder: Path, name: str, say: Callable[[str], None]) -> dict[str, Any] | None:
    """Return what the JSON of a finished stage says, or None where it must be done (again).

    Args:
        folder: `stages/` of the work folder.
        name: of the stage.
        say: told, in one line, why a stage with a JSON does not count as finished.

    Raises:
        WorkFolderError: if a newer version of attnjax wrote the JSON.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        record, damage = None, f"it cannot be read: {error}"
    else:
        damage = _damage(folder, name, record)
    if damage is not None:
        say(f"{path}: this stage does not count as finished ({damage}) and is done again")
        return None
    return record


def _damage(folder: Path, name: str, record: Any) -> str | None:
    """Return what is wrong with a stage's files, or None."""
    if not isinstance(record, dict) or not isinstance(record.get("schema"), int):
        return "it is not what a run writes"
    check_schema(record, folder / f"{name}.json")
    if record.get("stage") != name or record.get("sha256") != _digest(record):
        return "it has changed"
    rows = folder / f"{name}.parquet"
    if record["rows_sha256"] is None:
        return None
    if not rows.is_file():
        return f"{rows.name} is missing"
    if hashlib.sha256(rows.read_bytes()).hexdigest() != record["rows_sha256"]:
        return f"{rows.name} has changed"
    return None


def _digest(record: dict[str, Any]) -> str:
    """Return the sha256 of what a stage's JSON says, times left out."""
    content = {name: record[name] for name in record if name not in ("seconds", "sha256")}
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def differing_settings(
    folder: Path, record: dict[str, Any], settings: dict[str, Any]
) -> list[UserError]:
    """Return one error for each setting that is not the one a stage was finished with."""
    stage = record["stage"]
    path = folder / f"{stage}.json"
    old, new = flatten(record["settings"]), flatten(settings)
    return [
        WorkFolderError(
            f"{path} (config.{name})",
            found=f"{new.get(name)!r} in this command",
            expected=f"{old.get(name)!r}, with which the stage was finished",
            action=f"give the same value, another --workdir, or delete {path.name} so that "
            f"{stage} is done again",
        )
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
