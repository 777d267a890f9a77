import gzip

import pytest

from attnjax.data.reading import raise_some, read_lines
from attnjax.errors import DataError, UserErrors


@pytest.mark.parametrize("name", ["words.txt", "words.txt.gz"])
def test_bom_windows_line_ends_and_gzip_are_no_matter(tmp_path, name):
    content = "\ufeffcafé\r\nsecond\u2028line\nthird".encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    # U+2028 ends a line for str.splitlines, but is an ordinary character of a text here.
    assert list(read_lines(path)) == ["café", "second\u2028line", "third"]


def _missing(folder):
    return folder / "none.txt"


def _folder(folder):
    return folder


def _below_a_file(folder):
    (folder / "file").write_text("x")
    return folder / "file" / "words.txt"


def _latin(folder):
    (folder / "latin.txt").write_bytes(b"good\ncaf\xe9\n")
    return folder / "latin.txt"


def _truncated(folder):
    (folder / "words.txt.gz").write_bytes(gzip.compress(b"word\n" * 5000)[:-20])
    return folder / "words.txt.gz"


def _no_gzip(folder):
    (folder / "plain.gz").write_bytes(b"word\n")
    return folder / "plain.gz"


def _corrupt(folder):
    content = bytearray(gzip.compress(bytes(range(256)) * 50))
    content[20:40] = b"\xff" * 20
    (folder / "corrupt.gz").write_bytes(content)
    return folder / "corrupt.gz"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "found no such file"),
        (_folder, "found a folder"),
        (_below_a_file, "Not a directory"),
        (_latin, "line 2: found byte 0xe9"),
        (_truncated, "damaged gzip"),
        (_no_gzip, "damaged gzip"),
        (_corrupt, "damaged gzip|not UTF-8"),
    ],
)
def test_unreadable_files_are_named_with_what_to_do(tmp_path, make, message):
    path = make(tmp_path)
    with pytest.raises(DataError, match=message) as raised:
        list(read_lines(path))
    assert str(path) in str(raised.value)
    assert "What to do" in str(raised.value)


def test_many_mistakes_are_capped_and_the_rest_counted():
    errors = [DataError(f"line {i}", found="a", expected="b", action="c") for i in range(25)]
    with pytest.raises(UserErrors) as raised:
        raise_some(errors)
    text = str(raised.value)
    assert "line 9:" in text
    assert "line 10:" not in text
    assert "15 more" in text


def test_no_mistakes_raise_nothing():
    raise_some([])
