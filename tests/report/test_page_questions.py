"""What a report says of questions, whose answers are many and not always all possible."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.report.facts import Facts
from attnjax.report.instances import embed_instances
from attnjax.report.load import read_run
from attnjax.report.page import write_report
from attnjax.report.scope import instance_notes, scope_notes
from attnjax.report.sections import performance_section
from tests.report.synthetic import make_run
from tests.report.test_page import page_of

NAMES = tuple(f"@entity{number}" for number in range(8))


def test_many_classes_are_taken_together(tmp_path):
    """Of many classes some two always differ, and a row each would bury the one of all."""
    folder = make_run(tmp_path, n=200, class_names=NAMES, tests=("gradient_agreement",),
                      published=None)  # fmt: skip
    results = json.loads((folder / "results.json").read_text())
    by_class = results["tests"]["gradient_agreement"]["tau"]["by_class"]
    assert len(by_class) == 8
    by_class["0"] |= {"mean": -0.9, "ci95": [-0.9, -0.9]}
    (folder / "results.json").write_text(json.dumps(results))
    write_report(folder, instances_limit=0, title="names")
    text = page_of(folder).text
    assert "differs by predicted class" not in text
    assert "8 of 8 classes are predicted: too many for a row each" in text


@pytest.fixture(scope="module")
def asked(binary, tmp_path_factory):
    """A run whose questions have 3,000 words and, two of three times, one possible answer."""
    folder = shutil.copytree(binary, tmp_path_factory.mktemp("asked") / "run")
    table = pq.read_table(folder / "instances.parquet")
    questions = [[f"word{place}" for place in range(3000)]] * len(table)
    candidates = [[0, 1] if row % 3 == 0 else [0] for row in range(len(table))]
    table = table.append_column("question", pa.array(questions))
    table = table.append_column("candidates", pa.array(candidates, pa.list_(pa.int32())))
    pq.write_table(table, folder / "instances.parquet")
    return read_run(folder)


def test_long_questions_are_cut_to_the_size_of_the_page(asked):
    embedded = embed_instances(asked, limit=20, max_bytes=60_000)
    assert len(embedded.json.encode()) < 60_000
    shown = json.loads(embedded.json)["question"]
    assert {len(words.split()) for words in shown} == {embedded.question_cut}
    assert 50 < embedded.question_cut < 3000
    note = f"questions are shown up to their first {embedded.question_cut} words"
    assert any(note in one for one in instance_notes(asked, embedded))
    whole = embed_instances(asked, limit=2)
    assert whole.question_cut == 0
    assert not any("questions are shown" in one for one in instance_notes(asked, whole))


def test_questions_with_one_possible_answer_are_counted(asked):
    # 160 instances, of which 54 have two candidates.
    assert any("106 questions have one possible answer (of 160)" in n for n in scope_notes(asked))


def test_what_chose_the_best_epoch_is_named(binary, tmp_path):
    folder = shutil.copytree(binary, tmp_path / "run")
    results = json.loads((folder / "results.json").read_text())
    results["model"]["score_name"] = "accuracy"
    (folder / "results.json").write_text(json.dumps(results))
    section = performance_section(Facts(read_run(folder)))
    assert "(the dev split chose the best epoch by accuracy)" in section.reading
    older = performance_section(Facts(read_run(binary))).reading
    assert "(the dev split chose the best epoch)" in older
