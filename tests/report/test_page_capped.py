"""The page with constrained adversaries, and with the two bounds of several classes."""

import json

import numpy as np
import pytest

from attnjax.report.findings_capped import Together, capped_findings
from attnjax.report.load import read_run
from attnjax.report.page import write_report

from .synthetic import ALL_TESTS, enclose, make_run
from .test_page import page_of

CONSTRAINTS = [
    {"cap": 0.5, "gap": {"mean": 0.01}, "optimal_share": 0.5, "infeasible_share": 0.1,
     "own_violates_share": 0.2},
    {"entropy_share": 0.5, "gap": {"mean": 0.04}, "optimal_share": 1.0, "infeasible_share": 0.0,
     "own_violates_share": 0.0},
]  # fmt: skip
TOGETHER = Together(
    n=90, of=100, short=False, free=0.6, lower=(0.5, 0.3), upper=(0.52, 0.3), large=(0.8, 0.4),
    close=(0.0, 0.25),
)  # fmt: skip


def _says(sentences, words):
    return any(words in one for one in sentences)


def _found(**changes):
    return capped_findings(CONSTRAINTS, TOGETHER._replace(**changes), epsilon=0.01, single=False)


def test_what_remains_is_compared_on_the_same_instances():
    follows = _found().follows
    assert _says(follows, "over the 90 of 100 instances that can meet every constraint: 0.60")
    assert _says(follows, "with no weight above 0.5 0.50 to 0.52; with at least 50%")
    assert _says(follows, "at least 50% of the largest distance remains with at least 50% of")
    alone = _found(free=None).follows
    assert not _says(alone, "distance remains")
    assert not _says(alone, "without a constraint")
    assert not _says(_found(free=0.0, lower=(0.0, 0.0), upper=(0.0, 0.0)).follows, "remains with")


def test_sentences_need_their_condition():
    follows = _found().follows
    assert _says(follows, "in 10% of the instances with no weight above 0.5. There nothing")
    assert _says(follows, "less spread.")
    assert _says(_found(short=True).follows, "or the text has fewer tokens than the cap needs.")
    assert _says(follows, "already breaks the constraint: in 20% of the instances with no weight")
    assert _says(follows, "for 25% it is certain that none is so far")
    met = [one | {"infeasible_share": 0.0, "own_violates_share": 0.0} for one in CONSTRAINTS]
    kept = capped_findings(met, TOGETHER, epsilon=0.01, single=False).follows
    assert not _says(kept, "No attention at all")
    assert not _says(kept, "breaks")
    # Only the cap has instances whose maximum is not known.
    assert _says(_found().does_not_follow, "(most with no weight above 0.5, by 0.010 nats")
    known = [one | {"optimal_share": 1.0} for one in CONSTRAINTS]
    assert len(capped_findings(known, TOGETHER, epsilon=0.01, single=False).does_not_follow) == 1


def test_nothing_is_compared_where_nothing_can_be():
    assert _says(_found(n=0).follows, "they cannot be compared with one another")
    single = capped_findings(CONSTRAINTS, TOGETHER, epsilon=0.01, single=True)
    assert len(single.follows) == 1
    assert single.does_not_follow == ()


def test_numbers_of_the_page_are_those_of_the_rows(binary):
    text, run = page_of(binary).text, read_run(binary)
    names = ("cap_0.5", "cap_0.25", "entropy_share_0.5")
    lower = np.array([run.numbers(f"capped_adversary.{name}_lower") for name in names], float)
    upper = np.array([run.numbers(f"capped_adversary.{name}_upper") for name in names], float)
    exact = run.numbers("exact_adversary.jsd")
    assert exact is not None
    known = np.isfinite(lower).all(axis=0)
    assert 0 < known.sum() < run.size
    assert f"over the {known.sum()} of {run.size} instances that can meet" in text
    assert f"constraint: {exact[known].mean():.2f} without a constraint" in text
    low, high = lower[1][known].mean(), upper[1][known].mean()
    assert f"with no weight above 0.25 {low:.2f} to {high:.2f}" in text
    for one, name in zip(lower, ("no weight above 0.5", "no weight above 0.25"), strict=False):
        assert f"{name} {np.isfinite(one).sum()} {np.nanmean(one):.3f} (" in text
    svg = (binary / "figures" / "capped_adversary.svg").read_text()
    assert f"{low:.3f} to {high:.3f}" in svg


def test_constraints_alone_have_their_section(tmp_path):
    folder = make_run(tmp_path, n=40, tests=("capped_adversary",))
    write_report(folder, instances_limit=10, title="capped")
    text = page_of(folder).text
    assert "The strongest adversary among spread attentions" in text
    assert "without a constraint" not in text
    assert "exact adversary." in text.split("Not run: ")[1]


def test_where_a_constraint_leaves_nothing_the_page_says_so(tmp_path):
    texts = [["word"]] * 3 + [["a", "b"]] * 37
    folder = make_run(tmp_path, n=40, texts=texts, tests=("capped_adversary",))
    write_report(folder, instances_limit=10, title="short")
    text = page_of(folder).text
    assert "No instance has an attention within the limit under every constraint" in text
    assert "or the text has fewer tokens than the cap needs" in text
    assert not (folder / "figures" / "capped_adversary.svg").exists()


def test_a_model_that_cannot_be_bounded_is_named_with_the_reason(nasty):
    text = page_of(nasty).text
    assert "under constraints were not computed: the model has too many classes." in text


@pytest.fixture
def three(tmp_path):
    tests = tuple(one for one in ALL_TESTS if "_adversary" not in one)
    return make_run(tmp_path, n=60, class_names=("no", "maybe", "yes"), tests=tests)


def test_several_classes_have_an_interval(three):
    enclose(three)
    write_report(three, instances_limit=10, title="three")
    text, summary = page_of(three).text, _multiclass(three)
    low, high = (summary[name]["mean"] for name in ("lower", "upper"))
    assert f"moves the output by at most 0.01: between {low:.2f} and {high:.2f} nats" in text
    assert "The interval is 0.020 nats wide on average" in text
    assert "the log-odds of two groups of classes 40" in text
    assert "and what the search found within ε" in text
    assert "it is certain that every one lies below 0.1" in text
    assert "whatever their output" not in text
    assert "was not computed" not in text
    assert "exact adversary" not in text.split("Not run: ")[1]


def test_a_bound_that_says_nothing_is_named(three):
    enclose(three, guarantee=(1, 2), gap=0.2)
    write_report(three, instances_limit=10, title="three")
    text = page_of(three).text
    assert "In 50% of the instances the upper bound is that of all attentions" in text


def _multiclass(folder):
    return json.loads((folder / "results.json").read_text())["tests"]["adversary"]["multiclass"]
