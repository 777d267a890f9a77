"""What is kept of a run: a small JSON beside the documents, without texts or paths."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attnjax.errors import DataError
from attnjax.reproduce.instances import describe_instances, read_columns, score_intervals
from attnjax.reproduce.plan import Row, rows
from attnjax.workspace import read_json, write_json

SCHEMA = 1

KEYS = (
    *("schema", "row", "command", "changed", "attnjax", "packages", "device", "seed"),
    *("protocol", "dataset", "model", "performance", "instances", "tests", "seconds"),
    "peak_bytes",
)


def record_of(
    row: Row, directory: Path, *, changed: Sequence[str], peak_bytes: int | None
) -> dict[str, Any]:
    """Return what is kept of a finished run.

    Args:
        row: what was run.
        directory: its work folder.
        changed: config arguments that the user added to those of the row.
        peak_bytes: the most memory that the run held, or None where that is not known.

    Returns:
        `results.json` without curves, intervals of the scores, what the page says of groups of
        texts, and what the run was made with.
    """
    results = read_json(directory / "results.json")
    made = read_json(directory / "config.json")
    seed = made["config"]["seed"]
    columns = read_columns(directory)
    shown = [without_folders(one) for one in changed]
    return {
        "schema": SCHEMA,
        "row": row.name,
        "command": " ".join(["python train.py", *row.arguments(), *shown]),
        "changed": shown,
        "attnjax": made["attnjax"],
        "packages": made["packages"],
        "device": made["device"],
        "seed": seed,
        "protocol": results["protocol"]["setting"],
        "dataset": results["dataset"],
        "model": results["model"],
        "performance": results["performance"]["test"] | score_intervals(columns, seed=seed),
        "instances": describe_instances(columns, seed=seed),
        "tests": {name: without_curves(test) for name, test in results["tests"].items()},
        "seconds": {name: round(value, 1) for name, value in results["seconds"].items()},
        "peak_bytes": peak_bytes,
    }


def without_folders(argument: str) -> str:
    """Return an argument without the folders of a path in it.

    Example:
        >>> without_folders("--config.data.vectors=/home/me/wiki.vec")
        '--config.data.vectors=wiki.vec'
    """
    name, _, value = argument.partition("=")
    return f"{name}={Path(value).name}" if "/" in value else argument


def without_curves(test: Any) -> Any:
    """Return a test's results without its curves, which are long.

    Example:
        >>> without_curves({"exact": {"curve": [1, 2], "status": "solved"}})
        {'exact': {'status': 'solved'}}
    """
    if not isinstance(test, dict):
        return test
    return {name: without_curves(value) for name, value in test.items() if name != "curve"}


def write_record(folder: Path, record: dict[str, Any]) -> Path:
    """Write a record under its row's name and return the path.

    Args:
        folder: of all records.
        record: of one run.
    """
    path = folder / f"{record['row']}.json"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, record)
    return path


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the records of a folder by row.

    Args:
        folder: of all records; it need not exist.

    Raises:
        DataError: for a file that is no record of a row of the plan in this schema.
    """
    names = {row.name for row in rows()}
    records = {}
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise _no_record(path, f"no JSON ({error})") from error
        missing = [key for key in KEYS if not isinstance(record, dict) or key not in record]
        if missing:
            raise _no_record(path, f"no {', '.join(missing)}")
        if record["schema"] != SCHEMA:
            raise _no_record(path, f"schema {record['schema']!r}")
        if record["row"] != path.stem or path.stem not in names:
            raise _no_record(path, f"row {record['row']!r}")
        records[path.stem] = record
    return records


def _no_record(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected=f"the record of the row of that name, schema {SCHEMA}",
        action="remove the file, and run its row again if there is one",
    )
