"""The texts that a language model is trained on: files of any size, read in pieces."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from attnjax.data.reading import open_binary, raise_some, read_lines
from attnjax.errors import DataError, UserError

PIECE = 2**18
"""Characters of a piece: how much is tokenised at once."""

LONGEST_LINE = 10**6
"""Characters of a line that are read as one; ftfy looks at no more at once either."""


class Document(NamedTuple):
    """A book, or another text that may be held out as a whole.

    Attributes:
        name: of its own among the documents.
        digest: of its content, by which a half-finished token file knows it again.
        lines: opens it; lines end in a newline, the last one maybe not.
    """

    name: str
    digest: str
    lines: Callable[[], Iterator[str]]


class Piece(NamedTuple):
    """A part of a document.

    Attributes:
        text: at most `PIECE` characters and the rest of a line.
        after_markup: whether a "<" stands in an earlier piece.
    """

    text: str
    after_markup: bool


def text_files(paths: Sequence[Path], *, wrapped: bool = False) -> tuple[Document, ...]:
    """Return each file as a document, named by the file without `.txt` and `.gz`.

    All files are read once, so that nothing wrong with one stops the work of hours.

    Args:
        paths: of UTF-8 texts, gzipped if their names end in `.gz`.
        wrapped: whether lines end where those of a page did, as in Project Gutenberg's books:
            then only a blank line ends a line, and the digests say so.

    Raises:
        DataError: naming every file that is binary, empty, damaged or missing, and two files
            of one name.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "emma.txt"
        >>> _ = path.write_text("Emma Woodhouse, handsome, clever, and rich")
        >>> [(document.name, document.digest[:4]) for document in text_files([path])]
        [('emma', '6ad5')]
    """
    errors: list[UserError] = []
    documents: dict[str, tuple[Path, Document]] = {}
    for path in paths:
        name = path.name.removesuffix(".gz").removesuffix(".txt")
        try:
            digest = _checked(path)
        except UserError as error:
            errors.append(error)
            continue
        if name in documents:
            other = documents[name][0]
            errors.append(_refused(path, f"a second document {name!r}, beside {other}", "rename"))
        lines = partial(read_lines, path, keep_ends=True)
        if wrapped:
            digest, lines = f"{digest} unwrapped", partial(_paragraphs, lines)
        documents[name] = (path, Document(name, digest, lines))
    if not paths:
        errors.append(_refused(Path("the corpus"), "no files", "name some"))
    raise_some(errors)
    return tuple(document for _, document in documents.values())


def pieces_of(document: Document) -> Iterator[Piece]:
    r"""Yield a document in pieces that end where lines do, or within a line beyond all lines.

    Tokenised one by one, with a newline between, they give the tokens of the whole: neither
    ftfy nor the words look beyond a line, but for `after_markup`.

    Args:
        document: of any size.

    Example:
        >>> document = Document("toy", "", lambda: iter(["one\n", "two\n"]))
        >>> list(pieces_of(document))
        [Piece(text='one\ntwo\n', after_markup=False)]
    """
    held: list[str] = []
    size, markup = 0, False
    for line in document.lines():
        for part in _parts(line):
            held.append(part)
            size += len(part)
            if size >= PIECE:
                text = "".join(held)
                yield Piece(text, markup)
                held, size, markup = [], 0, markup or "<" in text
    if held:
        yield Piece("".join(held), markup)


def _paragraphs(lines: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Yield each paragraph as one line; blank lines separate them."""
    held: list[str] = []
    for line in lines():
        if line.strip():
            held.append(line.strip())
        elif held:
            yield " ".join(held) + "\n"
            held = []
    if held:
        yield " ".join(held) + "\n"


def _parts(line: str) -> Iterable[str]:
    """Return a line, in parts if it is no line anyone wrote."""
    if len(line) <= LONGEST_LINE:
        return (line,)
    return _cut(line)


def _cut(line: str) -> Iterator[str]:
    """Yield parts of a line that end in a space where there is one."""
    start = 0
    while start < len(line):
        end = start + LONGEST_LINE
        if end < len(line):
            end = max(line.rfind(" ", start, end), line.rfind("\t", start, end)) + 1 or end
        yield line[start:end]
        start = end


def _checked(path: Path) -> str:
    """Return the digest of a text file; raise for what is none."""
    digest = hashlib.sha256()
    empty = True
    for line in read_lines(path, keep_ends=True):
        if "\x00" in line:
            raise _refused(path, "a binary file (it has zero bytes)", "leave it out")
        empty = empty and not line.strip()
        digest.update(line.encode())
    if empty:
        raise _refused(path, "an empty file" if _no_bytes(path) else "no words", "leave it out")
    return digest.hexdigest()[:16]


def _no_bytes(path: Path) -> bool:
    with open_binary(path) as file:
        return not file.read(1)


def _refused(path: Path, found: str, action: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected="text files with words, each under its own name",
        action=f"{action}; nothing was written",
    )
