"""The enclosed adversary of several classes as a test of the trial: its rows and its numbers."""

import numpy as np
import pytest

from attnjax.adversaries.multiclass import GUARANTEES, multiclass_adversary_of_model
from attnjax.experiments.multiclass import enclosed_adversaries, summarise_enclosed
from attnjax.types import Batch
from tests.models.tiny import TEXTS, stacked, tiny

EPSILON = 0.05
INTERVALS = {"samples": 20, "seed": 0}


@pytest.fixture(scope="module")
def rows():
    """Two batches of one shape, each with a row that only fills it."""
    kind, inputs = tiny("average", num_classes=3), stacked(TEXTS, 12, empty_rows=1)
    valid = np.array([True] * len(TEXTS) + [False])
    later = inputs.replace(instance_id=inputs.instance_id + 10)
    batches = [Batch(inputs, valid), Batch(later, valid)]
    return enclosed_adversaries(*kind, batches, epsilon=EPSILON, memory_bytes=2**24)


def test_rows_are_the_adversarys(rows):
    kind, inputs = tiny("average", num_classes=3), stacked(TEXTS, 12, empty_rows=1)
    found = multiclass_adversary_of_model(*kind, inputs, epsilons=(EPSILON,), memory_bytes=2**24)
    assert rows["instance_id"].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    for name in ("lower", "upper", "output_change", "guarantee", "says_nothing"):
        expected = np.tile(np.asarray(getattr(found, name))[: len(TEXTS), 0], 2)
        # The same program in another jit: float32 rounding of values below 1.
        np.testing.assert_allclose(rows[f"exact_adversary.{name}"], expected, rtol=0, atol=1e-6)
    assert (rows["exact_adversary.output_change"] <= EPSILON).all()
    for index, text in enumerate(TEXTS):
        attention = rows["exact_adversary.lower_attention"][index]
        assert len(attention) == len(text) - 2
        assert attention.sum() == pytest.approx(1, abs=1e-6)


def test_the_summary_is_numpys(rows):
    summary = summarise_enclosed(rows, None, epsilon=EPSILON, **INTERVALS).summary
    lower, upper = (rows[f"exact_adversary.{name}"].astype(float) for name in ("lower", "upper"))
    for name, values in (("lower", lower), ("upper", upper), ("gap", upper - lower)):
        assert summary[name]["mean"] == pytest.approx(values.mean(), abs=1e-7)
    assert sum(summary["guarantee"].values()) == len(lower)
    assert tuple(summary["guarantee"]) == GUARANTEES
    for number, name in enumerate(GUARANTEES):
        count = (rows["exact_adversary.guarantee"] == number).sum()
        assert summary["guarantee"][name] == count
    assert summary["says_nothing_share"] == rows["exact_adversary.says_nothing"].mean()


def test_what_a_search_found_within_epsilon_raises_the_lower_bound():
    own = {
        "instance_id": np.arange(4),
        "exact_adversary.lower": np.array([0.2, 0.2, 0.2, 0.2]),
        "exact_adversary.upper": np.array([0.4, 0.4, 0.4, 0.25]),
        "exact_adversary.guarantee": np.array([2, 2, 3, 1]),
        "exact_adversary.says_nothing": np.array([False, False, False, True]),
    }
    search = {
        "instance_id": np.array([3, 1, 0]),
        "adversary.jsd": np.array([0.26, 0.3, 0.1]),
        # The last is found within epsilon; instance 1 only within a looser limit.
        "adversary.output_change": np.array([0.01, 0.05, 0.01]),
    }
    found = summarise_enclosed(own, search, epsilon=0.01, **INTERVALS).summary
    assert found["lower"]["mean"] == pytest.approx((0.2 + 0.2 + 0.2 + 0.25) / 4)
    loose = summarise_enclosed(own, search, epsilon=0.05, **INTERVALS).summary
    assert loose["lower"]["mean"] == pytest.approx((0.2 + 0.3 + 0.2 + 0.25) / 4)
    assert loose["gap"]["mean"] == pytest.approx((0.2 + 0.1 + 0.2 + 0.0) / 4)
    assert loose["says_nothing_share"] == 0.25
