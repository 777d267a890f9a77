from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from attnjax.measures.recovery import (
    average_precision,
    chance_level,
    evidence_share,
    precision_at_evidence,
)

# Ratios of small integers in float64.
TOLERANCE = 1e-12


def random_cases(count=300, seed=0):
    """Yield scores, two thirds of them with ties, and evidence."""
    generator = np.random.default_rng(seed)
    for case in range(count):
        n = generator.integers(1, 15)
        evidence = generator.random(n) < 0.4
        evidence[generator.integers(n)] = True
        scores = generator.random(n).astype(np.float32)
        yield (np.round(scores * (case % 3 * 3)) if case % 3 else scores), evidence


def test_average_precision_equals_sklearn():
    for scores, evidence in random_cases():
        expected = average_precision_score(evidence, scores)
        assert average_precision(scores, evidence) == pytest.approx(expected, abs=TOLERANCE)


def test_precision_is_the_mean_over_all_ways_to_break_ties():
    generator = np.random.default_rng(0)
    for _ in range(40):
        n = generator.integers(1, 6)
        scores = generator.integers(0, 3, size=n).astype(float)
        evidence = generator.random(n) < 0.5
        evidence[generator.integers(n)] = True
        places = evidence.sum()
        shares = []
        for order in permutations(range(n)):
            # Python's sort is stable: equal scores keep this order.
            ranked = sorted(order, key=lambda position: -scores[position])
            shares.append(evidence[list(ranked[:places])].mean())
        expected = np.mean(shares)
        assert precision_at_evidence(scores, evidence) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize(("n", "places"), [(1, 1), (2, 1), (4, 2), (5, 1), (5, 4), (5, 5), (6, 3)])
def test_chance_is_the_mean_over_all_rankings(n, places):
    evidence = np.arange(n) < places
    orders = [np.array(order, float) for order in permutations(range(n))]
    average = np.mean([average_precision_score(evidence, order) for order in orders])
    assert chance_level(evidence) == pytest.approx(average, abs=TOLERANCE)
    precision = np.mean([evidence[np.argsort(-order)[:places]].mean() for order in orders])
    assert evidence_share(evidence) == pytest.approx(precision, abs=TOLERANCE)


def test_perfect_and_worst_rankings():
    evidence = np.array([True, False, False, True])
    assert average_precision(np.array([4.0, 1.0, 2.0, 3.0]), evidence) == 1
    assert precision_at_evidence(np.array([4.0, 1.0, 2.0, 3.0]), evidence) == 1
    assert average_precision(np.array([1.0, 4.0, 3.0, 2.0]), evidence) == (1 / 3 + 2 / 4) / 2
    assert precision_at_evidence(np.array([1.0, 4.0, 3.0, 2.0]), evidence) == 0


def test_constant_scores_are_worth_the_share_of_evidence():
    evidence = np.array([True, False, False, False])
    assert average_precision(np.zeros(4), evidence) == 0.25
    assert precision_at_evidence(np.zeros(4), evidence) == 0.25


@pytest.mark.parametrize("measure", [average_precision, precision_at_evidence])
def test_undefined_without_evidence_or_with_nan(measure):
    assert np.isnan(measure(np.array([1.0, 2.0]), np.array([False, False])))
    assert np.isnan(measure(np.array([1.0, np.nan]), np.array([True, False])))


def test_chance_is_undefined_without_evidence():
    assert np.isnan(chance_level(np.array([False])))
    assert np.isnan(evidence_share(np.array([False])))
