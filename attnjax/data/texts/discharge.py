"""The discharge summaries of MIMIC-III as texts of two diagnoses: diabetes and anemia."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from attnjax.data.labelled import Record
from attnjax.data.reading import SHOWN, raise_some
from attnjax.data.text import NUMBER, split_words
from attnjax.data.texts.diagnoses import (
    Verdict,
    admission,
    anemia,
    diabetes,
    list_parts,
    read_labels,
    read_lists,
)
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.source import Reading, Source
from attnjax.data.texts.streamed import StreamedRow, stream_rows
from attnjax.errors import UserError

HIDDEN = "<deidentified>"
"""Stands for what was hidden: `[**2150-3-1**]`, `[**Hospital 18**]` and the like."""

_COLUMNS = ("HADM_ID", "CHARTDATE", "CATEGORY", "DESCRIPTION", "ISERROR", "TEXT")
_PARTS = {"report": 0, "addendum": 1}
# No bracket within: one that is never closed must not swallow the text up to the next.
_BRACKETS = re.compile(r"\[\s*\*\s*\*([^\[\]]*?)\*\s*\*\s*\]")
_RUN = re.compile(r"([^\w\s]|_)(?:\s*\1)+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class _Note(NamedTuple):
    """One part of an admission's summary; they are joined in this order."""

    part: int
    date: str
    line: int
    text: str


def read_diabetes(files: Mapping[str, Path]) -> Reading:
    """Read the discharge summaries with diabetes (a code that begins with 250.00), and others.

    Args:
        files: `notes` (`NOTEEVENTS.csv`), `diagnoses` (`DIAGNOSES_ICD.csv`), and lists of
            admissions for `train`, `dev` and `test` where there are any: only these are used.

    Raises:
        DataError: naming file and line of what is not as it should be.

    Source: Jain & Wallace (2019), section 3.1; their admissions are those with one of the 50
    most frequent codes, as Mullenbach et al. (2018) list them.

    Example: `python train.py --config=configs/diabetes.py --config.data.dir=MIMIC`.
    """
    return read_summaries(files, diabetes)


def read_anemia(files: Mapping[str, Path]) -> Reading:
    """Read the discharge summaries with acute (285.1) or chronic (285.2x) anemia, not both.

    Args:
        files: as `read_diabetes` takes them.

    Raises:
        DataError: naming file and line of what is not as it should be.

    Source: Jain & Wallace (2019), section 3.1.

    Example: `python train.py --config=configs/anemia.py --config.data.dir=MIMIC`.
    """
    return read_summaries(files, anemia)


def read_summaries(files: Mapping[str, Path], judge: Callable[[set[str]], Verdict]) -> Reading:
    """Read the discharge summaries of the admissions that belong to a class.

    An admission's reports come first, then its addenda, each by date. The notes are read one
    at a time, and of them only the summaries of these admissions are held.

    Args:
        files: as `read_diabetes` takes them.
        judge: from the codes of an admission to its class.

    Raises:
        DataError: naming file and line of what is not as it should be.
    """
    labels, dropped = read_labels(files["diagnoses"], judge)
    lists = read_lists(files)
    if lists:
        unlisted = len(labels.keys() - lists.keys())
        labels = {one: label for one, label in labels.items() if one in lists}
        dropped["admission in no list of the splits"] += unlisted
        dropped["listed admission without a class"] += len(lists.keys() - labels.keys())
    notes = _notes(files["notes"], labels, dropped)
    dropped["admission without a discharge summary"] += len(labels.keys() - notes.keys())
    records: dict[str, list[Record]] = {
        split: [] for split in ("train", *sorted(set(lists.values()) - {"train"}))
    }
    for identifier in sorted(notes):
        parts = sorted(notes.pop(identifier))
        words = summary_words(" ".join(part.text for part in parts))
        if not words:
            dropped["admission with an empty discharge summary"] += 1
            continue
        origin = f"{files['notes'].name}, line {parts[0].line} (admission {identifier})"
        split = lists.get(identifier, "train")
        records[split].append(Record(" ".join(words), labels[identifier], origin))
    return Reading(records, +dropped)


def _notes(path: Path, labels: Mapping[int, str], dropped: Counter[str]) -> dict[int, list[_Note]]:
    """Return the parts of the summaries of some admissions, and count what is left out."""
    errors: list[UserError] = []
    notes: dict[int, list[_Note]] = {}
    for row in stream_rows(path, _COLUMNS):
        if row.values[2].strip().lower() != "discharge summary":
            dropped["note that is no discharge summary"] += 1
            continue
        found = len(errors)
        _check(path, row, errors)
        if len(errors) > SHOWN:
            break
        identifier, error = admission(row.values[0]), row.values[4].strip()
        if len(errors) > found:
            continue
        if error.removesuffix(".0") == "1":
            dropped["discharge summary with an error flag"] += 1
        elif identifier is None:
            dropped["discharge summary without an admission"] += 1
        elif identifier not in labels:
            dropped["discharge summary of an admission that is not used"] += 1
        else:
            _, date, _, description, _, text = row.values
            part = _PARTS[description.strip().lower()]
            notes.setdefault(identifier, []).append(_Note(part, date.strip()[:10], row.line, text))
    raise_some(errors)
    return notes


def _check(path: Path, row: StreamedRow, errors: list[UserError]) -> None:
    """Note what is wrong with one row of a discharge summary."""
    identifier, date, _, description, error, _ = (value.strip() for value in row.values)
    origin = f"{path}, line {row.line}"
    if identifier and admission(identifier) is None:
        errors.append(wrong_line(origin, f"HADM_ID {identifier!r}", "a number, or nothing"))
    if not _DATE.match(date):
        errors.append(wrong_line(origin, f"CHARTDATE {date!r}", "a date such as 2150-03-01"))
    if description.lower() not in _PARTS:
        errors.append(wrong_line(origin, f"DESCRIPTION {description!r}", "Report or Addendum"))
    if error.removesuffix(".0") not in ("", "0", "1"):
        errors.append(wrong_line(origin, f"ISERROR {error!r}", "1, or nothing"))


def summary_words(text: str) -> list[str]:
    r"""Return the words of a summary; what was hidden, and numbers, become one word each.

    A mark that is repeated (rules of hyphens or underscores) stands once.

    Args:
        text: of a discharge summary.

    Example:
        >>> summary_words("Seen [**2150-3-1**] -----\nNa 140, HbA1c high.")
        ['Seen', '<deidentified>', '-', 'Na', 'qqq', ',', 'qqq', 'high', '.']
    """
    words: list[str] = []
    # What stands between brackets comes at the odd places.
    for place, piece in enumerate(_BRACKETS.split(text)):
        if place % 2:
            words.append(HIDDEN)
        else:
            found = split_words(_RUN.sub(r"\1", piece))
            words += [NUMBER if any(map(str.isdigit, word)) else word for word in found]
    return words


INSTRUCTIONS = (
    "MIMIC-III is open to those who sign its agreement (https://physionet.org/content/mimiciii). "
    "Copy its NOTEEVENTS.csv and DIAGNOSES_ICD.csv to a folder."
)

_TABLES = {"notes": ("NOTEEVENTS.csv",), "diagnoses": ("DIAGNOSES_ICD.csv",)}

_LISTS = {task: list_parts(task) for task in ("diabetes", "anemia")}

DIABETES = Source(
    title="MIMIC-III, diabetes",
    parts={
        **_TABLES,
        **_LISTS["diabetes"],
        # Those of the released code are of this task.
        **{
            split: (*_LISTS["diabetes"][split], f"{split}_50_hadm_ids.csv")
            for split in ("train", "dev", "test")
        },
    },
    read=read_diabetes,
    folder="mimic",
    instructions=f"{INSTRUCTIONS} The paper's admissions are listed in train_50_hadm_ids.csv, "
    "dev_50_hadm_ids.csv and test_50_hadm_ids.csv of its released code; your own lists are named "
    "diabetes_train_hadm_ids.txt and so on; without lists all admissions are used, and the "
    "splits drawn.",
    optional=tuple(_LISTS["diabetes"]),
)

ANEMIA = Source(
    title="MIMIC-III, anemia",
    parts={**_TABLES, **_LISTS["anemia"]},
    read=read_anemia,
    folder="mimic",
    instructions=f"{INSTRUCTIONS} Lists of admissions are named anemia_train_hadm_ids.txt and so "
    "on; without them the splits are drawn.",
    optional=tuple(_LISTS["anemia"]),
)
