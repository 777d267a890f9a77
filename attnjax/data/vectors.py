"""Pre-trained word vectors from a text file, for the words of a vocabulary."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from attnjax.data.reading import raise_some, read_lines
from attnjax.data.vocabulary import PAD, SPECIALS, Vocabulary
from attnjax.errors import DataError, UserError


class VectorCoverage(NamedTuple):
    """A table of embeddings, and how much of it comes from the file.

    Attributes:
        matrix: one row an id; the row of padding is zero.
        found: words of the vocabulary (specials excepted) that the file has.
        missing: those it has not; their rows are drawn at random.
        share: found / (found + missing).
    """

    matrix: Float[np.ndarray, "V E"]
    found: int
    missing: int
    share: float


def read_vectors(
    path: Path, vocabulary: Vocabulary, embedding_size: int, *, seed: int
) -> VectorCoverage:
    r"""Read the vectors of a vocabulary's words from a fastText or GloVe text file.

    One word a line, then its numbers, separated by spaces; the first line may be fastText's
    count and width. Of a word that is there twice the first line counts. Missing words and
    the specials are drawn from \\( N(0, s^2) \\), s the standard deviation of all numbers
    found, so that they are of the same size. The file is streamed: only the words needed
    are parsed.

    Args:
        path: of a UTF-8 file, gzipped if its name ends in `.gz`.
        vocabulary: the words.
        embedding_size: numbers of every vector (`config.model.embedding_size`).
        seed: of the random rows, at least 0.

    Raises:
        DataError: naming the lines whose vector has another width, something that is no
            finite number, or for a file without any of the words.

    Example:
        >>> import tempfile
        >>> from attnjax.data.vocabulary import build_vocabulary
        >>> path = Path(tempfile.mkdtemp()) / "vectors.txt"
        >>> _ = path.write_text("dull 0.5 -1\nfine 1 2\n")
        >>> vocabulary = build_vocabulary([["dull", "bleak"]], min_count=1)
        >>> coverage = read_vectors(path, vocabulary, 2, seed=0)
        >>> coverage.found, coverage.missing, coverage.matrix[vocabulary.ids["dull"]].tolist()
        (1, 1, [0.5, -1.0])
    """
    rows = np.zeros((len(vocabulary), embedding_size), np.float32)
    found = np.zeros(len(vocabulary), bool)
    errors: list[UserError] = []
    for number, line in enumerate(read_lines(path), start=1):
        # Words may hold any white space but the plain space, so nothing else separates.
        pieces = line.rstrip(" \r").split(" ", maxsplit=1)
        id = vocabulary.ids.get(pieces[0])
        if number > 1 and (id is None or found[id]):
            continue
        numbers = pieces[1].split(" ") if len(pieces) > 1 else []
        if number == 1 and _is_header(pieces[0], numbers, embedding_size):
            if int(numbers[0]) != embedding_size:
                raise _wrong_width(f"{path}, line 1", int(numbers[0]), embedding_size)
            continue
        surplus = numbers[: max(len(numbers) - embedding_size, 0)]
        if surplus and not all(_is_number(piece) for piece in surplus):
            continue  # some files have words with spaces: `. . .` is not the word `.`
        vector = _parse(numbers, embedding_size, f"{path}, line {number}", errors)
        if number == 1:
            raise_some(errors)  # the width of the whole file is wrong
        if vector is not None and id is not None:
            rows[id], found[id] = vector, True
    raise_some(errors)
    if not found.any():
        raise DataError(
            str(path),
            found=f"none of the {len(vocabulary) - len(SPECIALS)} words of the vocabulary",
            expected="vectors of the language and the spelling (case) of the texts",
            action="name another file by config.data.vectors, or check config.data.lowercase",
        )
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(rows.shape).astype(np.float32) * rows[found].std()
    matrix = np.where(found[:, None], rows, noise).astype(np.float32)
    matrix[PAD] = 0.0
    count = int(found.sum())
    missing = len(vocabulary) - len(SPECIALS) - count
    return VectorCoverage(matrix, count, missing, count / (count + missing))


def _is_header(word: str, numbers: list[str], embedding_size: int) -> bool:
    """Return whether a first line is fastText's: how many words, how many numbers each."""
    return embedding_size > 1 and word.isdecimal() and len(numbers) == 1 and numbers[0].isdecimal()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse(
    numbers: list[str], embedding_size: int, where: str, errors: list[UserError]
) -> Float[np.ndarray, " E"] | None:
    """Return the vector of one line; what is wrong with it goes to errors."""
    if len(numbers) != embedding_size:
        errors.append(_wrong_width(where, len(numbers), embedding_size))
        return None
    if wrong := [piece for piece in numbers if not _is_number(piece)]:
        found = f"{wrong[0]!r}, which is no number"
    else:
        with np.errstate(over="ignore"):
            vector = np.array([float(piece) for piece in numbers]).astype(np.float32)
        finite = np.isfinite(vector)
        if finite.all():
            return vector
        found = f"the number {numbers[int(np.argmin(finite))]}"
    expected = f"{embedding_size} finite numbers"
    action = "correct the line or get an undamaged file"
    errors.append(DataError(where, found=found, expected=expected, action=action))
    return None


def _wrong_width(where: str, width: int, embedding_size: int) -> DataError:
    return DataError(
        where,
        found=f"vectors of width {width}",
        expected=f"width {embedding_size}, as config.model.embedding_size",
        action="set config.model.embedding_size to the width of the file, or name another file",
    )
