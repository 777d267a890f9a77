"""The stages of a pre-training before the model: pieces, and the corpus in pieces."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.data.gpt.byte_pairs import BytePairs, write_byte_pairs
from attnjax.data.gpt.documents import Document, pieces_of
from attnjax.data.gpt.token_file import TokenFile, open_tokens
from attnjax.data.gpt.token_writer import write_tokens
from attnjax.data.gpt.trained_pairs import train_byte_pairs
from attnjax.data.gpt.windows import Documents
from attnjax.errors import WorkFolderError
from attnjax.experiments.gpt.pretraining_work import PretrainingWork
from attnjax.experiments.gpt.starting_point import TOKENIZER
from attnjax.experiments.result import Result
from attnjax.training.hosts import is_writer, wait_for_hosts

PARTS = {"train": "train.bin", "held_out": "held_out.bin"}
"""Token files: documents that are trained on, and whole others."""

COUNTED = 2**22
"""Tokens that are looked through at once."""


def tokenizer_stage(work: PretrainingWork) -> Result:
    """Put the pieces of the run into its work folder: the release's, or new ones.

    Args:
        work: in progress.
    """
    settings = work.config.tokenizer
    if is_writer():
        pairs = _new_pieces(work) if work.release is None else work.release.byte_pairs
        write_byte_pairs(pairs, work.directory / TOKENIZER)
    wait_for_hosts("the tokenizer is written")
    from attnjax.data.gpt.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(work.directory / TOKENIZER, pipeline=settings.pipeline)
    work.kept["tokenizer"] = tokenizer
    pairs = tokenizer.byte_pairs
    trained_on = [one.name for one in work.training] if work.release is None else []
    return Result(
        {
            "pipeline": settings.pipeline,
            "pieces": settings.pieces,
            "num_pieces": len(pairs.pieces),
            "num_merges": len(pairs.merges),
            "vocabulary": pairs.digest,
            "trained_on": trained_on,
        },
        {},
    )


def _new_pieces(work: PretrainingWork) -> BytePairs:
    settings = work.config.tokenizer

    def texts() -> Iterator[str]:
        for document in work.training:
            work.raise_if_stopped()
            yield from (piece.text for piece in pieces_of(document))

    return train_byte_pairs(texts(), settings.size, most_symbols=settings.characters)


def tokens_stage(work: PretrainingWork) -> Result:
    """Write the corpus as tokens, or go on with it: documents that are held out apart.

    Args:
        work: in progress.
    """
    parts = {part: token_file(work, part) for part in PARTS}
    return Result(
        {
            **{part: _described(file) for part, file in parts.items()},
            "files_passed_over": list(work.passed_over),
            "versions": parts["train"].header.versions,
        },
        {},
    )


def _described(file: TokenFile) -> dict[str, Any]:
    """Return the counts of a token file, of all its documents and of each."""
    ends = np.array([0, *file.header.ends])
    unknown = sum(
        int(np.count_nonzero(file.tokens[begin : begin + COUNTED] == 0))
        for begin in range(0, len(file.tokens), COUNTED)
    )
    each = zip(file.header.names, np.diff(ends).tolist(), file.header.characters, strict=True)
    return {
        "tokens": file.header.count,
        "characters": sum(file.header.characters),
        "unknown_pieces": unknown,
        "sha256": file.header.sha256,
        "documents": [
            {"name": name, "tokens": tokens, "characters": characters}
            for name, tokens, characters in each
        ],
    }


def token_file(work: PretrainingWork, part: str) -> TokenFile:
    """Return one of the two token files, made or finished where it is not.

    Args:
        work: in progress.
        part: of `PARTS`.

    Raises:
        DataError: if a file of another vocabulary, or of other documents, is in its place.
        Interrupted: between two documents, if the run was asked to stop.
    """
    if part not in work.kept:
        path = tokens_folder(work) / PARTS[part]
        documents: tuple[Document, ...] = work.training if part == "train" else work.held_out

        def after_each(name: str, count: int) -> None:
            del name, count
            work.raise_if_stopped()

        if is_writer():
            write_tokens(documents, path, work.tokenizer, on_document=after_each)
        wait_for_hosts(f"the tokens of {part} are written")
        work.kept[part] = open_tokens(path, tokenizer=work.tokenizer, verify=False)
    return work.kept[part]


def documents_of(work: PretrainingWork, part: str) -> Documents:
    """Return the documents of a finished token file.

    Args:
        work: in progress.
        part: of `PARTS`.

    Raises:
        WorkFolderError: if it is not the file that the stage `tokens` left.
    """
    file = token_file(work, part)
    if file.header.sha256 != work.summary("tokens")[part]["sha256"]:
        raise WorkFolderError(
            str(tokens_folder(work) / PARTS[part]),
            found="tokens that are not those that the finished stages used",
            expected="the token file as the run left it",
            action="restore it, or give another --workdir",
        )
    return Documents(file.tokens, file.documents, file.num_characters)


def tokens_folder(work: PretrainingWork) -> Path:
    """Return where the token files of a run lie.

    Args:
        work: in progress.
    """
    cache = work.config.corpus.cache
    return Path(cache).expanduser() if cache else work.directory / "tokens"
