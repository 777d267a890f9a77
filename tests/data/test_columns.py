"""Columns that only some data sets have: questions, candidates, rationales."""

import numpy as np
import pytest

from attnjax.data.encoded import encode, longest_question
from attnjax.data.filling import Rows, fill
from attnjax.data.labelled import Record, label_corpus
from attnjax.data.vocabulary import build_vocabulary
from attnjax.errors import UserError


def records(**changes):
    """Return stories that alternate between two answers, the first of them changed."""
    texts = [
        Record(f"mary went to {place}", place, f"story {i}", "where is mary ?", ("hall", "park"))
        for i, place in enumerate(("hall", "park") * 5)
    ]
    return {"train": [texts[0]._replace(**changes), *texts[1:]]}


def corpus_of(given):
    return label_corpus(
        "toy",
        given,
        tokenize=str.split,
        dev_fraction=0.2,
        test_fraction=0.2,
        split_seed=0,
        class_names=("hall", "kitchen", "park"),
    )


def test_questions_and_candidates_reach_the_batch_in_every_split():
    corpus = corpus_of(records())
    vocabulary = build_vocabulary(
        [*corpus.splits["train"].tokens, ("where", "is", "?")], min_count=1
    )
    length = longest_question(corpus.splits)
    assert length == 6
    for instances in corpus.splits.values():
        split, _ = encode(
            instances, vocabulary, max_length=20, question_length=length, num_classes=3
        )
        batch = fill(split, Rows(np.array([0]), 8), 2)
        words = [vocabulary.tokens[i] for i in batch.inputs.question[0]]
        assert words[1:-1] == ["where", "is", "mary", "?"]
        assert batch.inputs.question_mask.tolist() == [[True] * 6, [False] * 6]
        assert batch.inputs.candidates.tolist() == [[True, False, True], [True] * 3]


def test_rationale_is_cut_with_its_text():
    given = {
        "train": [Record("so very dull", "ab"[i % 2], f"{i}", rationale=(False, True, True))
                  for i in range(20)]
    }  # fmt: skip
    corpus = label_corpus(
        "toy", given, tokenize=str.split, dev_fraction=0.2, test_fraction=0.2, split_seed=0
    )
    vocabulary = build_vocabulary(corpus.splits["train"].tokens, min_count=1)
    split, truncated = encode(corpus.splits["dev"], vocabulary, max_length=4)
    assert truncated == len(split)
    assert [flags.tolist() for flags in split.rationale] == [[False, True]] * len(split)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": "kitchen"}, "the answer 'kitchen', which is no candidate"),
        ({"candidates": ("hall", "moon")}, "the candidate 'moon'"),
        ({"rationale": (True,)}, "a rationale of 1 words for 4 tokens"),
    ],
)
def test_wrong_columns_are_named(changes, words):
    given = records(**changes) | {"dev": records()["train"], "test": records()["train"]}
    with pytest.raises(UserError, match=words):
        corpus_of(given)
