import gzip

import pytest

from attnjax.data.texts.adr_tweets import read_adr_tweets, tweet_words
from attnjax.errors import DataError

ROWS = (
    '10\t20\t1\t@ann this "makes me dizzy http://t.co/x\n'
    "11\t21\t0\tNot Available\n"
    "12\t22\t0\tbed &amp; book\n"
)
TABLE = (
    "text,label,exp_split\n"
    '"user DRUG makes me dizzy , url",1,train\n'
    "bed and book,0,test\n"
    "DRUG again,0,dev\n"
)


def write(path, content):
    path.write_bytes(content.encode())
    return {"all": path}


def texts(reading):
    return {
        split: [(record.label, record.text) for record in records]
        for split, records in reading.records.items()
    }


def test_the_official_file_has_four_fields_and_no_header(tmp_path):
    reading = read_adr_tweets(write(tmp_path / "adr_tweets.tsv", ROWS))
    assert texts(reading) == {
        "train": [
            ("adverse reaction", 'user this " makes me dizzy url'),
            ("no adverse reaction", "bed & book"),
        ]
    }
    assert reading.dropped == {"tweet not available any more": 1}
    assert reading.records["train"][1].origin == "adr_tweets.tsv, line 3"


def test_the_prepared_file_has_columns_and_splits(tmp_path):
    reading = read_adr_tweets(write(tmp_path / "adr_dataset.csv", TABLE))
    assert texts(reading) == {
        "train": [("adverse reaction", "user DRUG makes me dizzy , url")],
        "test": [("no adverse reaction", "bed and book")],
        "dev": [("no adverse reaction", "DRUG again")],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RT @a_b: 3 pills", "RT user : 3 pills"),
        ("2,000 of 14 #DRUG", "number of number # DRUG"),
        ("see www.x.org/a?b=1&c now", "see url now"),
        ("I&#39;m ok", "I'm ok"),
    ],
)
def test_names_addresses_and_long_numbers_are_made_alike(text, words):
    assert tweet_words(text) == words.split()


@pytest.mark.parametrize(("name", "rows"), [("a.tsv", ROWS), ("a.csv", TABLE)])
def test_bom_windows_line_ends_and_gzip_are_read_alike(tmp_path, name, rows):
    plain = texts(read_adr_tweets(write(tmp_path / name, rows)))
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(("\ufeff" + rows.replace("\n", "\r\n")).encode()))
    assert texts(read_adr_tweets({"all": path})) == plain
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match="damaged gzip file"):
        read_adr_tweets({"all": path})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("10,20,1,with commas", "1 fields; expected 4 fields separated by tabs"),
        ("10\t20\tY\ttext", "label 'Y'; expected 0 or 1"),
    ],
)
def test_a_wrong_row_of_the_official_file_is_named_by_line(tmp_path, row, message):
    files = write(tmp_path / "adr_tweets.tsv", ROWS + row + "\n")
    with pytest.raises(DataError, match=f"line 4: found {message}"):
        read_adr_tweets(files)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE + "a,2,train\n", "line 5: found label '2'"),
        (TABLE + "a,1,valid\n", "line 5: found exp_split 'valid'"),
        (TABLE + " ,1,train\n", "line 5: found an empty text"),
        (TABLE.replace("label", "y"), "line 1: found the columns text, y, exp_split"),
        (TABLE.replace(",1,train", ",1,test"), "no row whose exp_split is train"),
    ],
)
def test_a_wrong_prepared_file_is_named_by_line(tmp_path, table, message):
    with pytest.raises(DataError, match=message):
        read_adr_tweets(write(tmp_path / "adr_dataset.csv", table))


def test_latin_1_is_refused_in_words(tmp_path):
    path = tmp_path / "adr_tweets.tsv"
    path.write_bytes("10\t20\t1\tcafé\n".encode("latin-1"))
    with pytest.raises(DataError, match="line 1: found byte 0xe9 that is not UTF-8"):
        read_adr_tweets({"all": path})
