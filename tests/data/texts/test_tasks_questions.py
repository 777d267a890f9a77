"""Data sets with questions from a config to a corpus, on real files where there are any."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attnjax.commandline import parse
from attnjax.config import DataConfig, default_config, resolve
from attnjax.data.labelled import Record
from attnjax.data.load import load_corpus, load_vocabulary
from attnjax.data.texts.babi import PLACES
from attnjax.data.texts.corpus import task_corpus
from attnjax.data.texts.source import Reading
from attnjax.data.texts.tasks import task_of
from attnjax.errors import ConfigError, DataError

CONFIGS = Path(__file__).parents[3] / "configs"
SPECIAL = 4
"""Entries of a vocabulary that are no words: padding, the unknown word, start and end."""


def sizes(corpus):
    return {name: len(split) for name, split in corpus.splits.items()}


@pytest.mark.parametrize(
    ("task", "stories", "num_questions", "num_words"),
    [
        # 4 people, 6 places, 5 words of moving, "to the ." and "where is ?"
        (1, "official_10k", 10_000, 21),
        # and 3 things, 10 words of taking and leaving, "there"; task 3 also "was before" for "is"
        (2, "official", 1000, 35),
        (3, "official", 1000, 36),
    ],
)
def test_babi(shared_data, tmp_path, task, stories, num_questions, num_words):  # noqa: PLR0917
    config = DataConfig(
        name="babi", dir=str(shared_data), task=task, stories=stories, dev_fraction=0.15
    )
    corpus = load_corpus(config, cache_dir=tmp_path)
    found = sizes(corpus)
    assert found["test"] == 1000
    assert found["dev"] == pytest.approx(0.15 * num_questions, abs=3)  # a rounding of each class
    assert found["train"] + found["dev"] == num_questions
    assert corpus.class_names == PLACES
    assert corpus.published == ("bAbI 1" if stories == "official_10k" else None)
    assert not corpus.dropped
    train = corpus.splits["train"]
    assert train.candidates is None
    words = {word for texts in (train.tokens, train.question) for text in texts for word in text}
    assert len(words) == num_words
    assert len(load_vocabulary(config, corpus)) == num_words + SPECIAL


@pytest.mark.parametrize(("size", "published"), [(10_000, "bAbI 1"), (1000, None)])
def test_babi_stands_beside_published_figures_only_with_their_training_questions(size, published):
    """The plain names of the small files are those of the large ones."""
    config = DataConfig(name="babi", task=1, stories="official_10k")
    texts = [
        Record("Mary left .", PLACES[number % 6], f"line {number}", "Where is Mary ?")
        for number in range(size)
    ]
    corpus = task_corpus(task_of(config), Reading({"train": texts}, Counter()), config)
    assert corpus.published == published
    note = "Trained on 1,000 bAbI questions: the official files have 10,000."
    assert corpus.notes == (() if published else (note,))


def test_the_missing_training_file_is_named(shared_data, tmp_path):
    config = DataConfig(name="babi", dir=str(shared_data), task=3)
    if (shared_data / "babi/tasks_1-20_v1-2/en-10k/qa3_three-supporting-facts_train.txt").exists():
        pytest.skip("the file is there")
    with pytest.raises(DataError, match="en-10k/qa3_three-supporting-facts_train"):
        load_corpus(config, cache_dir=tmp_path)


def test_generated_stories_need_no_file(tmp_path):
    config = DataConfig(
        name="babi", task=3, stories="generated", size=100, dir=str(tmp_path / "no")
    )
    corpus = load_corpus(config, cache_dir=tmp_path)
    assert sizes(corpus) == {"train": 100, "dev": 10, "test": 20}
    assert corpus.published is None


@pytest.mark.slow
def test_snli(shared_data, tmp_path):
    config = DataConfig(name="snli", dir=str(shared_data))
    corpus = load_corpus(config, cache_dir=tmp_path)
    assert sizes(corpus) == {"train": 18_000, "dev": 9842, "test": 9824}
    assert np.bincount(corpus.splits["test"].label).tolist() == [3219, 3237, 3368]
    assert corpus.notes == (
        "Trained on a part of SNLI: 18,000 of its 549,367 labelled training pairs.",
    )


@pytest.mark.parametrize("name", ["babi", "snli", "cnn"])
def test_questions_are_trained_as_in_the_release(name):
    training = parse([f"--config={CONFIGS / name}.py"], configs=CONFIGS).config.training
    assert not training.class_weights
    assert training.attention_weight_decay == training.weight_decay == 1e-5


@pytest.mark.parametrize("task", [0, 4])
def test_there_are_three_tasks(task):
    config = default_config()
    config.data.name = "babi"
    config.data.task = task
    with pytest.raises(ConfigError, match=r"config.data.task: found \d; expected"):
        resolve(config)
