"""The zero-shot heuristics against a language model whose probabilities are known."""

from collections import Counter

import numpy as np
import pytest

from attnjax.data.gpt.byte_pairs import BytePairs
from attnjax.data.gpt.tasks import Example
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.winograd import Schema
from attnjax.data.gpt.zero_shot import (
    CUT,
    LONG_ANSWER,
    TOO_SHORT,
    Sequences,
    acceptability,
    choices,
    referents,
    sentiment,
)
from attnjax.experiments.gpt.zero_shot import (
    Heuristic,
    answered,
    best_threshold,
    mean_log_probabilities,
    relative_score,
    score_heuristic,
)

LETTERS = "abcdefg"
WORDS = ("very", "positive", "negative")


def tokenizer():
    """Return one whose words are single letters, and three whole words."""
    pieces = ["<unk>", *(f"{one}</w>" for one in LETTERS)]
    merges = []
    for word in WORDS:
        made = word[0]
        pieces += [each for each in (made,) if each not in pieces]
        for letter in word[1:-1]:
            pieces += [letter] if letter not in pieces else []
            merges.append((made, letter))
            made += letter
            pieces += [made] if made not in pieces else []
        end = f"{word[-1]}</w>"
        pieces += [end] if end not in pieces else []
        merges.append((made, end))
        pieces.append(made + end)
    return Tokenizer(BytePairs(tuple(pieces), tuple(dict.fromkeys(merges))), "fast")


TOY = tokenizer()
IDS = {letter: TOY.encode(letter)[0] for letter in LETTERS}
SIZE = len(TOY.byte_pairs.pieces)


def table(seed=0):
    """Return log-probabilities of each piece after each."""
    logits = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def token_losses(params, ids):
    """Return what a table of transitions says that each token but the first costs."""
    return -params[ids[:, :-1], ids[:, 1:]]


def by_hand(logs, ids, first):
    """Return the mean over the tokens from `first` on, one by one."""
    return np.mean([logs[ids[place - 1], ids[place]] for place in range(first, len(ids))])


def test_words_are_single_pieces():
    assert [len(TOY.encode(word)) for word in WORDS] == [1, 1, 1]


def test_scores_are_means_over_what_counts():
    logs = table()
    examples = [
        Example(("a b c d e f g",), ("a", "b c", "d e f g"), label=1),
        Example(("g f", "c"), ("a b a b a b a b a b a b a b a b a b", "b", "c"), label=2),
    ]
    sequences = choices(examples, TOY, context=40, num_answers=3)
    found = mean_log_probabilities(token_losses, logs, sequences)
    pairs = [(each, answer) for each in examples for answer in each.choices]
    for row, (example, answer) in enumerate(pairs):
        before = [each for text in example.texts for each in TOY.encode(text)]
        expected = by_hand(logs, before + TOY.encode(answer), len(before))
        assert found[row] == pytest.approx(expected, abs=1e-12)
    expected = found.reshape(2, 3).argmax(axis=1)
    assert answered(sequences, found).tolist() == expected.tolist()


def test_sentiment_compares_the_two_words_after_very():
    logs = table(1)
    sequences = sentiment([Example(("a b",), label=1)], TOY, context=9)
    very, positive, negative = (TOY.encode(word)[0] for word in WORDS)
    a, b = IDS["a"], IDS["b"]
    assert sequences.ids == ((a, b, very, negative), (a, b, very, positive))
    found = mean_log_probabilities(token_losses, logs, sequences)
    assert found.tolist() == pytest.approx([logs[very, negative], logs[very, positive]])


def test_referents_stand_in_the_pronouns_place_and_the_rest_counts():
    logs = table(2)
    schema = Schema("a b", "e f g", ("c", "d c"), 1, "")
    sequences = referents([schema], TOY, context=20)
    first = [IDS[one] for one in "abcefg"]
    second = [IDS[one] for one in "abdcefg"]
    assert sequences.ids == (tuple(first), tuple(second))
    found = mean_log_probabilities(token_losses, logs, sequences)
    expected = [by_hand(logs, first, 3), by_hand(logs, second, 4)]
    assert found.tolist() == pytest.approx(expected)


def test_what_is_too_long_loses_its_beginning_and_is_counted():
    example = Example(("a b c d",), ("e f", "g g g g g g"), label=0)
    sequences = choices([example], TOY, context=5, num_answers=2)
    assert sequences.ids[0] == tuple(IDS[one] for one in "bcdef")
    assert sequences.counted[0] == 3
    assert sequences.ids[1] == (IDS["g"],) * 5
    # Nothing predicts the first token that is left.
    assert sequences.counted[1] == 1
    assert (sequences.notes[CUT], sequences.notes[LONG_ANSWER]) == (1, 1)


def test_a_text_of_one_token_is_counted_out():
    sequences = acceptability(
        [Example(("a",), label=1), Example(("a b",), label=0)], TOY, context=5
    )
    assert sequences.notes[TOO_SHORT] == 1
    assert sequences.label.tolist() == [0]
    assert sequences.question.tolist() == [0]


def test_threshold_is_the_best_of_all_cuts():
    generator = np.random.default_rng(4)
    scores = generator.standard_normal(40).round(1)
    labels = (scores + generator.standard_normal(40) > 0).astype(np.int32)

    def matthews(threshold):
        said = scores > threshold
        true = np.sum(said & (labels == 1)) * np.sum(~said & (labels == 0))
        false = np.sum(said & (labels == 0)) * np.sum(~said & (labels == 1))
        sizes = said.sum() * (~said).sum() * labels.sum() * (1 - labels).sum()
        return (float(true) - float(false)) / np.sqrt(float(sizes))

    values = np.unique(scores)
    cuts = (values[1:] + values[:-1]) / 2
    best = max(map(matthews, cuts))
    assert matthews(best_threshold(scores, labels)) == pytest.approx(best, abs=1e-12)


def test_a_known_model_is_scored():
    # The second answer is more probable in three of four questions.
    logs = np.log(np.array([[0.25, 0.75], [0.5, 0.5]]))
    ids = tuple((0, answer) for _ in range(4) for answer in (0, 1))
    sequences = Sequences(
        ids, np.ones(8, np.int32), np.repeat(np.arange(4), 2), np.array([1, 1, 1, 0]), 2, Counter()
    )
    point = score_heuristic(
        token_losses, logs, Heuristic(sequences, "accuracy", 0.5, 0.9), samples=200, seed=0
    )
    assert point["score"] == 0.75
    assert point["relative"] == pytest.approx(0.25 / 0.4)
    assert point["ci95"][0] < 0.75 < point["ci95"][1]
    assert relative_score(1.0, 0.5, None) == 1.0
