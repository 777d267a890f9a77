import pytest

from attnjax.data.vocabulary import (
    EOS,
    SOS,
    SPECIALS,
    UNK,
    Vocabulary,
    build_vocabulary,
    read_vocabulary,
    write_vocabulary,
)
from attnjax.errors import DataError, UserErrors

TEXTS = [["b", "a", "b"], ["c", "a", "b"], ["z"]]


def test_frequent_words_first_then_code_point_order():
    assert build_vocabulary(TEXTS, min_count=1).tokens == (*SPECIALS, "b", "a", "c", "z")


def test_min_count_is_inclusive():
    assert build_vocabulary(TEXTS, min_count=2).tokens == (*SPECIALS, "b", "a")


def test_texts_cannot_smuggle_in_padding():
    vocabulary = build_vocabulary([["<pad>", "<eos>", "<unk>", "a"]], min_count=1)
    assert vocabulary.tokens == (*SPECIALS, "a")
    ids = vocabulary.encode(["<pad>", "<sos>", "<eos>", "<unk>", "a"])
    assert ids.tolist() == [SOS, UNK, UNK, UNK, UNK, 4, EOS]


def test_decode_undoes_encode():
    vocabulary = build_vocabulary(TEXTS, min_count=1)
    assert vocabulary.decode(vocabulary.encode(["a", "z", "other"])) == ["a", "z", "<unk>"]


def test_write_and_read_keep_every_word(tmp_path):
    words = ["8\u00a01/2", "caf\u00e9", "\u2028", '"', "x\r"]
    vocabulary = Vocabulary((*SPECIALS, *words))
    write_vocabulary(tmp_path / "v.txt", vocabulary)
    assert read_vocabulary(tmp_path / "v.txt").tokens[:8] == (*SPECIALS, *words)[:8]
    assert [path.name for path in tmp_path.iterdir()] == ["v.txt"]


def test_specials_are_added_to_a_users_list(tmp_path):
    (tmp_path / "v.txt").write_text("dull\nfine\n")
    assert read_vocabulary(tmp_path / "v.txt").tokens == (*SPECIALS, "dull", "fine")


def test_empty_lines_and_repeated_words_are_named_together(tmp_path):
    (tmp_path / "v.txt").write_text("dull\n\nfine\ndull\n<pad>\n")
    with pytest.raises(UserErrors) as raised:
        read_vocabulary(tmp_path / "v.txt")
    text = str(raised.value)
    assert "line 2: found an empty line" in text
    assert "line 4: found 'dull', already in line 1" in text
    assert "line 5" in text


@pytest.mark.parametrize("content", ["", "\n".join(SPECIALS) + "\n"])
def test_a_list_without_words_is_refused(tmp_path, content):
    (tmp_path / "v.txt").write_text(content)
    with pytest.raises(DataError, match="no words"):
        read_vocabulary(tmp_path / "v.txt")
