import itertools

import numpy as np
import pytest

from attnjax.data.corpus import instances, numbered, subset
from attnjax.data.encoded import EncodedSplit, bucket_lengths, check_token_ids, encode
from attnjax.data.vocabulary import build_vocabulary
from attnjax.errors import DataError, UserErrors


def split_of(lengths):
    ids = tuple(np.r_[2, np.full(n - 2, 5), 3].astype(np.int32) for n in lengths)
    zeros = np.zeros(len(ids), np.int32)
    return EncodedSplit(ids, zeros, np.arange(len(ids), dtype=np.int32))


@pytest.fixture
def texts():
    evidence = [np.array([True, False, True]), np.array([False, True])]
    return instances(
        [["so", "very", "dull"], ["quite", "dull"]],
        [0, 1],
        evidence=evidence,
        origin=["r.csv, line 2", "r.csv, line 3"],
    )


@pytest.fixture
def vocabulary(texts):
    return build_vocabulary(texts.tokens, min_count=1)


def test_truncation_keeps_the_beginning_and_its_evidence(texts, vocabulary):
    split, truncated = encode(texts, vocabulary, max_length=4)
    assert truncated == 1
    assert vocabulary.decode(split.token_ids[0]) == ["so", "very"]
    assert [flags.tolist() for flags in split.evidence] == [[True, False], [False, True]]
    assert split.lengths.tolist() == [4, 4]


def test_a_text_of_exactly_the_limit_is_whole(texts, vocabulary):
    assert encode(texts, vocabulary, max_length=5).truncated == 0


def test_refusing_long_texts_names_them(texts, vocabulary):
    with pytest.raises(DataError, match=r"r.csv, line 2 \('so very dull'\): found 3 tokens"):
        encode(texts, vocabulary, max_length=4, on_long="refuse")


def test_texts_of_unknown_words_are_refused_or_kept(texts, vocabulary):
    strange = instances([["xyzzy"], ["dull", "xyzzy"], ["plugh", "xyzzy"]], [0, 1, 0])
    with pytest.raises(UserErrors) as raised:
        encode(strange, vocabulary, max_length=9)
    assert "('xyzzy'): found only unknown words" in str(raised.value)
    assert "2 problems" in str(raised.value)
    kept = encode(strange, vocabulary, max_length=9, unknown_only="keep").split
    assert kept.token_ids[0].tolist() == [2, 1, 3]


def test_a_text_whose_known_words_are_cut_off_counts_as_unknown(vocabulary):
    late = instances([["xyzzy", "xyzzy", "dull"]], [0])
    with pytest.raises(DataError, match="only unknown words"):
        encode(late, vocabulary, max_length=4)


def test_no_room_for_a_word_is_our_own_mistake(texts, vocabulary):
    with pytest.raises(ValueError, match="no room"):
        encode(texts, vocabulary, max_length=2)


@pytest.mark.parametrize("num_buckets", [1, 2, 3, 4])
def test_bucket_lengths_pad_least_of_all_choices(num_buckets):
    for seed in range(5):
        lengths = np.random.default_rng(seed).integers(3, 60, 40)
        found = bucket_lengths({"train": split_of(lengths)}, num_buckets)

        def cost(choice, lengths=lengths):
            return sum(min(width for width in choice if width >= n) for n in lengths)

        last = -(-lengths.max() // 8) * 8
        smaller = range(8, last, 8)
        best = min(
            cost((*choice, last))
            for count in range(num_buckets)
            for choice in itertools.combinations(smaller, count)
        )
        assert cost(found) == best
        assert found[-1] == last
        assert list(found) == sorted(set(found))
        assert len(found) <= num_buckets


def test_few_lengths_need_few_buckets():
    assert bucket_lengths({"a": split_of([5, 6]), "b": split_of([7])}, 4) == (8,)
    assert bucket_lengths({"a": split_of([])}, 2) == (8,)


def test_very_many_lengths_are_thinned_out_but_all_fit():
    lengths = np.arange(3, 8 * 400)
    found = bucket_lengths({"a": split_of(lengths)}, 3)
    assert found[-1] >= lengths.max()
    assert len(found) == 3


def test_ids_outside_of_the_table_are_found():
    split = split_of([4, 5])
    check_token_ids(split, 6)
    with pytest.raises(DataError, match=r"instance 0: found token ids from 2 to 5"):
        check_token_ids(split, 5)
    headless = EncodedSplit((np.array([5, 3], np.int32),), split.label[:1], split.instance_id[:1])
    with pytest.raises(DataError, match="first 5"):
        check_token_ids(headless, 6)


def test_numbering_runs_over_all_splits_and_subsets_keep_it(texts):
    splits = numbered({"test": texts, "train": texts, "dev": texts})
    assert splits["train"].instance_id.tolist() == [0, 1]
    assert splits["test"].instance_id.tolist() == [4, 5]
    chosen = subset(splits["test"], [1])
    assert chosen.instance_id.tolist() == [5]
    assert chosen.origin == ("r.csv, line 3",)
    assert chosen.evidence[0].tolist() == [False, True]
    assert chosen.kind is None
