"""From a text to its words."""

import re
from collections.abc import Callable

Tokenizer = Callable[[str], list[str]]

# A word with its apostrophes and hyphens inside, a number, or one other visible character.
_WORD = re.compile("\\d+(?:[.,]\\d+)*|\\w+(?:['\u2019-]\\w+)*|[^\\w\\s]")

PRETOKENIZED = ("planted", "sst")
"""Sources whose words are already separated by spaces."""


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


def tokenizer(name: str, *, source: str, lowercase: bool) -> Tokenizer:
    """Return the tokenizer that a config names.

    Args:
        name: `whitespace`, `words`, or `auto`: by white space where the source is
            tokenised already, else into words.
        source: `config.data.name`.
        lowercase: whether the text is lowercased first.

    Example:
        >>> tokenizer("auto", source="file", lowercase=True)("Dull.")
        ['dull', '.']
    """
    chosen = name
    if name == "auto":
        chosen = "whitespace" if source in PRETOKENIZED else "words"
    split = {"whitespace": split_spaces, "words": split_words}[chosen]
    if lowercase:
        return lambda text: split(text.lower())
    return split
