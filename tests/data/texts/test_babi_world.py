from collections import Counter
from itertools import chain, islice

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data.texts.babi import PLACES, as_record, read_questions
from attnjax.data.texts.babi_stories import generated_corpus, generated_split
from attnjax.data.texts.babi_world import QUESTIONS, stories
from tests.data.texts.babi_simulator import MOVING, TAKING, answer, told

SIZE = 2000
LEFT = ("left", "dropped", "discarded", "put")


@pytest.fixture(scope="module", params=[1, 2, 3])
def task(request):
    return request.param


@pytest.fixture(scope="module")
def questions(task):
    return list(islice(chain.from_iterable(stories(task, seed=0)), SIZE))


def test_an_independent_simulator_gives_the_same_answers(questions):
    for question in questions[:500]:
        assert answer(question.passage, question.question) == question.answer, question


def test_the_supporting_statements_alone_give_the_answer(task, questions):
    """As many as the task has; the thing is put into the hands of who had it."""
    for question in questions:
        assert len(set(question.supporting)) == task
        chosen = [question.passage[i] for i in sorted(question.supporting)]
        if task > 1:
            person, _, thing = told(question.passage[question.supporting[0]])
            assert thing in question.question
            chosen = [f"{person} took the {thing}."] + [
                statement for statement in chosen if told(statement)[1] != "take"
            ]
        assert answer(chosen, question.question) == question.answer


def test_nobody_does_what_they_cannot(questions):
    """Read off the last question of every story: things are taken free and left by who has them."""
    for question in questions[QUESTIONS - 1 :: QUESTIONS]:
        holder, place = {}, {}
        for person, kind, what in map(told, question.passage):
            if kind == "move":
                assert place.get(person) != what
                place[person] = what
            elif kind == "take":
                assert what not in holder
                holder[what] = person
            else:
                assert holder.pop(what) == person


def test_answers_are_balanced(questions):
    """Each of six within four standard deviations (questions of a story are correlated)."""
    counts = Counter(question.answer for question in questions)
    assert set(counts) == set(PLACES)
    share = np.array([counts[place] for place in PLACES]) / SIZE
    deviation = np.sqrt(1 / 6 * 5 / 6 / (SIZE / QUESTIONS))
    assert np.abs(share - 1 / 6).max() < 4 * deviation


def test_lengths_are_near_the_official_ones(task, questions):
    """Means of the official training questions: 37.2, 95.1 and 296.8 words."""
    official = {1: 37.2, 2: 95.1, 3: 296.8}[task]
    lengths = [len(as_record(question).text.split()) for question in questions]
    assert np.mean(lengths) == pytest.approx(official, rel=0.15)
    assert min(lengths) >= 10
    assert max(lengths) <= 1600


def test_as_much_happens_as_in_the_official_stories(task, questions):
    kinds = Counter(
        kind
        for question in questions[QUESTIONS - 1 :: QUESTIONS]
        for _, kind, _ in map(told, question.passage)
    )
    share = {kind: count / sum(kinds.values()) for kind, count in kinds.items()}
    if task == 1:
        assert share == {"move": 1.0}
        return
    official = {2: (0.650, 0.198, 0.152), 3: (0.638, 0.188, 0.175)}[task]
    assert [share[kind] for kind in ("move", "take", "leave")] == pytest.approx(official, abs=0.03)


def test_the_words_are_those_of_the_official_stories(shared_data, task, questions):
    folder = shared_data / "babi" / "tasks_1-20_v1-2" / "en"
    (path,) = folder.glob(f"qa{task}_*_train.txt")
    official = {word for q in read_questions(path) for word in " ".join(q.passage).split()}
    asked = {word for q in read_questions(path) for word in q.question.split()}
    assert {word for q in questions for word in " ".join(q.passage).split()} == official
    assert {word for q in questions for word in q.question.split()} == asked


def test_sentences_have_the_official_forms(questions):
    for statement in {each for question in questions for each in question.passage}:
        words = statement.split()
        assert words[1] in (*MOVING, *TAKING, *LEFT)
        assert words[-1].endswith(".")


def test_a_seed_gives_the_same_stories(task):
    first, again = (next(stories(task, seed=7)) for _ in range(2))
    assert first == again
    assert next(stories(task, seed=8)) != first


def test_splits_share_no_story():
    splits = [generated_split(3, name, 25, seed=0) for name in ("train", "dev", "test")]
    passages = [set(split.tokens) for split in splits]
    assert not passages[0] & passages[1]
    assert not passages[0] & passages[2]
    assert not passages[1] & passages[2]


def test_another_size_is_a_prefix_and_the_corpus_is_whole():
    config = DataConfig(name="babi", task=2, size=100, dev_fraction=0.15, test_fraction=0.1)
    corpus = generated_corpus(config)
    sizes = {name: len(split) for name, split in corpus.splits.items()}
    assert sizes == {"train": 100, "dev": 15, "test": 10}
    assert corpus.class_names == PLACES
    train = corpus.splits["train"]
    assert generated_split(2, "train", 7, seed=0).tokens == train.tokens[:7]
    assert train.candidates is None
    assert all(
        len(flags) == len(words) for flags, words in zip(train.evidence, train.tokens, strict=True)
    )
    assert all(word == word.lower() for words in train.tokens for word in words)


@pytest.mark.parametrize("name", ["whitespace", "words"])
def test_generated_stories_are_cut_as_the_config_says(name):
    config = DataConfig(name="babi", task=3, size=100, tokenizer=name, lowercase=False)
    train = generated_corpus(config).splits["train"]
    assert [len(flags) for flags in train.evidence] == list(map(len, train.tokens))
    people = {word for words in train.tokens for word in words if word[0].isupper()}
    assert people == {"Daniel", "John", "Mary", "Sandra"}
