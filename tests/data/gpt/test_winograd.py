"""Winograd schemas in the three formats, from generated files of the official schemas."""

import json
from xml.sax.saxutils import escape

import numpy as np
import pytest

from attnjax.data.gpt.winograd import NO_REST, SEVERAL, read_winograd
from attnjax.errors import DataError

NAMES = ("Ann & co.", "Bob", "the <old> cat", "the dog", "Zoë")


def generated(count, seed=0):
    """Return sentences before and after a pronoun, two referents, and which is right."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(count):
        first, second = generator.choice(len(NAMES), size=2, replace=False)
        label = int(generator.integers(2))
        found.append(
            (
                f"{NAMES[first]} met {NAMES[second]} on day {number} because",
                f"liked number {number}.",
                (NAMES[first], NAMES[second]),
                label,
            )
        )
    return found


def official_xml(schemas):
    """Return a file as the official collection is laid out, with its line ends and blanks."""
    parts = ['<?xml version="1.0" encoding="UTF-8" ?>', "<collection>"]
    for before, after, candidates, label in schemas:
        answers = "\n".join(f"<answer> {escape(each)}\n</answer>" for each in candidates)
        parts.append(
            f"<schema><text>\n<txt1>{escape(before)}</txt1>\n<pron>they</pron>\n"
            f"<txt2>{escape(after)}</txt2></text>\n<quote><quote1></quote1><pron>they</pron>"
            f"<quote2>{escape(after)}</quote2></quote>\n<answers>{answers}</answers>\n"
            f"<correctAnswer> {'AB'[label]}. </correctAnswer>\n<source>made up</source></schema>"
        )
    return "\n".join([*parts, "</collection>"])


def json_rows(schemas):
    return [
        {
            "text": f"{before} they {after}",
            "pronoun": "they",
            "pronoun_loc": len(before) + 1,
            "options": list(candidates),
            "label": label,
        }
        for before, after, candidates, label in schemas
    ]


def blocks(schemas):
    return "\n\n".join(
        f"{before} they {after}\nthey\n{','.join(candidates)}\n{candidates[label]}"
        for before, after, candidates, label in schemas
    )


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["xml", "json", "jsonl", "txt"])
def test_every_format_gives_the_same_schemas(form, tmp_path):
    schemas = generated(12)
    rows = json_rows(schemas)
    text = {
        "xml": official_xml(schemas),
        "json": json.dumps(rows, indent=1),
        "jsonl": "\n".join(map(json.dumps, rows)),
        "txt": blocks(schemas),
    }[form]
    found = read_winograd(write(tmp_path, f"toy.{form}", text))
    assert [one[:4] for one in found.schemas] == schemas
    assert not any(found.dropped.values())


def test_what_is_left_out_is_counted(tmp_path):
    ended = ("Ann met Bob and paid", ".", ("Ann", "Bob"), 0)
    twice = ("Ann knew they met Bob as", "left.", ("Ann", "Bob"), 1)
    path = write(tmp_path, "toy.txt", blocks([*generated(2), ended, twice]))
    found = read_winograd(path)
    assert len(found.schemas) == 2
    assert found.dropped == {NO_REST: 1, SEVERAL: 1}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.xml", "<collection><schema></collection>", "no XML"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities of its own"),
        ("a.xml", "<collection></collection>", "no texts"),
        ("a.json", "[1]", "a JSON int"),
        ("a.jsonl", '{"text": "a"}', "no pronoun, pronoun_loc, options, label"),
        ("a.txt", "one\ntwo\n", "2 lines before a blank one"),
        ("a.txt", "Ann left.\nshe\nAnn,Bob\nAnn\n", "no 'she' in the sentence"),
        ("a.txt", "Ann left as she did.\nshe\nAnn,Bob,Eve\nAnn\n", "3 referents"),
        ("a.txt", "Ann left as she did.\nshe\nAnn,Bob\nEve\n", "no referent"),
    ],
)
def test_mistakes_name_where_they_are(name, text, said, tmp_path):
    with pytest.raises(DataError, match=said) as caught:
        read_winograd(write(tmp_path, name, text))
    assert name in str(caught.value)


def test_a_wrong_place_of_the_pronoun_is_a_mistake(tmp_path):
    row = json_rows(generated(1))[0] | {"pronoun_loc": 3}
    with pytest.raises(DataError, match="pronoun_loc 3"):
        read_winograd(write(tmp_path, "a.json", json.dumps([row])))


def test_real_files(shared_data):
    expected = {"wsc273": (255, 18, 0), "dpr_train": (1263, 16, 37), "dpr_test": (540, 10, 14)}
    for name, (kept, no_rest, several) in expected.items():
        path = shared_data / "winograd" / f"{name}.txt"
        if not path.is_file():
            pytest.skip("the Winograd schemas are not on this machine")
        found = read_winograd(path)
        assert (found.dropped[NO_REST], found.dropped[SEVERAL]) == (no_rest, several)
        assert len(found.schemas) == kept
