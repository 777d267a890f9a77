"""The tasks' scores against scipy, scikit-learn and counts by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from attnjax.training.gpt.metrics import (
    TASK_METRICS,
    f1,
    matthews,
    pearson,
    predicted,
    prediction_loss,
    soft_scores,
    spearman,
    task_scores,
)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_classes_equal_scikit_learn(rng):
    labels, predictions = rng.integers(2, size=(2, 50))
    assert matthews(labels, predictions) == pytest.approx(
        sklearn_metrics.matthews_corrcoef(labels, predictions)
    )
    assert f1(labels, predictions) == pytest.approx(sklearn_metrics.f1_score(labels, predictions))


def test_matthews_by_hand():
    # TP 2, TN 1, FP 1, FN 1: (2 * 1 - 1 * 1) / sqrt(3 * 3 * 2 * 2)
    labels, predictions = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 1, 0])
    assert matthews(labels, predictions) == pytest.approx(1 / 6)


def test_scores_equal_scipy_with_ties(rng):
    labels = rng.integers(6, size=40) / 2
    predictions = labels + rng.integers(-2, 3, size=40)
    assert pearson(labels, predictions) == pytest.approx(
        stats.pearsonr(labels, predictions).statistic
    )
    assert spearman(labels, predictions) == pytest.approx(
        stats.spearmanr(labels, predictions).statistic
    )


def test_what_is_undefined_is_none():
    constant, other = np.ones(4, int), np.array([0, 1, 1, 0])
    assert matthews(other, constant) is None
    assert spearman(constant, other) is None
    assert f1(np.zeros(3, int), np.zeros(3, int)) is None
    assert task_scores(("accuracy", "pearson"), np.zeros(0), np.zeros(0)) == {
        "accuracy": None,
        "pearson": None,
    }


def test_every_task_of_the_paper_has_its_metric():
    assert len(TASK_METRICS) == 13
    assert {name for name, used in TASK_METRICS.items() if used[0] != "accuracy"} == {
        "cola",
        "mrpc",
        "stsb",
        "qqp",
    }


def test_one_logit_is_two_classes():
    logits = np.array([[-0.5], [0.5]])
    assert predicted(logits, kind="class").tolist() == [0, 1]
    assert predicted(logits, kind="score").tolist() == [-0.5, 0.5]
    # softplus(-0.5) and softplus(0.5)
    expected = (np.log1p(np.exp(-0.5)) + np.log1p(np.exp(0.5))) / 2
    assert prediction_loss(logits, np.array([0, 0]), kind="class") == pytest.approx(expected)
    assert prediction_loss(logits, np.array([0.5, 0.5]), kind="score") == pytest.approx(0.5)


def test_soft_scores_have_the_score_as_their_mean(rng):
    scores = rng.random(20) * 5
    soft = soft_scores(scores, 6)
    np.testing.assert_allclose(soft.sum(axis=1), 1.0)
    np.testing.assert_allclose(soft @ np.arange(6), scores)
    assert ((soft > 0).sum(axis=1) <= 2).all()
    np.testing.assert_allclose(predicted(np.log(soft + 1e-300), kind="score"), scores, atol=1e-9)
    with pytest.raises(ValueError, match="outside 0 to 5"):
        soft_scores(np.array([5.1]), 6)
