import gzip

import numpy as np
import pytest

from attnjax.data.vectors import read_vectors
from attnjax.data.vocabulary import PAD, build_vocabulary
from attnjax.errors import DataError, UserErrors

VOCABULARY = build_vocabulary([["dull", "fine", "bleak", "."]], min_count=1)


def read(folder, content, name="v.txt"):
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return read_vectors(path, VOCABULARY, 3, seed=0)


@pytest.mark.parametrize("name", ["v.txt", "v.vec.gz"])
@pytest.mark.parametrize("header", ["", "3 3\n"])
def test_rows_of_the_file_and_their_count(tmp_path, name, header):
    text = header + "other 9 9 9\nfine 1 2.5 -3e-1 \ndull 4 5 6\r\n"
    coverage = read(tmp_path, text, name=name)
    assert (coverage.found, coverage.missing, coverage.share) == (2, 2, 0.5)
    matrix = coverage.matrix
    assert matrix.dtype == np.float32
    assert matrix[VOCABULARY.ids["fine"]].tolist() == [1.0, 2.5, np.float32(-0.3)]
    assert matrix[VOCABULARY.ids["dull"]].tolist() == [4.0, 5.0, 6.0]
    assert not matrix[PAD].any()
    missing = matrix[VOCABULARY.ids["bleak"]]
    assert np.all(missing != 0)


def test_missing_rows_have_the_size_of_the_found_ones(tmp_path):
    words = [f"w{i}" for i in range(3000)]
    vocabulary = build_vocabulary([words], min_count=1)
    generator = np.random.default_rng(0)
    rows = generator.normal(0.0, 0.25, (1000, 20))
    lines = "\n".join(f"w{i} " + " ".join(map(str, row)) for i, row in enumerate(rows.tolist()))
    path = tmp_path / "v.txt"
    path.write_text(lines)
    first, again, other = (read_vectors(path, vocabulary, 20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    found = np.array([vocabulary.ids[f"w{i}"] for i in range(1000)])
    lacking = np.array([vocabulary.ids[f"w{i}"] for i in range(1000, 3000)])
    np.testing.assert_array_equal(first.matrix[found], other.matrix[found])
    assert not np.array_equal(first.matrix[lacking], other.matrix[lacking])
    # The deviation of 40,000 normal draws is known to about 0.35%.
    np.testing.assert_allclose(first.matrix[lacking].std(), rows.std(), rtol=0.02)


def test_the_first_of_two_lines_counts(tmp_path):
    matrix = read(tmp_path, "x 0 0 0\ndull 1 1 2\ndull nonsense\n").matrix
    assert matrix[VOCABULARY.ids["dull"]].tolist() == [1.0, 1.0, 2.0]


def test_words_with_spaces_are_not_their_first_piece(tmp_path):
    matrix = read(tmp_path, "x 0 0 0\n. . . 7 7 7\n. 1 2 3\n").matrix
    assert matrix[VOCABULARY.ids["."]].tolist() == [1.0, 2.0, 3.0]


def test_lines_of_other_words_are_not_even_parsed(tmp_path):
    assert read(tmp_path, "dull 1 2 3\nother nan x\n").found == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dull 1 2\n", "line 1: found vectors of width 2; expected width 3"),
        ("other 1 2 3 4\n", "line 1: found vectors of width 4"),
        ("2000 300\ndull 1 2 3\n", "line 1: found vectors of width 300"),
        ("x 1 2 3\ndull 1 2\n", "line 2: found vectors of width 2"),
        ("x 1 2 3\ndull 1 2 3 4\n", "line 2: found vectors of width 4"),
        ("x 1 2 3\ndull\n", "line 2: found vectors of width 0"),
        ("dull 1 nan 3\n", "line 1: found the number nan"),
        ("x 1 2 3\ndull 1 2 -inf\n", "line 2: found the number -inf"),
        ("x 1 2 3\ndull 1 2 1e60\n", "line 2: found the number 1e60"),
        ("x 1 2 3\ndull 1 two 3\n", "line 2: found 'two', which is no number"),
        ("x 1 2 3\ny 1 2 3\n", "none of the 4 words"),
        ("", "none of the 4 words"),
        (b"x 1 2 3\ncaf\xe9 1 2 3\n", "line 2: found byte 0xe9"),
    ],
)
def test_unusable_vectors_are_named_by_line(tmp_path, content, message):
    with pytest.raises(DataError) as raised:
        read(tmp_path, content)
    assert message in str(raised.value)
    assert "v.txt" in str(raised.value)


def test_several_damaged_lines_come_together(tmp_path):
    with pytest.raises(UserErrors) as raised:
        read(tmp_path, "x 1 2 3\ndull nan 1 1\nfine 1 1\n")
    assert "line 2" in str(raised.value)
    assert "line 3" in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_vectors(tmp_path / "none.vec", VOCABULARY, 3, seed=0)
