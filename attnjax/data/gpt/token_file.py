"""A corpus as token ids on the disk, read through the memory map, with its documents' ends."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt

from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.reading import unreadable
from attnjax.errors import DataError, suggestion

SCHEMA = 2
"""Since 2 the characters of each document are counted."""


class Span(NamedTuple):
    """Where a document's tokens are: from `start` to before `end`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What is known of a token file; its JSON lies beside it and is written last.

    Attributes:
        dtype: `uint16` or `uint32`, little-endian.
        count: tokens.
        names: of the documents.
        ends: of the documents, as numbers of tokens.
        characters: of each document's text as it was read, line ends included.
        sha256: of the tokens' bytes.
        tokenizer: `Tokenizer.record`: the pipeline by name, and the digest of the vocabulary.
        num_tokens: ids that there may be: pieces and specials.
        versions: of the libraries that made it.
        digests: of the documents' texts.
        schema: of this header.
    """

    dtype: str
    count: int
    names: tuple[str, ...]
    ends: tuple[int, ...]
    characters: tuple[int, ...]
    sha256: str
    tokenizer: dict[str, str]
    num_tokens: int
    versions: dict[str, str]
    digests: tuple[str, ...]
    schema: int = SCHEMA

    def as_json(self) -> bytes:
        """Return the content of the header's file."""
        return (json.dumps(asdict(self), indent=1) + "\n").encode()


class TokenFile(NamedTuple):
    """A token file that is open for reading.

    Attributes:
        tokens: mapped, not held in memory.
        header: what is known of it.
        documents: in order; together they are all tokens.
    """

    tokens: UInt[np.ndarray, " T"]
    header: Header
    documents: tuple[Span, ...]

    @property
    def num_characters(self) -> dict[str, int]:
        """Characters of each document's text, by name."""
        return dict(zip(self.header.names, self.header.characters, strict=True))

    def tokens_of(self, name: str) -> UInt[np.ndarray, " T"]:
        """Return the tokens of one document.

        Args:
            name: of the document.

        Raises:
            DataError: for an unknown name.
        """
        span = hold_out(self.documents, [name]).held_out[0]
        return self.tokens[span.start : span.end]


class HeldOut(NamedTuple):
    """Documents to train on, and documents to measure by."""

    training: tuple[Span, ...]
    held_out: tuple[Span, ...]


def header_path(path: Path) -> Path:
    """Return where the header of a token file is: `NAME.bin` has `NAME.json`."""
    return path.with_suffix(".json")


def hold_out(documents: Sequence[Span], names: Sequence[str]) -> HeldOut:
    """Return the documents without some, and these: whole ones, never a part of a book.

    Args:
        documents: of a token file.
        names: of those that are not trained on.

    Raises:
        DataError: for unknown names, naming all of them.

    Example:
        >>> books = (Span("emma", 0, 5), Span("dracula", 5, 9))
        >>> hold_out(books, ["dracula"]).training
        (Span(name='emma', start=0, end=5),)
    """
    known = [span.name for span in documents]
    wrong = [f"{name!r}{suggestion(name, known)}" for name in names if name not in known]
    if wrong:
        raise DataError(
            "the documents to hold out",
            found=", ".join(wrong),
            expected="names of documents: " + ", ".join(known[:20]),
            action="correct the names",
        )
    chosen = frozenset(names)
    return HeldOut(
        tuple(span for span in documents if span.name not in chosen),
        tuple(span for span in documents if span.name in chosen),
    )


def open_tokens(
    path: Path, *, tokenizer: Tokenizer | None = None, verify: bool = True
) -> TokenFile:
    """Open a token file.

    Args:
        path: of the tokens (`NAME.bin`); its header lies beside it.
        tokenizer: what the file must have been made with, if that matters.
        verify: whether the checksum of all tokens is compared, which reads the file once.

    Raises:
        DataError: if the file is missing, unfinished or changed, or of another vocabulary or
            pipeline.

    Example: `open_tokens(Path("novels.bin"), tokenizer=tokenizer).tokens_of("emma")[:512]`.
    """
    header = read_header(path)
    if tokenizer is not None:
        check_tokenizer(path, header.tokenizer, tokenizer)
    try:
        size = path.stat().st_size
        expected = header.count * np.dtype(header.dtype).itemsize
        if size != expected:
            raise _changed(path, f"{size} bytes", f"{expected} bytes for {header.count} tokens")
        if verify and (found := checksum(path)) != header.sha256:
            raise _changed(path, f"sha256 {found[:16]}...", f"{header.sha256[:16]}...")
        tokens = np.memmap(path, dtype=np.dtype(header.dtype).newbyteorder("<"), mode="r")
    except OSError as error:
        raise unreadable(path, error) from error
    starts = (0, *header.ends[:-1])
    spans = map(Span, header.names, starts, header.ends)
    return TokenFile(tokens, header, tuple(spans))


def read_header(path: Path) -> Header:
    """Return the header of a token file.

    Args:
        path: of the tokens.

    Raises:
        DataError: if it is missing or no header, or the file was not finished.
    """
    beside = header_path(path)
    if not beside.exists() and part_path(path).exists():
        raise DataError(
            str(path),
            found="a token file that was not finished",
            expected="all documents tokenised",
            action="give the command that was writing it again: it continues where it stopped",
        )
    try:
        value: Any = json.loads(beside.read_text(encoding="utf-8"))
        if value.pop("schema") != SCHEMA:
            raise _changed(beside, "another schema", f"schema {SCHEMA}")
        for name in ("names", "ends", "characters", "digests"):
            value[name] = tuple(value[name])
        header = Header(**value)
        if not _is_consistent(header):
            raise _changed(beside, "counts that do not fit together", "one end for each document")
        return header
    except OSError as error:
        raise unreadable(beside, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise _changed(
            beside, f"no header ({error})", "what was written with the tokens"
        ) from error


def _is_consistent(header: Header) -> bool:
    """Return whether the documents that a header names are all of its tokens."""
    columns = (header.names, header.ends, header.characters, header.digests)
    return (
        header.dtype in ("uint16", "uint32")
        and len({len(column) for column in columns}) == 1
        and list(header.ends) == sorted(header.ends)
        and header.ends[-1:] == (header.count,)
    )


def check_tokenizer(path: Path, record: dict[str, str], tokenizer: Tokenizer) -> None:
    """Raise if tokens were made with another vocabulary or pipeline.

    Args:
        path: of the tokens.
        record: what they were made with.
        tokenizer: what is used now.

    Raises:
        DataError: naming both.
    """
    if record != tokenizer.record:
        raise DataError(
            str(path),
            found=f"tokens of another tokenizer ({_in_words(record)})",
            expected=_in_words(tokenizer.record),
            action="use the tokenizer the file was made with, or make the file again",
        )


def part_path(path: Path) -> Path:
    """Return where the tokens of an unfinished file are."""
    return path.with_name(f"{path.name}.part")


def checksum(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_words(record: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(record.items()))


def _changed(path: Path, found: str, expected: str) -> DataError:
    return DataError(
        str(path), found=found, expected=expected, action="delete the token file and make it again"
    )
