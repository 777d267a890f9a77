"""From a text to the ids of its pieces and back, by the release's pipeline or a faster one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer

from attnjax.data.gpt.byte_pairs import (
    END,
    NEWLINE,
    SPECIAL_NAMES,
    UNKNOWN,
    BytePairs,
    read_byte_pairs,
)
from attnjax.data.gpt.words import not_installed, original_words
from attnjax.errors import DataError

PIPELINES = ("original", "fast")
"""`original` is the release's; `fast` cuts words as Hugging Face's fast tokenizer does."""

KEPT_WORDS = 2**18
"""Words whose pieces are remembered."""

LONGEST_KEPT = 64
"""Symbols of a word that is remembered: a longer one hardly comes twice."""

Splitter = Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class Tokenizer:
    r"""Byte pairs and how a text is cut into the words they make up.

    The two pipelines differ in 43% of AG News descriptions, so which one was used belongs to
    every result: `record` says it.

    Attributes:
        byte_pairs: pieces and merges.
        pipeline: one of `PIPELINES`.

    Source: Radford et al. (2018), section 4.1, and their release.

    Example:
        >>> toy = BytePairs(("<unk>", "a", "b", "b</w>", "ab</w>", "\n</w>"), (("a", "b</w>"),))
        >>> tokenizer = Tokenizer(toy)
        >>> tokenizer.encode("Ab\nbab c")
        [4, 5, 2, 4, 0]
        >>> tokenizer.decode([4, 5, 2, 4, 0])
        'ab \n bab <unk>'
    """

    byte_pairs: BytePairs
    pipeline: str = "original"

    def __post_init__(self):
        assert self.pipeline in PIPELINES, f"no pipeline {self.pipeline!r}"

    @property
    def newline(self) -> int | None:
        """The id of a line end; None where the pipeline takes it for a space."""
        return self.byte_pairs.ids.get(NEWLINE, 0) if self.pipeline == "original" else None

    @property
    def record(self) -> dict[str, str]:
        """What says which ids a text has: kept with every token file and run."""
        return {"pipeline": self.pipeline, "vocabulary": self.byte_pairs.digest}

    def encode(self, text: str, *, after_markup: bool = False) -> list[int]:
        """Return the ids of a text; none of them is a special token's.

        Args:
            text: running text of any length.
            after_markup: whether this is the rest of a text with a "<" before.

        Raises:
            DataError: if a library is not installed.
        """
        if self.pipeline == "fast":
            return self._fast(text)
        ids: list[int] = []
        for word in original_words(text, after_markup=after_markup):
            ids += self._kept(word) if len(word) <= LONGEST_KEPT else self._split(word)
        return ids

    def decode(
        self, ids: Iterable[int] | Integer[np.ndarray, " T"], *, specials: bool = True
    ) -> str:
        """Return the words of some ids, with a space between two.

        Args:
            ids: of pieces and special tokens.
            specials: whether special tokens are given, by name; else they are left out.

        Raises:
            DataError: for an id beyond the special tokens.
        """
        pieces, text = self.byte_pairs.pieces, []
        for each in map(int, ids):
            if 0 <= each < len(pieces):
                text.append(f"{UNKNOWN} " if each == 0 else pieces[each].replace(END, " "))
            elif len(pieces) <= each < self.byte_pairs.num_tokens:
                text.append(f"{SPECIAL_NAMES[each - len(pieces)]} " if specials else "")
            else:
                raise DataError(
                    "the ids to decode",
                    found=str(each),
                    expected=f"0 to {self.byte_pairs.num_tokens - 1}",
                    action="decode them with the vocabulary they were made with",
                )
        return "".join(text).strip(" ")

    @cached_property
    def _split(self) -> Splitter:
        """A word to the ids of its pieces."""
        tokenize = _model(self.byte_pairs).tokenize
        return lambda word: tuple(piece.id for piece in tokenize(word))

    @cached_property
    def _kept(self) -> Splitter:
        return lru_cache(KEPT_WORDS)(self._split)

    @cached_property
    def _fast(self) -> Callable[[str], list[int]]:
        """A text to ids, all of it in the library."""
        from tokenizers import Tokenizer as Library
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        library = Library(_model(self.byte_pairs))
        library.normalizer = BertNormalizer(lowercase=True)  # pyright: ignore[reportAttributeAccessIssue]
        library.pre_tokenizer = BertPreTokenizer()  # pyright: ignore[reportAttributeAccessIssue]
        # A text that says <unk> (WikiText does) has one unknown token there.
        library.add_special_tokens([UNKNOWN])
        return lambda text: library.encode(_whole(text)).ids


def load_tokenizer(folder: Path, *, pipeline: str = "original") -> Tokenizer:
    """Return the tokenizer whose files lie in a folder.

    Args:
        folder: with the files of the release, of a Hugging Face model, or trained ones.
        pipeline: one of `PIPELINES`.

    Raises:
        DataError: for files that are missing or wrong, or an unknown pipeline.
    """
    if pipeline not in PIPELINES:
        raise DataError(
            "the tokenizer's pipeline",
            found=repr(pipeline),
            expected="one of " + ", ".join(PIPELINES),
            action="correct it",
        )
    return Tokenizer(read_byte_pairs(folder), pipeline)


def _model(byte_pairs: BytePairs) -> Any:
    """Return the library's byte-pair model: it merges the most urgent neighbours first."""
    try:
        from tokenizers.models import BPE
    except ImportError as error:
        raise not_installed(error) from error
    return BPE(
        vocab=dict(byte_pairs.ids),
        merges=list(byte_pairs.merges),
        unk_token=UNKNOWN,
        end_of_word_suffix=END,
        fuse_unk=False,
    )


def _whole(text: str) -> str:
    """Return a text without halves of surrogate pairs, which the library cannot read."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
