"""From words to numbers and back."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from attnjax.data.reading import raise_some, read_lines
from attnjax.errors import DataError, UserError

PAD, UNK, SOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<sos>", "<eos>")


@dataclass(frozen=True)
class Vocabulary:
    """The words that have an id of their own; `tokens[id]` is the word.

    Attributes:
        tokens: the four specials, then the words.
    """

    tokens: tuple[str, ...]

    def __post_init__(self):
        assert self.tokens[: len(SPECIALS)] == SPECIALS, "the specials come first"
        assert len(set(self.tokens)) == len(self.tokens), "every word once"

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Word to id, without the specials: a text that says `<pad>` holds no padding."""
        words = self.tokens[len(SPECIALS) :]
        return {word: id for id, word in enumerate(words, start=len(SPECIALS))}

    def encode(self, tokens: Sequence[str]) -> Int[np.ndarray, " length"]:
        """Return start, the id of each word (unknown ones as `UNK`), end.

        Args:
            tokens: the words of one text.

        Example:
            >>> Vocabulary((*SPECIALS, "dull")).encode(["so", "dull"]).tolist()
            [2, 1, 4, 3]
        """
        known = self.ids
        return np.array([SOS, *(known.get(word, UNK) for word in tokens), EOS], np.int32)

    def decode(self, ids: Sequence[int] | Int[np.ndarray, " length"]) -> list[str]:
        """Return the words of ids, without start, end and padding.

        Args:
            ids: in [0, len(self)).

        Example:
            >>> Vocabulary((*SPECIALS, "dull")).decode([2, 1, 4, 3, 0])
            ['<unk>', 'dull']
        """
        return [self.tokens[int(id)] for id in ids if id not in (PAD, SOS, EOS)]


def build_vocabulary(token_lists: Iterable[Sequence[str]], *, min_count: int) -> Vocabulary:
    """Return the vocabulary of texts: most frequent words first, ties in code point order.

    Args:
        token_lists: the words of each text (of the training split).
        min_count: occurrences from which a word gets an id, at least 1.

    Example:
        >>> build_vocabulary([["b", "a"], ["b"]], min_count=1).tokens[4:]
        ('b', 'a')
    """
    counts = Counter(word for tokens in token_lists for word in tokens)
    frequent = [word for word, n in counts.items() if n >= min_count and word not in SPECIALS]
    frequent.sort(key=lambda word: (-counts[word], word))
    return Vocabulary((*SPECIALS, *frequent))


def write_vocabulary(path: Path, vocabulary: Vocabulary) -> None:
    """Write one word a line, in the order of the ids, specials included.

    Args:
        path: of the text file; replaced in one step if it exists.
        vocabulary: what to write.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "vocabulary.txt"
        >>> write_vocabulary(path, build_vocabulary([["dull"]], min_count=1))
        >>> read_vocabulary(path).tokens[-1]
        'dull'
    """
    temporary = path.with_name(path.name + ".part")
    with open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(word + "\n" for word in vocabulary.tokens)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read one word a line; the four specials are put first where the file lacks them.

    Args:
        path: of a UTF-8 text file, gzipped if its name ends in `.gz`.

    Raises:
        DataError: for a file that cannot be read, an empty line, or a word that is there
            twice, naming the line.

    Example: see `write_vocabulary`.
    """
    words = list(read_lines(path))
    first = 1
    if tuple(words[: len(SPECIALS)]) == SPECIALS:
        words, first = words[len(SPECIALS) :], first + len(SPECIALS)
    errors: list[UserError] = []
    seen: dict[str, int] = dict.fromkeys(SPECIALS, 0)
    for line, word in enumerate(words, start=first):
        if not word:
            found, action = "an empty line", "remove it"
        elif word in seen:
            place = f"already in line {seen[word]}" if seen[word] else "the name of a special"
            found, action = f"{word!r}, {place}", "remove one of the two"
        else:
            seen[word] = line
            continue
        where = f"{path}, line {line}"
        errors.append(
            DataError(where, found=found, expected="one word a line, each once", action=action)
        )
    raise_some(errors)
    if not words:
        raise DataError(
            str(path), found="no words", expected="one word a line", action="name another file"
        )
    return Vocabulary((*SPECIALS, *words))
