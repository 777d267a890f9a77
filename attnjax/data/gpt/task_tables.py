"""Tasks whose official files are tab-separated tables, each described by a layout."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some
from attnjax.data.texts.archives import Line, part_lines
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading
from attnjax.errors import UserError

NO_GOLD = "-"
"""The label of a pair on which the annotators found no majority."""


class Layout(NamedTuple):
    """How the tables of a task are laid out; quotes are ordinary characters in all of them.

    Attributes:
        member: how a file's name ends in the official archive, with `PART` for its part.
        texts: the columns of the one or two texts.
        label: the column of the label or score.
        labels: from the file's labels to the classes; empty where it is a score.
        splits: from labelled parts to splits; GLUE's dev is the test split, since the labels
            of its test texts are not public.
        names: of the columns, where the first line is a text already; rows may have more.
        lowest: score.
        highest: score.
        broken: whether the official file has broken rows, which are counted and left out.
    """

    member: str
    texts: tuple[str, ...]
    label: str
    labels: Mapping[str, str] = {}
    splits: Mapping[str, str] = {"train": "train", "dev": "test"}
    names: tuple[str, ...] = ()
    lowest: float = 0.0
    highest: float = 5.0
    broken: bool = False


def read_tables(files: Mapping[str, Path], *, layout: Layout) -> Reading:
    r"""Read the labelled parts of a task; what has no label or no words is counted.

    Args:
        files: by part.
        layout: of the tables.

    Returns:
        Records: the second text is the question, a score is the label as it is written.

    Raises:
        DataError: naming file and line of every row that is wrong, and columns that are
            missing.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "dev.tsv"
        >>> _ = path.write_text("index\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n")
        >>> layout = Layout("RTE/PART.tsv", ("sentence1", "sentence2"), "label",
        ...     {"entailment": "entailment"})
        >>> read_tables({"dev": path}, layout=layout).records["test"][0].question
        'B.'
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    errors: list[UserError] = []
    for part, path in files.items():
        member = layout.member.replace("PART", part)
        if part not in layout.splits:
            dropped["no label (test texts whose labels are not public)"] += _count(path, member)
            continue
        found = records.setdefault(layout.splits[part], [])
        before, wrong = len(found), len(errors)
        for values, line in _rows(path, member, layout, errors, dropped):
            record = _record(values, line, layout, errors, dropped)
            found += [] if record is None else [record]
        if len(found) == before and len(errors) == wrong:
            raise no_texts(path)
    raise_some(errors)
    return Reading(records, dropped)


def _rows(
    path: Path, member: str, layout: Layout, errors: list[UserError], dropped: Counter[str]
) -> Iterator[tuple[dict[str, str], Line]]:
    """Yield the rows of a table by column."""
    names: Sequence[str] = layout.names
    for line in part_lines(path, member):
        fields = line.text.split("\t")
        if not names:
            names = [field.strip() for field in fields]
            missing = [name for name in (*layout.texts, layout.label) if name not in names]
            if missing:
                found = f"no column {', '.join(missing)} in {line.text[:80]!r}"
                errors.append(_wrong(line, found, f"a header with {_columns(layout)}"))
                return
        elif not line.text.strip():
            dropped["blank line"] += 1
        elif len(fields) < len(names) or (len(fields) > len(names) and not layout.names):
            if layout.broken:
                dropped["a row broken in the official file"] += 1
            else:
                found, expected = f"{len(fields)} fields", f"{len(names)}, separated by tabs"
                errors.append(_wrong(line, found, expected))
        else:
            yield dict(zip(names, fields, strict=False)), line
        if layout.names and line.number == 1 and len(fields) < len(names):
            return  # another kind of table: one mistake, not one for every line


def _record(
    values: Mapping[str, str],
    line: Line,
    layout: Layout,
    errors: list[UserError],
    dropped: Counter[str],
) -> Record | None:
    """Return one row's text and label, or None where it is left out or wrong."""
    raw = values[layout.label].strip()
    texts = [values[name].strip() for name in layout.texts]
    if layout.labels and raw == NO_GOLD:
        dropped["no majority label"] += 1
        return None
    if layout.labels and raw not in layout.labels:
        errors.append(_wrong(line, f"label {raw!r}", "one of " + ", ".join(layout.labels)))
        return None
    if not layout.labels and not layout.lowest <= _number(raw) <= layout.highest:
        expected = f"a number from {layout.lowest:g} to {layout.highest:g}"
        errors.append(_wrong(line, f"score {raw!r}", expected))
        return None
    if not all(texts):
        dropped["a text without words"] += 1
        return None
    question = texts[1] if len(texts) > 1 else None
    return Record(texts[0], layout.labels.get(raw, raw), line.origin, question=question)


def _number(raw: str) -> float:
    """Return a number, or NaN where there is none."""
    try:
        return float(raw)
    except ValueError:
        return math.nan


def _count(path: Path, member: str) -> int:
    """Return the rows after the header."""
    return max(sum(bool(line.text.strip()) for line in part_lines(path, member)) - 1, 0)


def _columns(layout: Layout) -> str:
    return ", ".join((*layout.texts, layout.label))


def _wrong(line: Line, found: str, expected: str) -> UserError:
    return wrong_line(f"{line.where}, line {line.number}", found, expected)
