"""A fine-tuned GPT on trial, through the command: what a run leaves, and what it refuses."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import kendalltau

from tests.experiments.gpt import toy_fine_tuning as toy
from tests.experiments.gpt.toy_fine_tuning import run

TESTS = (
    "gradient_agreement,leave_one_out_agreement,gradient_leave_one_out,random_agreement,"
    "permutation,adversary,uniform"
)
SETTINGS = {
    "fine_tuning__seeds": 1,
    "fine_tuning__epochs": 4,
    "fine_tuning__learning_rate": 1e-2,
    "tests": TESTS,
    "permutation__count": 5,
    "adversary__steps": 20,
    "adversary__epsilon": 0.05,
}


@pytest.fixture(scope="module")
def on_trial(tmp_path_factory, files):
    """A finished run with every test, of the last layer's classify row."""
    folder = tmp_path_factory.mktemp("trial") / "run"
    given = {"fine_tuning__dir": files / "data", "fine_tuning__start": files / "weights"}
    assert run(folder, **given, **SETTINGS) == 0
    return folder


def results_of(folder):
    return json.loads((folder / "results.json").read_text())


def columns(folder):
    table = pq.read_table(folder / "instances.parquet")
    return {name: table.column(name).to_pylist() for name in table.column_names}


@pytest.mark.slow
def test_rows_are_of_the_texts(on_trial):
    rows = columns(on_trial)
    texts = toy.texts(24, 1)
    for number, tokens, label in zip(
        rows["instance_id"], rows["tokens"], rows["label"], strict=True
    ):
        whole = "".join(one.removesuffix("·") + " " * (not one.endswith("·")) for one in tokens)
        assert (whole.strip(), label) == texts[number]
    for name in ("attention", "attention.layer_1", "attention.layer_2", "gradient"):
        assert list(map(len, rows[name])) == list(map(len, rows["tokens"]))
    # The part is the last layer's row, and a token's weight is the mean over its heads.
    for own, layer in zip(rows["attention"], rows["attention.layer_2"], strict=True):
        np.testing.assert_allclose(own, layer, rtol=1e-5)
        assert 0 < sum(own) < 1  # start and classify have the rest
    assert rows["max_attention"] == pytest.approx([max(one) for one in rows["attention"]])


@pytest.mark.slow
def test_agreements_are_those_of_scipy(on_trial):
    rows, tests = columns(on_trial), results_of(on_trial)["tests"]
    for name, first, second in (
        ("gradient_agreement", "attention", "gradient"),
        ("leave_one_out_agreement", "attention", "leave_one_out"),
        ("gradient_leave_one_out", "gradient", "leave_one_out"),
    ):
        expected = [
            kendalltau(np.float32(np.abs(one)), np.float32(np.abs(other))).statistic
            for one, other in zip(rows[first], rows[second], strict=True)
        ]
        np.testing.assert_allclose(np.float64(rows[f"{name}.tau"]), expected, atol=1e-6)
        assert tests[name]["tau"]["overall"]["mean"] == pytest.approx(np.nanmean(expected))


@pytest.mark.slow
def test_changed_weights(on_trial):
    rows, results = columns(on_trial), results_of(on_trial)
    tests = results["tests"]
    assert tests["fine_tuning"]["sst2"]["metric"] == "accuracy"
    assert results["part"] == {
        "layer": 2,
        "head": None,
        "rows": "classify",
        "layers": 2,
        "heads": 2,
        "seed": 0,
    }
    before = np.array(rows["probability"])
    after = np.array(rows["adversary.probability"])
    change = 0.5 * np.abs(after - before).sum(axis=1)
    np.testing.assert_allclose(rows["adversary.output_change"], change, atol=1e-5)
    assert change.max() <= 0.05 + 1e-5
    assert np.all(np.array(rows["adversary.jsd"]) <= np.log(2) + 1e-6)
    assert tests["adversary"]["search"]["max_jsd"]["mean"] == pytest.approx(
        np.mean(rows["adversary.jsd"])
    )
    evened = np.array(rows["uniform.probability"])
    np.testing.assert_allclose(
        rows["uniform.output_change"], 0.5 * np.abs(evened - before).sum(axis=1), atol=1e-5
    )
    labels = np.array(rows["label"])
    assert tests["uniform"]["trained"] is False
    assert tests["uniform"]["uniform"]["accuracy"] == np.mean(evened.argmax(1) == labels)
    assert tests["uniform"]["base"]["accuracy"] == np.mean(before.argmax(1) == labels)
    assert results["performance"]["test"]["accuracy"] == np.mean(before.argmax(1) == labels)


@pytest.mark.slow
def test_the_page_is_true_of_a_gpt(on_trial):
    page = (on_trial / "report.html").read_text()
    for anchor in ("on_trial", "gradient_agreement", "permutation", "adversary", "uniform"):
        assert f'<section id="{anchor}">' in page
    assert "the weights of the classify token in layer 2 of 2 (2 heads)" in page
    for wrong in ("its output layer", "the encoder", "BiLSTM", "Nothing here shows that the model"):
        assert wrong not in page.split('<section id="glossary">')[0]
    assert '"layer 1"' in page
    assert re.findall(r"https?:|@import|url\((?!#)", page.replace("http://www.w3.org", "")) == []


@pytest.mark.slow
def test_the_same_command_does_nothing_again_and_another_part_is_refused(on_trial, files, capsys):
    given = {"fine_tuning__dir": files / "data", "fine_tuning__start": files / "weights"}
    before = (on_trial / "results.json").read_bytes()
    assert run(on_trial, **given, **SETTINGS) == 0
    assert "] " in (said := capsys.readouterr().err)
    assert not re.search(r"\] \w+ \.\.\.", said)  # no stage is begun
    assert (on_trial / "results.json").read_bytes() == before
    assert run(on_trial, **given, **SETTINGS, part__layer=1) == 2
    assert "part.layer" in capsys.readouterr().err


@pytest.mark.slow
def test_choices_on_trial_with_all_rows_of_a_head(files, tmp_path):
    code = run(
        tmp_path / "run",
        fine_tuning__task="dream",
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "weights",
        fine_tuning__seeds=1,
        fine_tuning__epochs=1,
        fine_tuning__batch_size=4,
        tests="leave_one_out_agreement,permutation",
        permutation__count=2,
        part__layer=0,
        part__head=2,
        part__rows="all",
    )
    assert code == 0
    rows = columns(tmp_path / "run")
    # Three choices, each with the dialogue and the question: all of their tokens are scored.
    assert list(map(len, rows["leave_one_out"])) == list(map(len, rows["tokens"]))
    assert [len(one) for one in rows["probability"]] == [3] * 8
    assert "head 2 of 2" in (tmp_path / "run" / "report.html").read_text()


def test_a_part_that_does_not_exist_and_scores_are_refused(files, tmp_path, capsys):
    code = run(
        tmp_path / "run",
        fine_tuning__task="stsb",
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "weights",
        tests="permutation",
        part__layer=3,
        part__head=4,
    )
    said = capsys.readouterr().err
    assert code == 2
    assert not (tmp_path / "run" / "stages").exists()
    assert "config.part.layer: found 3; expected 1 to 2" in said
    assert "config.part.head: found 4; expected 1 to 2" in said
    assert "config.tests: found permutation; expected tests of a task of classes" in said


def test_an_lstm_has_no_attention(files, tmp_path, capsys):
    code = run(
        tmp_path / "run",
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "lstm",
        tests="permutation",
    )
    assert code == 2
    assert "an LSTM has no attention" in capsys.readouterr().err
