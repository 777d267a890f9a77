import json

import numpy as np
import pytest

from attnjax.measures.summary import summarise_tau, summarise_values

SETTINGS = {"samples": 200, "seed": 0}


def test_tau_summary_equals_numbers_worked_out_by_hand():
    tau = np.array([0.5, 0.1, np.nan, -0.3, 0.9], np.float32)
    p_value = np.array([0.05, 0.051, np.nan, 0.2, 0.001], np.float32)
    summary = summarise_tau(tau, p_value, np.array([0, 0, 1, 1, 1]), **SETTINGS)
    overall = summary["overall"]
    assert overall["mean"] == pytest.approx(0.3, abs=1e-7)
    assert overall["std"] == pytest.approx(np.sqrt((0.04 + 0.04 + 0.36 + 0.36) / 4), abs=1e-7)
    assert overall["significant"] == 0.5
    assert (overall["n"], overall["undefined"]) == (4, 1)
    assert overall["ci95"][0] < 0.3 < overall["ci95"][1]
    by_class = summary["by_class"]
    assert sorted(by_class) == ["0", "1"]
    assert by_class["0"]["mean"] == pytest.approx(0.3, abs=1e-7)
    assert by_class["0"]["significant"] == 0.5
    assert (by_class["1"]["n"], by_class["1"]["undefined"]) == (2, 1)
    assert by_class["1"]["mean"] == pytest.approx(0.3, abs=1e-7)


@pytest.mark.parametrize("count", [0, 3])
def test_nothing_defined_gives_none_never_nan(count):
    nothing = np.full(count, np.nan)
    predicted = np.zeros(count, np.int32)
    summary = summarise_tau(nothing, nothing, predicted, **SETTINGS)
    expected = {
        "mean": None, "std": None, "significant": None, "ci95": None, "n": 0, "undefined": count
    }  # fmt: skip
    assert summary["overall"] == expected
    assert summary["by_class"] == ({"0": expected} if count else {})
    values = summarise_values(nothing, **SETTINGS)
    assert values == {
        "mean": None, "median": None, "q25": None, "q75": None, "ci95": None,
        "n": 0, "undefined": count,
    }  # fmt: skip


def test_summaries_are_plain_json():
    values = np.random.default_rng(0).normal(size=30).astype(np.float32)
    tau = summarise_tau(values, np.abs(values), np.arange(30) % 2, **SETTINGS)
    for summary in (tau, summarise_values(values, **SETTINGS)):
        assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_values_summary_equals_numpy():
    values = np.array([4.0, 1.0, np.nan, 2.0, 10.0])
    summary = summarise_values(values, **SETTINGS)
    assert (summary["mean"], summary["median"]) == (4.25, 3.0)
    assert (summary["q25"], summary["q75"]) == (1.75, 5.5)
    assert (summary["n"], summary["undefined"]) == (4, 1)
    assert 1 <= summary["ci95"][0] < 4.25 < summary["ci95"][1] <= 10
