"""Text of the data on its way into the page: shown as it is, and never anything but text."""

import json
import unicodedata
from typing import Any

import numpy as np
from jaxtyping import Int

LONGEST_TOKEN = 80
"""Characters of a token that are shown."""


def safe_json(value: Any) -> str:
    r"""Write JSON that cannot end the `<script>` element it stands in.

    Example:
        >>> safe_json(["</script><!--"])
        '["\\u003c/script>\\u003c!--"]'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # "<" covers "</", "<!--" and "<script"; the other two end a line in older JavaScript.
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def shown_token(token: Any) -> str:
    r"""Return a token as the page shows it: visible controls, not endlessly long.

    Example:
        >>> shown_token("a\0b"), len(shown_token("x" * 1000))
        ('a␀b', 80)
    """
    text = str(token)
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    return text if len(text) <= LONGEST_TOKEN else text[: LONGEST_TOKEN - 1] + "…"


def _visible(char: str) -> str:
    if char < " ":
        return chr(0x2400 + ord(char))  # Unicode's pictures of the control characters
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cs") else char


def number_tokens(texts: list[str]) -> tuple[Int[np.ndarray, " total"], list[str]]:
    """Return each token's number in a vocabulary sorted by frequency, and the vocabulary.

    Example:
        >>> numbers, vocabulary = number_tokens(["a", "b", "b"])
        >>> numbers.tolist(), vocabulary
        ([1, 0, 0], ['b', 'a'])
    """
    first: dict[str, int] = {}
    numbers = np.array([first.setdefault(text, len(first)) for text in texts], np.int64)
    order = np.argsort(-np.bincount(numbers, minlength=len(first)), kind="stable")
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    words = list(first)
    return rank[numbers], [words[index] for index in order]
