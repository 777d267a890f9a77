"""The report of a pre-training."""

from pathlib import Path
from typing import Any


def write_pretraining_report(directory: Path, *, title: str) -> None:
    """Write the report.

    Args:
        directory: the work folder.
        title: of the page.
    """
    del directory, title


def outcome(results: dict[str, Any]) -> str:
    """Return how a pre-training ended, in one line.

    Args:
        results: content of `results.json`.
    """
    del results
    return ""
