"""Writing a token file piece by piece, so that a kill at any moment costs a few pieces."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from attnjax.data.gpt.documents import Document, pieces_of
from attnjax.data.gpt.token_file import (
    Header,
    TokenFile,
    checksum,
    header_path,
    open_tokens,
    part_path,
)
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.words import library_versions
from attnjax.errors import DataError

COMMITTED = 16
"""Pieces between two moments from which writing can go on after a kill."""


@dataclass(frozen=True)
class Progress:
    """How far a file is: kept beside it until it is finished.

    Attributes:
        plan: what is being written: documents, tokenizer, libraries.
        ends: of the finished documents, in tokens.
        characters: of the finished documents.
        pieces: of the document in progress that are done.
        read: characters of these pieces.
        count: tokens written.
        line_end: whether a line ended since the last token.
    """

    plan: dict[str, Any]
    ends: tuple[int, ...] = ()
    characters: tuple[int, ...] = ()
    pieces: int = 0
    read: int = 0
    count: int = 0
    line_end: bool = False


def write_tokens(
    documents: Sequence[Document],
    path: Path,
    tokenizer: Tokenizer,
    *,
    on_document: Callable[[str, int], None] = lambda name, count: None,
) -> TokenFile:
    """Tokenise documents into a file that is mapped, not loaded; a killed run is continued.

    A file that is finished already is opened, if it is the one that would be written.

    Args:
        documents: in the order of the file, of any size.
        path: of the tokens, `NAME.bin`.
        tokenizer: whose ids they are: two bytes each where they fit, else four.
        on_document: told the name of each finished document, and the tokens so far.

    Returns:
        The file, its checksum compared.

    Raises:
        DataError: if the place cannot be written or is being written, or holds another file,
            or a document changed meanwhile.

    Example: `write_tokens(text_files(sorted(Path("novels").glob("*.txt.gz"))),
    Path("novels.bin"), load_tokenizer(Path("gpt1")))`.
    """
    plan = _plan(documents, tokenizer)
    if header_path(path).exists():
        return _finished(path, plan, tokenizer)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _take_back(path)
        with _opened(part_path(path)) as file:
            progress = _resumed(path, plan)
            file.truncate(progress.count * np.dtype(plan["dtype"]).itemsize)
            file.seek(0, os.SEEK_END)
            while len(progress.ends) < len(documents):
                document = documents[len(progress.ends)]
                progress = _write_document(document, path, file, tokenizer, progress)
                on_document(document.name, progress.count)
            _finish(path, progress, tokenizer)
    except OSError as error:
        raise DataError(
            str(path.parent),
            found=str(error),
            expected="a folder with room, in which files can be written",
            action="free some space or name another folder, then give the same command again: "
            "it continues where it stopped",
        ) from error
    return open_tokens(path, tokenizer=tokenizer)


def _plan(documents: Sequence[Document], tokenizer: Tokenizer) -> dict[str, Any]:
    """Return what must be the same for a half-finished file to be continued."""
    small = tokenizer.byte_pairs.num_tokens <= 2**16
    return {
        "dtype": "uint16" if small else "uint32",
        "names": [document.name for document in documents],
        "digests": [document.digest for document in documents],
        "tokenizer": tokenizer.record,
        "versions": library_versions(),
    }


def _write_document(
    document: Document, path: Path, file: BinaryIO, tokenizer: Tokenizer, progress: Progress
) -> Progress:
    """Write what is left of a document."""
    dtype = np.dtype(progress.plan["dtype"]).newbyteorder("<")
    begin = progress.ends[-1] if progress.ends else 0
    newline = () if tokenizer.newline is None else (tokenizer.newline,)
    for piece in islice(pieces_of(document), progress.pieces, None):
        ids = tokenizer.encode(piece.text, after_markup=piece.after_markup)
        leading, trailing = _line_ends(piece.text)
        # A line end is a token between words: the one between two pieces is in neither.
        if ids and progress.count > begin and (progress.line_end or leading):
            ids = [*newline, *ids]
        file.write(np.asarray(ids, dtype).tobytes())
        progress = replace(
            progress,
            pieces=progress.pieces + 1,
            read=progress.read + len(piece.text),
            count=progress.count + len(ids),
            line_end=trailing or (progress.line_end and not ids),
        )
        if progress.pieces % COMMITTED == 0:
            _commit(path, file, progress)
    if progress.count == begin:
        raise DataError(
            f"the document {document.name!r}",
            found="no tokens",
            expected="words",
            action="leave it out of the corpus",
        )
    progress = replace(
        progress,
        ends=(*progress.ends, progress.count),
        characters=(*progress.characters, progress.read),
        pieces=0,
        read=0,
        line_end=False,
    )
    _commit(path, file, progress)
    return progress


def _commit(path: Path, file: BinaryIO, progress: Progress) -> None:
    """Make sure that the tokens are on the disk, then that it is known."""
    file.flush()
    os.fsync(file.fileno())
    _replace(_progress_path(path), json.dumps(asdict(progress)).encode())


def _line_ends(text: str) -> tuple[bool, bool]:
    """Return whether a line ends before the first word, and after the last one."""
    leading = text[: len(text) - len(text.lstrip())]
    trailing = text[len(text.rstrip()) :]
    return "\n" in leading, "\n" in trailing


def _replace(path: Path, content: bytes) -> None:
    """Write a small file that is the old one or the new one at any moment."""
    temporary = path.with_name(f"{path.name}.new")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _finish(path: Path, progress: Progress, tokenizer: Tokenizer) -> None:
    """Give the tokens their name, then write the header, which says that they are whole."""
    plan = progress.plan
    header = Header(
        dtype=plan["dtype"],
        count=progress.count,
        names=tuple(plan["names"]),
        ends=progress.ends,
        characters=progress.characters,
        sha256=checksum(part_path(path)),
        tokenizer=plan["tokenizer"],
        num_tokens=tokenizer.byte_pairs.num_tokens,
        versions=plan["versions"],
        digests=tuple(plan["digests"]),
    )
    os.replace(part_path(path), path)
    _replace(header_path(path), header.as_json())
    _progress_path(path).unlink(missing_ok=True)


def _take_back(path: Path) -> None:
    """Give tokens whose header could not be written any more their unfinished name again."""
    if not path.exists():
        return
    if not _progress_path(path).exists():
        raise _other(path, "a file without a header")
    os.replace(path, part_path(path))


def _resumed(path: Path, plan: dict[str, Any]) -> Progress:
    """Return how far an earlier run came, if there was one."""
    beside = _progress_path(path)
    if not beside.exists():
        return Progress(plan)
    try:
        value = json.loads(beside.read_text(encoding="utf-8"))
        pairs = {name: tuple(value[name]) for name in ("ends", "characters")}
        progress = Progress(**{**value, **pairs})
    except (ValueError, TypeError, KeyError) as error:
        raise _other(path, f"progress that cannot be read ({error})") from error
    differing = [name for name in plan if progress.plan.get(name) != plan[name]]
    if differing:
        raise _other(path, "a half-finished file with other " + ", ".join(differing))
    size = part_path(path).stat().st_size
    if size < progress.count * np.dtype(plan["dtype"]).itemsize:
        raise _other(path, f"{size} bytes, fewer than were written")
    return progress


def _finished(path: Path, plan: dict[str, Any], tokenizer: Tokenizer) -> TokenFile:
    """Return the file that is there, if it is what would be written."""
    file = open_tokens(path, tokenizer=tokenizer)
    header = file.header
    if [*header.names] != plan["names"] or [*header.digests] != plan["digests"]:
        raise _other(path, "a token file of other documents")
    return file


def _other(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected="no file, or the one that would be written",
        action=f"give another name, or delete {path.name} with what begins like it",
    )


def _progress_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.progress")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the unfinished tokens for this process alone."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(
                str(path),
                found="a file that another process is writing",
                expected="one writer",
                action="wait for it, or give another name",
            ) from error
        yield file
