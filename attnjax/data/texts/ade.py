"""The ADE corpus: sentences of case reports that do or do not tell of an adverse drug effect."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some, read_lines
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

CLASSES = ("no adverse effect", "adverse effect")

_FIELDS = ("PubMed id", "sentence", "effect", "begin", "end", "drug", "begin", "end")
_RELATED = "8 fields separated by |: " + ", ".join(_FIELDS)
_UNRELATED = "PubMed id, NEG and a sentence, separated by single spaces"


class _Line(NamedTuple):
    """A sentence, and where it stands."""

    sentence: str
    origin: str


def read_ade(files: Mapping[str, Path]) -> Reading:
    r"""Read both files of the corpus; every sentence becomes one text.

    A sentence stands in the first file once for each pair of drug and effect, so that
    repetitions are left out and counted; so are all lines of a sentence that stands in both
    files, whose label nobody knows. Texts and what is counted add up to the lines of the
    files. There are no official splits.

    Args:
        files: `related` (`DRUG-AE.rel`) and `unrelated` (`ADE-NEG.txt`).

    Raises:
        DataError: naming file and line of what is not as it should be.

    Source: Gurulingappa et al. (2012), Development of a benchmark corpus to support the
    automatic extraction of drug-related adverse effects from medical case reports.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> files = {"related": folder / "DRUG-AE.rel", "unrelated": folder / "ADE-NEG.txt"}
        >>> _ = files["related"].write_text("7|Rash after gold.|Rash|0|4|gold|11|15\n")
        >>> _ = files["unrelated"].write_text("8 NEG Gold was given.\n")
        >>> [record.label for record in read_ade(files).records["train"]]
        ['adverse effect', 'no adverse effect']
    """
    errors: list[UserError] = []
    dropped: Counter[str] = Counter()
    related = _related(files["related"], dropped, errors)
    unrelated = _unrelated(files["unrelated"], dropped, errors)
    raise_some(errors)
    both = {line.sentence for line in related} & {line.sentence for line in unrelated}
    records = []
    for label, lines in ((CLASSES[1], related), (CLASSES[0], unrelated)):
        of_one = [line for line in lines if line.sentence not in both]
        dropped["line whose sentence is in both files"] += len(lines) - len(of_one)
        for line in _distinct(of_one, dropped):
            records.append(Record(line.sentence, label, line.origin))
    return Reading({"train": records}, +dropped)


def _distinct(lines: list[_Line], dropped: Counter[str]) -> list[_Line]:
    """Return the first line of every sentence, and count the others."""
    first: dict[str, _Line] = {}
    for line in lines:
        first.setdefault(line.sentence, line)
    if len(lines) > len(first):
        dropped["sentence repeated"] += len(lines) - len(first)
    return list(first.values())


def _related(path: Path, dropped: Counter[str], errors: list[UserError]) -> list[_Line]:
    """Read the sentences with an adverse effect."""
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            dropped["blank line"] += 1
            continue
        origin = f"{path}, line {number}"
        fields = line.split("|")
        if len(fields) != len(_FIELDS):
            errors.append(wrong_line(origin, f"{len(fields)} fields", _RELATED))
            continue
        sentence, effect, drug = fields[1].strip(), fields[2], fields[5]
        # The offsets are into the abstract, which is not part of the corpus: what can be
        # checked is that effect and drug are words of the sentence.
        outside = [name for name in (effect, drug) if not name or name not in sentence]
        if not sentence:
            errors.append(wrong_line(origin, "an empty sentence", _RELATED))
        elif outside:
            expected = "an effect and a drug that stand in the sentence"
            errors.append(wrong_line(origin, f"{outside[0]!r}, which does not", expected))
        else:
            found.append(_Line(sentence, f"{path.name}, line {number}"))
    return found


def _unrelated(path: Path, dropped: Counter[str], errors: list[UserError]) -> list[_Line]:
    """Read the sentences without an adverse effect."""
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            dropped["blank line"] += 1
            continue
        origin = f"{path}, line {number}"
        identifier, _, rest = line.partition(" ")
        label, _, sentence = rest.partition(" ")
        if not identifier.isdecimal() or label != "NEG" or not sentence.strip():
            errors.append(wrong_line(origin, f"{line[:40]!r}", _UNRELATED))
        else:
            found.append(_Line(sentence.strip(), f"{path.name}, line {number}"))
    return found


ADE_CORPUS = Source(
    title="the ADE corpus",
    parts={"related": ("DRUG-AE.rel",), "unrelated": ("ADE-NEG.txt",)},
    read=read_ade,
    folder="ade_corpus",
    instructions="Get DRUG-AE.rel and ADE-NEG.txt of ADE-Corpus-V2 "
    "(https://sites.google.com/site/adecorpus).",
)
