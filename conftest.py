"""What all tests share, those in docstrings too."""

from pathlib import Path

import jax
import pytest

MAPS = Path("/proc/self/maps")
MOST_MAPS = 20_000
"""Linux gives a process 65,530; a compiled program takes up to some hundreds of them."""


def num_maps() -> int:
    """Return how many parts of memory this process has mapped; 0 where that is not known."""
    return MAPS.read_bytes().count(b"\n") if MAPS.exists() else 0


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Drop compiled programs between two files before there is no room for more."""
    yield
    if num_maps() > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def room_within_a_file():
    """Drop them between two tests of a file with many, where they are shared as long as can be."""
    yield
    if num_maps() > 2 * MOST_MAPS:
        jax.clear_caches()
