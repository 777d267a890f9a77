import gzip

import numpy as np
import pytest

from attnjax.data.texts.ade import read_ade
from attnjax.errors import DataError, UserError

RELATED = (
    "1|Rash after gold.|Rash|5|9|gold|16|20\n"
    "1|Rash and fever after gold.|fever|9|14|gold|21|25\n"
    "1|Rash and fever after gold.|Rash|0|4|gold|21|25\n"
)
UNRELATED = "2 NEG Gold was given.\n3 NEG  Two | fields.\n2 NEG Gold was given.\n"


def write(folder, related=RELATED, unrelated=UNRELATED):
    files = {"related": folder / "DRUG-AE.rel", "unrelated": folder / "ADE-NEG.txt"}
    files["related"].write_bytes(related.encode())
    files["unrelated"].write_bytes(unrelated.encode())
    return files


def test_every_sentence_becomes_one_text(tmp_path):
    reading = read_ade(write(tmp_path))
    assert [(record.label, record.text) for record in reading.records["train"]] == [
        ("adverse effect", "Rash after gold."),
        ("adverse effect", "Rash and fever after gold."),
        ("no adverse effect", "Gold was given."),
        ("no adverse effect", "Two | fields."),
    ]
    assert reading.dropped == {"sentence repeated": 2}
    assert reading.records["train"][1].origin == "DRUG-AE.rel, line 2"


def test_every_line_is_a_text_or_counted(tmp_path):
    unrelated = UNRELATED + "\n9 NEG Rash and fever after gold.\n \n"
    reading = read_ade(write(tmp_path, unrelated=unrelated))
    assert [record.text for record in reading.records["train"]] == [
        "Rash after gold.",
        "Gold was given.",
        "Two | fields.",
    ]
    # The sentence with both labels stands twice in the first file, once in the second.
    assert reading.dropped == {
        "line whose sentence is in both files": 3,
        "sentence repeated": 1,
        "blank line": 2,
    }
    assert len(reading.records["train"]) + sum(reading.dropped.values()) == 3 + 6


def test_bom_and_windows_line_ends_are_read_alike(tmp_path):
    plain = read_ade(write(tmp_path)).records
    windows = "\ufeff" + RELATED.replace("\n", "\r\n"), "\ufeff" + UNRELATED.replace("\n", "\r\n")
    assert read_ade(write(tmp_path, *windows)).records == plain


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\tRash after gold.\tRash\t5\t9\tgold\t16\t20", "1 fields; expected 8 fields"),
        ("1|Rash after gold.|fever|5|9|gold|16|20", "'fever', which does not"),
        ("1| |Rash|5|9|gold|16|20", "an empty sentence"),
    ],
)
def test_a_wrong_line_of_the_first_file_is_named(tmp_path, line, message):
    with pytest.raises(DataError, match=rf"DRUG-AE.rel, line 4: found {message}"):
        read_ade(write(tmp_path, related=RELATED + line + "\n"))


@pytest.mark.parametrize("line", ["2 POS Gold.", "2\tNEG\tGold.", "x NEG Gold.", "2 NEG "])
def test_a_wrong_line_of_the_second_file_is_named(tmp_path, line):
    with pytest.raises(DataError, match=r"ADE-NEG.txt, line 4: found .*expected PubMed id, NEG"):
        read_ade(write(tmp_path, unrelated=UNRELATED + line + "\n"))


def test_mistakes_of_both_files_are_reported_together(tmp_path):
    with pytest.raises(UserError, match="2 problems"):
        read_ade(write(tmp_path, "1|a\n", "b\n"))


def test_latin_1_and_a_truncated_gzip_are_refused_in_words(tmp_path):
    files = write(tmp_path)
    files["related"].write_bytes("1|Café|Café|0|4|Café|0|4\n".encode("latin-1"))
    with pytest.raises(DataError, match="line 1: found byte 0xe9 that is not UTF-8"):
        read_ade(files)
    files["related"] = tmp_path / "DRUG-AE.rel.gz"
    files["related"].write_bytes(gzip.compress(RELATED.encode())[:-10])
    with pytest.raises(DataError, match="damaged gzip file"):
        read_ade(files)


def test_the_real_corpus(shared_data):
    folder = shared_data / "ade_corpus"
    reading = read_ade(
        {"related": folder / "DRUG-AE.rel.gz", "unrelated": folder / "ADE-NEG.txt.gz"}
    )
    labels = np.unique([record.label for record in reading.records["train"]], return_counts=True)
    assert dict(zip(*labels, strict=True)) == {"adverse effect": 4271, "no adverse effect": 16_625}
    # 6,821 and 16,695 lines.
    assert reading.dropped == {"sentence repeated": 6821 - 4271 + 16_695 - 16_625}
