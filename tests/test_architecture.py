"""The direction of imports and the size of files, over every module of the package."""

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "attnjax"
MODULES = sorted(PACKAGE.rglob("*.py"))

FOUNDATION = ("errors", "types", "outputs", "config")
RANK = {
    **dict.fromkeys(FOUNDATION, 0),
    "data": 1,
    "models": 2,
    "training": 3,
    "measures": 4,
    "adversaries": 5,
    "experiments": 6,
    "report": 7,
}
"""How far right a part stands; adversaries maximise a measure, no measure knows them."""

SURFACE = ("cli", "commandline", "reproduce", "workspace")
"""What binds the parts together for the command line, and the work folder."""

LIBRARIES = {
    "flax": ("attnjax/models/",),
    "orbax": ("attnjax/training/checkpoint.py",),
    "matplotlib": ("attnjax/report/",),
    "jinja2": ("attnjax/report/",),
    "tensorflow_datasets": ("attnjax/data/",),
    "torch": ("attnjax/models/",),
    "gensim": ("attnjax/data/skip_gram.py",),
    "ftfy": ("attnjax/data/gpt/",),
    "spacy": ("attnjax/data/gpt/",),
    "tokenizers": ("attnjax/data/gpt/",),
}
"""Where alone a library may be imported."""

LAZY = (
    *("tensorflow_datasets", "pyarrow", "torch", "tensorflow", "gensim"),
    *("ftfy", "spacy", "tokenizers"),
)
"""What a stage imports where it needs it, so that importing a module stays cheap."""

BUILDERS = ("attnjax.data.sst_builder", "attnjax.data.texts.builders")
"""A TFDS builder is a subclass of TFDS's: the modules that import it at their top."""

MOST_LINES = 300


class Imported(NamedTuple):
    """One imported module, and whether it is imported with the file (not in a function)."""

    name: str
    at_top: bool


def imports(path: Path) -> list[Imported]:
    """Return what a file imports; a type-checking block counts like any other."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names = [str(node.module)]
            if node.module == "attnjax":
                names = [f"attnjax.{alias.name}" for alias in node.names]
        else:
            continue
        found += [Imported(name, id(node) not in inside) for name in names]
    return found


def part_of(name: str) -> str:
    """Return the part of the package that a dotted `attnjax` name belongs to."""
    return name.split(".")[1]


def where(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


def dotted(path: Path) -> str:
    return where(path).removesuffix(".py").replace("/", ".")


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_imports_go_leftwards(path):
    if path == PACKAGE / "__init__.py":
        return
    part = part_of(dotted(path))
    ours = [each.name for each in imports(path) if each.name.startswith("attnjax.")]
    if part in SURFACE:
        return
    assert part in RANK, f"{where(path)} belongs to no part: add it to RANK or to SURFACE"
    for name in ours:
        other = part_of(name)
        if part in FOUNDATION:
            assert other in FOUNDATION, f"{where(path)} is leftmost and imports {name}"
        elif other in SURFACE:
            # A work folder knows nothing of models: what is rightmost may write into it.
            assert other == "workspace", f"{where(path)} imports {name}"
            assert RANK[part] >= RANK["training"], f"{where(path)} imports {name}"
        else:
            same = other == part
            assert same or RANK[other] < RANK[part], f"{where(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_libraries_stay_in_their_place(path):
    for each in imports(path):
        library = each.name.split(".")[0]
        allowed = LIBRARIES.get(library, ("",))
        assert where(path).startswith(allowed), f"{where(path)} imports {library}"
        lazy = (library in LAZY and dotted(path) not in BUILDERS) or each.name in BUILDERS
        assert not (lazy and each.at_top), f"{where(path)}: import {each.name} lazily"


@pytest.mark.parametrize("path", MODULES, ids=where)
def test_file_is_short(path):
    num_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert num_lines <= MOST_LINES, f"{where(path)} has {num_lines} lines"


def test_no_pickle_is_read():
    """The one allowed name is the exception that PyTorch's safe loader raises."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & {"pickle", "dill"}, path
            if isinstance(node, ast.ImportFrom) and node.module == "pickle":
                assert [alias.name for alias in node.names] == ["UnpicklingError"], path


def test_the_rules_see_a_wrong_import(tmp_path):
    """The reader of imports itself: a nested import is found and told from one at the top."""
    file = tmp_path / "wrong.py"
    file.write_text("import flax.linen as nn\ndef f():\n    from attnjax import report\n")
    assert imports(file) == [Imported("flax.linen", True), Imported("attnjax.report", False)]
