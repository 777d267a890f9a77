"""Formatting, and the statistics against scipy."""

import numpy as np
import pytest
import scipy.stats

from attnjax.report.numbers import (
    Estimate,
    as_estimate,
    interval,
    number,
    paired_difference,
    percent,
    plural,
    tau_needed,
    wilson_interval,
    with_interval,
)


def _with_inversions(length: int, inversions: int) -> np.ndarray:
    """A permutation with that many pairs out of order."""
    left, order = list(range(length)), []
    while left:
        place = min(inversions, len(left) - 1)
        order.append(left.pop(place))
        inversions -= place
    return np.array(order)


@pytest.mark.parametrize("length", [5, 6, 9, 14, 20, 33])
def test_tau_needed_is_the_first_that_scipy_calls_significant(length):
    pairs = length * (length - 1) // 2
    needed = tau_needed(length)
    assert needed is not None
    at = round((1 - needed) / 2 * pairs)

    def test(inversions):
        return scipy.stats.kendalltau(np.arange(length), _with_inversions(length, inversions))

    assert test(at).statistic == pytest.approx(needed, abs=1e-12)
    assert test(at).pvalue <= 0.05
    assert test(at + 1).pvalue > 0.05


@pytest.mark.parametrize("length", [34, 60])
def test_tau_needed_of_long_texts_matches_scipys_approximation(length):
    pairs = length * (length - 1) // 2
    needed = tau_needed(length)
    assert needed is not None
    at = int((1 - needed) / 2 * pairs)
    p_values = [
        scipy.stats.kendalltau(
            np.arange(length), _with_inversions(length, count), method="asymptotic"
        ).pvalue
        for count in (at, at + 1)
    ]
    # The taus on both sides of the threshold: they differ by one pair.
    assert p_values[0] <= 0.05 < p_values[1]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4])
def test_no_tau_of_a_very_short_text_is_significant(length):
    assert tau_needed(length) is None


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (37, 50), (1400, 1725)])
def test_wilson_interval_is_scipys(hits, n):
    expected = scipy.stats.binomtest(hits, n).proportion_ci(method="wilson")
    # Both from the same closed form; the digits of z differ in the seventh place.
    np.testing.assert_allclose(
        wilson_interval(hits / n, n), [expected.low, expected.high], atol=1e-6
    )


def test_paired_difference_is_over_instances_that_have_both():
    generator = np.random.default_rng(0)
    first = generator.normal(0.6, 0.1, 400)
    second = first - generator.normal(0.3, 0.05, 400)
    first[:5], second[5:10] = np.nan, np.nan
    found = paired_difference(first, second, samples=500, seed=0)
    both = np.array([a - b for a, b in zip(first[10:], second[10:], strict=True)])
    assert found is not None
    assert found.n == 390
    assert found.value == pytest.approx(both.mean())
    standard_error = both.std() / np.sqrt(390)
    # The bootstrap of a mean is close to normal: ends within a fifth of a standard error
    # times 1.96, which 500 samples hold with room to spare.
    assert found.low == pytest.approx(both.mean() - 1.96 * standard_error, abs=0.4 * standard_error)
    assert found.high == pytest.approx(
        both.mean() + 1.96 * standard_error, abs=0.4 * standard_error
    )
    assert paired_difference(first, None, samples=10, seed=0) is None
    assert paired_difference(first[:6], second[:6], samples=10, seed=0) is None


@pytest.mark.parametrize(
    ("estimate", "side"),
    [
        (Estimate(0.2, 0.1, 0.3), 1),
        (Estimate(-0.2, -0.3, -0.1), -1),
        (Estimate(0.0, -0.1, 0.1), 0),
        (Estimate(0.1, 0.0, 0.2), 0),
        (Estimate(0.1), 0),
    ],
)
def test_side_of_zero(estimate, side):
    assert estimate.side == side


def test_an_interval_never_rounds_to_a_false_zero():
    assert interval(Estimate(0.01, 0.0004, 0.02)) == "0.0004 to 0.0200"
    assert interval(Estimate(0.01, 0.0, 0.02)) == "0.00 to 0.02"
    assert with_interval(Estimate(-0.01, -0.02, -0.001)).count("0.00 ") == 0


def test_numbers_in_words():
    assert number(float("nan")) == number(None) == "\N{EN DASH}"
    assert number(-0.5) == "\N{MINUS SIGN}0.50"
    assert [percent(one) for one in (0.005, 0.5, 0.995)] == ["0.5%", "50%", "99.5%"]
    assert plural(0, "instance") == "0 instances"
    assert as_estimate({"mean": None, "ci95": None, "n": 0}) == Estimate(None, None, None, 0)
    assert as_estimate({"mean": 1, "ci95": [0, 2], "n": 3}) == Estimate(1.0, 0.0, 2.0, 3)
