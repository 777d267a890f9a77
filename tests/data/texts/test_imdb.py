import gzip
import json
from collections import Counter

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data.labelled import Record
from attnjax.data.load import load_corpus, load_vocabulary
from attnjax.data.texts.imdb import choose_imdb, count_words, read_imdb
from attnjax.data.texts.source import Reading
from attnjax.errors import UserError
from tests.data.texts.packing import tar_of


def review(name, text, **changes):
    label = int(name.startswith("pos"))
    return {"id": name, "label": label, "rating": 3, "text": text} | changes


def table(folder, rows, name="train.jsonl"):
    (folder / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return dict.fromkeys(("train", "test"), folder / name)


@pytest.mark.slow
def test_the_real_reviews(shared_data, tmp_path):
    """Counts of SOURCES.md; the paper tests on 2,184 and 2,172, another fifth of those."""
    settings = DataConfig(name="imdb", dir=str(shared_data), min_count=10)
    whole = load_corpus(
        DataConfig(name="imdb", dir=str(shared_data), filter="none"), cache_dir=tmp_path
    )
    counts = {split: np.bincount(texts.label).tolist() for split, texts in whole.splits.items()}
    assert counts == {"train": [11250] * 2, "dev": [1250] * 2, "test": [12500] * 2}
    assert whole.dropped == {}
    assert whole.splits["train"].origin[:1] == ("train/neg/0_3",)
    corpus = load_corpus(settings, cache_dir=tmp_path)
    assert corpus.published == "IMDB"
    assert len(corpus.splits["test"]) == pytest.approx(2184 + 2172, rel=0.01)
    kept = sum(len(split) for split in corpus.splits.values())
    assert kept + sum(corpus.dropped.values()) == 50_000
    # The release has 14,355 and the paper 13,916, with other tokens and another count of texts.
    assert 13_900 < len(load_vocabulary(settings, corpus)) < 15_500


def test_line_breaks_go_and_reviews_are_in_the_order_of_their_names(tmp_path):
    rows = [
        review("pos/1_9", "A joy.<br /><br />Truly<BR>!"),
        review("neg/0_3", "So d\xfcll."),
        review("neg/1_1", "<br />"),
    ]
    reading = read_imdb(table(tmp_path, rows))
    assert reading.records["train"] == [
        Record("So d\xfcll.", "negative", "train/neg/0_3"),
        Record("A joy.  Truly !", "positive", "train/pos/1_9"),
    ]
    assert reading.dropped == {"an empty text": 2}


def test_the_official_archive_gives_the_same_reviews(tmp_path):
    rows = [review("pos/10_9", "A joy.<br />\nYes"), review("neg/2_3", "So d\xfcll.")]
    files = {"aclImdb/train/unsup/0_0.txt": b"never read", "aclImdb/README": b""}
    for split in ("train", "test"):
        for row in rows:
            files[f"aclImdb/{split}/{row['id']}.txt"] = row["text"].encode()
    archive = tar_of(tmp_path / "aclImdb_v1.tar.gz", files)
    archived = read_imdb(dict.fromkeys(("train", "test"), archive))
    assert archived == read_imdb(table(tmp_path, rows))
    assert [len(records) for records in archived.records.values()] == [2, 2]
    with pytest.raises(UserError, match="no file in it whose name ends in aclImdb/train/neg/"):
        read_imdb({"train": tar_of(tmp_path / "other.tar.gz", {"a": b""}), "test": archive})


def test_a_member_in_another_encoding_is_named(tmp_path):
    archive = tar_of(tmp_path / "a.tar.gz", {"aclImdb/train/neg/0_3.txt": b"fine\nd\xfcll"})
    with pytest.raises(UserError, match=r"aclImdb/train/neg/0_3.txt, line 2: found byte 0xfc"):
        read_imdb(dict.fromkeys(("train", "test"), archive))


@pytest.mark.parametrize(("words", "kept"), [(6, 0), (7, 1), (399, 1), (400, 0)])
def test_the_papers_filter_is_strict_at_both_ends(words, kept):
    records = {"train": [Record("word , " * words, "positive", "")], "test": []}
    reading = choose_imdb(Reading(records, Counter()), DataConfig(name="imdb"))
    assert len(reading.records["train"]) == kept
    assert sum(reading.dropped.values()) == 1 - kept


def test_a_fifth_of_test_is_drawn_by_the_seed():
    texts = [Record("word " * 10, "positive", str(i)) for i in range(50)]
    reading = Reading({"train": texts, "test": texts}, Counter())
    drawn = {}
    for seed in (0, 1):
        chosen = choose_imdb(reading, DataConfig(name="imdb", split_seed=seed))
        assert len(chosen.records["train"]) == 50
        assert chosen.dropped == {"test reviews that were not drawn": 40}
        drawn[seed] = [int(record.origin) for record in chosen.records["test"]]
        assert drawn[seed] == sorted(drawn[seed])
    assert drawn[0] != drawn[1]
    assert choose_imdb(reading, DataConfig(name="imdb", filter="none")) is reading


def test_punctuation_is_no_word():
    assert count_words("Well-made - isn't it ? 10/10 !!") == 5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (review("neg/0_3", "dull", label=2), "line 1: found label '2'; expected one of 0, 1"),
        (review("neg/0_3", None), "line 1: found no string in 'text'"),
    ],
)
def test_bad_rows_are_named(tmp_path, row, message):
    with pytest.raises(UserError) as raised:
        read_imdb(table(tmp_path, [row]))
    assert f"train.jsonl, {message}" in str(raised.value)


def test_a_truncated_gzip_is_named(tmp_path):
    whole = gzip.compress(json.dumps(review("neg/0_3", "dull " * 400)).encode())
    (tmp_path / "train.jsonl.gz").write_bytes(whole[:-10])
    with pytest.raises(UserError, match=r"train.jsonl.gz: found a damaged gzip"):
        read_imdb(dict.fromkeys(("train", "test"), tmp_path / "train.jsonl.gz"))
