"""RACE: passages from English examinations with questions of four choices."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attnjax.data.gpt.choice_records import choice_record, json_object
from attnjax.data.labelled import Record
from attnjax.data.reading import decoded_lines, raise_some, read_lines
from attnjax.data.texts.archives import is_archive, read_members
from attnjax.data.texts.mistakes import wrong_line
from attnjax.data.texts.sentences import no_texts
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

LETTERS = "ABCD"

SCHOOLS = ("middle", "high")

TRAIN_QUESTIONS = 87_866
"""Of RACE (Lai et al. 2017, table 2)."""


def read_race(files: Mapping[str, Path]) -> Reading:
    """Read RACE: passages with questions of four choices, of middle and of high school.

    The test stands once as a whole and, where it has both schools, once more by school
    (`test_middle`, `test_high`), as the paper's table 3 has it.

    Args:
        files: by split: a folder of `middle/*.txt` and `high/*.txt`, the official archive, or
            JSON lines of one question each.

    Raises:
        DataError: naming every passage or line that is wrong.

    Source: Lai et al. (2017).
    """
    records: dict[str, list[Record]] = {}
    for split, path in files.items():
        errors: list[UserError] = []
        found = records[split] = []
        for where, origin, value in _race_questions(path, split, errors):
            letter = value.get("answer")
            record = choice_record(
                where,
                origin,
                context=value.get("article"),
                question=value.get("question"),
                choices=value.get("options"),
                answer=LETTERS.index(letter) if letter in tuple(LETTERS) else None,
                count=len(LETTERS),
                errors=errors,
            )
            found += [] if record is None else [record]
        raise_some(errors)
        if not found:
            raise no_texts(path)
    return Reading(records | _by_school(records.get("test", [])), Counter(), _race_notes(records))


def _by_school(test: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the questions of each school, whose name the origin begins with."""
    parts = {
        f"test_{school}": [record for record in test if record.origin.startswith(school)]
        for school in SCHOOLS
    }
    return parts if all(parts.values()) else {}


def _race_questions(
    path: Path, split: str, errors: list[UserError]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield where each question stands, its origin and its fields."""
    if not path.is_dir() and not is_archive(path):
        for number, line in enumerate(read_lines(path), start=1):
            if line.strip():
                where = f"{path}, line {number}"
                value = json_object(where, line, errors)
                origin = f"{value.get('example_id')}, question {value.get('question_id')}"
                yield from [(where, origin, value)] if value else []
        return
    for name, content in _passages(path, split):
        where = f"{path}, {name}"
        text = "\n".join(decoded_lines(content.splitlines(keepends=True), where))
        value = json_object(where, text, errors)
        lists = [value.get(field) for field in ("questions", "options", "answers")]
        sizes = {len(each) if isinstance(each, list) else -1 for each in lists}
        if len(sizes) != 1 or -1 in sizes:
            if value:
                expected = "lists of questions, options and answers, as many of each"
                errors.append(wrong_line(where, "lists that do not fit", expected))
            continue
        columns = zip(*(each or () for each in lists), strict=True)
        for index, (question, options, answer) in enumerate(columns, start=1):
            fields = {"article": value.get("article"), "question": question}
            fields |= {"options": options, "answer": answer}
            yield f"{where}, question {index}", f"{name}, question {index}", fields


def _passages(path: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of passages by name: `middle/12.txt`."""
    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    start = f"RACE/{split}/"
    for member in read_members(path, lambda name: name.startswith(start)):
        yield member.name.removeprefix(start), member.content


def _race_notes(records: Mapping[str, Sequence[Record]]) -> tuple[str, ...]:
    found = len(records.get("train", ()))
    if found >= TRAIN_QUESTIONS:
        return ()
    return (f"A part of RACE: {found:,} of its {TRAIN_QUESTIONS:,} training questions.",)


RACE = Source(
    title="RACE",
    parts={
        split: (
            *(f"RACE/{split}", split, "RACE.tar.gz"),
            *(("race_sample_1000q.jsonl",) if split == "test" else ()),
        )
        for split in ("train", "dev", "test")
    },
    read=read_race,
    folder="race",
    addresses=dict.fromkeys(
        ("train", "dev", "test"), "http://www.cs.cmu.edu/~glai1/data/race/RACE.tar.gz"
    ),
    optional=("train", "dev"),
)
