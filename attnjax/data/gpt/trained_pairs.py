"""Byte pairs of one's own text, in the layout of the release."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from attnjax.data.gpt.byte_pairs import END, NEWLINE, UNKNOWN, BytePairs
from attnjax.data.gpt.words import not_installed, original_words
from attnjax.errors import DataError

MOST_SYMBOLS = 238
"""Single characters of the release's vocabulary."""


def train_byte_pairs(
    texts: Iterable[str], size: int, *, most_symbols: int = MOST_SYMBOLS, min_count: int = 2
) -> BytePairs:
    r"""Learn merges: again and again the most frequent pair of neighbours becomes a piece.

    The layout is the release's: the unknown piece, the characters, the characters that end a
    word, what the merges make, and the line end.

    Args:
        texts: pieces of running text, such as the lines of books; read once.
        size: at most so many pieces.
        most_symbols: characters that are kept, the most frequent ones; they are two pieces
            each.
        min_count: a pair must occur so often.

    Raises:
        DataError: if there is no text, or no room for merges beside the characters.

    Source: Sennrich, Haddow & Birch (2016), section 3.2.

    Example:
        >>> train_byte_pairs(["low low low lower"], 17).merges
        (('l', 'o'), ('lo', 'w</w>'))
    """
    try:
        from tokenizers import Tokenizer
        from tokenizers.models import BPE
        from tokenizers.pre_tokenizers import Split
        from tokenizers.trainers import BpeTrainer
    except ImportError as error:
        raise not_installed(error) from error
    library = Tokenizer(BPE(unk_token=UNKNOWN, end_of_word_suffix=END))
    library.pre_tokenizer = Split(" ", "removed")  # pyright: ignore[reportAttributeAccessIssue]
    trainer = BpeTrainer(
        vocab_size=size,
        min_frequency=min_count,
        special_tokens=[UNKNOWN],
        limit_alphabet=most_symbols,
        end_of_word_suffix=END,
        show_progress=False,
    )
    library.train_from_iterator(_spaced(texts), trainer)
    model = json.loads(library.to_str())["model"]
    symbols = sorted({piece.removesuffix(END) for piece in model["vocab"]} - {UNKNOWN})
    symbols = [each for each in symbols if len(each) == 1]
    room = size - 2 - 2 * len(symbols)
    if not symbols or room < 1:
        raise _no_room(size, len(symbols))
    merges = [_pair(merge) for merge in islice(model["merges"], room)]
    made = (left + right for left, right in merges)
    ends = (f"{symbol}{END}" for symbol in symbols)
    pieces = dict.fromkeys(chain([UNKNOWN], symbols, ends, made, [NEWLINE]))
    return BytePairs(tuple(pieces), tuple(merges))


def _spaced(texts: Iterable[str]) -> Iterator[str]:
    """Yield the words of each text, with spaces between; a line end is never merged."""
    for text in texts:
        yield " ".join(word for word in original_words(text) if word != "\n")


def _pair(merge: str | list[str]) -> tuple[str, str]:
    """Return a merge; older versions of the library write its two pieces as one string."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _no_room(size: int, symbols: int) -> DataError:
    if not symbols:
        found, expected, action = "no words", "a text", "check the files"
    else:
        found = f"{size} pieces for {symbols} characters, which are two pieces each"
        expected = f"at least {2 * symbols + 3}"
        action = "raise config.tokenizer.size, or lower config.tokenizer.characters"
    return DataError("the text for new byte pairs", found=found, expected=expected, action=action)
