"""From running text to the words of GPT-1's release: ftfy, standard marks, spaCy, lower case."""

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any

from attnjax.errors import DataError

LIBRARIES = ("ftfy", "spacy", "tokenizers")
"""What tokenising needs; their versions are kept with what they made."""

_MARKS = str.maketrans({"—": "-", "–": "-", "―": "-", "…": "...", "´": "'"})  # noqa: RUF001
# A run of one mark becomes a word. The release means the backslash to be among them, but its
# pattern is no raw string, so that "\\+" there is a second plus; Hugging Face's copy has it.
_RUN = re.compile(r"""([-~!";?+,)(/*\[\]}{|_])\1*""")
_LINE_END = re.compile(r"\s*\n\s*")
_SPACE = re.compile(r"[^\S\n]+")

LONGEST_CHUNK = 250
"""Characters without a space that spaCy is given at once: its time grows with their square."""

_CHUNK = re.compile(rf"\S{{{LONGEST_CHUNK}}}(?=\S)")


def standardize(text: str) -> str:
    r"""Return a text with plain dashes and dots, marks apart from words, and single spaces.

    Args:
        text: running text.

    Source: the release of Radford et al. (2018), which did so to the text it was trained on.

    Example:
        >>> standardize("Well—so, 'twas…\n\n  (end)")
        "Well - so , 'twas... \n ( end )"
    """
    text = _RUN.sub(r" \g<0> ", text.translate(_MARKS))
    return _SPACE.sub(" ", _LINE_END.sub(" \n ", text)).strip()


def original_words(text: str, *, after_markup: bool = False) -> list[str]:
    r"""Return the lower-case words of a text as the release cuts them; a line end is `"\n"`.

    Args:
        text: running text of any length; what has no space for more than `LONGEST_CHUNK`
            characters is cut there.
        after_markup: whether a "<" stands in an earlier part of the same text: from there on
            ftfy leaves entities such as `&amp;` as they are.

    Raises:
        DataError: if ftfy or spaCy is not installed.

    Example:
        >>> original_words("Don't stop—it's fun.\n\nSchön!")
        ['do', "n't", 'stop', '-', 'it', "'s", 'fun', '.', '\n', 'schön', '!']
    """
    fix_text, language = _ftfy(), _spacy()
    fixed = fix_text(text, unescape_html=False) if after_markup else fix_text(text)
    chunks = _CHUNK.sub(r"\g<0> ", standardize(fixed))
    # The zone lets spaCy forget the words of this text, or its table would grow with a corpus.
    with language.memory_zone():
        # spaCy gives a line end as "\n ", which the release takes for the piece "\n</w>".
        words = [word.text.lower() for word in language.tokenizer(chunks)]
    return ["\n" if word == "\n " else word for word in words]


def library_versions() -> dict[str, str]:
    """Return the versions of what a text is tokenised by.

    Raises:
        DataError: if one is not installed.

    Example:
        >>> sorted(library_versions())
        ['ftfy', 'spacy', 'tokenizers']
    """
    try:
        return {name: version(name) for name in LIBRARIES}
    except ImportError as error:
        raise not_installed(error) from error


def not_installed(error: ImportError) -> DataError:
    """Return what to say where a library is missing.

    Args:
        error: of the import.
    """
    return DataError(
        "the tokenizer of GPT",
        found=str(error),
        expected="the libraries " + ", ".join(LIBRARIES),
        action="install them: pip install 'attnjax[gpt]'",
    )


@cache
def _ftfy() -> Callable[..., str]:
    try:
        from ftfy import fix_text
    except ImportError as error:
        raise not_installed(error) from error
    return fix_text


@cache
def _spacy() -> Any:
    """Return spaCy's English without any model: its rules of tokenising alone."""
    try:
        from spacy.lang.en import English
    except ImportError as error:
        raise not_installed(error) from error
    return English()
