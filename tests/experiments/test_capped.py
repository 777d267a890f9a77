"""The constrained adversary as a test of the trial: its rows and its numbers."""

import numpy as np
import pytest

from attnjax.adversaries.capped import capped_adversary_of_model
from attnjax.adversaries.constraint import Status
from attnjax.adversaries.spread import spread_adversary_of_model
from attnjax.experiments.capped import (
    constrain_batch,
    constrained_adversaries,
    constraints_of,
    summarise_constrained,
)
from attnjax.types import Batch
from tests.models.tiny import TEXTS, stacked, tiny

CONSTRAINTS = {"caps": (0.25, 0.5), "floors": (0.5,)}
EPSILON = 0.05


@pytest.fixture(scope="module")
def rows():
    """Two batches of one shape, each with a row that only fills it."""
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    valid = np.array([True] * len(TEXTS) + [False])
    later = inputs.replace(instance_id=inputs.instance_id + 10)
    batches = [Batch(inputs, valid), Batch(later, valid)]
    return constrained_adversaries(
        *kind, batches, **CONSTRAINTS, epsilon=EPSILON, memory_bytes=2**24
    )


def test_rows_are_the_adversaries(rows):
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    assert rows["instance_id"].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    capped = capped_adversary_of_model(*kind, inputs, caps=(0.25, 0.5), epsilon=EPSILON)
    spread = spread_adversary_of_model(*kind, inputs, floors=(0.5,), epsilon=EPSILON)
    found = [(capped, 0), (capped, 1), (spread, 0)]
    for constraint, (result, at) in zip(constraints_of(**CONSTRAINTS), found, strict=True):
        status = np.asarray(result.status)[: len(TEXTS), at]
        np.testing.assert_array_equal(rows[f"{constraint.name}_status"], np.tile(status, 2))
        for name in ("lower", "upper"):
            expected = np.tile(np.asarray(getattr(result, name))[: len(TEXTS), at], 2)
            # The same program in another jit: float32 rounding of values below 1; the
            # ellipsoids of an entropy's bound pass it on.
            tolerance = 1e-6 if constraint.kind == "cap" else 1e-3
            np.testing.assert_allclose(
                rows[f"{constraint.name}_{name}"], expected, rtol=0, atol=tolerance
            )
        for index, text in enumerate(TEXTS):
            attention = rows[f"{constraint.name}_attention"][index]
            feasible = status[index] != Status.INFEASIBLE
            assert len(attention) == (len(text) - 2 if feasible else 0)
            if constraint.kind == "cap":
                assert attention.max(initial=0) <= constraint.limit + 1e-6


def test_one_compilation_serves_every_batch_of_a_shape(rows):
    del rows  # made first
    before = constrain_batch._cache_size()  # pyright: ignore[reportFunctionMemberAccess]
    kind, inputs = tiny("lstm"), stacked(TEXTS, 12, empty_rows=1)
    constrain_batch(*kind, inputs, **CONSTRAINTS, epsilon=EPSILON, memory_bytes=2**24)
    assert constrain_batch._cache_size() == before  # pyright: ignore[reportFunctionMemberAccess]


def test_the_summary_is_numpys(rows):
    result = summarise_constrained(rows, **CONSTRAINTS, epsilon=EPSILON, samples=20, seed=0)
    quarter, half, spread = result.summary["constraints"]
    assert (quarter["cap"], half["cap"], spread["entropy_share"]) == (0.25, 0.5, 0.5)
    for entry, constraint in zip(
        (quarter, half, spread), constraints_of(**CONSTRAINTS), strict=True
    ):
        lower, upper, status = (
            rows[f"{constraint.name}_{name}"] for name in ("lower", "upper", "status")
        )
        some = status != Status.INFEASIBLE
        assert entry["infeasible_share"] == pytest.approx(1 - some.mean())
        assert entry["lower"]["undefined"] == (~some).sum()
        assert entry["optimal_share"] == pytest.approx((status[some] == Status.OPTIMAL).mean())
        for name, values in (("lower", lower), ("upper", upper), ("gap", upper - lower)):
            assert entry[name]["mean"] == pytest.approx(values[some].mean(dtype=float), abs=1e-12)
        assert "between lower and upper" in entry["guarantee"]
    short = [len(text) - 2 < 4 for text in TEXTS]
    assert quarter["infeasible_share"] >= np.mean(short) > 0


def test_a_constraint_that_nothing_meets_has_no_numbers():
    nowhere = {
        "instance_id": np.array([0]),
        "capped_adversary.cap_0.1_lower": np.array([np.nan]),
        "capped_adversary.cap_0.1_upper": np.array([np.nan]),
        "capped_adversary.cap_0.1_status": np.array([int(Status.INFEASIBLE)]),
        "capped_adversary.cap_0.1_own_violates": np.array([True]),
    }
    found = summarise_constrained(nowhere, caps=(0.1,), floors=(), epsilon=0.01, samples=10, seed=0)
    (entry,) = found.summary["constraints"]
    assert entry["infeasible_share"] == entry["own_violates_share"] == 1
    assert entry["lower"]["mean"] is entry["optimal_share"] is None
