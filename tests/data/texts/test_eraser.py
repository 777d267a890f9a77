import json

import numpy as np
import pytest

from attnjax.data.texts.eraser import read_eraser
from attnjax.errors import DataError, UserError

TEXTS = {"a.txt": "so very dull .\nnot my film .", "b.txt": "a joy", "c.txt": "never used"}


def span(start, end, **more):
    return {"start_token": start, "end_token": end, **more}


def review(name, label, *groups):
    return {"annotation_id": name, "classification": label, "evidences": [list(g) for g in groups]}


REVIEWS = (
    review("a.txt", "NEG", [span(1, 3, docid="a.txt", text="very dull")], [span(2, 4), span(6, 7)]),
    review("b.txt", "POS", [span(1, 1, text="")]),
)


def write(folder, reviews=REVIEWS, texts=TEXTS):
    folder.mkdir(exist_ok=True)
    files = {"train": folder / "train.jsonl", "documents": folder / "docs.jsonl"}
    files["train"].write_text("".join(json.dumps(one) + "\n" for one in reviews))
    rows = [{"docid": name, "text": text} for name, text in texts.items()]
    files["documents"].write_text("".join(json.dumps(row) + "\n" for row in rows))
    return files


def test_words_that_any_span_covers_are_marked(tmp_path):
    reading = read_eraser(write(tmp_path))
    first, second = reading.records["train"]
    assert (first.text, first.label) == ("so very dull . not my film .", "negative")
    # 1 to 3 and 2 to 4 overlap; the end of 6 to 7 is exclusive.
    assert np.flatnonzero(first.rationale).tolist() == [1, 2, 3, 6]
    assert (second.label, second.rationale) == ("positive", (False, False))
    assert reading.dropped == {"review without annotation": 1}
    assert reading.notes == ("ERASER: spans of evidence without a word, which mark nothing: 1.",)
    assert list(reading.records) == ["train"]


def test_the_official_folder_is_read_alike(tmp_path):
    files = write(tmp_path)
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_eraser({**files, "documents": folder}) == read_eraser(files)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (review("a.txt", "NEG", [span(6, 9)]), "a span from token 6 to 9; .*8 tokens"),
        (review("a.txt", "NEG", [span(3, 2)]), "a span from token 3 to 2"),
        (review("a.txt", "NEG", [span(-1, 3)]), "a span from token -1 to 3"),
        (review("a.txt", "NEG", [span("1", 3)]), "a span from token '1' to 3"),
        (review("a.txt", "NEG", [span(0, 1, text="very")]), "'so' from token 0 to 1"),
        (review("a.txt", "NEG", [span(0, 1, docid="b.txt")]), "a span of 'b.txt'"),
        (review("a.txt", "NEG", [7]), "the span 7"),
        (review("a.txt", "neg"), "classification 'neg'; expected NEG or POS"),
        (review("d.txt", "NEG"), "review 'd.txt'; expected a review of .*docs.jsonl"),
        (review(None, "NEG"), "annotation_id None"),
        ({**review("a.txt", "NEG"), "evidences": [{}]}, "evidences"),
        ([], "'\\[\\]'"),
    ],
)
def test_a_wrong_annotation_is_named_by_line(tmp_path, wrong, message):
    files = write(tmp_path, [REVIEWS[1], wrong])
    with pytest.raises(DataError, match=f"train.jsonl, line 2: found {message}"):
        read_eraser(files)


def test_no_json_a_repeated_review_and_an_empty_document_are_reported_together(tmp_path):
    files = write(tmp_path, [REVIEWS[1], REVIEWS[1]], {"b.txt": "a joy", "e.txt": " "})
    files["train"].write_text(files["train"].read_text() + "{\n")
    with pytest.raises(UserError) as raised:
        read_eraser(files)
    text = str(raised.value)
    assert f"{files['train']}, line 2: found review 'b.txt' again (before: " in text
    assert f"{files['train']}, line 3: found no JSON" in text
    assert f"{files['documents']}, line 2: found docid 'e.txt'" in text


def test_the_real_reviews(shared_data):
    folder = shared_data / "eraser_movies"
    names = {"train": "train.jsonl.gz", "dev": "val.jsonl", "test": "test.jsonl"}
    files = {split: folder / name for split, name in names.items()}
    reading = read_eraser({**files, "documents": folder / "docs.jsonl.gz"})
    counts = {
        split: (len(records), sum(record.label == "positive" for record in records))
        for split, records in reading.records.items()
    }
    assert counts == {"train": (1600, 800), "dev": (200, 100), "test": (199, 99)}
    assert reading.dropped == {"review without annotation": 1}
    assert reading.notes == ("ERASER: spans of evidence without a word, which mark nothing: 20.",)
    # One training review has no span at all.
    unmarked = [not any(record.rationale) for record in reading.records["train"]]
    assert sum(unmarked) == 1
    shares = {
        split: np.mean([np.mean(record.rationale) for record in records])
        for split, records in reading.records.items()
    }
    assert {split: round(float(share), 2) for split, share in shares.items()} == {
        "train": 0.09,
        "dev": 0.07,
        "test": 0.31,
    }
