"""Which cases of the contract run when: all of them take half an hour of two cores."""

import zlib

import pytest

SHARE = 3


def marked(name):
    """Return the mark of a case that does not run by default.

    A third of these cases, drawn by their names, runs with the slow tests in `.ci/run`; the
    others are `exhaustive`: `pytest -m exhaustive` runs them.
    """
    return pytest.mark.exhaustive if zlib.crc32(name.encode()) % SHARE else pytest.mark.slow
