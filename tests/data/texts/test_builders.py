from collections import Counter

import pytest

from attnjax.data.labelled import Record
from attnjax.data.texts.builders import LabelledTexts
from attnjax.data.texts.corpus import prepared_reading
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import DataError

READING = Reading(
    {
        "train": [
            Record("plain text", "no", "a.txt, line 1"),
            Record("été\u2028\n東", "yes", "a.txt, line 2", "why ?", ("no", "yes"), (True, False)),
            Record("no question's words", "yes", "a.txt, line 3", "", None, (False, False, True)),
        ],
        "test": [],
    },
    Counter({"no label": 3}),
    ("A part of the official texts.",),
)


def source(read):
    return Source("toy texts", {"all": ("a.txt",)}, read=read, folder="toy")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.txt").write_text("content")
    return {"all": tmp_path / "a.txt"}


def test_the_prepared_copy_gives_back_exactly_the_reading_and_reads_once(tmp_path, files):
    calls = []

    def read(given):
        calls.append(given)
        return READING

    for _ in range(2):
        assert prepared_reading(source(read), files, tmp_path) == READING
    assert calls == [files]


def test_other_content_or_another_source_is_read_again(tmp_path, files):
    first = prepared_reading(source(lambda given: READING), files, tmp_path)
    other = READING._replace(dropped=Counter(other=1))
    renamed = source(lambda given: other)._replace(title="other texts")
    assert prepared_reading(renamed, files, tmp_path) == other
    files["all"].write_text("other")
    assert prepared_reading(source(lambda given: other), files, tmp_path) == other != first


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading({"train": []}, Counter({"blank line": 2})), r"no texts \(blank line: 2\)"),
        (Reading({"train": [Record("a", "b", "line 7", "q", ())]}, Counter()), "line 7: .*no cand"),
        (
            Reading({"train": [Record("", "b", "line 8", rationale=())]}, Counter()),
            "line 8: .*without words",
        ),
    ],
)
def test_what_could_not_be_given_back_is_refused(tmp_path, files, reading, message):
    with pytest.raises(DataError, match=message):
        prepared_reading(source(lambda given: reading), files, tmp_path)


def test_a_mistake_in_a_file_reaches_the_user_as_it_was_said(tmp_path, files):
    def read(given):
        raise DataError("a.txt, line 2", found="x", expected="y", action="z")

    with pytest.raises(DataError, match=r"^a.txt, line 2: found x"):
        prepared_reading(source(read), files, tmp_path)


def test_the_builder_finds_its_files_by_itself(tmp_path, files, monkeypatch):
    monkeypatch.setenv("ATTNJAX_DATA_DIR", str(tmp_path))
    builder = LabelledTexts(
        source=source(lambda given: READING),
        data_dir=str(tmp_path / "tfds"),
        file_format="array_record",
    )
    builder.download_and_prepare()
    rows = builder.as_data_source(split="train")
    assert [row["label"] for row in rows] == [b"no", b"yes", b"yes"]
