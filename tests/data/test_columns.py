"""Columns that only some data sets have: questions, candidates, rationales."""

import numpy as np
import pytest

from attnjax.data.corpus import instances
from attnjax.data.encoded import encode, longest_question
from attnjax.data.filling import Rows, fill
from attnjax.data.labelled import Record, cut_splits, label_corpus
from attnjax.data.vocabulary import build_vocabulary
from attnjax.errors import UserError


def records(**changes):
    """Return stories that alternate between two answers, the first of them changed."""
    texts = [
        Record(f"mary went to {place}", place, f"story {i}", "where is mary ?", ("hall", "park"))
        for i, place in enumerate(("hall", "park") * 10)
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
    for texts in corpus.splits.values():
        split, _ = encode(texts, vocabulary, max_length=20, question_length=length, num_classes=3)
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
        (
            {"label": "moon", "candidates": None},
            "story 0: found label 'moon'; expected one of 'hall'",
        ),
        ({"question": " "}, "story 0: found a question without words"),
        ({"question": None}, "story 0: found a text without a question"),
        ({"rationale": (True,)}, "a rationale of 1 words for 4 tokens"),
    ],
)
def test_wrong_columns_are_named(changes, words):
    given = records(**changes) | {"dev": records()["train"], "test": records()["train"]}
    with pytest.raises(UserError, match=words):
        corpus_of(given)


def test_questions_are_those_of_all_splits_or_of_none():
    plain = [record._replace(question=None, candidates=None) for record in records()["train"]]
    with pytest.raises(UserError, match="10 more") as raised:
        corpus_of({"train": records()["train"], "dev": plain, "test": records()["train"]})
    assert "story 3: found a text without a question" in str(raised.value)
    with pytest.raises(UserError, match="possible answers without a question"):
        corpus_of({"train": [plain[1], records(question=None)["train"][0]]})


def test_a_cut_of_rare_answers_keeps_its_share():
    """150 questions, 60 answers: of two or three texts of an answer no tenth can be cut."""
    names = tuple(f"@entity{number}" for number in range(60))
    texts = [
        Record("a beat b", names[number % 60], f"line {number}", "who ?", names)
        for number in range(150)
    ]
    cut = cut_splits({"train": texts}, {"dev": 0.1, "test": 0.2}, seed=0)
    assert {split: len(part) for split, part in cut.items()} == {
        "train": 105,
        "dev": 15,
        "test": 30,
    }
    assert sorted(r.origin for part in cut.values() for r in part) == sorted(
        r.origin for r in texts
    )


def encoded(question, **changes):
    split = instances([["so", "dull"]], [0], origin=["line 2"], question=[question])
    vocabulary = build_vocabulary([("so", "dull", "is", "it", "?")], min_count=1)
    settings = {"max_length": 4, "question_length": 4, **changes}
    return encode(split, vocabulary, **settings)


def test_questions_are_as_long_as_texts_may_be():
    assert encoded(["is", "it"]).truncated == 0
    cut = encoded(["is", "it", "?", "?"])
    assert cut.truncated == 1
    assert [len(ids) for ids in cut.split.question] == [4]
    split = instances([["so", "dull"]], [0], question=[["is"] * 9])
    assert longest_question({"train": split}, max_length=4) == 4
    with pytest.raises(UserError, match=r"line 2 .*, its question: found 3 tokens"):
        encoded(["is", "it", "?"], on_long="refuse")


def test_questions_of_unknown_words_are_refused_or_kept():
    with pytest.raises(UserError, match=r"line 2 .*, its question: found only unknown words"):
        encoded(["xyzzy", "plugh"])
    kept = encoded(["xyzzy"], unknown_only="keep").split
    assert kept.question[0].tolist() == [2, 1, 3]
