"""The data sets with medical texts and with rationales, from their files to a corpus."""

import io
import json
import tarfile

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data.load import load_corpus
from attnjax.data.texts.eraser import read_eraser
from attnjax.errors import DataError

from .mimic_files import Note, write


def config(name, folder, **changes):
    return DataConfig(name=name, dir=str(folder), **changes)


def counts(corpus):
    return {name: np.bincount(split.label).tolist() for name, split in corpus.splits.items()}


def summaries(folder, lengths):
    """Write a summary of so many words for each admission, in turns of the two classes."""
    notes, codes = [], []
    for number, length in enumerate(lengths):
        admission = str(200_000 + number)
        notes.append(Note(admission, "word " * length))
        kinds = ("25000", "2851") if number % 2 else ("28521",)
        codes += [(admission, kind) for kind in kinds]
    return write(folder, notes=notes, codes=codes)


def test_diabetes_is_cut_between_6_and_4000_words_in_the_papers_filter(tmp_path):
    summaries(tmp_path / "mimic", [20] * 40 + [6, 7, 3999, 4000])
    papers = load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path / "cache")
    assert papers.class_names == ("no diabetes", "diabetes")
    assert papers.published == "Diabetes"
    assert papers.dropped == {"6 tokens or fewer": 1, "4000 tokens or more": 1}
    assert sum(len(split) for split in papers.splits.values()) == 42
    unfiltered = config("diabetes", tmp_path, filter="none")
    every = load_corpus(unfiltered, cache_dir=tmp_path / "cache")
    assert (every.published, dict(every.dropped)) == (None, {})
    assert sum(len(split) for split in every.splits.values()) == 44


def test_the_lists_beside_the_tables_are_the_splits(tmp_path):
    folder = tmp_path / "mimic"
    summaries(folder, [20] * 12)
    for split, places in {"train": range(8), "dev": range(8, 10), "test": range(10, 12)}.items():
        lines = "".join(f"{200_000 + place}\n" for place in places)
        (folder / f"{split}_50_hadm_ids.csv").write_text(lines)
    corpus = load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path / "cache")
    assert counts(corpus) == {"train": [4, 4], "dev": [1, 1], "test": [1, 1]}


def listed(folder, pattern, places):
    for split, numbers in places.items():
        lines = "".join(f"{200_000 + place}\n" for place in numbers)
        (folder / pattern.format(split)).write_text(lines)


def test_each_task_follows_its_own_lists(tmp_path):
    summaries(tmp_path, [20] * 12)
    halves = {"train": range(6), "dev": range(6, 8), "test": range(8, 10)}
    listed(tmp_path, "diabetes_{}_hadm_ids.txt", halves)
    listed(tmp_path, "anemia_{}_hadm_ids.txt", halves | {"test": range(8, 12)})
    sizes = {
        name: counts(load_corpus(config(name, tmp_path, filter="none"), cache_dir=tmp_path / "c"))
        for name in ("diabetes", "anemia")
    }
    assert sizes["diabetes"] == {"train": [3, 3], "dev": [1, 1], "test": [1, 1]}
    assert sizes["anemia"] == {"train": [3, 3], "dev": [1, 1], "test": [2, 2]}


@pytest.mark.parametrize("name", ["diabetes", "anemia"])
def test_a_list_that_does_not_name_its_task_is_refused(tmp_path, name):
    summaries(tmp_path, [20] * 12)
    listed(tmp_path, "{}_hadm_ids.txt", {"dev": range(6, 8)})
    with pytest.raises(DataError, match=r"dev_hadm_ids.txt: found a list that does not say"):
        load_corpus(config(name, tmp_path), cache_dir=tmp_path / "cache")


def test_lists_of_two_kinds_are_not_mixed(tmp_path):
    summaries(tmp_path, [20] * 12)
    listed(tmp_path, "diabetes_{}_hadm_ids.txt", {"train": range(6)})
    listed(tmp_path, "{}_50_hadm_ids.csv", {"test": range(6, 12)})
    with pytest.raises(DataError, match="found lists of two kinds"):
        load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path / "cache")


def test_lists_apart_from_the_tables_are_refused(tmp_path):
    summaries(tmp_path / "mimic", [20] * 12)
    listed(tmp_path, "{}_50_hadm_ids.csv", {"train": range(6), "test": range(6, 12)})
    with pytest.raises(DataError, match=r"but train_50_hadm_ids.csv, test_50_hadm_ids.csv in"):
        load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path / "cache")


def test_lists_of_none_of_the_admissions_are_refused_in_words(tmp_path):
    summaries(tmp_path, [20] * 12)
    (tmp_path / "diabetes_train_hadm_ids.txt").write_text("1\n")
    (tmp_path / "diabetes_test_hadm_ids.txt").write_text("200001\n")
    with pytest.raises(DataError, match="diabetes, train split: found no instances"):
        load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path / "cache")


def test_anemia_leaves_out_the_shortest_of_a_split_in_the_papers_filter(tmp_path):
    summaries(tmp_path, [9] + [20] * 40)
    corpus = load_corpus(config("anemia", tmp_path), cache_dir=tmp_path / "cache")
    assert corpus.class_names == ("chronic", "acute")
    assert corpus.dropped["as short as the shortest of its split"] == 1
    assert min(len(words) for split in corpus.splits.values() for words in split.tokens) == 20


def test_without_the_tables_it_is_said_how_to_come_by_them(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)
    with pytest.raises(DataError, match=r"physionet.org.* Then name their folder by --config"):
        load_corpus(config("anemia", ""), cache_dir=tmp_path)
    with pytest.raises(DataError, match=r"expected NOTEEVENTS.csv, DIAGNOSES_ICD.csv"):
        load_corpus(config("diabetes", tmp_path), cache_dir=tmp_path)
    with pytest.raises(DataError, match="save what it writes"):
        load_corpus(config("adr_tweets", ""), cache_dir=tmp_path)


def test_tweets_are_cut_between_5_and_100_words_in_the_papers_filter(tmp_path):
    rows = [f"1\t2\t{n % 2}\t{'so ' * length}\n" for n, length in enumerate([6] * 40 + [5, 100])]
    (tmp_path / "adr_tweets.tsv").write_text("".join(rows))
    corpus = load_corpus(config("adr_tweets", tmp_path), cache_dir=tmp_path / "cache")
    assert corpus.class_names == ("no adverse reaction", "adverse reaction")
    assert corpus.published == "ADR Tweets"
    assert corpus.dropped == {"5 tokens or fewer": 1, "100 tokens or more": 1}


def test_the_ade_corpus_is_cut_into_splits(shared_data, tmp_path):
    corpus = load_corpus(config("ade_corpus", shared_data), cache_dir=tmp_path)
    assert corpus.class_names == ("no adverse effect", "adverse effect")
    # A tenth and a fifth of 16,625 and 4,271, rounded.
    assert counts(corpus) == {
        "train": [16_625 - 1662 - 3325, 4271 - 427 - 854],
        "dev": [1662, 427],
        "test": [3325, 854],
    }
    assert corpus.published is None


def test_the_reviews_keep_a_flag_for_each_word(shared_data, tmp_path):
    corpus = load_corpus(config("eraser_movies", shared_data), cache_dir=tmp_path)
    assert counts(corpus) == {"train": [800, 800], "dev": [100, 100], "test": [100, 99]}
    dev = corpus.splits["dev"]
    assert dev.rationale is not None
    assert all(map(np.array_equal, map(len, dev.tokens), map(len, dev.rationale)))
    # The first review of the official file: its first span is from token 692 to 700.
    place = dev.origin.index("val.jsonl, line 1")
    words = np.array(dev.tokens[place])
    assert " ".join(words[692:700]) == "definitely the cinematic equivalent of a sleeper car"
    assert dev.rationale[place][692:700].all()
    assert not dev.rationale[place][[691, 700]].any()


def test_the_official_archive_of_the_reviews_is_read_alike(tmp_path):
    texts = {"a.txt": "so dull .", "b.txt": "a joy"}
    span = {"docid": "a.txt", "start_token": 1, "end_token": 2, "text": "dull"}
    rows = {
        "train": {"annotation_id": "a.txt", "classification": "NEG", "evidences": [[span]]},
        "val": {"annotation_id": "b.txt", "classification": "POS", "evidences": []},
    }
    path = tmp_path / "movies.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (
            *((f"movies/docs/{name}", text) for name, text in texts.items()),
            ("movies/docs/._a.txt", "\0"),
            ("movies/._train.jsonl", "\0"),
            *((f"movies/{name}.jsonl", json.dumps(row)) for name, row in rows.items()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    reading = read_eraser(dict.fromkeys(("train", "dev", "documents"), path))
    train, dev = reading.records["train"][0], reading.records["dev"][0]
    assert (train.text, train.label, train.rationale) == (
        "so dull .",
        "negative",
        (False, True, False),
    )
    assert (dev.text, dev.label, dev.rationale) == ("a joy", "positive", (False, False))
    assert train.origin == "movies/train.jsonl, line 1"
