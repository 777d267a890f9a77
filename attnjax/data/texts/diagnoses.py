"""The diagnoses of MIMIC-III: which admissions belong to a class, and the lists of splits."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from attnjax.data.corpus import SPLITS
from attnjax.data.reading import SHOWN, raise_some, read_lines
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.streamed import stream_rows
from attnjax.errors import DataError, UserError

DIABETES = ("no diabetes", "diabetes")
ANEMIA = ("chronic", "acute")


class Verdict(NamedTuple):
    """The class of an admission, or None and the reason why it has none."""

    label: str | None
    reason: str = ""


def normal_code(code: str) -> str:
    """Return a code of ICD-9 as XXX.YY; the tables of MIMIC-III leave the dot out.

    Args:
        code: with the dot or without.

    Example:
        >>> [normal_code(code) for code in ("25000", "285.21", "042")]
        ['250.00', '285.21', '042']
    """
    plain = code.strip().upper().replace(".", "")
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain


def diabetes(codes: set[str]) -> Verdict:
    """Return whether an admission has a code that begins with 250.00.

    Args:
        codes: of one admission, as `normal_code` returns them.

    Example:
        >>> diabetes({"250.00", "042"}).label, diabetes({"250.02"}).label
        ('diabetes', 'no diabetes')
    """
    return Verdict(DIABETES[any(code.startswith("250.00") for code in codes)])


def anemia(codes: set[str]) -> Verdict:
    """Return whether an admission has acute (285.1) or chronic (285.2x) anemia, not both.

    Args:
        codes: of one admission, as `normal_code` returns them.

    Example:
        >>> anemia({"285.21"}).label, anemia({"285.1", "285.29"}).reason
        ('chronic', 'codes of both classes')
    """
    acute = any(code.startswith("285.1") for code in codes)
    chronic = any(code.startswith("285.2") for code in codes)
    if acute and chronic:
        return Verdict(None, "codes of both classes")
    if not acute and not chronic:
        return Verdict(None, "codes of neither class")
    return Verdict(ANEMIA[acute])


def read_labels(
    path: Path, judge: Callable[[set[str]], Verdict]
) -> tuple[dict[int, str], Counter[str]]:
    """Return the class of every admission that has one, and why the others have none.

    Args:
        path: of `DIAGNOSES_ICD.csv`: a row for every code of an admission.
        judge: from the codes of an admission to its class.

    Raises:
        DataError: naming file and line of what is not as it should be.
    """
    errors: list[UserError] = []
    codes: dict[int, set[str]] = {}
    for row in stream_rows(path, ("HADM_ID", "ICD9_CODE")):
        identifier, code = admission(row.values[0]), row.values[1]
        if identifier is None:
            found = f"HADM_ID {row.values[0]!r}"
            errors.append(
                wrong_line(f"{path}, line {row.line}", found, "the number of an admission")
            )
        elif code.strip():
            codes.setdefault(identifier, set()).add(normal_code(code))
        else:
            codes.setdefault(identifier, set())
        if len(errors) > SHOWN:
            break
    raise_some(errors)
    labels: dict[int, str] = {}
    reasons: Counter[str] = Counter()
    for identifier, found in codes.items():
        verdict = judge(found) if found else Verdict(None, "no code at all")
        if verdict.label is None:
            reasons[f"admission with {verdict.reason}"] += 1
        else:
            labels[identifier] = verdict.label
    return labels, reasons


def admission(value: str) -> int | None:
    """Return the number of an admission, or None for what is none.

    Args:
        value: as a table has it; tables that were saved with gaps have `.0` behind it.

    Example:
        >>> admission("167853.0"), admission("")
        (167853, None)
    """
    plain = value.strip().removesuffix(".0")
    return int(plain) if plain.isascii() and plain.isdigit() else None


UNNAMED = "unnamed"
"""The part that stands for lists which do not say of which task they are."""


def list_parts(task: str) -> dict[str, tuple[str, ...]]:
    """Return the file names of a task's own lists, and of lists without a task's name.

    Both tasks are read from one folder, so that a list must say which it belongs to.

    Args:
        task: its name.

    Example:
        >>> list_parts("anemia")["dev"]
        ('anemia_dev_hadm_ids.txt',)
    """
    lists = {split: (f"{task}_{split}_hadm_ids.txt",) for split in SPLITS}
    return lists | {UNNAMED: tuple(f"{split}_hadm_ids.txt" for split in SPLITS)}


def read_lists(files: Mapping[str, Path]) -> dict[int, str]:
    """Return the split of every admission that the user's lists name; none without lists.

    Args:
        files: by split, one admission a line; dev and test may be missing.

    Raises:
        DataError: for a line that is no admission, one that is listed twice, an empty list,
            lists without one for train, of two kinds, or that do not say of which task they are.
    """
    lists = {split: files[split] for split in SPLITS if split in files}
    errors = _wrong_lists(files, lists)
    splits: dict[int, str] = {}
    first: dict[int, str] = {}
    for split, path in lists.items():
        empty = True
        for number, line in enumerate(read_lines(path), start=1):
            if not line.strip():
                continue
            origin, identifier, empty = f"{path}, line {number}", admission(line), False
            if identifier is None:
                errors.append(wrong_line(origin, f"{line[:40]!r}", "the number of an admission"))
            elif identifier in first:
                found = f"admission {identifier} again (before: {first[identifier]})"
                errors.append(wrong_line(origin, found, "every admission in one list, once"))
            else:
                first[identifier], splits[identifier] = origin, split
        if empty:
            errors.append(
                _wrong_list(path, "an empty list", "one admission a line", "fill it, or remove it")
            )
    raise_some(errors)
    return splits


def _wrong_lists(files: Mapping[str, Path], lists: Mapping[str, Path]) -> list[UserError]:
    """Return what is wrong with the names of the lists."""
    errors: list[UserError] = []
    if UNNAMED in files:
        errors.append(
            _wrong_list(
                files[UNNAMED],
                "a list that does not say of which task it is",
                "diabetes or anemia before its name",
                f"rename it, such as to anemia_{files[UNNAMED].name}, or remove it",
            )
        )
    place = ", ".join(str(path) for path in lists.values())
    if lists and "train" not in lists:
        expected, action = "a list of training admissions", "add one, or remove the others"
        errors.append(_wrong_list(place, "no list for train beside it", expected, action))
    kinds = {path.name.removesuffix(".gz").replace(split, "") for split, path in lists.items()}
    if len(kinds) > 1:
        expected = "lists whose names differ by the split alone"
        errors.append(_wrong_list(place, "lists of two kinds", expected, "remove those of one"))
    return errors


def _wrong_list(where: Path | str, found: str, expected: str, action: str) -> DataError:
    return DataError(str(where), found=found, expected=expected, action=action)
