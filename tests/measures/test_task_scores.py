"""Scores of tasks over seeds: each resample's against the score of the copied rows."""

import math

import numpy as np
import pytest

from attnjax.measures.paired_seeds import paired_seeds, student_interval
from attnjax.measures.task_scores import sampled_task_scores, summarise_task, weighted_score
from attnjax.training.gpt.metrics import FUNCTIONS

LABELS = np.array([0, 1, 1, 0, 1, 0, 0, 1])
CLASSES = np.array([0, 1, 0, 0, 1, 1, 0, 1])
SCORES = np.array([1.0, 2.5, 2.5, 0.0, 5.0, 3.0, 3.0, 4.0])
GUESSED = np.array([1.5, 2.0, 4.0, 0.5, 4.0, 4.0, 1.5, 3.0])


@pytest.mark.parametrize(
    ("metric", "labels", "predictions"),
    [
        ("accuracy", LABELS, CLASSES),
        ("f1", LABELS, CLASSES),
        ("matthews", LABELS, CLASSES),
        ("pearson", SCORES, GUESSED),
        ("spearman", SCORES, GUESSED),
    ],
)
def test_weighted_score_is_that_of_copied_rows(metric, labels, predictions):
    generator = np.random.default_rng(3)
    drawn = [generator.integers(8, size=8) for _ in range(20)]
    weights = np.stack([np.bincount(one, minlength=8) for one in drawn])
    found = weighted_score(metric, labels, predictions, weights)
    for rows, value in zip(drawn, found, strict=True):
        expected = FUNCTIONS[metric](labels[rows], predictions[rows])
        if expected is None:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", ["f1", "matthews", "pearson", "spearman"])
def test_a_constant_resample_is_undefined(metric):
    # Row 0 alone, four times: one class, one score, and never class 1.
    weights = np.array([[4, 0]])
    found = weighted_score(metric, np.array([0, 1]), np.array([0, 1]), weights)
    assert np.isnan(found).all()


def test_a_model_that_is_not_drawn_may_be_undefined():
    # The second model always says 0: its Matthews is undefined, the first's is 1 or undefined.
    predictions = {"a": np.array([[0, 1, 0, 1], [0, 0, 0, 0]])}
    found = sampled_task_scores(
        "matthews", np.array([0, 1, 0, 1]), predictions, samples=64, seed=0
    )["a"]
    assert set(np.unique(found[~np.isnan(found)]).round(9)) == {1.0}
    # Both draws must be the first model: a quarter of the resamples at most.
    assert 0.05 < np.mean(~np.isnan(found)) < 0.4


def test_summary_by_hand():
    predictions = np.array([[0, 1, 1, 1], [0, 1, 0, 0]])
    found = summarise_task(
        ("accuracy", "f1"), np.array([0, 1, 1, 0]), predictions, seeds=(5, 6), samples=50, seed=0
    )
    assert [one["seed"] for one in found["seeds"]] == [5, 6]
    assert found["metric"] == "accuracy"
    assert found["scores"]["accuracy"]["mean"] == 0.75
    assert found["scores"]["accuracy"]["std"] == 0.0
    # F1: 2 * 2 / (2 + 3) and 2 * 1 / (2 + 1).
    assert found["scores"]["f1"]["mean"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found["scores"]["f1"]["std"] == pytest.approx((4 / 5 - 2 / 3) / 2)
    low, high = found["scores"]["accuracy"]["ci95"]
    assert 0.0 <= low < 0.75 < high <= 1.0


def test_interval_of_many_rows_is_the_normal_one():
    generator = np.random.default_rng(0)
    labels = np.zeros(4000, int)
    predictions = (generator.random((1, 4000)) < 0.2).astype(int)
    found = summarise_task(("accuracy",), labels, predictions, seeds=(0,), samples=2000, seed=1)
    mean = 1 - predictions.mean()
    half = 1.96 * math.sqrt(mean * (1 - mean) / 4000)
    expected = [mean - half, mean + half]
    assert found["scores"]["accuracy"]["ci95"] == pytest.approx(expected, abs=0.0015)


def test_student_interval_from_the_table():
    # t of 4 degrees of freedom at 0.975 is 2.776445; the deviation of 1..5 is sqrt(2.5).
    half = 2.776445 * math.sqrt(2.5) / math.sqrt(5)
    low, high = student_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (low, high) == pytest.approx((3 - half, 3 + half), abs=1e-5)
    assert student_interval([1.0]) is None


def test_student_interval_covers_as_it_says():
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(2000):
        low, high = student_interval(generator.standard_normal(5).tolist())
        hits += low <= 0 <= high
    # 0.95 with a standard error of 0.005.
    assert 0.93 < hits / 2000 < 0.97


def test_differences_are_paired_by_seed():
    # The seeds differ by 10, the trainings by 1 in each: pairing leaves no spread.
    found = paired_seeds([11.0, 21.0, 31.0], [10.0, 20.0, 30.0])
    assert found["differences"] == [1.0, 1.0, 1.0]
    assert found["ci95"] == [1.0, 1.0]
    undefined = paired_seeds([None, 0.5], [0.1, 0.2])
    assert undefined["undefined"] == 1
    assert undefined["mean"] == pytest.approx(0.3)
