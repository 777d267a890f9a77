"""Labelled trees in the bracket format of the Penn Treebank, as the Stanford treebank has them."""

import re
from pathlib import Path
from typing import NamedTuple

from attnjax.data.reading import raise_some, read_lines
from attnjax.errors import DataError, UserError

# Only a space separates: the treebank has words with a no-break space inside.
_PIECE = re.compile(r"[()]|[^ ()]+")
LABELS = ("0", "1", "2", "3", "4")
_ESCAPES: dict[str, str] = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]"}


class Tree(NamedTuple):
    """What a classifier reads of a tree: the root's label and the words."""

    label: int
    tokens: tuple[str, ...]


def parse_tree(text: str) -> Tree:
    r"""Return the root's label and the words of one tree.

    Args:
        text: `(label child child ...)` or `(label word)`, labels 0 to 4.

    Raises:
        ValueError: saying what is wrong with the tree.

    Example:
        >>> parse_tree("(1 (2 so) (0 dull))")
        Tree(label=1, tokens=('so', 'dull'))
    """
    pieces = _PIECE.findall(text)
    label = None
    tokens: list[str] = []
    open_nodes: list[str] = []  # for each node begun: what it holds so far
    for position, piece in enumerate(pieces):
        after = pieces[position - 1] if position else ""
        if piece == "(":
            if after == "(" or (open_nodes and open_nodes[-1] == "word"):
                raise ValueError("a bracket where a label or a closing bracket belongs")
            if label is not None and not open_nodes:
                raise ValueError("a second tree")
            open_nodes[-1:] = ["subtrees"] if open_nodes else []
            open_nodes.append("nothing")
        elif not open_nodes:
            raise ValueError(f"{piece!r} outside of the tree")
        elif after == "(":
            if piece not in LABELS:
                raise ValueError(f"{piece!r} where a label from 0 to 4 belongs")
            label = int(piece) if label is None else label
        elif piece == ")":
            if open_nodes.pop() == "nothing":
                raise ValueError("a node without words")
        elif open_nodes[-1] != "nothing":
            raise ValueError(f"the word {piece!r} beside {open_nodes[-1]}")
        else:
            open_nodes[-1] = "word"
            tokens.append(_unescaped(piece))
    if label is None or open_nodes:
        raise ValueError("a bracket that is never closed" if open_nodes else "no tree")
    return Tree(label, tuple(tokens))


def _unescaped(word: str) -> str:
    return _ESCAPES.get(word, word).replace("\\/", "/").replace("\\*", "*")


def read_trees(path: Path) -> list[tuple[int, Tree]]:
    """Return the trees of a file, one a line, with their line numbers from 1.

    Args:
        path: of a UTF-8 file, gzipped if its name ends in `.gz`.

    Raises:
        DataError: naming the lines that hold no tree.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "dev.txt"
        >>> _ = path.write_text("(3 (2 so) (4 good))")
        >>> read_trees(path)
        [(1, Tree(label=3, tokens=('so', 'good')))]
    """
    trees, errors = [], list[UserError]()
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            trees.append((number, parse_tree(line)))
        except ValueError as error:
            errors.append(
                DataError(
                    f"{path}, line {number}",
                    found=str(error),
                    expected="one tree as in (3 (2 so) (4 good))",
                    action="get an undamaged copy of the treebank",
                )
            )
    raise_some(errors)
    return trees
