"""What `.ci/run` asks of the quickstart."""

import json
import runpy

import pytest

from tests.processes import ROOT

CHECK = runpy.run_path(str(ROOT / ".ci" / "check_quickstart.py"))
GIB = 2**30


@pytest.mark.parametrize(
    ("cost", "wrong"),
    [
        ((60, 70, GIB), []),
        ((500, 239, 2 * GIB - 1), []),  # a busy machine
        ((140, 241, GIB), ["241 s of CPU"]),
        ((601, 70, GIB), ["601 s are more"]),
        ((60, 70, 2 * GIB), ["2.00 GiB"]),
        ((601, 300, 3 * GIB), ["300 s of CPU", "601 s", "3.00 GiB"]),
    ],
)
def test_too_much_work_and_too_much_memory_fail(cost, wrong):
    failures = CHECK["cost_failures"](CHECK["Cost"](*cost))
    assert len(failures) == len(wrong)
    for failure, part in zip(failures, wrong, strict=True):
        assert part in failure


def test_a_missing_test_and_a_poor_model_fail(tmp_path):
    tests = {name: {} for name in CHECK["TESTS"] if name != "adversary"}
    results = {"tests": tests, "performance": {"test": {"accuracy": 0.9}}}
    (tmp_path / "results.json").write_text(json.dumps(results))
    (tmp_path / "report.html").write_bytes(bytes(200_000))
    assert CHECK["result_failures"](tmp_path) == [
        "test adversary is missing",
        "the strongest adversary is missing",
        "accuracy 0.900 is below 0.95",
    ]
