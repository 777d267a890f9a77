"""The byte pairs of a GPT: its pieces in id order and its merges, as two files of a folder."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.data.download import write_whole
from attnjax.data.reading import line_error, open_binary, raise_some, read_lines, unreadable
from attnjax.data.texts.places import local_parts
from attnjax.errors import DataError, UserError

UNKNOWN = "<unk>"
"""The piece with id 0, which stands for every symbol that has no piece."""

END = "</w>"
"""What the last piece of a word ends in."""

NEWLINE = f"\n{END}"
"""The piece of a line end: a word of its own that no merge makes."""

SPECIAL_NAMES = ("_start_", "_delimiter_", "_classify_")
"""The tokens after the pieces: a text is never tokenised into one of them."""

PARTS = {
    "merges": ("vocab_40000.bpe", "merges.txt"),
    "pieces": ("encoder_bpe_40000.json", "vocab.json"),
}
"""File names of the release, then those of Hugging Face, which new byte pairs are written to."""

RELEASE = "https://github.com/openai/finetune-transformer-lm"

_VERSION = "#version: 0.2"


class Specials(NamedTuple):
    """Ids of the three tokens that make a task's texts one sequence."""

    start: int
    delimiter: int
    classify: int


@dataclass(frozen=True)
class BytePairs:
    """The pieces that words are made of; `pieces[id]` is the piece.

    Attributes:
        pieces: the first is `UNKNOWN`; the last piece of a word ends in `END`.
        merges: pairs of neighbours that become one piece, the most urgent first.
    """

    pieces: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]

    def __post_init__(self):
        assert self.pieces[0] == UNKNOWN, "the unknown piece comes first"
        assert len(set(self.pieces)) == len(self.pieces), "every piece once"

    @cached_property
    def ids(self) -> dict[str, int]:
        """Piece to id."""
        return {piece: index for index, piece in enumerate(self.pieces)}

    @property
    def specials(self) -> Specials:
        """The ids that follow the pieces (40478 to 40480 in the release)."""
        size = len(self.pieces)
        return Specials(size, size + 1, size + 2)

    @property
    def num_tokens(self) -> int:
        """Pieces and specials together: the row of the first position in the release's table."""
        return len(self.pieces) + len(SPECIAL_NAMES)

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that are others if any piece or merge is."""
        content = json.dumps([self.pieces, self.merges]).encode()
        return hashlib.sha256(content).hexdigest()[:16]


def read_byte_pairs(folder: Path) -> BytePairs:
    r"""Read the two files of a folder, plain or gzipped; its subfolder `gpt1` is looked at too.

    Args:
        folder: with the files of the release or of a Hugging Face model (`PARTS`).

    Raises:
        DataError: for missing files, lines that are no merge, ids that are not 0, 1, 2, ...,
            and merges of pieces that do not exist.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "merges.txt").write_text("#version: 0.2\na b</w>\n")
        >>> _ = (folder / "vocab.json").write_text('{"<unk>": 0, "a": 1, "b</w>": 2, "ab</w>": 3}')
        >>> read_byte_pairs(folder).specials
        Specials(start=4, delimiter=5, classify=6)
    """
    files = local_parts(
        PARTS,
        folder,
        subfolder="gpt1",
        action="name the folder of a tokenizer",
        hint=f"or get the files of the release from {RELEASE}",
    )
    pieces = _read_pieces(files["pieces"])
    return BytePairs(pieces, _read_merges(files["merges"], frozenset(pieces)))


def write_byte_pairs(byte_pairs: BytePairs, folder: Path) -> None:
    """Write byte pairs as files that `read_byte_pairs` and Hugging Face's tokenizers read.

    Args:
        byte_pairs: new ones, or those of the release.
        folder: made if it must be.

    Raises:
        DataError: if it cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> toy = BytePairs(("<unk>", "a", "b</w>", "ab</w>"), (("a", "b</w>"),))
        >>> write_byte_pairs(toy, folder)
        >>> read_byte_pairs(folder) == toy
        True
    """
    lines = [_VERSION, *(" ".join(merge) for merge in byte_pairs.merges)]
    write_whole(folder / PARTS["merges"][-1], ("\n".join(lines) + "\n").encode())
    write_whole(folder / PARTS["pieces"][-1], json.dumps(byte_pairs.ids).encode())


def _read_merges(path: Path, pieces: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return the lines after the version line, each two pieces that make a third."""
    errors: list[UserError] = []
    merges = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line or (number == 1 and line.startswith("#version")):
            continue
        left, _, right = line.partition(" ")
        if not left or not right or " " in right:
            found, expected = repr(line[:40]), "two pieces with a space between"
            errors.append(line_error(str(path), number, found, expected))
        elif missing := [each for each in (left, right, left + right) if each not in pieces]:
            found = "a merge with " + ", ".join(map(repr, missing))
            expected = "pieces of the vocabulary that lies beside it"
            errors.append(line_error(str(path), number, found, expected))
        merges.append((left, right))
    raise_some(errors)
    return tuple(merges)


def _read_pieces(path: Path) -> tuple[str, ...]:
    """Return the pieces of a JSON object of ids in the order of the ids."""
    try:
        with open_binary(path) as file:
            ids: Any = json.loads(file.read())
    except (gzip.BadGzipFile, EOFError, zlib.error, OSError) as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise _no_pieces(path, f"no JSON ({error})") from error
    if not isinstance(ids, dict):
        raise _no_pieces(path, f"a JSON {type(ids).__name__}")
    pieces: Sequence[str] = sorted(ids, key=lambda piece: str(ids[piece]).zfill(9))
    wrong = [(each, ids[each]) for index, each in enumerate(pieces) if ids[each] != index]
    if wrong:
        raise _no_pieces(path, f"the piece {wrong[0][0]!r} with id {wrong[0][1]!r}")
    if not pieces or pieces[0] != UNKNOWN:
        raise _no_pieces(path, f"{pieces[0]!r} with id 0" if pieces else "no pieces")
    return tuple(pieces)


def _no_pieces(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found=found,
        expected=f"an object of pieces to ids: 0, 1, 2 and so on, 0 for {UNKNOWN}",
        action="get the file of the tokenizer again",
    )
