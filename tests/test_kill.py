"""A run killed at any moment, given again, ends as if it had never been killed."""

import pytest

from tests.processes import STAGES, end_state, killed, run


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return end_state(folder)


@pytest.mark.kill
def test_twenty_kills_over_all_stages_change_nothing(tmp_path, undisturbed, cache):
    places = [*STAGES, "report"]
    # Every stage once; what is left of the twenty falls on the longest, training.
    again = ["train_positive_control", *["train"] * 20][: max(0, 20 - len(places))]
    moments = sorted(
        ((stage, seed) for seed, stage in enumerate([*places, *again])),
        key=lambda moment: places.index(moment[0]),
    )
    assert len(moments) >= 20
    # A kill that comes after the last line finds the process gone: it does not count.
    assert killed(tmp_path / "run", moments, cache=cache) >= len(moments) - 2
    assert end_state(tmp_path / "run") == undisturbed
