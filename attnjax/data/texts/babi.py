"""bAbI tasks 1, 2 and 3: short stories of people, things and places, and questions on them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some
from attnjax.data.texts.lines import Line, lines_of, mistake
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
"""The answers to every question of the three tasks, all of them always possible."""

FILES = {
    1: "qa1_single-supporting-fact",
    2: "qa2_two-supporting-facts",
    3: "qa3_three-supporting-facts",
}
FOLDERS = {"official": "en", "official_10k": "en-10k"}
"""By `config.data.stories`: the folder of the distribution; the test files are equal."""

SIZES = {"official": 1000, "official_10k": 10_000}
"""Training questions in each folder; the published figures are of 10,000."""

UNPACKED = "tasks_1-20_v1-2"
ARCHIVE = f"{UNPACKED}.tar.gz"

_LINE = re.compile(r"(\d+) (.+)")


class Question(NamedTuple):
    """A question with all that was told before it.

    Attributes:
        passage: the statements of the story so far, in order.
        question: what is asked.
        answer: one of `PLACES`.
        supporting: the statements of the passage that decide the answer, from 0.
        origin: where it stands, for messages.
    """

    passage: tuple[str, ...]
    question: str
    answer: str
    supporting: tuple[int, ...]
    origin: str


def spaced(sentence: str) -> str:
    """Return a sentence with its closing mark as a word of its own.

    Args:
        sentence: ends in a full stop or a question mark.

    Example:
        >>> spaced("Where is Mary?")
        'Where is Mary ?'
    """
    return f"{sentence[:-1].rstrip()} {sentence[-1]}"


def as_record(question: Question) -> Record:
    """Return a question as a text with a label; the words of both are separated by spaces.

    Args:
        question: of a file or of the generator.

    Example:
        >>> story = ("Mary moved to the office.",)
        >>> as_record(Question(story, "Where is Mary?", "office", (0,), "line 2")).text
        'Mary moved to the office .'
    """
    return Record(
        " ".join(map(spaced, question.passage)),
        question.answer,
        question.origin,
        question=spaced(question.question),
    )


def evidence_of(question: Question) -> tuple[bool, ...]:
    """Return for each word of the record's text whether a supporting statement holds it.

    Args:
        question: of a file or of the generator.

    Example:
        >>> story = ("John left.", "Mary moved to the office.")
        >>> evidence_of(Question(story, "Where is Mary?", "office", (1,), "line 3"))
        (False, False, False, True, True, True, True, True, True)
    """
    return tuple(
        position in question.supporting
        for position, statement in enumerate(question.passage)
        for _ in spaced(statement).split()
    )


def read_babi(files: Mapping[str, Path], *, member: str = "", supporting: int = 0) -> Reading:
    r"""Read the questions of one task, each with all statements of its story before it.

    Args:
        files: by split; or the official archive for both.
        member: the file's name in the archive, with `SPLIT` where that of the split belongs.
        supporting: statements that decide an answer, as in `read_questions`.

    Raises:
        DataError: naming file and line of what is not a line of a story.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "qa1.txt"
        >>> _ = path.write_text("1 Mary went to the office.\n2 Where is Mary? \toffice\t1\n")
        >>> read_babi({"test": path}).records["test"][0].question
        'Where is Mary ?'
    """
    records = {
        split: [
            as_record(each)
            for each in read_questions(path, member.replace("SPLIT", split), supporting=supporting)
        ]
        for split, path in files.items()
    }
    return Reading(records, Counter())


def read_questions(path: Path, member: str = "", *, supporting: int = 0) -> list[Question]:
    """Return the questions of a file of stories, in order.

    Args:
        path: of the file, or of an archive with it.
        member: its name in the archive.
        supporting: how many statements must decide every answer, which tells the files of one
            task from those of another; 0: any number.

    Raises:
        DataError: naming every line that is wrong, but none that is wrong only because an
            earlier one of its story is.
    """
    errors: list[UserError] = []
    questions: list[Question] = []
    told: dict[int, str] = {}
    # The number of the line before, None where it had none; whether the story has a mistake.
    previous: int | None = 0
    broken = False
    for line in lines_of(path, member):
        match = _LINE.fullmatch(line.text.rstrip())
        if match is None:
            found = repr(line.text[:60])
            errors.append(mistake(line, found=found, expected="a number, a space and a sentence"))
            previous, broken = None, True
            continue
        count, content = int(match[1]), match[2]
        if count == 1:
            told, broken = {}, False
        elif previous is not None and count != previous + 1:
            errors.append(_out_of_order(line, count, previous))
            broken = True
        previous = count
        if "\t" in content or "?" in content:
            wrong = len(errors)
            questions += _question(
                content, told, line, errors, supporting=supporting, broken=broken
            )
            broken = broken or len(errors) > wrong
            continue
        told[count] = content
        if not content.endswith("."):
            expected = "a statement that ends in a full stop"
            errors.append(mistake(line, found=repr(content[-60:]), expected=expected))
    raise_some(errors)
    return questions


def _out_of_order(line: Line, count: int, previous: int) -> UserError:
    if not previous:
        return mistake(line, found=f"number {count}", expected="1, where the first story begins")
    found, expected = f"number {count} after {previous}", f"{previous + 1}"
    return mistake(line, found=found, expected=f"{expected}, or 1 where a story begins")


def _question(
    content: str,
    told: Mapping[int, str],
    line: Line,
    errors: list[UserError],
    *,
    supporting: int,
    broken: bool,
) -> Sequence[Question]:
    """Return one line's question, or none with what is wrong with it added to the errors.

    Of a broken story no statement can be told to be missing.
    """
    parts = [part.strip() for part in content.split("\t")]
    if len(parts) != 3 or not parts[0].endswith("?"):
        found = f"{len(parts)} parts in {content[:60]!r}"
        expected = "a question, its answer and the lines that decide it, between tabs"
        errors.append(mistake(line, found=found, expected=expected))
        return ()
    question, answer, lines = parts
    wrong = len(errors)
    order = {str(count): position for position, count in enumerate(told)}
    if answer not in PLACES:
        found = f"the answer {answer!r}"
        errors.append(mistake(line, found=found, expected="one of " + ", ".join(PLACES)))
    if not told and not broken:
        found = "a question before any statement"
        errors.append(mistake(line, found=found, expected="a story before it"))
    elif not broken and (not lines or any(name not in order for name in lines.split())):
        found = f"supporting lines {lines!r}"
        expected = "numbers of statements of the same story before it"
        errors.append(mistake(line, found=found, expected=expected))
    elif supporting and len(lines.split()) != supporting:
        found = f"supporting lines {lines!r}"
        expected = f"{supporting} of them: this should be a file of bAbI task {supporting}"
        errors.append(mistake(line, found=found, expected=expected))
    if len(errors) > wrong or broken:
        return ()
    decisive = tuple(order[name] for name in lines.split())
    return (Question(tuple(told.values()), question, answer, decisive, line.origin),)


def choose_babi(reading: Reading, config: DataConfig) -> Reading:
    """Return all questions, with a note where the training questions are not the official ones.

    The plain file names are the same in both folders of the distribution, so that the
    1,000-question files can stand where 10,000 are asked for.

    Args:
        reading: of one task's files.
        config: `stories` is read.

    Example:
        >>> story = [Record("Mary left .", "office", "line 2", "Where is Mary ?")]
        >>> reading = Reading({"train": story}, Counter())
        >>> choose_babi(reading, DataConfig(name="babi", stories="official")).notes
        ('Trained on 1 bAbI question: the official files have 1,000.',)
    """
    official, found = SIZES[config.stories], len(reading.records["train"])
    if found == official:
        return reading
    questions = f"{found:,} bAbI question{'s' if found != 1 else ''}"
    note = f"Trained on {questions}: the official files have {official:,}."
    return reading._replace(notes=(*reading.notes, note))


def babi_source(task: int, stories: str) -> Source:
    """Return where one task's official files are.

    Args:
        task: 1, 2 or 3: how many statements decide an answer.
        stories: `official` or `official_10k`.

    Example:
        >>> babi_source(1, "official_10k").parts["test"][0]
        'tasks_1-20_v1-2/en-10k/qa1_single-supporting-fact_test.txt'
    """
    folder = FOLDERS[stories]
    parts = {}
    for split in ("train", "test"):
        name = f"{FILES[task]}_{split}.txt"
        # Plain names come last: they are the same in both folders of the distribution.
        parts[split] = (f"{UNPACKED}/{folder}/{name}", f"{folder}/{name}", name, ARCHIVE)
    return Source(
        title=f"bAbI task {task} ({stories})",
        parts=parts,
        read=partial(
            read_babi, member=f"{UNPACKED}/{folder}/{FILES[task]}_SPLIT.txt", supporting=task
        ),
        folder="babi",
        addresses=dict.fromkeys(parts, f"http://www.thespermwhale.com/jaseweston/babi/{ARCHIVE}"),
    )
