from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from attnjax.commandline import parse
from attnjax.config import DataConfig
from attnjax.config.sections import DATA_NAMES
from attnjax.data.labelled import Record
from attnjax.data.load import load_corpus
from attnjax.data.texts.corpus import task_corpus
from attnjax.data.texts.source import Reading
from attnjax.data.texts.tasks import TASKS, task_of

CONFIGS = Path(__file__).resolve().parents[3] / "configs"

BY_THEMSELVES = {"planted", "sst", "file", "tfds"}


def counts(corpus):
    return {split: np.bincount(texts.label).tolist() for split, texts in corpus.splits.items()}


def test_every_name_loads_by_something():
    assert set(DATA_NAMES) - BY_THEMSELVES == set(TASKS)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_has_a_config_of_its_name(name):
    command = parse([f"--config={CONFIGS / f'{name}.py'}"], configs=CONFIGS)
    assert command.config.data.name == name


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_classes_and_places_of_a_task_fit(name):
    task = TASKS[name]
    assert len(set(task.class_names)) == len(task.class_names)
    assert set(task.source.addresses) <= set(task.source.parts)
    assert set(task.source.optional) <= set(task.source.parts)
    required = set(task.source.parts) - set(task.source.optional)
    assert required <= set(task.source.addresses) or task.source.instructions


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mr", {"train": [3732] * 2, "dev": [533] * 2, "test": [1066] * 2}),
        ("cr", {"train": [956, 1684], "dev": [137, 240], "test": [273, 481]}),
    ],
)
def test_without_official_splits_dev_and_test_are_cut_in_proportion(
    shared_data, tmp_path, name, expected
):
    """A tenth and a fifth of each class, rounded."""
    corpus = load_corpus(DataConfig(name=name, dir=str(shared_data)), cache_dir=tmp_path)
    assert counts(corpus) == expected
    assert corpus.class_names == ("negative", "positive")


def test_official_splits_stay_and_dev_is_cut_from_train(shared_data, tmp_path):
    corpus = load_corpus(DataConfig(name="trec", dir=str(shared_data)), cache_dir=tmp_path)
    assert counts(corpus)["test"] == [9, 138, 94, 65, 81, 113]
    assert len(corpus.splits["train"]) + len(corpus.splits["dev"]) == 5452
    assert corpus.splits["train"].tokens[0][-2:] == ("russia", "?")


def test_published_figures_stand_beside_the_papers_texts_only(shared_data, tmp_path):
    for chosen, published, sizes in (("paper", "20News", 1751), ("none", None, 1933)):
        config = DataConfig(name="newsgroups", dir=str(shared_data), filter=chosen)
        corpus = load_corpus(config, cache_dir=tmp_path)
        assert corpus.published == published
        assert sum(len(split) for split in corpus.splits.values()) == sizes


@pytest.mark.parametrize(
    ("name", "published"),
    [("babi", "bAbI 1"), ("snli", "SNLI"), ("cnn", "CNN"), ("imdb", None), ("mr", None)],
)
def test_only_a_filter_that_was_not_used_takes_the_published_figures_away(name, published):
    config = DataConfig(name=name, filter="none", stories="official_10k")
    task = task_of(config)._replace(class_names=())
    texts = [Record("so dull", "ab"[i % 2], f"line {i}") for i in range(20)]
    reading = Reading({"train": texts}, Counter())
    task = task._replace(published_size=0)  # twenty texts are not all that bAbI has
    assert task_corpus(task, reading, config).published == published
