import gzip
from collections import Counter

import pytest

from attnjax.data.texts.sentences import read_opinions
from attnjax.errors import DataError
from tests.data.texts.packing import tar_of


def opinions(folder, positive=b"a joy\n", negative=b"so dull\n"):
    (folder / "a.pos").write_bytes(positive)
    (folder / "a.neg").write_bytes(negative)
    return {"positive": folder / "a.pos", "negative": folder / "a.neg"}


def test_mr_has_all_its_sentences(shared_data):
    folder = shared_data / "mr"
    reading = read_opinions(
        {"positive": folder / "rt-polarity.pos", "negative": folder / "rt-polarity.neg"}
    )
    train = reading.records["train"]
    assert Counter(record.label for record in train) == {"positive": 5331, "negative": 5331}
    assert reading.dropped == {}
    assert train[0].text.startswith("the rock is destined to be the 21st century's new")
    assert train[-1].text == "enigma is well-made , but it's just too dry and too placid ."
    assert train[-1].origin == "rt-polarity.neg, line 5331"


def test_cr_counts_its_blank_lines(shared_data):
    folder = shared_data / "cr"
    reading = read_opinions(
        {"positive": folder / "custrev.pos", "negative": folder / "custrev.neg"}
    )
    counts = Counter(record.label for record in reading.records["train"])
    assert counts == {"positive": 2407 - 2, "negative": 1368 - 2}
    assert reading.dropped == {"blank line": 4}
    first = "im a more happier person after discovering the i/p button ! ."
    assert reading.records["train"][0].text == first


def test_the_official_archive_of_mr_is_in_latin_1(tmp_path):
    files = {
        "rt-polaritydata/rt-polarity.neg": b"so dull \n",
        "rt-polaritydata/rt-polarity.pos": b"a clich\xe9 \x97 yes\n",
    }
    path = tar_of(tmp_path / "rt-polaritydata.tar.gz", files)
    train = read_opinions({"positive": path, "negative": path}).records["train"]
    assert [(record.text, record.label) for record in train] == [
        ("a clich\xe9 \x97 yes", "positive"),
        ("so dull", "negative"),
    ]
    assert train[1].origin == "rt-polaritydata/rt-polarity.neg, line 1"


def test_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path):
    files = opinions(tmp_path, positive=b"\xef\xbb\xbfa joy\r\nfine\r\n")
    assert [record.text for record in read_opinions(files).records["train"]] == [
        "a joy",
        "fine",
        "so dull",
    ]


@pytest.mark.parametrize("negative", [b"", b"\n \n"])
def test_a_file_without_texts_is_named(tmp_path, negative):
    with pytest.raises(DataError, match=r"a.neg: found no texts"):
        read_opinions(opinions(tmp_path, negative=negative))


def test_latin_1_is_refused_by_line(tmp_path):
    with pytest.raises(DataError, match=r"a.pos, line 2: found byte 0xe9 that is not UTF-8"):
        read_opinions(opinions(tmp_path, positive=b"a joy\nclich\xe9\n"))


def test_a_truncated_gzip_is_named(tmp_path):
    whole = gzip.compress(bytes(range(32, 127)) * 50)
    (tmp_path / "a.pos.gz").write_bytes(whole[: len(whole) // 2])
    files = opinions(tmp_path) | {"positive": tmp_path / "a.pos.gz"}
    with pytest.raises(DataError, match=r"a.pos.gz: found a damaged gzip file"):
        read_opinions(files)
