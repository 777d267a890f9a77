"""What a model without depth reaches: unigrams, and Kneser-Ney trigrams over the same pieces."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Integer

Tokens = Integer[np.ndarray, " n"]
Text = Integer[np.ndarray, "_"]
"""Tokens of one of several documents, each of its own length."""


class Counts(NamedTuple):
    """How often each of some numbers occurs.

    Attributes:
        codes: the numbers, increasing.
        counts: of each, at least 1.
    """

    codes: Int[np.ndarray, " k"]
    counts: Int[np.ndarray, " k"]

    def of(self, wanted: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
        """Return the counts of numbers, 0 of those that do not occur."""
        if not len(self.codes):
            return np.zeros(len(wanted), np.int64)
        place = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        return np.where(self.codes[place] == wanted, self.counts[place], 0)


class Level(NamedTuple):
    """An order of the model: what its discounted counts say of a context and a next piece.

    Attributes:
        grams: counts of (context, piece).
        totals: of each context, over its pieces.
        kinds: different pieces after each context.
        discount: taken from every count.
    """

    grams: Counts
    totals: Counts
    kinds: Counts
    discount: float


class Trigram(NamedTuple):
    """An interpolated Kneser-Ney model; `levels` from single pieces to three of them."""

    levels: tuple[Level, Level, Level]
    vocabulary_size: int


def unigram(tokens: Tokens, vocabulary_size: int) -> Float[np.ndarray, " V"]:
    """Return the probability of each piece, one added to each count.

    Args:
        tokens: piece ids that are counted.
        vocabulary_size: of the pieces.

    Example:
        >>> unigram(np.array([0, 0]), 2).tolist()
        [0.75, 0.25]
    """
    counts = np.bincount(tokens, minlength=vocabulary_size) + 1.0
    return counts / counts.sum()


def kneser_ney(documents: Sequence[Text], vocabulary_size: int) -> Trigram:
    """Return the interpolated Kneser-Ney trigram of documents.

    Trigrams are counted as they occur; a bigram counts for each piece that it follows, a
    single piece for each that it follows. From every count of an order a discount
    n1 / (n1 + 2 n2) is taken, n1 and n2 being the numbers of counts that are 1 and 2; a half
    where no count is 1, because a piece that was never seen must stay possible.

    Args:
        documents: piece ids; no gram crosses from one to the next. One of them has three.
        vocabulary_size: at most 2 ** 20.

    Source: Chen & Goodman (1999), sections 2.7 and 4.1 (interpolated, one discount an order).

    Example:
        >>> model = kneser_ney([np.array([0, 1, 0, 1])], 2)
        >>> [level.discount for level in model.levels]
        [1.0, 1.0, 1.0]
    """
    size = vocabulary_size
    wide = [tokens.astype(np.int64) for tokens in documents]
    triples = np.concatenate(
        [(text[:-2] * size + text[1:-1]) * size + text[2:] for text in wide if len(text) > 2]
    )
    pairs = np.concatenate([text[:-1] * size + text[1:] for text in wide if len(text) > 1])
    three = Counts(*np.unique(triples, return_counts=True))
    # Pairs continue: for each pair, the different pieces before it.
    two = Counts(*np.unique(three.codes % size**2, return_counts=True))
    one = Counts(*np.unique(np.unique(pairs) % size, return_counts=True))
    return Trigram((_level(one, size), _level(two, size), _level(three, size)), size)


def _level(grams: Counts, size: int) -> Level:
    contexts = grams.codes // size
    codes, where = np.unique(contexts, return_inverse=True)
    totals = np.bincount(where, weights=grams.counts).astype(np.int64)
    once, twice = np.sum(grams.counts == 1), np.sum(grams.counts == 2)
    discount = float(once / (once + 2 * twice)) if once else 0.5
    kinds = np.bincount(where)
    return Level(grams, Counts(codes, totals), Counts(codes, kinds), discount)


def probabilities(
    model: Trigram, first: Tokens, second: Tokens, third: Tokens, *, order: int = 3
) -> Float[np.ndarray, " n"]:
    """Return the probability of each third piece after the two before it.

    Where a context was never seen the shorter one decides.

    Args:
        model: of the pieces.
        first: piece ids.
        second: that came after them.
        third: that came after those.
        order: how many pieces are looked at, 1 to 3; with 2 only the second and third.

    Example:
        >>> model = kneser_ney([np.array([0, 1, 0, 1, 1])], 2)
        >>> a, b = np.array([0, 0]), np.array([1, 1])
        >>> float(probabilities(model, a, b, np.array([0, 1])).sum())
        1.0
    """
    size = model.vocabulary_size
    a, b, c = (tokens.astype(np.int64) for tokens in (first, second, third))
    found = np.full(len(c), 1.0 / size)
    contexts = (np.zeros_like(a), b, a * size + b)
    for level, context in list(zip(model.levels, contexts, strict=True))[:order]:
        total = level.totals.of(context)
        seen = np.maximum(total, 1)
        counts = level.grams.of(context * size + c)
        own = np.maximum(counts - level.discount, 0.0) / seen
        rest = level.discount * level.kinds.of(context) / seen
        found = np.where(total > 0, own + rest * found, found)
    return found


def trigram_costs(model: Trigram, text: Tokens) -> Float[np.ndarray, " predicted"]:
    """Return what each piece of a text but the first costs, in nats, as a GPT is asked.

    The second piece has only one before it, and is predicted from that.

    Args:
        model: counted on other texts.
        text: piece ids of one document.

    Example:
        >>> model = kneser_ney([np.array([0, 1, 0, 1, 1])], 2)
        >>> len(trigram_costs(model, np.array([0, 1, 1])))
        2
    """
    if len(text) < 2:
        return np.zeros(0)
    begin = probabilities(model, text[:1], text[:1], text[1:2], order=2)
    rest = probabilities(model, text[:-2], text[1:-1], text[2:])
    return -np.log(np.concatenate([begin, rest]))


def unigram_costs(
    chances: Float[np.ndarray, " V"], text: Tokens
) -> Float[np.ndarray, " predicted"]:
    """Return what each piece of a text but the first costs under a unigram, in nats.

    Args:
        chances: of each piece.
        text: piece ids of one document.

    Example:
        >>> unigram_costs(np.array([0.5, 0.5]), np.array([0, 1, 0])).round(4).tolist()
        [0.6931, 0.6931]
    """
    return -np.log(chances[text[1:]])
