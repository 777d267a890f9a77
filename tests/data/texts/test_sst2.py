import zipfile
from collections import Counter

import pytest

from attnjax.data.texts.sst2 import read_sst2
from attnjax.errors import UserError

HEADER = b"sentence\tlabel\n"


def glue(folder, train=HEADER + b"so dull \t0\n", dev=HEADER + b"a joy\t1\n", test=None):
    contents = {"train": train, "dev": dev, "test": test}
    files = {}
    for part, content in contents.items():
        if content is not None:
            files[part] = folder / f"{part}.tsv"
            files[part].write_bytes(content)
    return files


def test_glue_has_its_phrases_and_sentences(shared_data):
    folder = shared_data / "glue" / "SST-2"
    names = {"train": "train.tsv.gz", "dev": "dev.tsv", "test": "test.tsv"}
    reading = read_sst2({part: folder / name for part, name in names.items()})
    assert len(reading.records["train"]) == 67_349
    assert Counter(record.label for record in reading.records["test"]) == {
        "negative": 428,
        "positive": 444,
    }
    assert reading.dropped == {"no label (the test sentences of GLUE)": 1821}
    first = reading.records["test"][0]
    assert first.text == "it 's a charming and often affecting journey ."
    assert (first.label, first.origin) == ("positive", "dev.tsv, line 2")


def test_the_official_zip_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "SST-2.zip", "w") as archive:
        archive.writestr("SST-2/original/train.tsv", "other")
        archive.writestr("SST-2/train.tsv", HEADER + b"so dull \t0\n")
        archive.writestr("SST-2/dev.tsv", HEADER + b'"a joy\t1\n')
        archive.writestr("SST-2/test.tsv", b"index\tsentence\n0\twho knows\n")
    reading = read_sst2(dict.fromkeys(("train", "dev", "test"), tmp_path / "SST-2.zip"))
    assert reading.records["test"][0][:2] == ('"a joy', "positive")  # quotes are ordinary
    assert reading.dropped == {"no label (the test sentences of GLUE)": 1}


def test_the_unlabelled_test_split_may_be_missing(tmp_path):
    assert read_sst2(glue(tmp_path)).dropped == {}


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (HEADER + b"fine\t2\n", "line 2: found label '2'; expected 0 or 1"),
        (HEADER + b"fine,1\n", "line 2: found 1 fields; expected 2, separated by a tab"),
        (b"sentence,label\nfine\t1\n", "line 1: found the header 'sentence,label'"),
        (b"", "found no texts"),
        (HEADER, "found no texts"),
        (HEADER + b"clich\xe9\t1\n", "line 2: found byte 0xe9 that is not UTF-8"),
    ],
)
def test_bad_files_are_named_by_line(tmp_path, train, message):
    with pytest.raises(UserError) as raised:
        read_sst2(glue(tmp_path, train=train))
    assert message in str(raised.value)
    assert "train.tsv" in str(raised.value)


def test_byte_order_mark_windows_line_ends_and_blank_texts(tmp_path):
    train = b"\xef\xbb\xbfsentence\tlabel\r\nso dull \t0\r\n \t1\r\n\r\n"
    test = b"index\tsentence\n\n0\twho knows\n \n"
    reading = read_sst2(glue(tmp_path, train=train, test=test))
    assert [record.text for record in reading.records["train"]] == ["so dull"]
    assert reading.dropped == {"blank line": 4, "no label (the test sentences of GLUE)": 1}
