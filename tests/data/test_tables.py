import csv
import gzip

import pytest

from attnjax.data.tables import Row, read_table
from attnjax.errors import UserError


def write(folder, name, content):
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["r.jsonl", "r.ndjson.gz", "R.JSONL"])
def test_json_lines_of_any_columns(tmp_path, name):
    content = '{"text": "dull", "label": 0}\n\n{"label": true, "text": "a\\njoy", "id": 7}\r\n'
    table = read_table(write(tmp_path, name, content))
    assert table.columns == ("text", "label", "id")
    assert table.rows[1] == Row(3, {"label": True, "text": "a\njoy", "id": 7})


@pytest.mark.parametrize("name", ["r.csv", "r.csv.gz"])
def test_csv_quotes_commas_line_ends_and_lines(tmp_path, name):
    content = '\ufefftext, label\r\n"dull, he said ""so""",0\r\n"two\nlines",1\r\n\r\nlast,1'
    table = read_table(write(tmp_path, name, content))
    assert table.columns == ("text", "label")
    assert [row.line for row in table.rows] == [2, 3, 6]
    assert table.rows[0].values == {"text": 'dull, he said "so"', "label": "0"}
    assert table.rows[1].values["text"] == "two\nlines"


@pytest.mark.parametrize("name", ["r.tsv", "r.tab.gz"])
def test_quotes_in_tsv_are_ordinary(tmp_path, name):
    table = read_table(write(tmp_path, name, 'text\tlabel\n"dull, he said\t0\n'))
    assert table.rows == (Row(2, {"text": '"dull, he said', "label": "0"}),)


def test_a_text_longer_than_pythons_own_limit(tmp_path):
    limit = csv.field_size_limit()
    long = "word " * 40_000
    table = read_table(write(tmp_path, "r.csv", f"text,label\n{long},1\n"))
    assert table.rows[0].values["text"] == long
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("name", "content", "messages"),
    [
        ("r.txt", "text", ["ends in '.txt'", ".jsonl, .ndjson, .csv"]),
        ("r", "text", ["ends in ''"]),
        ("r.gz", "text", ["ends in ''"]),
        ("r.csv", "", ["an empty file"]),
        ("r.csv", "\n\n", ["an empty file"]),
        ("r.jsonl", "", ["an empty file"]),
        ("r.csv", "text,label\n", ["no rows"]),
        ("r.csv", "text,label,text\nx,1,y\n", ["line 1: found column 'text' 2 times"]),
        (
            "r.csv",
            "text,label\nx\ny,1\nz,1,2\n",
            ["line 2: found 1 fields; expected 2", "line 4: found 3 fields", "2 problems"],
        ),
        ("r.csv", 'text,label\nx,1\n"never closed,1\n', ["line 3: found fields that cannot"]),
        ("r.csv", 'text,label\n"a" b,1\n', ["line 2: found fields that cannot"]),
        ("r.jsonl", '{"text": "x"}\n{"text": \n', ["line 2: found no JSON"]),
        ("r.jsonl", '{"text": "x"}\n[1, 2]\n', ["line 2: found '[1, 2]'; expected a JSON object"]),
        ("r.jsonl", "[" * 100_000 + "\n", ["line 1: found no JSON"]),
        ("r.jsonl", "no\n" * 12, ["line 1:", "line 10:", "found 2 more"]),
        ("r.csv", b"text,label\ncaf\xe9,1\n", ["line 2: found byte 0xe9 that is not UTF-8"]),
        ("r.csv", "text,label\nx,1\n".encode("utf-16"), ["line 1: found byte 0xff"]),
    ],
)
def test_mistakes_name_file_and_line(tmp_path, name, content, messages):
    if isinstance(content, str):
        content = content.encode()
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_table(path)
    assert str(path) in str(raised.value)
    for message in messages:
        assert message in str(raised.value)
