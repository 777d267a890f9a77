"""Whole runs of models that answer questions, from a user's own file to the report."""

import json
import subprocess
import sys

import chex
import jax
import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.spatial.distance import jensenshannon

from attnjax.config import resolve
from attnjax.errors import ConfigError
from attnjax.experiments.prepare import prepare
from attnjax.experiments.training import initial_params
from attnjax.models.build import build_model
from attnjax.training.loop import fit
from attnjax.training.members import members_of_seeds
from attnjax.training.objectives import classification
from attnjax.training.population import fit_population
from tests.processes import ROOT, environment
from tests.toy_question_config import PLACES, write_questions

COUNT = 60


def run_in(folder, data, *arguments):
    command = [
        sys.executable,
        str(ROOT / "train.py"),
        f"--config={ROOT / 'tests' / 'toy_question_config.py'}",
        f"--workdir={folder}",
        f"--config.data.path={data}",
        *arguments,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(None), timeout=300
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "results.json").read_text())
    return results, pq.read_table(folder / "instances.parquet").to_pylist()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("questions")
    data = write_questions(folder / "questions.jsonl", COUNT)
    return folder / "run", *run_in(folder / "run", data)


def test_every_test_is_done_or_says_why_not(finished):
    _, results, _ = finished
    adversary = results["tests"]["adversary"]
    assert adversary["exact"]["status"] == "skipped"
    assert "no readout" in adversary["exact"]["reason"]
    assert "no readout" in adversary["capped"]["reason"]
    for test in ("gradient_agreement", "leave_one_out_agreement", "gradient_leave_one_out"):
        overall = results["tests"][test]["tau"]["overall"]
        assert overall["n"] + overall["undefined"] == results["dataset"]["splits"]["test"]
    assert results["tests"]["permutation"]["median_output_change"]["mean"] > 0
    assert results["dataset"]["class_names"] == sorted(PLACES)
    train = json.loads((finished[0] / "stages" / "train.json").read_text())["summary"]
    assert train["score_name"] == results["model"]["score_name"] == "accuracy"
    dev = results["performance"]["dev"]
    assert train["best_score"] == pytest.approx(dev["accuracy"])


def test_answers_that_are_cut_off_are_counted(tmp_path):
    """In "mary is in the hall . john is ..." the first place is word 5, the second word 11."""
    data = write_questions(tmp_path / "questions.jsonl", COUNT)
    columns = {"question_column": "question", "candidates_column": "candidates"}
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    second = sum(row["text"].split()[10] == row["label"] for row in rows)
    assert 0 < second < COUNT
    short = {"name": "file", "path": str(data), "max_length": 12, **columns}
    prepared = prepare(resolve({"data": short}))
    note = f"The answer of {second} of 60 questions stand only beyond data.max_length."
    assert prepared.corpus.notes == (note,)
    assert prepared.truncated == COUNT
    assert prepare(resolve({"data": short | {"max_length": 20}})).corpus.notes == ()


def test_rows_are_of_the_question(finished):
    _, results, rows = finished
    places = results["dataset"]["class_names"]
    assert len(rows) == results["dataset"]["splits"]["test"] == 12
    for row in rows:
        assert row["question"][:2] == ["where", "is"]
        assert row["question"][2] in row["tokens"]
        assert {places[one] for one in row["candidates"]} == {*row["tokens"]} & {*places}
        others = {*range(4)} - {*row["candidates"]}
        for name in ("probability", "adversary.probability"):
            assert [row[name][one] for one in others] == [0.0, 0.0]
            assert sum(row[name]) == pytest.approx(1.0, abs=1e-6)
        assert row["predicted"] in row["candidates"]


def test_the_adversary_stays_within_epsilon_over_the_candidates(finished):
    _, results, rows = finished
    assert results["tests"]["adversary"]["epsilon"] == 0.05
    for row in rows:
        change = np.abs(np.subtract(row["adversary.probability"], row["probability"])).sum() / 2
        assert change <= 0.05 + 1e-6
        assert row["adversary.output_change"] == pytest.approx(change, abs=1e-6)
        found = jensenshannon(row["adversary.attention"], row["attention"]) ** 2
        assert row["adversary.jsd"] == pytest.approx(found, abs=1e-5)
    assert np.mean([row["adversary.jsd"] for row in rows]) > 0.1


def test_the_report_shows_what_is_asked(finished):
    folder, _, rows = finished
    page = (folder / "report.html").read_text()
    assert "the question is read but not attended to" in page
    assert "Average with additive attention, given a question" in page
    assert json.dumps(" ".join(rows[0]["question"])) in page


def test_weights_of_the_release_are_refused(tmp_path):
    data = write_questions(tmp_path / "questions.jsonl", COUNT)
    changes = {"path": str(data), "question_column": "question"}
    config = resolve({"data": changes, "model": {"weights": "a.npz"}, "tests": ()})
    with pytest.raises(ConfigError, match=r"'a\.npz' for data with questions"):
        initial_params(config, prepare(config))


@pytest.mark.slow
def test_models_of_questions_are_trained_again(tmp_path):
    """The tests that train other models, whose batches carry questions too."""
    data = write_questions(tmp_path / "questions.jsonl", COUNT)
    tests = ("uniform", "seeds", "guides", "trained_adversary")
    results, rows = run_in(
        tmp_path / "run",
        data,
        "--config.tests=" + ",".join(tests),
        "--config.seeds.count=2",
        "--config.trained_adversary.lambdas=0.001,0.1",
        "--config.trained_adversary.epochs=2",
    )
    assert set(results["tests"]) == set(tests)
    for row in rows:
        others = {*range(4)} - {*row["candidates"]}
        for name in ("seeds.probability", "uniform.probability", "trained_adversary.probability"):
            values = np.array(row[name]).reshape(2, 4)
            np.testing.assert_array_equal(values[:, [*others]], 0.0)
            np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-6)
    shown = results["tests"]["uniform"]
    assert 0 <= shown["base"]["accuracy"] <= 1


@pytest.mark.slow
def test_attention_to_the_question_is_learnt(tmp_path):
    """Only who reads the question can tell the two places apart: chance is a half."""
    data = write_questions(tmp_path / "questions.jsonl", 600)
    results, _ = run_in(
        tmp_path / "run",
        data,
        "--config.model.encoder=lstm",
        "--config.training.epochs=30",
        "--config.training.learning_rate=0.01",
        "--config.tests=permutation",
    )
    assert results["performance"]["test"]["accuracy"] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("encoder", "attention"), [("lstm", "additive"), ("cnn", "dot")])
def test_in_a_population_a_model_with_questions_ends_as_alone(tmp_path, encoder, attention):
    """With dropout, decay on attention and answers of their own; only the order of sums differs."""
    path = write_questions(tmp_path / "questions.jsonl", 150)
    columns = {"question_column": "question", "candidates_column": "candidates"}
    sizes = {"embedding_size": 8, "hidden_size": 8, "dropout": 0.2}
    config = resolve(
        {
            "data": {"name": "file", "path": str(path), **columns},
            "model": {"encoder": encoder, "attention": attention, **sizes},
            "training": {"epochs": 3, "batch_size": 16, "attention_weight_decay": 1e-3},
            "seed": 5,
        }
    )
    data = prepare(config)
    num_classes = len(data.corpus.class_names)
    model = build_model(
        config.model, vocabulary_size=len(data.vocabulary), num_classes=num_classes, question=True
    )
    common = {"train": data.splits["train"], "dev": data.splits["dev"], "lengths": data.lengths,
              "config": config, "progress": False}  # fmt: skip
    alone = fit(model, directory=tmp_path / "a", metrics_path=tmp_path / "a.jsonl", **common)
    population = fit_population(
        model,
        members=members_of_seeds(np.array([5, 9])),
        objective=classification,
        directory=tmp_path / "p",
        metrics_path=tmp_path / "p.jsonl",
        **common,
    )
    first = jax.tree.map(lambda leaf: leaf[0], population.params)
    chex.assert_trees_all_close(first, alone.params, rtol=0, atol=1e-5)
    assert population.best_epoch[0] == alone.best_epoch
    assert population.best_score[0] == pytest.approx(alone.best_score)
