"""Which tokens `mass_adversary` keeps attention away from."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool

from attnjax.config import MassAdversaryConfig
from attnjax.data.corpus import Corpus
from attnjax.data.encoded import EncodedSplit
from attnjax.errors import DataError

Marks = tuple[Bool[np.ndarray, " _"], ...]


def mark(
    corpus: Corpus, splits: dict[str, EncodedSplit], settings: MassAdversaryConfig
) -> dict[str, Marks]:
    """Return for each split, text and word whether it is marked.

    `evidence`: the words that decide the label of what was made so; `words`: those that a
    file lists; `first_half`: the first half of the words of a text, rounded down.

    Args:
        corpus: the words.
        splits: the texts as the model reads them, which may be shortened.
        settings: its section of the config.

    Raises:
        DataError: if a file of words cannot be read, or none of its words occurs in a split.

    Example:
        >>> from attnjax.data.corpus import instances
        >>> texts = instances([["so", "very", "dull"]], [0])
        >>> ids = (np.array([2, 4, 5, 6, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> halves = MassAdversaryConfig(marked="first_half")
        >>> mark(Corpus("x", {"test": texts}, ("a", "b")), {"test": split}, halves)["test"]
        (array([ True, False, False]),)
    """
    if settings.marked == "evidence":
        return {name: split.evidence or () for name, split in splits.items()}
    if settings.marked == "first_half":
        return {name: tuple(map(_first_half, split.token_ids)) for name, split in splits.items()}
    path = Path(settings.words_file).expanduser()
    words = read_words(path)
    marks = {}
    for name, split in splits.items():
        texts = zip(corpus.splits[name].tokens, split.token_ids, strict=True)
        marks[name] = tuple(
            np.array([word in words for word in tokens[: len(ids) - 2]], bool)
            for tokens, ids in texts
        )
    if without := [name for name, flags in marks.items() if not any(map(np.any, flags))]:
        raise DataError(
            str(path),
            found=f"{len(words)} words of which none is in a text of {' or '.join(without)}",
            expected="words as the texts are split into them (config.data.tokenizer, "
            "config.data.lowercase)",
            action="correct the list; vocabulary.txt of a work folder shows the words",
        )
    return marks


def _first_half(ids: np.ndarray) -> Bool[np.ndarray, " _"]:
    number = len(ids) - 2
    return np.arange(number) < number // 2


def read_words(path: Path) -> frozenset[str]:
    """Read a file with one word a line.

    Raises:
        DataError: if it cannot be read or holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(
            str(path),
            found=f"a file that cannot be read ({reason})",
            expected="text with one word a line (config.mass_adversary.words_file)",
            action="correct the path or the file",
        ) from error
    if not lines:
        raise DataError(
            str(path), found="no word", expected="one word a line", action="list the words"
        )
    return frozenset(lines)
