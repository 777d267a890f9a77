import gzip
import shutil
import zipfile

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data import sst_files
from attnjax.data.load import load_corpus, load_vocabulary
from attnjax.data.sst_builder import SentimentTreebank
from attnjax.errors import DataError, UserError

CSV = "text,label,exp_split\n"


def config(folder, **changes):
    return DataConfig(name="sst", dir=str(folder), **changes)


def tiny_csv(path, num_words=(6, 7, 8, 9, 20, 3)):
    rows = [
        f"{' '.join(f'w{(n * j) % 13}' for j in range(n))},{(i + k) % 2},{split}\n"
        for k, n in enumerate(num_words)
        for split in ("train", "dev", "test")
        for i in range(2)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CSV + "".join(rows))
    return path


def tiny_trees(folder):
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"({label} (2 so) (2 -LRB-) (2 word{i}) )" for i, label in enumerate((0, 1, 2, 3, 4))]
    for split in ("train", "dev"):
        (folder / f"{split}.txt").write_text("\n".join(lines) + "\n")
    (folder / "test.txt.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def counts(corpus):
    return {name: np.bincount(split.label).tolist() for name, split in corpus.splits.items()}


def test_the_papers_filter_keeps_the_papers_sentences(shared_data, cache):
    corpus = load_corpus(config(shared_data), cache_dir=cache)
    assert counts(corpus) == {"train": [3034, 3321], "dev": [397, 424], "test": [863, 862]}
    assert dict(corpus.dropped) == {
        "5 tokens or fewer": 709,
        "as long as the longest of its split": 3,
    }
    assert corpus.published == "SST"
    assert len(load_vocabulary(config(shared_data), corpus)) == 13_826
    first = corpus.splits["train"]
    assert first.tokens[0][:4] == ("the", "rock", "is", "destined")
    assert first.origin[0] == "SST (authors_csv), train sentence 1"


def test_without_the_filter_every_binary_sentence_is_there(shared_data, cache):
    corpus = load_corpus(config(shared_data / "sst", filter="none"), cache_dir=cache)
    assert counts(corpus) == {"train": [3310, 3610], "dev": [428, 444], "test": [912, 909]}
    assert corpus.dropped == {}
    assert corpus.published is None


def test_trees_and_csv_are_the_same_sentences(shared_data, cache, monkeypatch):
    monkeypatch.setenv("ATTNJAX_DATA_DIR", str(shared_data))
    trees = load_corpus(config("", source="trees", filter="none"), cache_dir=cache)
    assert counts(trees) == {"train": [3310, 3610], "dev": [428, 444], "test": [912, 909]}
    assert trees.dropped == {"neutral label": 1624 + 229 + 389}
    table = load_corpus(config("", filter="none"), cache_dir=cache)
    for name in ("train", "dev", "test"):
        np.testing.assert_array_equal(trees.splits[name].label, table.splits[name].label)


@pytest.mark.parametrize("place", ["sst_dataset.csv", "sst/sst_dataset.csv"])
def test_the_filter_is_strict_at_both_ends(tmp_path, place):
    tiny_csv(tmp_path / "data" / place, num_words=(5, 6, 9, 10))
    corpus = load_corpus(config(tmp_path / "data"), cache_dir=tmp_path / "cache")
    lengths = {len(tokens) for split in corpus.splits.values() for tokens in split.tokens}
    assert lengths == {6, 9}
    assert corpus.dropped == {"5 tokens or fewer": 6, "as long as the longest of its split": 6}


def test_trees_fold_into_two_classes(tmp_path):
    tiny_trees(tmp_path / "data")
    corpus = load_corpus(
        config(tmp_path / "data", source="trees", filter="none"), cache_dir=tmp_path / "cache"
    )
    for split in corpus.splits.values():
        assert split.label.tolist() == [0, 0, 1, 1]
        assert split.tokens[2] == ("so", "(", "word3")
    assert corpus.dropped == {"neutral label": 3}


def test_it_is_prepared_once_for_the_same_content(tmp_path, capsys):
    data, cache = tmp_path / "data", tmp_path / "cache"
    path = tiny_csv(data / "sst_dataset.csv")
    first = load_corpus(config(data), cache_dir=cache)
    assert "Preparing SST (authors_csv)" in capsys.readouterr().out
    shutil.copytree(data, tmp_path / "elsewhere")
    load_corpus(config(tmp_path / "elsewhere"), cache_dir=cache)
    assert not capsys.readouterr().out
    path.write_text(path.read_text().replace("w3", "other"))
    changed = load_corpus(config(data), cache_dir=cache)
    assert "Preparing" in capsys.readouterr().out
    assert changed.splits["train"].tokens != first.splits["train"].tokens


def test_an_interrupted_preparation_is_not_taken_for_a_finished_one(tmp_path, monkeypatch):
    data, cache = tmp_path / "data", tmp_path / "cache"
    tiny_csv(data / "sst_dataset.csv")

    def interrupted(self, examples):
        yield 0, examples[0]._asdict()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SentimentTreebank, "_generate_examples", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load_corpus(config(data), cache_dir=cache)
    corpus = load_corpus(config(data), cache_dir=cache)
    assert sum(len(split) for split in corpus.splits.values()) == 24


@pytest.mark.parametrize(
    ("source", "missing"), [("authors_csv", "sst_dataset.csv"), ("trees", "train.txt, dev.txt")]
)
def test_a_folder_without_the_files_is_refused(tmp_path, source, missing):
    with pytest.raises(DataError, match=f"expected {missing}"):
        load_corpus(config(tmp_path, source=source), cache_dir=tmp_path / "cache")
    with pytest.raises(DataError, match="no such folder"):
        load_corpus(config(tmp_path / "none", source=source), cache_dir=tmp_path / "cache")


def test_malformed_trees_are_named_by_file_and_line(tmp_path):
    tiny_trees(tmp_path / "data")
    path = tmp_path / "data" / "dev.txt"
    path.write_text("(3 (2 fine) (2 .))\n(3 (2 broken\n(7 x)\n")
    with pytest.raises(UserError) as raised:
        load_corpus(config(tmp_path / "data", source="trees"), cache_dir=tmp_path / "cache")
    assert f"{path}, line 2: found a bracket that is never closed" in str(raised.value)
    assert f"{path}, line 3: found '7' where a label from 0 to 4 belongs" in str(raised.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("fine words,2,train\n", "label '2'"),
        ("fine words,1,valid\n", "split 'valid'"),
        (",1,train\n", "text ''"),
        ("fine,words,1,train\n", "4 fields"),
    ],
)
def test_a_damaged_csv_is_named_by_line(tmp_path, row, message):
    path = tiny_csv(tmp_path / "sst_dataset.csv")
    path.write_text(CSV + row + path.read_text().removeprefix(CSV))
    with pytest.raises(DataError, match=f"sst_dataset.csv, line 2: found .*{message}"):
        load_corpus(config(tmp_path), cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("source", ["authors_csv", "trees"])
def test_offline_without_local_copies_says_what_to_do(tmp_path, monkeypatch, capsys, source):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)
    # A port that nobody listens on: the same whether this machine is online or not.
    monkeypatch.setitem(sst_files.ADDRESSES, source, "http://127.0.0.1:9/file")
    with pytest.raises(DataError, match=r"--config.data.dir=DIR or .* ATTNJAX_DATA_DIR"):
        load_corpus(config("", source=source), cache_dir=tmp_path)
    assert f"Downloading SST ({source}) from http://127.0.0.1:9/file" in capsys.readouterr().out


def test_downloads_are_checked_and_used(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)
    source = tiny_csv(tmp_path / "server" / "sst_dataset.csv")
    monkeypatch.setitem(sst_files.ADDRESSES, "authors_csv", source.as_uri())
    with pytest.raises(DataError, match=r"'train': 12.*expected .*'train': 6920"):
        load_corpus(config(""), cache_dir=tmp_path / "cache")
    monkeypatch.setitem(sst_files.COUNTS, "authors_csv", {"train": 12, "dev": 12, "test": 12})
    assert len(load_corpus(config(""), cache_dir=tmp_path / "cache").splits["train"]) == 8


def test_the_zip_of_the_trees_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)
    tiny_trees(tmp_path / "data")
    (tmp_path / "data" / "test.txt").write_bytes((tmp_path / "data" / "dev.txt").read_bytes())
    with zipfile.ZipFile(tmp_path / "trees.zip", "w") as archive:
        for split in ("train", "dev", "test"):
            archive.write(tmp_path / "data" / f"{split}.txt", f"trees/{split}.txt")
    monkeypatch.setitem(sst_files.ADDRESSES, "trees", (tmp_path / "trees.zip").as_uri())
    monkeypatch.setitem(sst_files.COUNTS, "trees", {"train": 5, "dev": 5, "test": 5})
    settings = config("", source="trees", filter="none")
    assert len(load_corpus(settings, cache_dir=tmp_path / "cache").splits["test"]) == 4
    (tmp_path / "cache" / "downloads" / "trees.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="delete the file"):
        load_corpus(settings, cache_dir=tmp_path / "cache")


def test_the_builder_downloads_by_itself(tmp_path, monkeypatch):
    source = tiny_csv(tmp_path / "server" / "sst_dataset.csv")
    monkeypatch.setitem(sst_files.ADDRESSES, "authors_csv", source.as_uri())
    monkeypatch.setitem(sst_files.COUNTS, "authors_csv", {"train": 12, "dev": 12, "test": 12})
    builder = SentimentTreebank(
        config="authors_csv", data_dir=str(tmp_path / "tfds"), file_format="array_record"
    )
    builder.download_and_prepare()
    rows = builder.as_data_source(split="train")
    assert len(rows) == 12
    assert rows[0]["text"] == b"w0 w6 w12 w5 w11 w4"
    assert rows[1]["label"] == 1
