import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from attnjax.measures.resampling import (
    draw_resamples,
    interval,
    sample_means,
    sample_scores,
)
from attnjax.measures.weighted_scores import weighted_auc, weighted_f1
from attnjax.training.metrics import score


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def predictions(generator, *, members=3, instances=40, classes=2, decimals=1):
    """Class distributions with many ties, and labels of every class."""
    logits = generator.normal(size=(members, instances, classes)).round(decimals)
    probability = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return np.arange(instances) % classes, probability


def resamples(members, instances, samples, seed):
    for chunk in draw_resamples(members, instances, samples=samples, seed=seed):
        yield from zip(*chunk, strict=True)


@pytest.mark.parametrize("classes", [2, 4])
def test_scores_are_those_of_sklearn_on_copies_of_the_drawn(generator, classes):
    label, probability = predictions(generator, classes=classes)
    found = sample_scores(label, {"a": probability}, samples=12, seed=5)["a"]
    for row, (members, instances) in enumerate(resamples(3, 40, 12, 5)):
        drawn = np.repeat(np.arange(40), instances)
        f1, auc, accuracy = [], [], []
        for member in np.repeat(np.arange(3), members):
            true, predicted = label[drawn], probability[member, drawn]
            average = "binary" if classes == 2 else "macro"
            f1.append(f1_score(true, predicted.argmax(1), average=average))
            scores = predicted[:, 1] if classes == 2 else predicted
            auc.append(roc_auc_score(true, scores, multi_class="ovr"))
            accuracy.append((true == predicted.argmax(1)).mean())
        # 1e-12: both are float64 sums over at most 40 instances.
        assert found.f1[row] == pytest.approx(np.mean(f1), abs=1e-12)
        assert found.auc[row] == pytest.approx(np.mean(auc), abs=1e-12)
        assert found.accuracy[row] == pytest.approx(np.mean(accuracy), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_weights_of_one_give_the_scores_of_the_package(generator, classes):
    label, probability = predictions(generator, members=1, classes=classes)
    expected = score(label, probability[0])
    ones = np.ones((1, len(label)))
    f1 = weighted_f1(label, probability[0].argmax(1), ones, num_classes=classes)
    assert f1[0] == pytest.approx(expected.f1, abs=1e-12)
    areas = [
        weighted_auc(label == one, probability[0][:, one], ones)[0]
        for one in range(classes)[classes == 2 :]
    ]
    assert np.mean(areas) == pytest.approx(expected.auc, abs=1e-12)


def test_a_resample_without_a_class_has_no_area():
    label, scores = np.array([0, 0, 1]), np.array([0.1, 0.2, 0.3])
    weights = np.array([[1, 2, 0], [0, 0, 3], [1, 1, 1]])
    areas = weighted_auc(label == 1, scores, weights)
    assert np.isnan(areas[:2]).all()
    assert areas[2] == 1.0
    assert interval(areas) == (1.0, 1.0)
    assert interval(areas[:2]) is None


def test_a_class_that_is_nowhere_has_f1_zero_or_does_not_count():
    label, predicted = np.array([0, 0, 2]), np.array([0, 0, 2])
    ones = np.ones((1, 3))
    assert weighted_f1(label[:2], predicted[:2], ones[:, :2], num_classes=2)[0] == 0.0
    assert weighted_f1(label, predicted, ones, num_classes=3)[0] == 1.0


def test_equal_groups_differ_by_nothing_in_any_resample(generator):
    label, probability = predictions(generator)
    both = sample_scores(label, {"a": probability, "b": probability.copy()}, samples=30, seed=1)
    np.testing.assert_array_equal(both["a"].auc, both["b"].auc)
    np.testing.assert_array_equal(both["a"].f1, both["b"].f1)


def test_chunks_hold_all_samples_and_the_draw_depends_on_the_seed_alone(monkeypatch):
    monkeypatch.setattr("attnjax.measures.resampling.COUNTS_AT_A_TIME", 64)
    label, values = np.arange(10) % 2, np.random.default_rng(2).random((2, 10))
    assert len(list(draw_resamples(2, 10, samples=13, seed=0))) == 3
    probability = np.stack([1 - values, values], axis=2)
    first, again, other = (
        sample_scores(label, {"a": probability}, samples=13, seed=seed)["a"] for seed in (0, 0, 1)
    )
    assert len(first.auc) == 13
    np.testing.assert_array_equal(first.auc, again.auc)
    assert (first.accuracy != other.accuracy).any()


def test_means_have_the_variance_of_models_and_of_instances(generator):
    # An additive table of two effects: the variance of a resampled mean is the sum of both.
    members, instances = generator.normal(size=8), generator.normal(size=200)
    values = members[:, None] + instances
    sampled = sample_means(values, samples=4000, seed=0)
    expected = members.var() / 8 + instances.var() / 200
    # The variance of 4000 normal values is known to 2.2%: four standard errors.
    assert sampled.var() == pytest.approx(expected, rel=0.1)
    assert sampled.mean() == pytest.approx(values.mean(), abs=4 * np.sqrt(expected / 4000))


def test_means_are_those_of_copies_of_the_drawn(generator):
    values = generator.random((3, 7))
    sampled = sample_means(values, samples=5, seed=3)
    for row, (members, instances) in enumerate(resamples(3, 7, 5, 3)):
        copies = np.repeat(np.repeat(values, members, axis=0), instances, axis=1)
        assert copies.shape == (3, 7)
        assert sampled[row] == pytest.approx(copies.mean(), abs=1e-12)
