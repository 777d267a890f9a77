# ruff: noqa: E501
import gzip
import json
import math
import tarfile
import zipfile

import pytest

from attnjax.data.gpt.tasks import KINDS, TASKS, load_task, task_texts
from attnjax.errors import DataError, UserError

COLA = "gj04\t1\t\tThe sailors rode.\ngj04\t0\t*\tThe rode sailors.\n"
RTE = 'index\tsentence1\tsentence2\tlabel\n0\tA "cat sat.\tA cat.\tentailment\n1\tA.\tB.\tnot_entailment\n'
MRPC = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t1\t2\tA cat.\tOne cat.\r\n0\t1\t2\tA.\tB.\r\n"
QQP = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tWhy?\tHow?\t0\n1\t1\n2\t3\t4\tA?\tA?\t1\n"
SCITAIL = 'A "cat" sat.\tCats sit.\tentails\nA cat.\tA dog.\tneutral\n'
MNLI_HEADER = "\t".join(
    [
        "index",
        "promptID",
        "pairID",
        "genre",
        "sentence1_binary_parse",
        "sentence2_binary_parse",
        "sentence1_parse",
        "sentence2_parse",
        "sentence1",
        "sentence2",
        "label1",
        "gold_label",
    ]
)
STORY_HEADER = (
    "InputStoryid,InputSentence1,InputSentence2,InputSentence3,InputSentence4,"
    "RandomFifthSentenceQuiz1,RandomFifthSentenceQuiz2,AnswerRightEnding\n"
)
VAL = "cloze_test_val__spring2016 - cloze_test_ALL_val.csv"
TEST = "cloze_test_test__spring2016 - cloze_test_ALL_test.csv"
PASSAGE = {
    "article": "It rained. We stayed.",
    "questions": ["Why did they stay?", "It _ ."],
    "options": [["sun", "rain", "snow", "wind"], ["rained", "snowed", "shone", "blew"]],
    "answers": ["B", "A"],
}


def put(folder, **files):
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")


def load(name, folder, training=True):
    return load_task(name, str(folder), folder / "downloads", training=training)


def refusal(name, folder):
    with pytest.raises(UserError) as raised:
        load(name, folder)
    return str(raised.value)


REAL = {
    # From SOURCES.md: splits, and how many have label 1 where that is known.
    "cola": ({"train": 8551, "test": 527 + 516}, {}),
    "sst2": ({"train": 67_349, "test": 872}, {}),
    "mrpc": ({"train": 4076, "test": 1725}, {"train": 2753, "test": 1147}),
    "stsb": ({"train": 5749, "dev": 1500, "test": 1379}, {}),
    "mnli": ({"test": 9815}, {}),
    "qnli": ({"test": 5463}, {}),
    "rte": ({"train": 2490, "test": 277}, {}),
    "snli": ({"train": 18_000, "dev": 9842, "test": 9824}, {"train": 5899}),
    "race": ({"test": 1000, "test_middle": 500, "test_high": 500}, {}),
    "dream": ({"train": 6116, "dev": 2040, "test": 2041}, {}),
}


@pytest.mark.parametrize("name", REAL)
def test_the_real_files(shared_data, name):
    counts, ones = REAL[name]
    found = load(name, shared_data, training="train" in counts)
    assert {split: len(examples) for split, examples in found.splits.items()} == counts
    for split, count in ones.items():
        assert sum(example.label == 1 for example in found.splits[split]) == count
    task = found.task
    num_texts = {"classification": {1}, "multiple_choice": {2}}.get(task.kind, {2})
    for examples in found.splits.values():
        assert {len(example.texts) for example in examples} == num_texts
        assert {len(example.choices) for example in examples} == {task.num_choices}
        labels = {example.label for example in examples}
        classes = len(task.class_names) or task.num_choices
        assert labels == (set(range(classes)) if classes else {-1})
        scored = [example.score for example in examples if not math.isnan(example.score)]
        assert len(scored) == (len(examples) if name == "stsb" else 0)
        assert all(0 <= score <= 5 for score in scored)


def test_unlabelled_test_texts_are_counted(shared_data):
    dropped = load("rte", shared_data).dropped
    assert dropped == {"no label (test texts whose labels are not public)": 3000}


def test_every_task_is_whole():
    paper = [
        "cola",
        "sst2",
        "mrpc",
        "stsb",
        "qqp",
        "mnli",
        "qnli",
        "rte",
        "snli",
        "scitail",
        "race",
        "story_cloze",
    ]
    assert set(TASKS) == {*paper, "dream"}
    for task in TASKS.values():
        assert task.kind in KINDS
        assert bool(task.num_choices) == (task.kind == "multiple_choice")
        assert task.source.addresses or task.source.instructions


def test_an_unknown_task():
    with pytest.raises(DataError, match=r"'sst' \(did you mean 'sst2'\?\); expected one of cola"):
        task_texts("sst")


def test_cola(tmp_path):
    put(tmp_path, train__tsv=COLA, dev__tsv=COLA)
    found = load("cola", tmp_path)
    assert [(e.texts, e.label) for e in found.splits["train"]] == [
        (("The sailors rode.",), 1),
        (("The rode sailors.",), 0),
    ]
    assert found.splits["test"][1].origin == "dev.tsv, line 2"


def test_glue_archives_are_read_as_they_are(tmp_path):
    with zipfile.ZipFile(tmp_path / "CoLA.zip", "w") as archive:
        archive.writestr("CoLA/train.tsv", COLA)
        archive.writestr("CoLA/dev.tsv", COLA * 2)
        archive.writestr("CoLA/original/raw/in_domain_train.tsv", "something else")
    found = load("cola", tmp_path)
    assert {split: len(examples) for split, examples in found.splits.items()} == {
        "train": 2,
        "test": 4,
    }


def test_quotes_are_ordinary_characters(tmp_path):
    put(tmp_path, train__tsv=RTE, dev__tsv=RTE)
    example = load("rte", tmp_path).splits["train"][0]
    assert example.texts == ('A "cat sat.', "A cat.")
    assert example.label == 1


def test_byte_order_mark_and_windows_line_ends(tmp_path):
    put(tmp_path, msr_paraphrase_train__txt=MRPC, msr_paraphrase_test__txt=MRPC)
    found = load("mrpc", tmp_path).splits["test"]
    assert [(example.texts, example.label) for example in found] == [
        (("A cat.", "One cat."), 1),
        (("A.", "B."), 0),
    ]


def test_broken_rows_of_qqp_are_counted(tmp_path):
    put(tmp_path, train__tsv=QQP, dev__tsv=QQP)
    found = load("qqp", tmp_path)
    assert [example.label for example in found.splits["train"]] == [0, 1]
    assert found.dropped == {"a row broken in the official file": 2}


def test_mnli_in_both_formats(tmp_path):
    row = "\t".join(["0", "1", "1n", "fiction", *["( p )"] * 4, "A cat.", "A pet."])
    put(
        tmp_path, dev_matched__tsv=f"{MNLI_HEADER}\n{row}\tneutral\tentailment\n{row}\tneutral\t-\n"
    )
    pair = {"sentence1": "A cat.", "sentence2": "A dog.", "gold_label": "contradiction"}
    other = json.dumps({**pair, "gold_label": "-"})

    (tmp_path / "multinli_1.0_train.jsonl").write_text(f"{json.dumps(pair)}\n{other}\n")
    found = load("mnli", tmp_path)
    assert found.splits["test"][0].texts == ("A cat.", "A pet.")
    assert (found.splits["test"][0].label, found.splits["train"][0].label) == (0, 2)
    assert found.dropped == {"no majority label": 2}


def test_scitail(tmp_path):
    for part in ("train", "dev", "test"):
        (tmp_path / f"scitail_1.0_{part}.tsv").write_text(SCITAIL)
    found = load("scitail", tmp_path)
    assert [(e.texts[0], e.label) for e in found.splits["dev"]] == [
        ('A "cat" sat.', 1),
        ("A cat.", 0),
    ]


def test_story_cloze(tmp_path):
    story = '1,Tom woke.,"He ate, slowly.",He ran.,It rained.,He got wet.,He flew.,{}\n'
    content = STORY_HEADER + story.format(2) + story.format("")
    (tmp_path / VAL).write_text(content)
    (tmp_path / TEST).write_text(STORY_HEADER + story.format(1))
    found = load("story_cloze", tmp_path)
    example = found.splits["train"][0]
    assert example.texts == ("Tom woke. He ate, slowly. He ran. It rained.",)
    assert (example.choices, example.label) == (("He got wet.", "He flew."), 1)
    assert found.splits["test"][0].label == 0
    assert found.dropped == {"no answer": 1}
    (tmp_path / TEST).write_text(STORY_HEADER + story.format(3))
    assert "line 2: found an answer None that is no choice" in refusal("story_cloze", tmp_path)


def test_story_cloze_says_how_to_come_by_it(tmp_path):
    assert "Ask its authors" in refusal("story_cloze", tmp_path)


def test_race_in_a_folder_and_in_its_archive(tmp_path):
    for split in ("train", "dev", "test"):
        for level in ("middle", "high"):
            folder = tmp_path / "RACE" / split / level
            folder.mkdir(parents=True)
            (folder / "7.txt").write_text(json.dumps(PASSAGE))
    found = load("race", tmp_path)
    origins = [example.origin for example in found.splits["train"]]
    assert origins == [
        f"{level}/7.txt, question {n}" for level in ("high", "middle") for n in (1, 2)
    ]
    example = found.splits["test"][0]
    for school in ("middle", "high"):
        origins = [example.origin for example in found.splits[f"test_{school}"]]
        assert origins == [f"{school}/7.txt, question {n}" for n in (1, 2)]
    assert example.texts == ("It rained. We stayed.", "Why did they stay?")
    assert example.choices[example.label] == "rain"
    assert found.notes == ("A part of RACE: 4 of its 87,866 training questions.",)
    other = tmp_path / "other"
    other.mkdir()
    with tarfile.open(other / "RACE.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "RACE", "RACE")
    assert len(load("race", other).splits["dev"]) == 4


def test_a_choice_count_that_varies(tmp_path):
    folder = tmp_path / "RACE" / "test" / "middle"
    folder.mkdir(parents=True)
    wrong = {**PASSAGE, "options": [["a", "b", "c"], ["a", "b", "c", "d"]], "answers": ["A", "E"]}
    (folder / "1.txt").write_text(json.dumps(wrong))
    (folder / "2.txt").write_text(json.dumps({**PASSAGE, "answers": ["A"]}))
    (folder / "3.txt").write_text("{")
    text = refusal("race", tmp_path)
    assert "middle/1.txt, question 1: found 3 choices; expected 4 for every question" in text
    assert "middle/1.txt, question 2: found an answer None that is no choice" in text
    assert "middle/2.txt: found lists that do not fit" in text
    assert "middle/3.txt: found no JSON" in text


def test_dream_and_its_mistakes(tmp_path):
    asked = {"question": "Who?", "choice": ["Tom", "Ann", "Bo"], "answer": "Ann"}
    good = [["M: Hi.", "W: Hello."], [asked], "1-1"]
    for part in ("train", "dev"):
        (tmp_path / f"{part}.json.gz").write_bytes(gzip.compress(json.dumps([good]).encode()))
    (tmp_path / "test.json").write_text(json.dumps([good], indent=1))
    example = load("dream", tmp_path).splits["train"][0]
    assert example.texts == ("M: Hi.\nW: Hello.", "Who?")
    assert example.label == 1
    lacking = [["M: Hi."], [{**asked, "answer": "Al"}, {**asked, "choice": ["Tom"]}], "1-2"]
    (tmp_path / "test.json").write_text(json.dumps([good, lacking, ["x"], 3]))
    text = refusal("dream", tmp_path)
    assert "dialogue 2, question 1: found an answer 'Al' that is no choice" in text
    assert "dialogue 2, question 2: found 1 choices; expected 3" in text
    assert "dialogue 3: found something else" in text
    (tmp_path / "test.json").write_text('{"a": 1}')
    assert "found a JSON dict" in refusal("dream", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rte", "index\tsentence1\tlabel\n0\tA.\tentailment\n", "no column sentence2 in"),
        ("rte", RTE + "2\tA.\tB.\n", "line 4: found 3 fields; expected 4"),
        ("rte", RTE + "2\tA.\tB.\tyes\n", "line 4: found label 'yes'; expected one of entail"),
        ("rte", "index\tsentence1\tsentence2\tlabel\n", "found no texts"),
        ("rte", "", "found no texts"),
        ("cola", "The sailors rode.\t1\n" * 50, "line 1: found 2 fields; expected 4"),
        ("cola", COLA + "x\t2\t\tWords.\n", "line 3: found label '2'; expected one of 0, 1"),
    ],
)
def test_a_wrong_table_is_named(tmp_path, name, content, message):
    put(tmp_path, train__tsv=content, dev__tsv=COLA if name == "cola" else RTE)
    text = refusal(name, tmp_path)
    assert "train.tsv" in text
    assert message in text
    assert "\n" not in text, "one mistake is one message"


@pytest.mark.parametrize("score", ["5.1", "-1", "nan", "high"])
def test_a_wrong_score_is_named(tmp_path, score):
    row = "main\tMSR\t2012\t01\t{}\tA.\tB.\tsource\tsource\n"
    for part in ("train", "dev", "test"):
        (tmp_path / f"sts-{part}.csv").write_text(row.format(2.5) + row.format(score))
    assert f"line 2: found score '{score}'; expected a number from 0 to 5" in refusal(
        "stsb", tmp_path
    )


def test_texts_without_words_are_counted(tmp_path):
    put(tmp_path, train__tsv=RTE + "2\t \tB.\tentailment\n", dev__tsv=RTE)
    assert load("rte", tmp_path).dropped == {"a text without words": 1}


def test_training_texts_must_be_there(shared_data, tmp_path):
    with pytest.raises(DataError, match=r"no training texts among test.*add the official"):
        load("qnli", shared_data)
