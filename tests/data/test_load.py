import subprocess
import sys

from attnjax.config import DataConfig
from attnjax.data.corpus import SPLITS
from attnjax.data.encoded import bucket_lengths, check_token_ids, encode
from attnjax.data.load import load_corpus, load_vocabulary


def test_every_source_is_reached_by_its_name(tmp_path):
    assert load_corpus(DataConfig(name="planted", size=100)).name == "planted"
    path = tmp_path / "r.csv"
    path.write_text("text,label\n" + "so dull,0\na joy,1\n" * 10)
    assert load_corpus(DataConfig(name="file", path=str(path))).name == "r.csv"


def test_the_planted_corpus_follows_the_seed_of_the_splits():
    zero, one = (load_corpus(DataConfig(size=100, split_seed=seed)) for seed in (0, 1))
    assert zero.splits["train"].tokens != one.splits["train"].tokens


def test_a_users_vocabulary_replaces_the_counted_one(tmp_path):
    (tmp_path / "v.txt").write_text("dull\njoy\n")
    config = DataConfig(size=100, vocabulary=str(tmp_path / "v.txt"))
    assert len(load_vocabulary(config, load_corpus(config))) == 6


def test_min_count_shrinks_the_vocabulary():
    every, frequent = (DataConfig(size=100, min_count=count) for count in (1, 5))
    corpus = load_corpus(every)
    assert len(load_vocabulary(frequent, corpus)) < len(load_vocabulary(every, corpus))


def test_the_planted_corpus_encodes_whole_and_in_range():
    config = DataConfig(size=400)
    corpus = load_corpus(config)
    vocabulary = load_vocabulary(config, corpus)
    splits = {}
    for name in SPLITS:
        encoded = encode(corpus.splits[name], vocabulary, max_length=config.max_length)
        assert encoded.truncated == 0
        splits[name] = encoded.split
        check_token_ids(encoded.split, len(vocabulary))
    assert len(bucket_lengths(splits, config.num_buckets)) == 2


def test_tensorflow_datasets_is_not_imported_with_the_package():
    code = "import sys, attnjax.data.load; print('tensorflow_datasets' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"False\n"
