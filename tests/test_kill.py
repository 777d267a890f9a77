"""A run killed at any moment, given again, ends as if it had never been killed."""

import pytest

from attnjax.config import JAIN_WALLACE
from attnjax.experiments.stages import needed
from tests.processes import end_state, kill_in, random_delay, run

STAGES = [stage.name for stage in needed(JAIN_WALLACE)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return end_state(folder)


def _killed(folder, moments, cache):
    """Kill once per (stage, seed) and count the kills; then let the run end."""
    kills = 0
    for stage, seed in moments:
        marker = "report" if stage == "report" else f"[{STAGES.index(stage) + 1}/"
        most = 3.0 if stage.startswith("train") else 0.8
        kills += kill_in(folder, marker, random_delay(seed, most), cache=cache)
    done = run(folder, cache=cache)
    assert done.returncode == 0, done.stderr
    return kills


def test_three_kills_change_nothing(tmp_path, undisturbed, cache):
    moments = [("train", 1), ("train", 2), ("adversary", 3)]
    assert _killed(tmp_path / "run", moments, cache) >= 2
    assert end_state(tmp_path / "run") == undisturbed


@pytest.mark.kill
def test_twenty_kills_over_all_stages_change_nothing(tmp_path, undisturbed, cache):
    again = [("train", seed) for seed in range(3)] + [("train_positive_control", 3)]
    moments = sorted(
        [*again, *((stage, 10 + seed) for seed, stage in enumerate([*STAGES, "report", "report"]))],
        key=lambda moment: [*STAGES, "report"].index(moment[0]),
    )
    assert len(moments) == 20
    # A kill that comes after the last line finds the process gone: it does not count.
    assert _killed(tmp_path / "run", moments, cache) >= 18
    assert end_state(tmp_path / "run") == undisturbed
