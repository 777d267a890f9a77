"""What readers of multiple choice and of corpora say of files that are not what they seem."""

import json

import pytest

from attnjax.data.gpt.corpus_files import corpus_files
from attnjax.data.gpt.tasks import load_task
from attnjax.errors import UserError

PASSAGE = {"article": "It rained.", "questions": ["Why?"], "answers": ["B"]}
CHOICES = ["sun", "rain", "snow", "wind"]


def put_race(folder, content: bytes):
    for split in ("train", "dev", "test"):
        place = folder / "RACE" / split / "high"
        place.mkdir(parents=True)
        (place / "1.txt").write_bytes(content)


def said(name, folder):
    with pytest.raises(UserError) as raised:
        load_task(name, str(folder), folder / "downloads")
    return str(raised.value)


def test_letters_of_a_text_are_no_choices_of_race(tmp_path):
    put_race(tmp_path, json.dumps(PASSAGE | {"options": ["abcd"]}).encode())
    assert "choices that are no list of texts" in said("race", tmp_path)


def test_letters_of_a_text_are_no_choices_of_dream(tmp_path):
    asked = [{"question": "q", "choice": "abc", "answer": "a"}]
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.json").write_text(json.dumps([[["M: a"], asked, "one"]]))
    assert "choices that are no list of texts" in said("dream", tmp_path)


def test_a_byte_order_mark_of_race_is_no_matter(tmp_path):
    put_race(tmp_path, b"\xef\xbb\xbf" + json.dumps(PASSAGE | {"options": [CHOICES]}).encode())
    (example,) = load_task("race", str(tmp_path), tmp_path).splits["train"]
    assert example.choices == tuple(CHOICES)


def test_race_in_another_encoding_is_refused_not_mended(tmp_path):
    content = json.dumps(PASSAGE | {"options": [CHOICES]}).encode().replace(b"rained", b"\xe9")
    put_race(tmp_path, content)
    assert "byte 0xe9 that is not UTF-8" in said("race", tmp_path)


def test_the_field_of_the_folder_is_the_one_that_a_fine_tuning_has(tmp_path):
    found = said("rte", tmp_path)
    assert "--config.fine_tuning.dir" in found
    assert "config.data.dir" not in found


def test_folders_in_a_folder_are_counted_not_read(tmp_path):
    (tmp_path / "emma.txt").write_text("words")
    (tmp_path / "more").mkdir()
    (tmp_path / "more.txt").mkdir()
    found = corpus_files([str(tmp_path)])
    assert [path.name for path in found.texts] == ["emma.txt"]
    assert [path.name for path in found.passed_over] == ["more", "more.txt"]


def test_a_link_to_nothing_is_named(tmp_path):
    (tmp_path / "emma.txt").write_text("words")
    (tmp_path / "dracula.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"dracula\.txt: found a link that leads nowhere"):
        corpus_files([str(tmp_path)])
