import numpy as np
import pytest
import scipy.stats

from attnjax.measures import bootstrap
from attnjax.measures.bootstrap import bootstrap_interval


def test_mean_of_many_values_is_the_normal_interval():
    values = np.random.default_rng(0).normal(3, 2, size=2000)
    low, high = bootstrap_interval(values, samples=4000, seed=1)
    error = 1.96 * values.std() / np.sqrt(len(values))
    # The ends are quantiles of 4,000 draws: known to about 3% of the half width.
    assert low == pytest.approx(values.mean() - error, abs=0.08 * error)
    assert high == pytest.approx(values.mean() + error, abs=0.08 * error)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_agrees_with_scipy_on_skewed_values(statistic):
    values = np.random.default_rng(1).exponential(size=60)
    ours = bootstrap_interval(values, samples=20_000, seed=2, statistic=statistic, level=0.9)
    theirs = scipy.stats.bootstrap(
        (values,),
        getattr(np, statistic),
        confidence_level=0.9,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    # Monte Carlo error of both, against a width of about 0.4.
    np.testing.assert_allclose(ours, theirs, atol=0.015)


def test_covers_as_often_as_it_says():
    generator = np.random.default_rng(4)
    covered = []
    for seed in range(300):
        low, high = bootstrap_interval(generator.normal(size=80), samples=300, seed=seed)
        covered.append(low <= 0 <= high)
    # Binomial standard error .013; the percentile interval is a little short at n = 80.
    assert 0.90 <= np.mean(covered) <= 0.98


def test_undefined_values_are_left_out():
    values = np.arange(20.0)
    with_nan = np.insert(values, [0, 5, 20], np.nan)
    assert bootstrap_interval(with_nan, samples=50, seed=0) == bootstrap_interval(
        values, samples=50, seed=0
    )


def test_same_seed_same_interval_another_seed_another():
    values = np.random.default_rng(0).normal(size=50)
    first = bootstrap_interval(values, samples=100, seed=0)
    assert first == bootstrap_interval(values, samples=100, seed=0)
    assert first != bootstrap_interval(values, samples=100, seed=1)


def test_blocks_change_nothing(monkeypatch):
    values = np.random.default_rng(0).normal(size=33)
    whole = bootstrap_interval(values, samples=101, seed=0)
    monkeypatch.setattr(bootstrap, "DRAWS_AT_A_TIME", 33 * 7)
    assert bootstrap_interval(values, samples=101, seed=0) == whole
    monkeypatch.setattr(bootstrap, "DRAWS_AT_A_TIME", 1)
    assert bootstrap_interval(values, samples=101, seed=0) == whole


def test_one_value_has_no_width_and_none_no_interval():
    assert bootstrap_interval(np.array([2.5]), samples=10, seed=0) == (2.5, 2.5)
    assert np.isnan(bootstrap_interval(np.array([np.nan]), samples=10, seed=0)).all()
    assert np.isnan(bootstrap_interval(np.array([]), samples=10, seed=0)).all()


def test_unknown_statistic_is_refused():
    with pytest.raises(ValueError, match="statistic: found 'mode'; expected mean or median"):
        bootstrap_interval(np.ones(3), samples=10, seed=0, statistic="mode")
