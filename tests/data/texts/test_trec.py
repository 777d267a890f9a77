from collections import Counter

import pytest

from attnjax.data.texts.trec import read_trec
from attnjax.errors import UserError


def questions(folder, train=b"HUM:ind Who is dull ?\n", test=b"NUM:date When ?\n"):
    (folder / "TREC.train").write_bytes(train)
    (folder / "TREC.test").write_bytes(test)
    return {"train": folder / "TREC.train", "test": folder / "TREC.test"}


def test_the_official_splits_are_whole(shared_data):
    folder = shared_data / "trec"
    records = read_trec({"train": folder / "TREC.train", "test": folder / "TREC.test"}).records
    assert {split: len(texts) for split, texts in records.items()} == {"train": 5452, "test": 500}
    # The counts of the classes are those of Li & Roth's own pages.
    assert Counter(record.label for record in records["test"]) == {
        "ABBR": 9,
        "DESC": 138,
        "ENTY": 94,
        "HUM": 65,
        "LOC": 81,
        "NUM": 113,
    }
    first = records["train"][0]
    assert first.text == "How did serfdom develop in and then leave Russia ?"
    assert (first.label, first.origin) == ("DESC", "TREC.train, line 1")
    assert sum("\xf0" in record.text for record in records["train"]) == 1


def test_latin_1_is_declared_and_windows_line_ends_are_no_matter(tmp_path):
    files = questions(tmp_path, train=b"ENTY:food What is a cr\xeape ?\r\n\r\nHUM:ind Who ?\r\n")
    reading = read_trec(files)
    assert [record.text for record in reading.records["train"]] == ["What is a cr\xeape ?", "Who ?"]
    assert reading.dropped == {"blank line": 1}


def test_utf_8_is_not_read_as_latin_1(tmp_path):
    train = "HUM:ind Who is dull ?\nLOC:other Which Café ?\n"
    with pytest.raises(UserError, match=r"TREC.train, line 2: found letters in UTF-8, .*Café"):
        read_trec(questions(tmp_path, train=train.encode()))
    reading = read_trec(questions(tmp_path, train=train.encode("latin-1")))
    assert reading.records["train"][1].text == "Which Café ?"


def test_every_bad_line_is_named(tmp_path):
    files = questions(tmp_path, train=b"HUM ind Who ?\nHUM:ind Who ?\nFOO:bar Who ?\nHUM:ind\n")
    with pytest.raises(UserError) as raised:
        read_trec(files)
    message = str(raised.value)
    assert "TREC.train, line 1: found 'HUM ind Who ?'; expected COARSE:fine, a space" in message
    assert "TREC.train, line 3: found the class 'FOO'; expected one of ABBR, DESC" in message
    assert "TREC.train, line 4: found 'HUM:ind'" in message
    assert "3 problems" in message


def test_an_empty_split_is_named(tmp_path):
    with pytest.raises(UserError, match=r"TREC.test: found no texts"):
        read_trec(questions(tmp_path, test=b""))
