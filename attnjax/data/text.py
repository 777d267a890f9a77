"""From a text to its words."""

import re
from collections.abc import Callable

from attnjax.config import DataConfig

Tokenizer = Callable[[str], list[str]]

# A word with its apostrophes and hyphens inside, a number, or one other visible character.
_WORD = re.compile("\\d+(?:[.,]\\d+)*|\\w+(?:['\u2019-]\\w+)*|[^\\w\\s]")

NUMBER = "qqq"
"""What words with a digit become where digits are replaced."""


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


def tokenizer(name: str, *, separated: bool, lowercase: bool, digits: str = "keep") -> Tokenizer:
    """Return the tokenizer that a config names.

    Args:
        name: `whitespace`, `words`, or `auto`: by white space where that separates the words
            already, else into words.
        separated: whether white space separates the words of the source.
        lowercase: whether the text is lowercased first.
        digits: `keep`, or `replace`: a word with a digit becomes `qqq`.

    Source: digits are replaced in the release of Jain & Wallace (2019).

    Example:
        >>> tokenizer("auto", separated=False, lowercase=True, digits="replace")("Dull, 3/10")
        ['dull', ',', 'qqq', '/', 'qqq']
    """
    chosen = name
    if name == "auto":
        chosen = "whitespace" if separated else "words"
    split = {"whitespace": split_spaces, "words": split_words}[chosen]

    def tokenize(text: str) -> list[str]:
        words = split(text.lower() if lowercase else text)
        if digits == "replace":
            return [NUMBER if _has_digit(word) else word for word in words]
        return words

    return tokenize


def configured_tokenizer(config: DataConfig, *, separated: bool) -> Tokenizer:
    """Return the tokenizer of a config's data section.

    Args:
        config: `tokenizer`, `lowercase` and `digits` are read.
        separated: whether white space separates the words of the source.

    Example:
        >>> configured_tokenizer(DataConfig(), separated=True)("So-so, dull.")
        ['so-so,', 'dull.']
    """
    return tokenizer(
        config.tokenizer,
        separated=separated,
        lowercase=config.lowercase,
        digits=config.digits,
    )


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
