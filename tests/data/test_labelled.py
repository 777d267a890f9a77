from collections import Counter

import pytest

from attnjax.data.labelled import Record, cut_splits, label_corpus, sorted_labels
from attnjax.errors import DataError, UserError


def records(labels, text="some words"):
    return [Record(text, label, f"line {i}") for i, label in enumerate(labels, start=2)]


def corpus(splits, **changes):
    settings = {
        "tokenize": str.split,
        "dev_fraction": 0.1,
        "test_fraction": 0.2,
        "split_seed": 0,
        **changes,
    }
    return label_corpus("toy", splits, **settings)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["pos", "neg", "pos"], ("neg", "pos")),
        (["true", "false"], ("false", "true")),
        (["10", "9", "x"], ("10", "9", "x")),
    ],
)
def test_classes_are_sorted_as_numbers_where_all_are(labels, expected):
    assert sorted_labels(labels) == expected


def test_cut_splits_keep_proportions_and_lose_nothing():
    train = records(["a"] * 70 + ["b"] * 30)
    cut = cut_splits({"train": train}, {"dev": 0.1, "test": 0.2}, seed=5)
    counts = {split: Counter(r.label for r in part) for split, part in cut.items()}
    assert counts["dev"] == {"a": 7, "b": 3}
    assert counts["test"] == {"a": 14, "b": 6}
    assert sorted(r.origin for part in cut.values() for r in part) == sorted(
        r.origin for r in train
    )
    origins = [int(r.origin.split()[1]) for r in cut["test"]]
    assert origins == sorted(origins)  # the order of the file
    assert origins != list(range(2, 22))  # but not its beginning


def test_the_seed_decides_the_cut():
    train = records(["a", "b"] * 50)
    cuts = [cut_splits({"train": train}, {"dev": 0.1}, seed=seed)["dev"] for seed in (0, 0, 1)]
    assert cuts[0] == cuts[1] != cuts[2]


def test_rare_classes_stay_in_train():
    cut = cut_splits(
        {"train": records(["a"] * 20 + ["b"] * 20 + ["c"])}, {"dev": 0.1, "test": 0.2}, seed=0
    )
    assert Counter(r.label for r in cut["train"])["c"] == 1
    few = cut_splits({"train": records(["a"] * 3 + ["b"] * 3)}, {"dev": 0.1, "test": 0.1}, seed=0)
    assert {split: len(part) for split, part in few.items()} == {"train": 2, "dev": 2, "test": 2}


def test_given_splits_are_left_as_they_are():
    given = {split: records(["1", "0", "1"]) for split in ("train", "dev", "test")}
    result = corpus(given)
    assert result.class_names == ("0", "1")
    assert result.splits["dev"].label.tolist() == [1, 0, 1]
    assert result.splits["test"].instance_id.tolist() == [6, 7, 8]
    assert result.splits["test"].origin == ("line 2", "line 3", "line 4")


def test_only_what_is_missing_is_cut():
    result = corpus({"train": records(["a", "b"] * 10), "test": records(["a", "b"])})
    assert {name: len(split) for name, split in result.splits.items()} == {
        "train": 18,
        "dev": 2,
        "test": 2,
    }


@pytest.mark.parametrize(
    ("splits", "messages"),
    [
        ({"train": records("aaaa")}, ["train split: found one class only: all", "'a'"]),
        (
            {"train": records("abab"), "dev": records("ab"), "test": records("ac")},
            ["line 3: found label 'c' (1 times in test)", "'a', 'b'"],
        ),
        (
            {"train": records("abab"), "dev": records("xy"), "test": records("Ab")},
            ["label 'x'", "label 'y'", "label 'A'", "3 problems"],
        ),
        ({"train": records("abab"), "dev": records("aa"), "test": records("a")}, ["dev split"]),
        ({"train": records("ab")}, ["nothing to cut it from: 2 training texts"]),
        ({"train": records("abab"), "dev": []}, ["dev split: found no instances"]),
        (
            {split: records("ab", text="  ") for split in ("train", "dev", "test")},
            ["line 2: found a text without words", "6 problems"],
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused(splits, messages):
    with pytest.raises(UserError) as raised:
        corpus(splits)
    for message in messages:
        assert message in str(raised.value)


def test_a_test_split_of_one_class_is_the_users_choice():
    result = corpus({"train": records("abab"), "dev": records("ab"), "test": records("aa")})
    assert result.splits["test"].label.tolist() == [0, 0]


def test_a_source_that_knows_its_classes_decides_their_order():
    result = corpus({"train": records("ab" * 20)}, class_names=("b", "a", "z"))
    assert result.class_names == ("b", "a", "z")
    assert result.splits["train"].label[:2].tolist() == [1, 0]


def test_an_empty_cut_is_a_data_error():
    with pytest.raises(DataError, match="test split"):
        corpus({"train": records("abcd"), "dev": records("ab")})
