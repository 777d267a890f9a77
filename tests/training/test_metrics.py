import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from attnjax.training.metrics import Scores, judge_scores, score


def draw(count, num_classes, seed):
    generator = np.random.default_rng(seed)
    # Two decimals: many ties.
    raw = generator.random((count, num_classes)).round(2) + 0.01
    return generator.integers(num_classes, size=count), raw / raw.sum(1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_scores_equal_sklearn(num_classes, seed):
    label, probability = draw(80, num_classes, seed)
    found, predicted = score(label, probability), probability.argmax(1)
    assert found.accuracy == pytest.approx(accuracy_score(label, predicted))
    average = "binary" if num_classes == 2 else "macro"
    assert found.f1 == pytest.approx(f1_score(label, predicted, average=average))
    assert found.f1_macro == pytest.approx(f1_score(label, predicted, average="macro"))
    scores = probability[:, 1] if num_classes == 2 else probability
    assert found.auc == pytest.approx(roc_auc_score(label, scores, multi_class="ovr"))
    assert found.loss == pytest.approx(log_loss(label, probability), rel=1e-9)


def test_f1_macro_leaves_out_classes_that_nobody_names():
    label, probability = np.array([0, 1, 1]), np.eye(3)[[0, 1, 0]]
    predicted = probability.argmax(1)
    found = score(label, probability)
    assert found.f1_macro == pytest.approx(f1_score(label, predicted, average="macro"))


def test_an_undefined_area_says_why():
    found = score(np.array([1, 1]), np.array([[0.4, 0.6], [0.6, 0.4]]))
    assert found.auc is None
    assert found.auc_undefined == "class 0 does not occur"
    assert found.f1 == pytest.approx(2 / 3)


def test_nan_probabilities_give_a_nan_loss():
    found = score(np.array([0, 1]), np.array([[np.nan, np.nan], [0.5, 0.5]]))
    assert np.isnan(found.loss)
    assert found.auc is None


def test_unknown_labels_are_left_out():
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    assert score(np.array([0, 1, -1]), probability).accuracy == 1.0
    with pytest.raises(ValueError, match="labelled"):
        score(np.array([-1]), probability[:1])


def test_a_sure_and_wrong_prediction_has_a_finite_loss():
    assert 80 < score(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])).loss * 2 < 100


SCORES = Scores(accuracy=0.5, f1=0.4, f1_macro=0.3, auc=0.8, loss=0.7)


@pytest.mark.parametrize(
    ("by", "num_classes", "scores", "expected"),
    [
        ("auto", 2, SCORES, ("auc", 0.8)),
        ("auto", 3, SCORES, ("accuracy", 0.5)),
        ("auc", 3, SCORES, ("auc", 0.8)),
        ("accuracy", 2, SCORES, ("accuracy", 0.5)),
        ("loss", 2, SCORES, ("negative_loss", -0.7)),
        ("auto", 2, SCORES._replace(auc=None), ("negative_loss", -0.7)),
        ("auc", 3, SCORES._replace(auc=None), ("negative_loss", -0.7)),
        ("auto", 3, SCORES._replace(auc=None), ("accuracy", 0.5)),
    ],
)
def test_what_an_epoch_is_judged_by(by, num_classes, scores, expected):
    assert judge_scores(scores, by, num_classes=num_classes) == expected
