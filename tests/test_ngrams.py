"""The baselines of a language model against counts by hand and a slow, literal form."""

from collections import Counter

import numpy as np
import pytest

from attnjax.measures.ngrams import (
    kneser_ney,
    probabilities,
    trigram_costs,
    unigram,
    unigram_costs,
)
from benchmarks.ngrams import perplexity, trigram_perplexity, unigram_perplexity

# "a b a b c a b a" and "b c b"
TEXTS = [np.array([0, 1, 0, 1, 2, 0, 1, 0]), np.array([1, 2, 1])]


def slow(texts, size, a, b, c):
    """Interpolated Kneser-Ney, word for word, with dictionaries."""
    triples = Counter(tuple(t[i : i + 3]) for t in texts for i in range(len(t) - 2))
    pairs = {tuple(t[i : i + 2]) for t in texts for i in range(len(t) - 1)}
    before_pair = Counter(triple[1:] for triple in triples)
    before_one = Counter(pair[1:] for pair in pairs)

    def discount(counts):
        n1 = sum(v == 1 for v in counts.values())
        n2 = sum(v == 2 for v in counts.values())
        return n1 / (n1 + 2 * n2) if n1 else 0.5

    found = 1 / size
    for counts, context in ((before_one, ()), (before_pair, (b,)), (triples, (a, b))):
        after = {gram: n for gram, n in counts.items() if gram[:-1] == context}
        total, d = sum(after.values()), discount(counts)
        if total:
            own = max(counts.get((*context, c), 0) - d, 0) / total
            found = own + d * len(after) / total * found
    return found


def test_a_trigram_by_hand():
    # Trigrams: aba 2, bab 1, abc 1, bca 1, cab 1, bcb 1: n1 5, n2 1, discount 5/7.
    # Pairs after another piece: ba 1, ab 2 (b, c), bc 1, ca 1, cb 1: n1 4, n2 1, discount 2/3.
    # Pieces after another: pairs ab, ba, bc, ca, cb: a 2, b 2, c 1; n1 1, n2 2, discount 1/5.
    model = kneser_ney(TEXTS, 3)
    assert [level.discount for level in model.levels] == pytest.approx([1 / 5, 2 / 3, 5 / 7])
    one = (2 - 1 / 5) / 5 + (1 / 5) * 3 / 5 / 3
    two = (1 - 2 / 3) / 2 + (2 / 3) * 2 / 2 * one  # after b: a and c, once each
    three = (2 - 5 / 7) / 3 + (5 / 7) * 2 / 3 * two  # after ab: a twice, c once
    found = probabilities(model, np.array([0]), np.array([1]), np.array([0]))
    assert found[0] == pytest.approx(three)


def test_every_probability_equals_the_literal_form_and_they_add_up_to_one():
    generator = np.random.default_rng(0)
    texts = [generator.integers(5, size=size) for size in (60, 3, 2, 41)]
    model = kneser_ney(texts, 6)  # piece 5 never occurs, so some contexts do not either
    a, b, c = (each.ravel() for each in np.meshgrid(*[np.arange(6)] * 3, indexing="ij"))
    found = probabilities(model, a, b, c)
    plain = [text.tolist() for text in texts]
    expected = [slow(plain, 6, *gram) for gram in np.stack([a, b, c], axis=1).tolist()]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found.reshape(36, 6).sum(axis=1), 1.0)
    assert found.min() > 0


def test_a_unigram_by_hand():
    chances = unigram(np.array([0, 0, 1]), 3)
    np.testing.assert_allclose(chances, [3 / 6, 2 / 6, 1 / 6])
    held = [np.array([2, 2, 0, 1])]
    assert unigram_perplexity(chances, held) == pytest.approx((1 / 2 * 1 / 3) ** -0.5)
    assert perplexity(np.full(7, 0.25)) == pytest.approx(4.0)


def test_what_follows_a_rule_is_predicted():
    """A chain of 8 pieces with one successor each: nearly certain; the unigram knows nothing."""
    text = np.arange(4000) % 8
    model = kneser_ney([text], 8)
    assert trigram_perplexity(model, [text[:100]]) < 1.01
    assert unigram_perplexity(unigram(text, 8), [text[:802]]) == pytest.approx(8.0, rel=1e-3)


def test_every_piece_but_the_first_costs_something_the_second_from_one_before_it():
    model, text = kneser_ney(TEXTS, 3), np.array([1, 2, 0, 0])
    begin = slow_pair(TEXTS, 3, 1, 2)
    rest = [slow(TEXTS, 3, *text[i : i + 3].tolist()) for i in range(2)]
    expected = -np.log([begin, *rest])
    np.testing.assert_allclose(trigram_costs(model, text), expected)
    assert len(trigram_costs(model, text[:1])) == 0
    chances = unigram(np.concatenate(TEXTS), 3)
    # Of 11 pieces 4 are a, 5 b, 2 c; one is added to each.
    np.testing.assert_allclose(unigram_costs(chances, text), -np.log([3 / 14, 5 / 14, 5 / 14]))


def slow_pair(texts, size, b, c):
    """The same after one piece: what the trigram knows of pairs, word for word."""
    triples = {tuple(t[i : i + 3].tolist()) for t in texts for i in range(len(t) - 2)}
    pairs = {tuple(t[i : i + 2].tolist()) for t in texts for i in range(len(t) - 1)}
    before_pair = Counter(triple[1:] for triple in triples)
    before_one = Counter(pair[1] for pair in pairs)

    def discount(counts):
        n1, n2 = (sum(v == k for v in counts.values()) for k in (1, 2))
        return n1 / (n1 + 2 * n2) if n1 else 0.5

    d, total = discount(before_one), sum(before_one.values())
    one = max(before_one[c] - d, 0) / total + d * len(before_one) / total / size
    after = {gram: n for gram, n in before_pair.items() if gram[0] == b}
    d, total = discount(before_pair), sum(after.values())
    return max(before_pair[b, c] - d, 0) / total + d * len(after) / total * one
