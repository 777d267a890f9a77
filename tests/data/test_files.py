import gzip
import json

import pytest

from attnjax.config import DataConfig
from attnjax.data.files import file_corpus
from attnjax.errors import UserError


def config(path, **changes):
    return DataConfig(name="file", path=str(path), **changes)


def csv_file(path, labels, header="text,label"):
    rows = [f"text number {i},{label}" for i, label in enumerate(labels)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.fixture
def reviews(tmp_path):
    return csv_file(tmp_path / "reviews.csv", ["pos", "neg"] * 20)


def test_a_file_becomes_three_seeded_splits(reviews):
    corpus = file_corpus(config(reviews))
    assert corpus.name == "reviews.csv"
    assert corpus.class_names == ("neg", "pos")
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 28,
        "dev": 4,
        "test": 8,
    }
    again = file_corpus(config(reviews))
    assert again.splits["test"].tokens == corpus.splits["test"].tokens
    other = file_corpus(config(reviews, split_seed=1))
    assert other.splits["test"].tokens != corpus.splits["test"].tokens
    assert corpus.splits["train"].origin[0].startswith(f"{reviews}, line ")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([10, 9], ("9", "10")),
        ([True, False], ("false", "true")),
        ([1.0, 0], ("0", "1")),
        (["b ", "a"], ("a", "b")),
    ],
)
def test_labels_may_be_integers_strings_and_truth_values(tmp_path, labels, names):
    path = tmp_path / "r.jsonl.gz"
    rows = [json.dumps({"text": f"text {i}", "label": labels[i % 2]}) for i in range(20)]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    assert file_corpus(config(path)).class_names == names


def test_columns_and_splits_by_column(tmp_path):
    path = tmp_path / "r.tsv"
    splits = ["train", "Train", "valid", "dev", "test", "TEST"]
    rows = [f"{i % 2}\tReview {i}!\t{split}" for i, split in enumerate(splits)]
    path.write_text("\n".join(["stars\tbody\tpart", *rows]))
    corpus = file_corpus(
        config(path, text_column="body", label_column="stars", split_column="part")
    )
    assert {name: split.tokens for name, split in corpus.splits.items()} == {
        "train": (("review", "0", "!"), ("review", "1", "!")),
        "dev": (("review", "2", "!"), ("review", "3", "!")),
        "test": (("review", "4", "!"), ("review", "5", "!")),
    }


def test_splits_from_files_and_one_cut(tmp_path, reviews):
    test = csv_file(tmp_path / "test.csv", ["neg", "pos", "pos"])
    corpus = file_corpus(config(reviews, test_path=str(test)))
    assert corpus.splits["test"].label.tolist() == [0, 1, 1]
    assert len(corpus.splits["dev"]) == 4
    assert len(corpus.splits["train"]) == 36


def test_case_and_tokenizer_follow_the_config(tmp_path):
    path = csv_file(tmp_path / "r.csv", ["a", "b"] * 10)
    path.write_text(path.read_text().replace("text", "Text", 3).replace("Text,", "text,"))
    corpus = file_corpus(config(path, lowercase=False, tokenizer="whitespace"))
    assert any(tokens[0] == "Text" for tokens in corpus.splits["train"].tokens)


@pytest.mark.parametrize(
    ("content", "changes", "messages"),
    [
        ("txt,label\nx,1\n", {}, ["no column 'text' (did you mean 'txt'?)", "txt, label"]),
        ("a,b\nx,1\n", {}, ["no column 'text'", "no column 'label'", "2 problems"]),
        ("text,label\nx,1\n", {"split_column": "part"}, ["no column 'part'"]),
        ("text,label\n ,1\nx,\n", {}, ["line 2: found an empty text", "line 3: found no label"]),
        (
            "text,label,part\nx,1,tset\n",
            {"split_column": "part"},
            ["'tset' (did you mean 'test'?)"],
        ),
        ("text,label,part\nx,1,dev\n", {"split_column": "part"}, ["no row whose 'part' is train"]),
        ("text,label\nx,1\ny,1\nz,1\nw,1\n", {}, ["one class only"]),
        ("text,label\nx,1\n", {"split_column": "p", "dev_path": "d"}, ["not both"]),
    ],
)
def test_mistakes_of_a_csv_are_named(tmp_path, content, changes, messages):
    path = tmp_path / "r.csv"
    path.write_text(content)
    with pytest.raises(UserError) as raised:
        file_corpus(config(path, **changes))
    for message in messages:
        assert message in str(raised.value)


def test_mistakes_of_a_jsonl_are_named_together_and_capped(tmp_path):
    path = tmp_path / "r.jsonl"
    rows = [
        {"text": "fine", "label": 1},
        {"text": 5, "label": 1},
        {"text": None, "label": 1},
        {"label": 1},
        {"text": "x", "label": 0.5},
        {"text": "x", "label": None},
        {"text": "x", "label": [1]},
        {"text": "\ud800", "label": 1},
        *[{"text": "", "label": 1}] * 6,
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(UserError) as raised:
        file_corpus(config(path))
    text = str(raised.value)
    for message in (
        "line 2: found 5, which is no string",
        "line 3: found no text",
        "line 4: found no text",
        "line 5: found 0.5 in column 'label'",
        "line 6: found no label",
        "line 7: found [1]",
        "line 8: found half of a surrogate pair",
        "line 9: found an empty text",
        "found 3 more",
    ):
        assert message in text


def test_mistakes_of_several_files_come_together(tmp_path, reviews):
    dev = csv_file(tmp_path / "dev.csv", ["pos"], header="txt,label")
    test = csv_file(tmp_path / "test.csv", [""])
    with pytest.raises(UserError) as raised:
        file_corpus(config(reviews, dev_path=str(dev), test_path=str(test)))
    assert f"{dev}: found no column 'text'" in str(raised.value)
    assert f"{test}, line 2: found no label" in str(raised.value)


def test_labels_that_differ_between_splits(tmp_path, reviews):
    test = csv_file(tmp_path / "test.csv", ["positive", "neg"])
    with pytest.raises(UserError, match=r"test.csv, line 2: found label 'positive' \(1 times"):
        file_corpus(config(reviews, test_path=str(test)))


def test_a_text_of_marks_only_has_words_but_one_of_spaces_has_not(tmp_path):
    path = tmp_path / "r.jsonl"
    rows = [{"text": "?!", "label": i % 2} for i in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert file_corpus(config(path)).splits["dev"].tokens[0] == ("?", "!")


ASKED = {"question_column": "question", "candidates_column": "options"}


def asked_file(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def test_questions_and_candidates(tmp_path):
    """A class that is never right but possible is a class too."""
    names = ["train"] * 4 + ["dev"] * 2 + ["test"] * 2
    rows = [
        {
            "text": f"Text {i}",
            "question": f"Who is {i} ?",
            "label": "ab"[i % 2],
            "options": [["a", "b"], "b|c|a", '["a", "b", "c"]', ["b", "b", "a"]][i % 4],
            "split": name,
        }
        for i, name in enumerate(names)
    ]
    path = asked_file(tmp_path / "r.jsonl", rows)
    corpus = file_corpus(config(path, split_column="split", **ASKED))
    assert corpus.class_names == ("a", "b", "c")
    train = corpus.splits["train"]
    assert train.question[1] == ("who", "is", "1", "?")
    assert train.candidates == ((0, 1), (0, 1, 2), (0, 1, 2), (0, 1))
    assert corpus.splits["test"].question[0] == ("who", "is", "6", "?")
    without = file_corpus(config(path, split_column="split", question_column="question"))
    assert without.splits["train"].candidates is None
    assert without.class_names == ("a", "b")


def test_a_table_may_have_candidates_too(tmp_path):
    path = tmp_path / "r.tsv"
    rows = [f"text {i}\twho ?\t{i % 2}\t{'0|1|2'}" for i in range(20)]
    path.write_text("\n".join(["text\tquestion\tlabel\toptions", *rows]) + "\n")
    corpus = file_corpus(config(path, **ASKED))
    assert corpus.class_names == ("0", "1", "2")
    assert corpus.splits["dev"].candidates[0] == (0, 1, 2)


def test_mistakes_of_questions_are_named_together(tmp_path):
    fine = {"text": "x", "question": "who ?", "label": "a", "options": ["a", "b"]}
    rows = [
        fine,
        fine | {"question": " "},
        fine | {"question": 3},
        fine | {"options": "[1, 2"},
        fine | {"options": ""},
        fine | {"options": []},
        fine | {"options": None},
        fine | {"options": ["a", 0.5]},
        {name: fine[name] for name in ("text", "label", "options")},
    ]
    with pytest.raises(UserError) as raised:
        file_corpus(config(asked_file(tmp_path / "r.jsonl", rows), **ASKED))
    for message in (
        "line 2: found an empty text in column 'question'",
        "line 3: found 3, which is no string, in column 'question'",
        "line 4: found '[1, 2' in column 'options'; expected the possible answers",
        "line 5: found '' in column 'options'",
        "line 6: found [] in column 'options'",
        "line 7: found None in column 'options'",
        "line 8: found 0.5 in column 'options'; expected a label",
        "line 9: found no text in column 'question'",
    ):
        assert message in str(raised.value)
    assert "8 problems" in str(raised.value)


def test_an_answer_that_is_no_candidate_is_named(tmp_path):
    rows = [{"text": "x", "question": "q", "label": name, "options": ["a"]} for name in "abab"]
    with pytest.raises(UserError, match=r"line 2: found the answer 'b', which is no candidate"):
        file_corpus(config(asked_file(tmp_path / "r.jsonl", rows * 5), **ASKED))


def test_columns_that_a_file_lacks_are_named_by_their_setting(reviews):
    with pytest.raises(UserError) as raised:
        file_corpus(config(reviews, **ASKED))
    for name in ("question_column", "candidates_column"):
        assert f"the column that config.data.{name} names" in str(raised.value)
