import tracemalloc

import pytest

from attnjax.data.texts.discharge import read_anemia, read_diabetes
from attnjax.errors import DataError, UserError

from .mimic_files import NOTE_HEADER, NOTES, WORDS, Note, note_row, write


def read(reading):
    return {
        split: {
            int(record.origin.split("(admission ")[1][:-1]): (record.label, record.text)
            for record in records
        }
        for split, records in reading.records.items()
    }


def test_diabetes_is_any_code_that_begins_with_250_00(tmp_path):
    reading = read_diabetes(write(tmp_path))
    positive = (100001, 100004)
    labels = {one: "diabetes" if one in positive else "no diabetes" for one in WORDS}
    assert read(reading) == {"train": {one: (labels[one], WORDS[one]) for one in WORDS}}
    assert dict(reading.dropped) == {
        "admission with no code at all": 1,
        "admission without a discharge summary": 1,
        "admission with an empty discharge summary": 1,
        "note that is no discharge summary": 1,
        "discharge summary with an error flag": 1,
        "discharge summary without an admission": 1,
        "discharge summary of an admission that is not used": 1,
    }


def test_anemia_is_acute_or_chronic_not_both(tmp_path):
    reading = read_anemia(write(tmp_path))
    labels = {100001: "acute", 100002: "chronic", 100003: "chronic", 100004: "acute"}
    labels[100008] = "acute"
    assert read(reading) == {"train": {one: (labels[one], WORDS[one]) for one in labels}}
    assert reading.dropped["admission with codes of both classes"] == 1
    assert reading.dropped["admission with codes of neither class"] == 1
    assert reading.dropped["discharge summary of an admission that is not used"] == 3
    assert reading.dropped["admission without a discharge summary"] == 1


def test_a_text_says_where_it_stands(tmp_path):
    # The report of 100001 is the third note; each note before it has one line.
    origin = read_diabetes(write(tmp_path)).records["train"][0].origin
    assert origin == "NOTEEVENTS.csv.gz, line 4 (admission 100001)"


def test_lists_of_splits_are_followed(tmp_path):
    files = write(tmp_path)
    for split, lines in {"train": "100001\n100003\n", "test": "100002\r\n\r\n999999\r\n"}.items():
        files[split] = tmp_path / f"diabetes_{split}_hadm_ids.txt"
        files[split].write_bytes(lines.encode())
    reading = read_diabetes(files)
    found = {split: sorted(texts) for split, texts in read(reading).items()}
    assert found == {"train": [100001, 100003], "test": [100002]}
    # Those with codes: 100004 to 100006 and 100008 to 100010.
    assert reading.dropped["admission in no list of the splits"] == 6
    assert reading.dropped["listed admission without a class"] == 1


def test_lists_are_named_by_line(tmp_path):
    files = write(tmp_path)
    files["train"] = tmp_path / "diabetes_train_hadm_ids.txt"
    files["dev"] = tmp_path / "diabetes_dev_hadm_ids.txt"
    files["train"].write_text("100001\nHADM\n")
    files["dev"].write_text("100001\n")
    with pytest.raises(UserError) as raised:
        read_diabetes(files)
    text = str(raised.value)
    assert f"{files['train']}, line 2: found 'HADM'" in text
    assert f"{files['dev']}, line 1: found admission 100001 again (before: {files['train']}" in text
    del files["train"]
    with pytest.raises(DataError, match="no list for train"):
        read_diabetes(files)


@pytest.mark.parametrize("content", ["", "\n \r\n"])
def test_an_empty_list_is_refused(tmp_path, content):
    files = write(tmp_path)
    for split, lines in {"train": "100001\n", "test": content}.items():
        files[split] = tmp_path / f"diabetes_{split}_hadm_ids.txt"
        files[split].write_text(lines)
    with pytest.raises(DataError, match=r"diabetes_test_hadm_ids.txt: found an empty list"):
        read_diabetes(files)


def test_windows_line_ends_bom_and_lower_case_columns_are_read_alike(tmp_path):
    files = write(tmp_path / "windows", ends="\r\n")
    plain = read_diabetes(write(tmp_path / "plain"))
    codes = files["diagnoses"].read_text()
    files["diagnoses"].write_text("\ufeff" + codes.replace("HADM_ID", " hadm_id "))
    windows = read_diabetes(files)
    assert read(windows) == read(plain)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (Note("12x", "a"), "HADM_ID '12x'"),
        (Note("100001", "a", date="March 1"), "CHARTDATE 'March 1'"),
        (Note("100001", "a", description="Draft"), "DESCRIPTION 'Draft'"),
        (Note("100001", "a", error="yes"), "ISERROR 'yes'"),
    ],
)
def test_a_wrong_note_is_named_by_line(tmp_path, note, message):
    files = write(tmp_path, notes=(Note("100001", "two\nlines"), note))
    with pytest.raises(DataError, match=f"line 4: found {message}"):
        read_diabetes(files)


def test_a_wrong_code_table_is_named_by_line(tmp_path):
    with pytest.raises(DataError, match=r"DIAGNOSES_ICD.csv, line 2: found HADM_ID 'x'"):
        read_diabetes(write(tmp_path, codes=(("x", "25000"),)))


def test_many_mistakes_end_the_reading(tmp_path):
    files = write(tmp_path, notes=[Note("12x", "a")] * 40)
    with pytest.raises(UserError, match="after these 10: found 1 more"):
        read_diabetes(files)


def damaged(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (NOTE_HEADER.replace(",", "\t"), "line 1: found no column HADM_ID, .*separated by commas"),
        (NOTE_HEADER.replace("ISERROR,", ""), "line 1: found no column ISERROR"),
        (f"{NOTE_HEADER}\n1,2,3\n", "line 2: found 3 fields; expected 11"),
        (
            f"{NOTE_HEADER}\n{note_row(1, NOTES[0])[:-1]}",
            "line 2: found fields that cannot be told",
        ),
        (f"{NOTE_HEADER}\n" + note_row(1, Note("1", "caf\xe9")), "byte 0xe9 that is not UTF-8"),
    ],
    ids=["tabs", "column", "fields", "quote", "latin-1"],
)
def test_a_damaged_table_of_notes_is_named_by_line(tmp_path, content, message):
    files = write(tmp_path)
    files["notes"] = damaged(tmp_path / "NOTEEVENTS.csv", content.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read_diabetes(files)


def test_a_truncated_gzip_is_said_to_be_one(tmp_path):
    files = write(tmp_path)
    damaged(files["notes"], files["notes"].read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged gzip file"):
        read_diabetes(files)


def test_the_notes_are_streamed(tmp_path):
    files = write(tmp_path)
    with open(tmp_path / "NOTEEVENTS.csv", "w", encoding="utf-8") as file:
        file.write(NOTE_HEADER + "\n")
        other = note_row(1, Note("100001", "nothing of use\n" * 4000, category="Nursing"))
        for _ in range(300):
            file.write(other + "\n")
        file.write(note_row(2, Note("100001", "the only summary")) + "\n")
    files["notes"] = tmp_path / "NOTEEVENTS.csv"
    size = files["notes"].stat().st_size
    assert size > 18e6
    tracemalloc.start()
    reading = read_diabetes(files)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [record.text for record in reading.records["train"]] == ["the only summary"]
    assert reading.dropped["note that is no discharge summary"] == 300
    # One note, as text and as the pieces it is read from, not three hundred.
    assert peak < size / 20
