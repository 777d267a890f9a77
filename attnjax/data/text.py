"""From a text to its words."""

import re
from collections.abc import Callable

Tokenizer = Callable[[str], list[str]]

# A word with its apostrophes and hyphens inside, a number, or one other visible character.
_WORD = re.compile("\\d+(?:[.,]\\d+)*|\\w+(?:['\u2019-]\\w+)*|[^\\w\\s]")


def split_words(text: str) -> list[str]:
    """Return words, numbers and punctuation marks, in the order of the text.

    Args:
        text: running text.

    Example:
        >>> split_words("Isn't it well-made? 1,000 times!")
        ["Isn't", 'it', 'well-made', '?', '1,000', 'times', '!']
    """
    return _WORD.findall(text)


def split_spaces(text: str) -> list[str]:
    """Return what stands between white space.

    Args:
        text: words already separated.

    Example:
        >>> split_spaces("not dull .")
        ['not', 'dull', '.']
    """
    return text.split()


def tokenizer(name: str, *, separated: bool, lowercase: bool) -> Tokenizer:
    """Return the tokenizer that a config names.

    Args:
        name: `whitespace`, `words`, or `auto`: by white space where that separates the words
            already, else into words.
        separated: whether white space separates the words of the source.
        lowercase: whether the text is lowercased first.

    Example:
        >>> tokenizer("auto", separated=False, lowercase=True)("Dull.")
        ['dull', '.']
    """
    chosen = name
    if name == "auto":
        chosen = "whitespace" if separated else "words"
    split = {"whitespace": split_spaces, "words": split_words}[chosen]
    if lowercase:
        return lambda text: split(text.lower())
    return split
