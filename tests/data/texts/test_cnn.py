import gzip
import tracemalloc

import numpy as np
import pytest

from attnjax.config import DataConfig
from attnjax.data.encoded import encode, longest_question
from attnjax.data.load import load_corpus, load_vocabulary
from attnjax.data.texts.cnn import QuestionFiles, read_blocks, read_cnn, read_question_file
from attnjax.errors import DataError, UserError
from tests.data.texts.cnn_files import question_text, write_blocks, write_folders

ARTICLE = "@entity1 beat @entity20 , @entity1 said in @entity3"
PARTS = (ARTICLE, "@placeholder beat @entity20", "@entity1", ["@entity1:Rome", "@entity3:Bari"])


@pytest.fixture
def written(tmp_path):
    """Two training questions, and the path of the first."""
    (tmp_path / "training").mkdir()
    for name in ("a", "b"):
        (tmp_path / "training" / f"{name}.question").write_text(question_text(*PARTS))
    return tmp_path / "training" / "a.question"


def refusal(read):
    with pytest.raises(UserError) as raised:
        read()
    return str(raised.value)


def test_a_question_file(written):
    record = read_question_file(written)
    assert record.text == ARTICLE
    assert record.question == "@placeholder beat @entity20"
    assert record.label == "@entity1"
    assert record.candidates == ("@entity1", "@entity20", "@entity3")
    assert record.origin == "a.question, line 5"


def test_a_folder_gives_every_question_in_the_order_of_names(tmp_path):
    written = write_folders(tmp_path, {"training": 30, "test": 5})["training"]
    (tmp_path / "training" / "readme.txt").write_text("not a question")
    records = read_cnn({"train": tmp_path / "training"}).records["train"]
    assert len(records) == 30
    for record, file in zip(records, sorted(written), strict=True):
        article, question, answer, names = written[file]
        assert (record.text, record.question, record.label) == (article, question, answer)
        assert set(record.candidates) == {name.split(":")[0] for name in names}
    assert records[2:4] == [records[2], records[3]]


def test_a_folder_is_not_held_in_memory(tmp_path):
    """400 articles of 50 kB each are 20 MB; the sequence over them stays below 1 MB."""
    long = (ARTICLE + " word" * 10_000, *PARTS[1:])
    (tmp_path / "test").mkdir()
    for i in range(400):
        (tmp_path / "test" / f"{i}.question").write_text(question_text(*long))
    tracemalloc.start()
    records = read_cnn({"test": tmp_path / "test"}).records["test"]
    longest = max(len(record.text) for record in records)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert longest > 50_000
    assert peak < 2**20


def test_blocks(tmp_path):
    path = tmp_path / "train.txt"
    written = write_blocks(path, 20)
    records = read_cnn({"train": path}).records["train"]
    assert [(r.text, r.question, r.label) for r in records] == [parts[:3] for parts in written]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.rstrip(b"\n"),
        lambda raw: raw + b"\n\n",
    ],
)
def test_marks_and_line_ends_are_no_matter(written, change):
    expected = read_question_file(written)
    written.write_bytes(change(written.read_bytes()))
    assert read_question_file(written) == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("http://edition.cnn.com/1\n\n", "http://edition.cnn.com/1\n", "of the first eight blank"),
        ("@entity1\n\n@entity1:Rome", "@entity1\n@entity1:Rome", "a blank line after each"),
        ("@placeholder", "who", "line 5: found a question without @placeholder: 'who beat"),
        ("\n@entity1\n", "\nRome\n", "line 7: found the answer 'Rome'"),
        ("\n@entity1\n", "\n@entity2\n", "line 7: found the answer '@entity2', which the article"),
        (
            "@entity3:Bari",
            "@entity3 Bari",
            "line 10: found '@entity3 Bari'; expected @entityN:name",
        ),
        (question_text(*PARTS), "http\n\n", "found 1 lines"),
    ],
)
def test_a_bad_file_is_named(written, old, new, message):
    content = written.read_text()
    assert old in content
    written.write_text(content.replace(old, new, 1))
    text = refusal(lambda: read_cnn({"train": written.parent}))
    assert f"{written}, line" in text
    assert message in text


def test_bad_files_are_named_together(written):
    for name in ("a", "b"):
        path = written.with_name(f"{name}.question")
        path.write_text(path.read_text().replace("@placeholder", "who"))
    text = refusal(lambda: read_cnn({"train": written.parent}))
    assert "a.question, line 5" in text
    assert "b.question, line 5" in text


def test_latin_1_is_refused_with_its_line(written):
    written.write_bytes(written.read_text().replace("Bari", "Forlì").encode("latin-1"))
    assert "a.question, line 10: found byte 0xec" in refusal(lambda: read_question_file(written))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("@placeholder won\n@entity1\n", "line 4: found a block of 2 lines; expected three"),
        ("@placeholder won\n@entity9\n@entity1 won\n", "line 5: found the answer '@entity9'"),
        ("@placeholder won\n@entity1\nnobody won\n", "one of its names, but it has none"),
        ("@placeholder won|@entity1|@entity1 won\n", "a block of 1 lines"),
    ],
)
def test_a_bad_block_is_named(tmp_path, block, message):
    good = "@placeholder won\n@entity1\n@entity1 beat @entity2\n"
    (tmp_path / "test.txt").write_text(f"\n\n\n{block}\n{good}")
    assert message in refusal(lambda: list(read_blocks(tmp_path / "test.txt")))


def test_a_truncated_gzip_is_refused(tmp_path):
    write_blocks(tmp_path / "train.txt", 50)
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress((tmp_path / "train.txt").read_bytes())[:-30])
    with pytest.raises(DataError, match="a damaged gzip file"):
        read_cnn({"train": path})


@pytest.mark.parametrize(
    ("make", "message"), [(True, r"no file .* \.question"), (False, "no such")]
)
def test_a_folder_without_questions_is_refused(tmp_path, make, message):
    if make:
        (tmp_path / "training").mkdir()
    with pytest.raises(DataError, match=message):
        QuestionFiles(tmp_path / "training")


def test_as_a_corpus_its_classes_are_all_names_of_all_splits(tmp_path):
    """Forty names in train, sixty in test: one seen in test alone is a class, and no mistake."""
    folder = tmp_path / "cnn" / "questions"
    write_folders(folder, {"training": 40, "validation": 8})
    tested = write_folders(folder, {"test": 30}, seed=1, entities=60)["test"]
    config = DataConfig(name="cnn", dir=str(tmp_path))
    corpus = load_corpus(config, cache_dir=tmp_path / "cache")
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 40,
        "dev": 8,
        "test": 30,
    }
    test = corpus.splits["test"]
    first = tested[min(tested)]
    assert " ".join(test.tokens[0]) == first[0]
    assert corpus.class_names[test.label[0]] == first[2]
    assert {corpus.class_names[c] for c in test.candidates[0]} == {
        line.split(":")[0] for line in first[3]
    }
    assert "@entity59" in corpus.class_names
    trained = set(corpus.splits["train"].label.tolist())
    assert not set(test.label.tolist()) <= trained
    assert corpus.published == "CNN"
    vocabulary = load_vocabulary(config, corpus)
    encoded = encode(
        test,
        vocabulary,
        max_length=100,
        question_length=longest_question(corpus.splits),
        num_classes=len(corpus.class_names),
    ).split
    assert encoded.candidates.shape == (30, len(corpus.class_names))
    assert encoded.candidates[np.arange(30), encoded.label].all()
    assert encoded.candidates.sum(axis=1).tolist() == [len(c) for c in test.candidates]
