import os

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data.tfds_source import tfds_corpus
from attnjax.errors import DataError
from tests.data import toy_builders

NAMES = {"text_column": "sentence", "label_column": "verdict"}


def config(folder, **changes):
    settings = {
        "name": "tfds",
        "tfds_name": "attnjax_toy",
        "dir": str(folder),
        "dev_split": "validation",
        "test_split": "train[80%:]",
        "train_split": "train[:80%]",
        **NAMES,
        **changes,
    }
    return DataConfig(**settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    assert toy_builders.AttnjaxToy.name == "attnjax_toy"
    return tmp_path_factory.mktemp("tfds")


def test_columns_classes_and_split_expressions(folder):
    corpus = tfds_corpus(config(folder))
    assert corpus.name == "attnjax_toy"
    assert corpus.class_names == ("bad", "good")
    # train has 60 rows, 48 of them before the cut; rows 3 and 5 of a split are left out.
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 46,
        "dev": 8,
        "test": 12,
    }
    assert corpus.dropped == {"no words": 2, "no label": 2}
    assert corpus.splits["train"].tokens[4] == ("café", "number", "6", "!")
    assert corpus.splits["train"].label[:5].tolist() == [0, 1, 0, 0, 0]
    assert corpus.splits["test"].tokens[0][2] == "48"


def test_it_is_prepared_once(folder, capsys):
    tfds_corpus(config(folder))
    capsys.readouterr()
    tfds_corpus(config(folder))
    assert not capsys.readouterr().out


def test_two_runs_may_prepare_the_same_data_at_once(tmp_path):
    corpus = tfds_corpus(config(tmp_path, tfds_name="attnjax_raced"))
    assert len(corpus.splits["train"]) == 46


def test_splits_without_an_expression_are_cut_from_train(folder):
    corpus = tfds_corpus(config(folder, dev_split="", test_split="", train_split="train"))
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 40,
        "dev": 6,
        "test": 12,
    }


def test_labels_may_be_plain_numbers(folder):
    corpus = tfds_corpus(config(folder, label_column="number"))
    assert corpus.class_names == ("0", "1", "2")
    assert np.bincount(corpus.splits["train"].label).tolist() == [15, 16, 16]


def test_the_default_place_is_the_cache(tmp_path):
    tfds_corpus(config(""), cache_dir=tmp_path)
    assert (tmp_path / "tfds" / "attnjax_toy" / "1.0.0" / "dataset_info.json").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tfds_name": "ag_news_subst"}, r"did you mean 'ag_news_subset'\?"),
        ({"tfds_name": "no_such_thing_at_all"}, "found 'no_such_thing_at_all'; expected"),
        ({"text_column": "sentense"}, r"did you mean 'sentence'\?.*sentence, verdict, number"),
        ({"label_column": "label"}, "config.data.label_column"),
        ({"train_split": "training"}, "split 'training'.*over the splits train, validation"),
        ({"dev_split": "train[99999:]"}, r"split .train\[99999:\].*over the splits"),
        ({"tfds_name": "attnjax_needs_more"}, "No module named 'tensorflow'.*pip install"),
        ({"tfds_name": "attnjax_offline"}, "no route to host.*check the connection"),
    ],
)
def test_mistakes_are_named(folder, changes, message):
    with pytest.raises(DataError, match=message):
        tfds_corpus(config(folder, **changes))


def test_data_in_another_format_is_refused(folder, tmp_path):
    tfds_corpus(config(tmp_path))
    path = next(tmp_path.rglob("attnjax_toy-train*"))
    os.truncate(path, 10)
    with pytest.raises(DataError, match="delete the folder"):
        tfds_corpus(config(tmp_path))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="check the connection, the disk"):
        tfds_corpus(config(tmp_path / "file" / "below"))
