import numpy as np
import pytest
from scipy.stats import kendalltau

from attnjax.experiments.agreement import agreement, random_scores, taus


def _ragged(seed, lengths):
    rng = np.random.default_rng(seed)
    return [rng.random(length, np.float32) for length in lengths]


def test_taus_of_ragged_vectors_are_scipys():
    lengths = [2, 7, 8, 9, 33, 34, 70]
    first, second = _ragged(0, lengths), _ragged(1, lengths)
    tau, p_value = taus(first, second)
    expected = [kendalltau(x, y) for x, y in zip(first, second, strict=True)]
    # 1e-6: the kernel works in float32 and both lie in [-1, 1].
    np.testing.assert_allclose(tau, [one.statistic for one in expected], atol=1e-6)
    np.testing.assert_allclose(p_value, [one.pvalue for one in expected], atol=1e-6)


def test_undefined_taus_are_counted_and_not_averaged():
    first = [np.array([1, 2, 3], np.float32), np.ones(3, np.float32), np.ones(1, np.float32)]
    second = [np.array([1, 2, 3], np.float32)] * 2 + [np.ones(1, np.float32)]
    result = agreement(
        "t",
        first,
        second,
        instance_id=np.array([5, 6, 7]),
        predicted=np.array([0, 0, 1]),
        samples=20,
        seed=0,
    )
    overall = result.summary["tau"]["overall"]
    assert (overall["n"], overall["undefined"], overall["mean"]) == (1, 2, 1.0)
    assert np.isnan(result.rows["t.tau"]).tolist() == [False, True, True]


def test_random_scores_belong_to_the_instance():
    together = random_scores([4, 6], np.array([3, 9]), seed=0, draw=0)
    alone = random_scores([6], np.array([9]), seed=0, draw=0)
    np.testing.assert_array_equal(together[1], alone[0])
    assert not np.array_equal(random_scores([6], np.array([9]), seed=0, draw=1)[0], alone[0])


def test_random_scores_have_no_tau_on_average():
    lengths = [20] * 400
    ids = np.arange(400)
    tau, _ = taus(random_scores(lengths, ids, seed=0, draw=0), _ragged(2, lengths))
    # The null's standard deviation at n = 20 is 0.163, of the mean of 400 0.0081: four of them.
    assert abs(tau.mean()) < 0.033
    assert tau.std() == pytest.approx(0.163, abs=0.02)
