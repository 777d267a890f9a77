"""What a model without depth reaches: unigrams, and Kneser-Ney trigrams over the same pieces.

    python -m benchmarks.ngrams TRAIN.txt... --held-out HELD.txt

counts bytes as pieces; with token arrays the functions are called directly.
"""

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

Tokens = Int[np.ndarray, " n"]


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
    """Return the probability of each piece, one added to each count."""
    counts = np.bincount(tokens, minlength=vocabulary_size) + 1.0
    return counts / counts.sum()


def kneser_ney(documents: list[Tokens], vocabulary_size: int) -> Trigram:
    """Return the interpolated Kneser-Ney trigram of documents.

    Trigrams are counted as they occur; a bigram counts for each piece that it follows, a
    single piece for each that it follows. From every count of an order a discount
    n1 / (n1 + 2 n2) is taken, n1 and n2 being the numbers of counts that are 1 and 2; a half
    where no count is 1, because a piece that was never seen must stay possible.

    Args:
        documents: piece ids; no gram crosses from one to the next.
        vocabulary_size: at most 2 ** 20.

    Source: Chen & Goodman (1999), sections 2.7 and 4.1 (interpolated, one discount an order).
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
    model: Trigram, first: Tokens, second: Tokens, third: Tokens
) -> Float[np.ndarray, " n"]:
    """Return the probability of each third piece after the two before it.

    Where a context was never seen the shorter one decides.
    """
    size = model.vocabulary_size
    a, b, c = (tokens.astype(np.int64) for tokens in (first, second, third))
    found = np.full(len(c), 1.0 / size)
    for level, context in zip(model.levels, (np.zeros_like(a), b, a * size + b), strict=True):
        total = level.totals.of(context)
        seen = np.maximum(total, 1)
        counts = level.grams.of(context * size + c)
        own = np.maximum(counts - level.discount, 0.0) / seen
        rest = level.discount * level.kinds.of(context) / seen
        found = np.where(total > 0, own + rest * found, found)
    return found


def perplexity(chances: Float[np.ndarray, " n"]) -> float:
    """Return the exponential of the mean negative logarithm."""
    return math.exp(-float(np.mean(np.log(chances))))


def trigram_perplexity(model: Trigram, documents: list[Tokens]) -> float:
    """Return the perplexity of all pieces of documents that have two before them."""
    chances = [
        probabilities(model, text[:-2], text[1:-1], text[2:]) for text in documents if len(text) > 2
    ]
    return perplexity(np.concatenate(chances))


def unigram_perplexity(chances: Float[np.ndarray, " V"], documents: list[Tokens]) -> float:
    """Return the perplexity of the same pieces under a unigram."""
    return perplexity(chances[np.concatenate([text[2:] for text in documents])])


def main() -> None:
    """Print both perplexities of bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="+", type=Path, required=True)
    arguments = parser.parse_args()
    train, held = (
        [np.frombuffer(path.read_bytes(), np.uint8) for path in paths]
        for paths in (arguments.train, arguments.held_out)
    )
    single = unigram(np.concatenate(train), 256)
    print(f"unigram perplexity {unigram_perplexity(single, held):.3f}")
    print(f"trigram perplexity {trigram_perplexity(kneser_ney(train, 256), held):.3f}")


if __name__ == "__main__":
    main()
