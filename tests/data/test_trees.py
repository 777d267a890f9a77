import gzip

import pytest

from attnjax.data.trees import Tree, parse_tree, read_trees
from attnjax.errors import UserErrors


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("(2 word)", Tree(2, ("word",))),
        ("(3 (2 It) (4 (2 's) (3 good)))", Tree(3, ("It", "'s", "good"))),
        ("(0 (1 -LRB-) (2 either\\/or) (2 \\*) (1 -RRB-))", Tree(0, ("(", "either/or", "*", ")"))),
        ("(1 (2 8\u00a01\\/2) (2 0))", Tree(1, ("8\u00a01/2", "0"))),
        ("(4 (2 4)(2 1))", Tree(4, ("4", "1"))),
    ],
)
def test_root_label_and_words(text, tree):
    assert parse_tree(text) == tree


def test_deep_trees_need_no_recursion():
    depth = 20_000
    assert parse_tree("(1 " * depth + "x" + ")" * depth).tokens == ("x",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no tree"),
        ("words only", "outside of the tree"),
        ("(3 (2 It)", "never closed"),
        ("(3 (2 It)))", "outside of the tree"),
        ("(5 It)", "where a label"),
        ("(x It)", "where a label"),
        ("()", "where a label"),
        ("(3)", "without words"),
        ("((3 It))", "a bracket where a label"),
        ("(3 It is)", "beside word"),
        ("(3 (2 It) is)", "beside subtrees"),
        ("(3 It (2 is))", "a bracket where a label or"),
        ("(3 It) (3 is)", "a second tree"),
        ("(3", "never closed"),
        ("(", "no tree|never closed"),
    ],
)
def test_damaged_trees_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_tree(text)


def test_lines_at_fault_are_named_together(tmp_path):
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(b"(3 good)\n(3 (2 bad)\n\n(9 worse)\n(1 dull)\n"))
    with pytest.raises(UserErrors) as raised:
        read_trees(path)
    assert f"{path}, line 2: found a bracket that is never closed" in str(raised.value)
    assert f"{path}, line 4: found '9' where a label" in str(raised.value)
