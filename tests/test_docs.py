"""The code of the documentation runs and prints what the page says.

Blocks of one heading continue those of the headings before. A heading whose block imports
a library that is not installed is skipped.
"""

import ast
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from attnjax.config.sections import DATA_NAMES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Section(NamedTuple):
    """The Python under one heading, and what it prints."""

    title: str
    code: str
    printed: str


def sections():
    found = []
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        blocks = {"python": "", "text": ""}
        for kind, text in BLOCK.findall(part):
            blocks[kind] += text
        if blocks["python"]:
            found.append(Section(part.splitlines()[0], blocks["python"], blocks["text"]))
    return found


SECTIONS = sections()


def missing(code):
    imported = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)]
    names = [alias.name.split(".")[0] for node in imported for alias in node.names]
    return [name for name in names if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="module")
def first_namespace():
    """What the complete example defines; the others build on it."""
    namespace = {"__name__": "extending"}
    exec(compile(SECTIONS[0].code, str(PAGE), "exec"), namespace)
    return namespace


def test_sections_are_found():
    assert SECTIONS[0].title == "Complete example in plain JAX"
    assert len(SECTIONS) == 4
    assert all(section.printed for section in SECTIONS)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_code_runs_and_prints_what_the_page_says(section, request, capsys):
    absent = missing(section.code)
    if absent:
        pytest.skip(f"{', '.join(absent)} is not installed")
    namespace = {}
    if section is not SECTIONS[0]:
        namespace |= request.getfixturevalue("first_namespace")
        capsys.readouterr()
    exec(compile(section.code, str(PAGE), "exec"), namespace)
    assert capsys.readouterr().out == section.printed


def test_the_readmes_library_code_runs_on_four_arrays():
    readme = PAGE.parents[1] / "README.md"
    part = readme.read_text(encoding="utf-8").split("## As a library")[1].split("\n## ")[0]
    code = "".join(text for kind, text in BLOCK.findall(part) if kind == "python")
    namespace = {
        "attention": np.array([[0.9, 0.05, 0.05]]),
        "values": np.array([[[1.0], [1.0], [-1.0]]]),
        "bias": np.array([0.0]),
        "mask": np.array([[True, True, True]]),
    }
    exec(compile(code, str(readme), "exec"), namespace)
    # Tokens 0 and 1 are twins: nearly all weight can go from one to the other unseen.
    assert namespace["exact"].attention[0, 0].argmax() == 1
    assert namespace["found"].winner_jsd[0] > 0.99 * namespace["exact"].jsd[0, 0]
    assert namespace["shuffled"].change.shape == (1, 100)


def test_the_table_of_data_sets_is_one_and_has_every_name():
    lines = PAGE.with_name("data.md").read_text(encoding="utf-8").split("\n")
    start = lines.index("| `data.name` | subfolder | files | classes | splits |")
    end = next(n for n in range(start, len(lines)) if not lines[n].startswith("|"))
    names = [line.split("`")[1] for line in lines[start + 2 : end]]
    assert sorted(names) == sorted(set(DATA_NAMES) - {"planted", "file", "tfds"})


def test_a_list_of_the_page_of_data_sets_has_no_gaps():
    page = PAGE.with_name("data.md").read_text(encoding="utf-8")
    assert not re.search(r"^(?:- |  \S).*\n\n- ", page, flags=re.MULTILINE)
