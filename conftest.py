"""What all tests share, those in docstrings too."""

from pathlib import Path

import jax
import pytest

MAPS = Path("/proc/self/maps")
MOST_MAPS = 20_000
"""Linux gives a process 65,530; a compiled program takes up to some hundreds of them."""


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Drop compiled programs between two files before there is no room for more."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
