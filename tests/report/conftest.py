"""Reports of synthetic runs, made once."""

from pathlib import Path

import pytest

from attnjax.report.page import write_report

from .synthetic import make_run
from .synthetic_models import add_models

NASTY = [
    "<script>alert(1)</script>",
    "</script>",
    "<!--",
    '"quoted"',
    "it's",
    "back\\slash",
    "😀",
    "שלום",
    "\u202ereversed",
    "a\0b",
    "\u2028",
    "&amp;",
    "x" * 5000,
    "<img src=x onerror=alert(1)>",
]
"""Tokens that have broken pages before."""


@pytest.fixture(scope="session")
def binary(tmp_path_factory) -> Path:
    """The report of a binary model with every test of the paper."""
    folder = make_run(tmp_path_factory.mktemp("binary"), n=160)
    write_report(folder, instances_limit=5000, title="A binary run")
    return folder


@pytest.fixture(scope="session")
def planted(tmp_path_factory) -> Path:
    """The report of a run on the planted corpus with both controls."""
    folder = make_run(tmp_path_factory.mktemp("planted"), n=90, planted=True)
    write_report(folder, instances_limit=5000, title="A planted run")
    return folder


@pytest.fixture(scope="session")
def nasty(tmp_path_factory) -> Path:
    """The report of four classes whose names and texts are hostile; a limited adversary."""
    texts = [[*NASTY, "good", str(number)] for number in range(60)]
    folder = make_run(
        tmp_path_factory.mktemp("nasty"),
        n=60,
        class_names=("<b>bold</b>", "$x_1$", "😀", "a\0b"),
        texts=texts,
        encoder="cnn",
        published=None,
        limit=40,
    )
    write_report(folder, instances_limit=5000, title="</title><script>alert(2)</script>")
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """The report of a run with the tests that train other models."""
    tests = ("adversary", "exact_adversary")
    folder = add_models(make_run(tmp_path_factory.mktemp("models"), n=60, tests=tests))
    write_report(folder, instances_limit=20, title="Models")
    return folder


@pytest.fixture(scope="session")
def large(tmp_path_factory) -> Path:
    """The report of as much text as a page is promised to hold: 5,000 texts of 200 tokens."""
    folder = make_run(
        tmp_path_factory.mktemp("large"), n=5000, length=(200, 200), vocabulary=50_000
    )
    write_report(folder, instances_limit=5000, title="A large run")
    return folder
