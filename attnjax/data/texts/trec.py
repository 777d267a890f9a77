"""TREC: questions and what kind of answer they ask for."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attnjax.data.labelled import Record
from attnjax.data.reading import line_error, raise_some
from attnjax.data.texts.archives import Line, part_lines
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError, UserError

CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")

_QUESTION = re.compile(r"(?P<coarse>[A-Z]+):(?P<fine>\S+) +(?P<text>\S.*)")

PAGES = "https://cogcomp.seas.upenn.edu/Data/QA/QC"


def read_trec(files: Mapping[str, Path]) -> Reading:
    r"""Return questions with their coarse class, in the official splits.

    Args:
        files: `train` and `test`, a question a line: `COARSE:fine question`, in Latin-1.

    Raises:
        DataError: naming file and line.

    Source: Li & Roth (2002).

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "TREC.train"
        >>> _ = path.write_text("HUM:ind Who is dull ?\n")
        >>> read_trec({"train": path, "test": path}).records["test"][0].label
        'HUM'
    """
    records: dict[str, list[Record]] = {}
    dropped: Counter[str] = Counter()
    errors: list[UserError] = []
    for split in ("train", "test"):
        records[split] = []
        for line in part_lines(files[split], "", encoding="latin-1"):
            match = _QUESTION.fullmatch(line.text.strip())
            if not line.text.strip():
                dropped["blank line"] += 1
            elif _is_utf8(line.text):
                errors.append(_other_encoding(line))
            elif match is None:
                expected = "COARSE:fine, a space and a question"
                errors.append(line_error(line.where, line.number, f"{line.text[:60]!r}", expected))
            elif match["coarse"] not in CLASSES:
                expected = "one of " + ", ".join(CLASSES)
                found = f"the class {match['coarse']!r}"
                errors.append(line_error(line.where, line.number, found, expected))
            else:
                records[split].append(Record(match["text"], match["coarse"], line.origin))
    raise_some(errors)
    for split, questions in records.items():
        if not questions:
            raise no_texts(files[split])
    return Reading(records, dropped)


def _is_utf8(text: str) -> bool:
    """Return whether letters read as Latin-1 are those of UTF-8: no word has such a sequence."""
    try:
        return not text.isascii() and bool(text.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _other_encoding(line: Line) -> DataError:
    return DataError(
        f"{line.where}, line {line.number}",
        found=f"letters in UTF-8, {line.text[:60].encode('latin-1').decode(errors='ignore')!r}",
        expected="text in Latin-1, as the official file is",
        action="save the file as Latin-1, or get it again",
    )


TREC = Source(
    title="TREC questions",
    parts={
        "train": ("TREC.train", "train_5500.label"),
        "test": ("TREC.test", "TREC_10.label"),
    },
    read=read_trec,
    folder="trec",
    addresses={"train": f"{PAGES}/train_5500.label", "test": f"{PAGES}/TREC_10.label"},
)
