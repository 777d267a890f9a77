import gzip
import json
from collections import Counter

import pytest
from sklearn.datasets import _twenty_newsgroups as scikit

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.tables import read_table
from attnjax.data.texts.newsgroups import (
    LEFT_EMPTY,
    choose_newsgroups,
    read_newsgroups,
    without_context,
)
from attnjax.data.texts.source import Reading
from attnjax.errors import UserError
from tests.data.texts.packing import tar_of

BASEBALL, HOCKEY = "rec.sport.baseball", "rec.sport.hockey"


def real(shared_data):
    folder = shared_data / "20news_sports"
    return {split: folder / f"{split}.jsonl.gz" for split in ("train", "test")}


def counts(reading):
    return {
        split: Counter(record.label for record in records)
        for split, records in reading.records.items()
    }


def test_the_official_split_without_the_messages_that_are_left_empty(shared_data):
    reading = read_newsgroups(real(shared_data))
    # 597, 600, 397 and 399 messages; those left empty were counted with scikit-learn's functions.
    assert counts(reading) == {
        "train": {BASEBALL: 597 - 22, HOCKEY: 600 - 15},
        "test": {BASEBALL: 397 - 14, HOCKEY: 399 - 9},
    }
    assert reading.dropped == {LEFT_EMPTY: 60}
    by_origin = {record.origin: record.text for record in reading.records["train"]}
    text = by_origin[f"train/{BASEBALL}/99971"]
    assert text.startswith("Hello, my friends and I are running the Homewood Fantasy Baseball")
    assert "admiral@jhunix" not in text


def test_what_is_removed_is_what_scikit_learn_removes(shared_data):
    for path in real(shared_data).values():
        for row in read_table(path).rows:
            theirs = scikit.strip_newsgroup_header(row.values["text"])
            theirs = scikit.strip_newsgroup_footer(theirs)
            theirs = scikit.strip_newsgroup_quoting(theirs)
            assert without_context(row.values["text"]).split() == theirs.split()


def test_the_papers_filter_keeps_the_middle_and_joins_the_splits(shared_data):
    reading = choose_newsgroups(read_newsgroups(real(shared_data)), DataConfig())
    assert set(reading.records) == {"train"}
    # The release tests on 357 messages, a fifth of what its filter by length leaves.
    assert len(reading.records["train"]) / 5 == pytest.approx(357, abs=10)
    left_out = sum(reading.dropped.values())
    assert len(reading.records["train"]) + left_out == 1197 + 796


@pytest.mark.parametrize(("length", "kept"), [(6, 0), (7, 1), (499, 1), (500, 0)])
def test_the_filter_is_strict_at_both_ends(length, kept):
    records = {"train": [Record("word " * length, HOCKEY, "")], "test": []}
    reading = choose_newsgroups(Reading(records, Counter()), DataConfig())
    assert len(reading.records["train"]) == kept
    assert sum(reading.dropped.values()) == 1 - kept


def test_without_the_filter_the_splits_stay(shared_data):
    reading = read_newsgroups(real(shared_data))
    assert choose_newsgroups(reading, DataConfig(filter="none")) is reading


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Subject: x\nFrom: y\n\nBody.\n", "Body."),
        ("Subject: x\r\n\r\nBody.\r\n", "Body."),
        ("Subject: x\nFrom: y\n", ""),
        ("no header", "no header"),
        ("No header.\n\nBut more.\n\nBob", "No header.\n\nBut more."),
        ("http://a.b is\na page.\n\nMore.\n\nBob", "http://a.b is\na page.\n\nMore."),
        ("Odd-[name]: x\nTo: a\n\tand b\nKeywords:\n\nBody.", "Body."),
        ("S: x\n\n> quoted\n| quoted\nmine\nAnn wrote:\nIn article <1> Bob\n", "mine"),
        ("S: x\n\nBody.\n----\nsignature\n", "Body."),
        ("S: x\n\nOne.\n\nTwo.\n\nBob\n", "One.\n\nTwo."),
        ("S: x\n\nOnly a line\n", "Only a line"),
    ],
)
def test_header_quotations_and_signature_go(message, text):
    assert without_context(message) == text


def test_the_official_archive_gives_the_same_texts(tmp_path):
    message = "Subject: x\n\nCaf\xe9 and more.\n\nBob\n"
    files, rows = {}, {"train": [], "test": []}
    for number, (split, label) in enumerate(
        [("train", BASEBALL), ("train", HOCKEY), ("test", HOCKEY), ("test", BASEBALL)]
    ):
        files[f"20news-bydate-{split}/{label}/{number}"] = message.encode("latin-1")
        rows[split].append({"id": str(number), "label": label, "text": message})
    files["20news-bydate-train/sci.space/9"] = b"Subject: x\n\nOther group\n"
    archive = tar_of(tmp_path / "20news-bydate.tar.gz", files)
    table = {}
    for split, values in rows.items():
        table[split] = tmp_path / f"{split}.jsonl"
        table[split].write_text("\n".join(map(json.dumps, values)), encoding="utf-8")
    reading = read_newsgroups(dict.fromkeys(("train", "test"), archive))
    assert reading == read_newsgroups(table)
    assert reading.records["test"][0].text == "Caf\xe9 and more."


def test_an_archive_of_something_else_is_refused(tmp_path):
    archive = tar_of(tmp_path / "20news-bydate.tar.gz", {"20news-18828/sci.space/9": b"x"})
    with pytest.raises(UserError, match=r"no file in it .*20news-bydate-train/rec.sport.base"):
        read_newsgroups(dict.fromkeys(("train", "test"), archive))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"label": "sci.space", "text": "a"}\n', "line 1: found label 'sci.space'; expected one"),
        (b'{"label": "rec.sport.hockey"}\n', "line 1: found no string in 'text'"),
        (b'{"label": "rec.sport.hockey", "text": "\\ud800"}\n', "line 1: found half of a surr"),
        (b"label\ttext\n", "line 1: found no JSON"),
        (b"", "an empty file"),
        (b'{"label": "rec.sport.hockey", "text": "caf\xe9"}\n', "line 1: found byte 0xe9"),
    ],
)
def test_bad_lines_are_named(tmp_path, content, message):
    (tmp_path / "train.jsonl").write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_newsgroups(dict.fromkeys(("train", "test"), tmp_path / "train.jsonl"))
    assert message in str(raised.value)
    assert "train.jsonl" in str(raised.value)


def test_a_truncated_gzip_is_named(tmp_path):
    whole = gzip.compress(json.dumps({"text": "x" * 3000}).encode())
    (tmp_path / "train.jsonl.gz").write_bytes(whole[:-12])
    with pytest.raises(UserError, match=r"train.jsonl.gz: found a damaged gzip file"):
        read_newsgroups(dict.fromkeys(("train", "test"), tmp_path / "train.jsonl.gz"))
