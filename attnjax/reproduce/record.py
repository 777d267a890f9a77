"""What is kept of a run: a small JSON beside the documents, without texts or paths."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.errors import DataError
from attnjax.measures.resampling import sample_scores
from attnjax.reproduce.plan import Row
from attnjax.workspace import write_json

SCHEMA = 1

NEAR_MAXIMAL = 0.6
"""Nats of JSD that count as nearly all of ln 2 = 0.693."""

SAMPLES = 1000
"""Bootstrap samples of the intervals of scores."""


def record_of(
    row: Row, directory: Path, *, arguments: list[str], peak_bytes: int | None
) -> dict[str, Any]:
    """Return what is kept of a finished run.

    Args:
        row: what was run.
        directory: its work folder.
        arguments: config arguments that the user added to those of the row.
        peak_bytes: the most memory that the run held, or None where that is not known.

    Returns:
        `results.json` without curves, the intervals of the scores, the share of instances
        with a nearly maximal adversary, and what the run was made with.
    """
    results = json.loads((directory / "results.json").read_text("utf-8"))
    made = json.loads((directory / "config.json").read_text("utf-8"))
    config = made["config"]
    columns = _columns(directory)
    performance = results["performance"]["test"] | _intervals(columns, seed=config["seed"])
    return {
        "schema": SCHEMA,
        "row": row.name,
        "command": " ".join(["python train.py", *row.arguments(), *arguments]),
        "changed": arguments,
        "attnjax": made["attnjax"],
        "packages": made["packages"],
        "device": made["device"],
        "seed": config["seed"],
        "protocol": results["protocol"]["setting"],
        "dataset": results["dataset"],
        "model": results["model"],
        "training": {
            name: config["training"][name] for name in ("epochs", "batch_size", "learning_rate")
        },
        "performance": performance,
        "tests": {name: _small(test) for name, test in results["tests"].items()},
        "near_maximal_share": _near_maximal(columns),
        "seconds": {name: round(value, 1) for name, value in results["seconds"].items()},
        "peak_bytes": peak_bytes,
    }


def _columns(directory: Path) -> dict[str, np.ndarray]:
    """Return the columns of `instances.parquet` that are needed here."""
    import pyarrow.parquet as pq

    path = directory / "instances.parquet"
    wanted = ("label", "probability", "adversary.jsd")
    table = pq.read_table(path, columns=[n for n in wanted if n in pq.read_schema(path).names])
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return {
        name: np.array([np.nan if value is None else value for value in values])
        for name, values in columns.items()
    }


def _intervals(columns: dict[str, np.ndarray], *, seed: int) -> dict[str, list[float]]:
    """Return 95% bootstrap intervals over the test instances of accuracy, F1 and AUC."""
    scores = sample_scores(
        columns["label"].astype(np.int64),
        {"model": columns["probability"][None]},
        samples=SAMPLES,
        seed=seed,
    )["model"]
    intervals = {}
    for name, values in scores._asdict().items():
        if not np.isnan(values).any():
            intervals[f"{name}_ci95"] = np.quantile(values, (0.025, 0.975)).tolist()
    return intervals


def _near_maximal(columns: dict[str, np.ndarray]) -> float | None:
    """Return the share of the instances whose adversary is nearly as far as can be."""
    if "adversary.jsd" not in columns:
        return None
    jsd = columns["adversary.jsd"]
    known = jsd[~np.isnan(jsd)]
    return float((known >= NEAR_MAXIMAL).mean()) if len(known) else None


def _small(test: Any) -> Any:
    """Return a test's results without its curves."""
    if not isinstance(test, dict):
        return test
    return {name: _small(value) for name, value in test.items() if name != "curve"}


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
        DataError: for a file that is no record, or one of a later version.
    """
    records = {}
    for path in sorted(folder.glob("*.json")):
        try:
            record = json.loads(path.read_text("utf-8"))
            known = record["schema"] <= SCHEMA and record["row"] == path.stem
        except (ValueError, KeyError, TypeError) as error:
            raise _no_record(path, f"{type(error).__name__}: {error}") from error
        if not known:
            raise _no_record(path, f"row {record['row']!r} in schema {record['schema']}")
        records[path.stem] = record
    return records


def _no_record(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected=f"the record of the run of that name, schema {SCHEMA}",
        action="remove the file and run its row again",
    )
