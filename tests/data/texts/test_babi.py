import gzip
import io
import tarfile
from collections import Counter

import numpy as np
import pytest

from attnjax.data.texts.babi import (
    PLACES,
    Question,
    as_record,
    babi_source,
    evidence_of,
    read_babi,
    read_questions,
)
from attnjax.errors import DataError, UserError
from tests.data.texts.babi_simulator import answer

STORY = (
    "1 Mary moved to the bathroom.\n"
    "2 John went to the hallway.\n"
    "3 Where is Mary? \tbathroom\t1\n"
    "4 Mary got the milk there.\n"
    "5 Where is John? \thallway\t2\n"
    "1 Sandra journeyed to the garden.\n"
    "2 Where is Sandra? \tgarden\t1\n"
)


def written(folder, content, encoding="utf-8", name="qa1.txt"):
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def refusal(path):
    with pytest.raises(UserError) as raised:
        read_questions(path)
    return str(raised.value)


def real(shared_data, folder, name):
    return shared_data / "babi" / "tasks_1-20_v1-2" / folder / name


REAL = [
    ("en-10k", "qa1_single-supporting-fact_train.txt", 10_000, 37.1979),
    ("en-10k", "qa2_two-supporting-facts_train.txt.gz", 10_000, 95.1375),
    ("en", "qa3_three-supporting-facts_train.txt", 1000, 296.781),
    ("en", "qa3_three-supporting-facts_test.txt", 1000, 302.301),
]


@pytest.mark.parametrize(("folder", "name", "size", "mean"), REAL)
def test_the_official_files(shared_data, folder, name, size, mean):
    """Counts and lengths are those that awk finds in the files."""
    path = real(shared_data, folder, name)
    records = read_babi({"train": path}).records["train"]
    assert len(records) == size
    assert {record.label for record in records} == set(PLACES)
    assert np.mean([len(record.text.split()) for record in records]) == pytest.approx(mean)
    assert records[0].candidates is None


@pytest.mark.parametrize(("folder", "name", "size", "mean"), [REAL[0], REAL[1]])
def test_the_simulator_agrees_with_official_answers(shared_data, folder, name, size, mean):
    for question in read_questions(real(shared_data, folder, name))[:1000]:
        assert answer(question.passage, question.question) == question.answer, question.origin


def test_the_passage_is_what_was_told_before(tmp_path):
    questions = read_questions(written(tmp_path, STORY))
    assert [(len(q.passage), q.question, q.answer, q.supporting) for q in questions] == [
        (2, "Where is Mary?", "bathroom", (0,)),
        (3, "Where is John?", "hallway", (1,)),
        (1, "Where is Sandra?", "garden", (0,)),
    ]
    assert questions[1].passage[2] == "Mary got the milk there."
    assert questions[2].origin == "qa1.txt, line 7"


def test_a_record_has_words_between_spaces():
    question = Question(
        ("Mary went to the office.", "John left."), "Where is Mary?", "office", (0,), "line 3"
    )
    record = as_record(question)
    assert record.text == "Mary went to the office . John left ."
    assert record.question == "Where is Mary ?"
    assert evidence_of(question) == (True,) * 6 + (False,) * 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qa1.txt", ("\ufeff" + STORY.replace("\n", "\r\n")).encode()),
        ("qa1.txt", STORY.rstrip("\n").encode() + b"\n\n"),
        ("qa1.txt.gz", gzip.compress(STORY.encode())),
    ],
)
def test_marks_line_ends_and_gzip_are_no_matter(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    plain = read_questions(written(tmp_path, STORY, name="plain.txt"))
    same = read_questions(tmp_path / name)
    assert [q[:4] for q in same] == [q[:4] for q in plain]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Mary moved to the bathroom.", "expected a number, a space and a sentence"),
        ("7 Mary moved to the bathroom.", "number 7 after 2; expected 3, or 1"),
        ("3 Mary moved to the bathroom", "a statement that ends in a full stop"),
        ("3 Where is Mary? bathroom 1", "1 parts in 'Where is Mary? bathroom 1'"),
        ("3 Where is Mary?;bathroom;1", "between tabs"),
        ("3 Where is Mary?\tbathroom", "2 parts"),
        ("3 Where is Mary\tbathroom\t1", "a question, its answer"),
        ("3 Where is Mary?\tcellar\t1", "the answer 'cellar'; expected one of bathroom, bedroom"),
        ("3 Where is Mary?\tbathroom\t3", "supporting lines '3'"),
        ("3 Where is Mary?\tbathroom\tone", "supporting lines 'one'"),
        ("1 Where is Mary?\tbathroom\t1", "a question before any statement"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    start = "1 Mary moved to the bathroom.\n2 John left.\n"
    text = refusal(written(tmp_path, start + line + "\n"))
    assert f"{tmp_path}/qa1.txt, line 3: found" in text
    assert message in text


def test_all_bad_lines_are_named_together(tmp_path):
    text = refusal(written(tmp_path, STORY.replace("bathroom\t1", "attic\t1").replace("5 ", "6 ")))
    assert "line 3: found the answer 'attic'" in text
    assert "line 5: found number 6 after 4" in text


def test_a_bad_line_makes_no_other_line_of_its_story_bad(tmp_path):
    numberless = refusal(written(tmp_path, STORY.replace("1 Mary moved", "Mary moved")))
    assert numberless.count("found") == 1
    assert "line 1: found 'Mary moved to the bathroom.'" in numberless
    without_stop = refusal(written(tmp_path, STORY.replace("bathroom.", "bathroom")))
    assert without_stop.count("found") == 1


def test_a_file_begins_with_line_1_of_a_story(tmp_path):
    text = refusal(written(tmp_path, "2 Mary moved to the office.\n3 John left.\n"))
    assert "line 1: found number 2; expected 1, where the first story begins" in text
    assert text.count("found") == 1


def test_the_files_of_another_task_are_refused(tmp_path):
    path = written(tmp_path, STORY)
    assert len(read_questions(path, supporting=1)) == 3
    with pytest.raises(UserError, match="supporting lines '1'; expected 2 of them"):
        babi_source(2, "official").read({"train": path})


def test_latin_1_is_refused_with_its_line(tmp_path):
    path = written(tmp_path, STORY.replace("hallway.", "caf\xe9."), "latin-1")
    assert "line 2: found byte 0xe9 that is not UTF-8" in refusal(path)


def test_a_truncated_gzip_is_refused(tmp_path):
    path = tmp_path / "qa1.txt.gz"
    path.write_bytes(gzip.compress((STORY * 500).encode())[:-20])
    with pytest.raises(DataError, match="a damaged gzip file"):
        read_questions(path)


def test_the_official_archive_is_read_as_it_is(tmp_path):
    path = tmp_path / "tasks_1-20_v1-2.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("en/qa1_single-supporting-fact", "en-10k/qa2_two-supporting-facts"):
            for split, content in (("train", STORY), ("test", STORY[: STORY.index("1 Sandra")])):
                entry = tarfile.TarInfo(f"tasks_1-20_v1-2/{name}_{split}.txt")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content.encode()))
    source = babi_source(1, "official")
    records = source.read(dict.fromkeys(source.parts, path)).records
    assert {split: len(texts) for split, texts in records.items()} == {"train": 3, "test": 2}
    assert records["test"][0].origin == "qa1_single-supporting-fact_test.txt, line 3"
    absent = babi_source(2, "official")
    with pytest.raises(DataError, match=r"without .*/en/qa2_two-supporting-facts_train"):
        absent.read(dict.fromkeys(absent.parts, path))


@pytest.mark.parametrize(("stories", "folder"), [("official", "en"), ("official_10k", "en-10k")])
def test_the_source_never_takes_the_other_folder(stories, folder):
    for names in babi_source(3, stories).parts.values():
        assert Counter(name.split("/")[-2] for name in names if "/" in name) == {folder: 2}
