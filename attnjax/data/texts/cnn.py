"""CNN cloze questions: a news article, and a sentence on it in which one name is missing."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some, read_lines, unreadable
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError, UserError

ENDING = ".question"
PLACEHOLDER = "@placeholder"
ENTITY = re.compile(r"@entity\d+\b")

_NAMED = re.compile(r"@entity\d+:.*")
_FOLDERS = {"train": "training", "dev": "validation", "test": "test"}


class QuestionFiles(Sequence[Record]):
    """The questions of a folder, each read from its file when it is asked for.

    So what is held while they are prepared is the files' names: the articles of the official
    380,298 training questions are 1.5 GB. A corpus of them holds all texts and their words.

    Args:
        folder: with files that end in `.question`.

    Raises:
        DataError: if there are none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            names = sorted(path.name for path in folder.iterdir() if path.name.endswith(ENDING))
        except OSError as error:
            raise unreadable(folder, error) from error
        self.names = tuple(names)
        if not names:
            raise DataError(
                str(folder),
                found=f"no file that ends in {ENDING}",
                expected="one file for each question",
                action="unpack the official archive again",
            )

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [read_question_file(self.folder / name) for name in self.names[index]]
        return read_question_file(self.folder / self.names[index])


def read_cnn(files: Mapping[str, Path]) -> Reading:
    """Read the questions of each split; whatever is wrong in any file is reported together.

    The names that may be the answer are those of the article. Words are separated by spaces.

    Args:
        files: by split; a folder of `.question` files (each is read to be checked, and again
            when it is asked for), or one file of blocks as `read_blocks` takes it.

    Raises:
        DataError: naming file and line of what is not as it should be.
    """
    records: dict[str, Sequence[Record]] = {}
    errors: list[UserError] = []
    for split, path in files.items():
        if not path.is_dir():
            records[split] = list(read_blocks(path))
            continue
        questions = QuestionFiles(path)
        for name in questions.names:
            try:
                read_question_file(path / name)
            except UserError as error:
                errors.append(error)
        records[split] = questions
    raise_some(errors)
    return Reading(records, Counter())


def read_question_file(path: Path) -> Record:
    r"""Read one question in the format of its authors.

    Five parts with a blank line after each: an address, the article, the question, the answer,
    and a line `@entityN:name` for each name that was replaced.

    Args:
        path: of the file.

    Raises:
        DataError: naming the line.

    Source: Hermann et al. (2015), DeepMind's reading comprehension data.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.question"
        >>> _ = path.write_text("http\n\n@entity1 won\n\n@placeholder won\n\n@entity1\n\n")
        >>> read_question_file(path).candidates
        ('@entity1',)
    """
    lines = [(number, line.strip()) for number, line in enumerate(read_lines(path), start=1)]
    while lines and not lines[-1][1]:
        lines.pop()
    blanks = [number for number, line in lines[:8] if not line]
    if len(lines) < 7 or blanks != [number for number in (2, 4, 6, 8) if number < len(lines)]:
        raise _mistake(
            f"{path}, line {len(lines)}",
            found=f"{len(lines)} lines, of the first eight blank: {blanks}",
            expected="address, article, question, answer and names, a blank line after each",
        )
    for number, line in lines[8:]:
        if _NAMED.fullmatch(line) is None:
            raise _mistake(
                f"{path}, line {number}", found=repr(line[:60]), expected="@entityN:name"
            )
    article, question, answer = lines[2], lines[4], lines[6]
    return _record(path, article=article, question=question, answer=answer)


def read_blocks(path: Path) -> Iterator[Record]:
    r"""Yield the questions of one file: question, answer and article, then a blank line.

    Args:
        path: of the file, three lines to a block.

    Raises:
        DataError: naming every block that is wrong.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "train.txt"
        >>> _ = path.write_text("@placeholder won\n@entity1\n@entity1 beat @entity2\n\n")
        >>> next(read_blocks(path)).candidates
        ('@entity1', '@entity2')
    """
    errors: list[UserError] = []
    for block in _blocks(path):
        try:
            if len(block) != 3:
                raise _mistake(
                    f"{path}, line {block[0][0]}",
                    found=f"a block of {len(block)} lines",
                    expected="three: question, answer and article, then a blank line",
                )
            question, answer, article = block
            yield _record(path, article=article, question=question, answer=answer)
        except UserError as error:
            errors.append(error)
    raise_some(errors)


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines between blank ones, each with its number."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            block.append((number, line.strip()))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _record(
    path: Path, *, article: tuple[int, str], question: tuple[int, str], answer: tuple[int, str]
) -> Record:
    """Return the record of three numbered lines, or say which of them cannot be right."""
    candidates = tuple(dict.fromkeys(ENTITY.findall(article[1])))
    if PLACEHOLDER not in question[1].split():
        raise _mistake(
            f"{path}, line {question[0]}",
            found=f"a question without {PLACEHOLDER}: {question[1][:60]!r}",
            expected=f"a sentence with the word {PLACEHOLDER}",
        )
    if not ENTITY.fullmatch(answer[1]):
        raise _mistake(
            f"{path}, line {answer[0]}",
            found=f"the answer {answer[1][:60]!r}",
            expected="a name, such as @entity3",
        )
    if answer[1] not in candidates:
        raise _mistake(
            f"{path}, line {answer[0]}",
            found=f"the answer {answer[1]!r}, which the article does not name",
            expected="one of " + (", ".join(candidates[:10]) or "its names, but it has none"),
        )
    origin = f"{path.name}, line {question[0]}"
    return Record(article[1], answer[1], origin, question[1], candidates)


def _mistake(where: str, *, found: str, expected: str) -> DataError:
    return DataError(
        where, found=found, expected=expected, action="correct it, or get the file again"
    )


CNN = Source(
    title="CNN questions",
    parts={
        split: (f"cnn/questions/{folder}", f"questions/{folder}", folder, f"{split}.txt")
        for split, folder in _FOLDERS.items()
    },
    read=read_cnn,
    folder="cnn",
    instructions="Get cnn.tgz (questions) of DeepMind's reading comprehension data from "
    "https://cs.nyu.edu/~kcho/DMQA/ and unpack it.",
)
