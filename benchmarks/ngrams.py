"""Unigram and Kneser-Ney trigram perplexity of bytes, for gates.

    python -m benchmarks.ngrams TRAIN.txt... --held-out HELD.txt

counts bytes as pieces; with token arrays the functions of `attnjax.measures.ngrams` are
called directly.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from jaxtyping import Float

from attnjax.measures.ngrams import (
    Text,
    Trigram,
    kneser_ney,
    probabilities,
    unigram,
)


def perplexity(chances: Float[np.ndarray, " n"]) -> float:
    """Return the exponential of the mean negative logarithm."""
    return math.exp(-float(np.mean(np.log(chances))))


def trigram_perplexity(model: Trigram, documents: list[Text]) -> float:
    """Return the perplexity of all pieces of documents that have two before them."""
    chances = [
        probabilities(model, text[:-2], text[1:-1], text[2:]) for text in documents if len(text) > 2
    ]
    return perplexity(np.concatenate(chances))


def unigram_perplexity(chances: Float[np.ndarray, " V"], documents: list[Text]) -> float:
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
