import gzip
import json
import zipfile

import pytest

from attnjax.data.text import tokenizer
from attnjax.data.texts import snli
from attnjax.data.texts.snli import CLASSES, SNLI, joined, read_snli
from attnjax.errors import DataError, UserError

WORDS = tokenizer("auto", separated=False, lowercase=True)


def line(premise="A dog runs.", hypothesis="A pet runs.", label="entailment"):
    return json.dumps({"premise": premise, "hypothesis": hypothesis, "label": label})


def official(label):
    fields = {
        "annotator_labels": [label] * 4,
        "captionID": "3416050480.jpg#4",
        "gold_label": label,
        "pairID": "3416050480.jpg#4r1n",
        "sentence1": "A dog runs.",
        "sentence1_parse": "(ROOT (NP (DT A) (NN dog)) (VP (VBZ runs)) (. .))",
        "sentence2": "A pet runs.",
    }
    return json.dumps(fields)


def written(folder, content, name="train.jsonl", encoding="utf-8"):
    path = folder / name
    raw = content.encode(encoding)
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return path


def refusal(path):
    with pytest.raises(UserError) as raised:
        read_snli({"train": path})
    return str(raised.value)


@pytest.mark.parametrize(
    ("tokenised", "running"),
    [
        ("the boy 's dog is n't here .", "the boy's dog isn't here."),
        ("they ca n't say they 'll go", "they can't say they'll go"),
        ("`` stop '' -LRB- he said -RRB-", '"stop" (he said)'),
        ("a `quoted` 'word'", "a `quoted` 'word'"),
        ("the boys ' room", "the boys' room"),
        ("the boys ' 'cool' hats", "the boys' 'cool' hats"),
        ("rock 'n' roll 's", "rock 'n' roll's"),
    ],
)
def test_tokenised_and_running_text_give_the_same_words(tokenised, running):
    assert WORDS(joined(tokenised)) == WORDS(joined(running))


def test_a_possessive_before_a_quotation_is_no_quotation_mark():
    assert joined("the boys' 'cool' hats") == "the boys' 'cool' hats"
    assert joined("he said ' ' ok ' ' .") == 'he said " ok " .'


def test_the_note_counts_pairs_that_were_left_out(tmp_path, monkeypatch):
    """The official files have hypotheses without words: they are no smaller for it."""
    monkeypatch.setattr(snli, "TRAIN_PAIRS", 3)
    path = written(tmp_path, "\n".join([line(), line(hypothesis=" "), line(), ""]))
    reading = read_snli({"train": path})
    assert len(reading.records["train"]) == 2
    assert reading.notes == ()
    monkeypatch.setattr(snli, "TRAIN_PAIRS", 4)
    assert "3 of its 4 labelled" in read_snli({"train": path}).notes[0]


def test_blank_lines_are_counted(tmp_path):
    path = written(tmp_path, f"{line()}\n\n \n{line()}\n")
    assert read_snli({"dev": path}).dropped == {"blank line": 2}


def test_running_text_stays_as_it_is():
    text = "The dog's owner isn't here, he'd left - \"gone\" (they say)."
    assert joined(text) == text


def test_the_same_pairs_tokenised_and_not(shared_data):
    """The 9,842 pairs of dev exist in both forms; a single "can not" cannot be told apart."""
    folder = shared_data / "snli"
    cut = read_snli({"dev": folder / "dev.jsonl.gz"}).records["dev"]
    running = read_snli({"dev": folder / "dev_untokenized.jsonl.gz"}).records["dev"]
    assert len(cut) == len(running) == 9842
    assert [record.label for record in cut] == [record.label for record in running]
    different = [
        (left, right)
        for a, b in zip(cut, running, strict=True)
        for left, right in ((WORDS(a.text), WORDS(b.text)), (WORDS(a.question), WORDS(b.question)))
        if left != right
    ]
    assert len(different) == 1
    assert "can not" in " ".join(different[0][0])
    assert "cannot" in different[0][1]


def test_the_real_files(shared_data):
    folder = shared_data / "snli"
    files = {"train": folder / "train_18k.jsonl.gz", "test": folder / "test.jsonl.gz"}
    reading = read_snli(files)
    counts = {
        split: [sum(record.label == name for record in records) for name in CLASSES]
        for split, records in reading.records.items()
    }
    # The test counts are those of Jain & Wallace's table 1, in the order of their classes.
    assert counts == {"train": [5899, 6086, 6015], "test": [3219, 3237, 3368]}
    assert not reading.dropped
    assert reading.notes == (
        "Trained on a part of SNLI: 18,000 of its 549,367 labelled training pairs.",
    )
    first = reading.records["train"][0]
    assert first.text.startswith("An older gentleman stands along the shore")
    assert first.question == "The man is gazing over the water thinking about his life."
    assert first.origin == "train_18k.jsonl.gz, line 1"
    assert first.candidates is None


def test_official_fields_and_pairs_without_a_majority(tmp_path):
    path = written(tmp_path, "\n".join([official("neutral"), official("-"), official("-")]))
    reading = read_snli({"test": path})
    assert [(r.text, r.question, r.label) for r in reading.records["test"]] == [
        ("A dog runs.", "A pet runs.", "neutral")
    ]
    assert reading.dropped == {"no majority label": 2}


def test_a_sentence_without_words_is_counted(tmp_path):
    path = written(tmp_path, "\n".join([line(), line(premise=" "), line(hypothesis="")]))
    reading = read_snli({"dev": path})
    assert len(reading.records["dev"]) == 1
    assert reading.dropped == {"a sentence without words": 2}


def test_marks_and_windows_line_ends_are_no_matter(tmp_path):
    content = "\ufeff" + "\r\n".join([line(), line(hypothesis="Niño."), ""])
    records = read_snli({"dev": written(tmp_path, content, "dev.jsonl.gz")}).records["dev"]
    assert [record.question for record in records] == ["A pet runs.", "Niño."]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("A dog.\tA pet.\tentailment", "no JSON"),
        ('["A dog.", "A pet."]', "a JSON list"),
        (json.dumps({"premise": "A dog.", "label": "neutral"}), "no text in hypothesis"),
        (json.dumps({"sentence1": "A dog.", "sentence2": 3}), "sentence2, gold_label"),
        (line(premise="half \ud83d"), "no text in premise"),
        (line(label="entails"), "label 'entails'; expected one of neutral, contradiction"),
    ],
)
def test_a_bad_line_is_named(tmp_path, bad, message):
    text = refusal(written(tmp_path, f"{line()}\n{bad}\n{line()}\n"))
    assert f"{tmp_path}/train.jsonl, line 2: found" in text
    assert message in text


def test_all_bad_lines_are_named_together(tmp_path):
    text = refusal(written(tmp_path, "\n".join([line(label="x"), line(), "{"])))
    assert "line 1: found label 'x'" in text
    assert "line 3: found no JSON" in text


def test_latin_1_is_refused_with_its_line(tmp_path):
    path = tmp_path / "train.jsonl"
    pair = {"premise": "Niño.", "hypothesis": "x", "label": "neutral"}
    latin = json.dumps(pair, ensure_ascii=False)
    path.write_bytes(f"{line()}\n{latin}\n".encode("latin-1"))
    assert "line 2: found byte 0xf1 that is not UTF-8" in refusal(path)


def test_a_truncated_gzip_is_refused(tmp_path):
    path = written(tmp_path, "\n".join(line(f"Dog {i}.") for i in range(500)), "train.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="a damaged gzip file"):
        read_snli({"train": path})


def test_the_official_archive_is_read_as_it_is(tmp_path):
    path = tmp_path / "snli_1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("train", "dev", "test"):
            archive.writestr(f"snli_1.0/snli_1.0_{split}.jsonl", official("neutral"))
            archive.writestr(f"__MACOSX/snli_1.0/._snli_1.0_{split}.jsonl", b"\x00\xff")
    reading = read_snli(dict.fromkeys(SNLI.parts, path))
    assert {split: len(records) for split, records in reading.records.items()} == {
        "train": 1,
        "dev": 1,
        "test": 1,
    }
    assert reading.records["dev"][0].origin == "snli_1.0_dev.jsonl, line 1"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("snli_1.0/README.txt", "")
    with pytest.raises(DataError, match=r"without snli_1.0/snli_1.0_train.jsonl"):
        read_snli({"train": path})


def test_the_source_names_official_files_first():
    assert [names[0] for names in SNLI.parts.values()] == [
        "snli_1.0_train.jsonl",
        "snli_1.0_dev.jsonl",
        "snli_1.0_test.jsonl",
    ]
