"""Switches and fixtures of every test."""

import os
from pathlib import Path

import jax
import pytest

# The tests' own compilations are small; a shared cache would hide a missing retrace.
os.environ.setdefault("MPLBACKEND", "agg")

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared"


@pytest.fixture(autouse=True, scope="session")
def strict_jax():
    jax.config.update("jax_numpy_rank_promotion", "raise")
    jax.config.update("jax_debug_key_reuse", True)


@pytest.fixture
def key():
    return jax.random.key(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real datasets; skips where this checkout has none beside it."""
    folder = (SHARED / "data").resolve()
    if not folder.is_dir():
        pytest.skip("the real datasets (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def parity_folder() -> Path:
    """What the papers' released code computed; skips where it is not on this machine."""
    folder = (SHARED / "reference" / "parity").resolve()
    if not folder.is_dir():
        pytest.skip("the parity arrays (../shared/reference/parity) are not on this machine")
    return folder
