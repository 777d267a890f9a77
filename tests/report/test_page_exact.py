"""The page with the strongest adversary, and texts and settings that need other words."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.report.findings_agreement import (
    level_sentence,
    random_findings,
    yardstick_findings,
)
from attnjax.report.load import read_run
from attnjax.report.numbers import Estimate
from attnjax.report.page import write_report

from .synthetic import ALL_TESTS, make_run
from .test_page import page_of


def _text(folder):
    write_report(folder, instances_limit=100, title="exact")
    return page_of(folder).text


def test_numbers_of_the_strongest_adversary_are_those_of_the_rows(binary):
    text, run = page_of(binary).text, read_run(binary)
    adversary = json.loads((binary / "results.json").read_text())["tests"]["adversary"]
    jsd, reach = (run.numbers(f"exact_adversary.{name}") for name in ("jsd", "max_output_change"))
    assert f"in {np.mean(jsd >= np.log(2) / 2):.0%} of 160 instances the strongest" in text
    assert f"in {np.mean(reach < 0.05):.0%} of the instances it is below 0.05" in text
    assert f"In {np.mean(reach <= 0.01):.0%} of the instances no attention at all" in text
    assert f"found {adversary['ratio_to_exact']:.0%} of the maximum" in text
    point = adversary["exact"]["curve"][0]
    assert f"0.001 {point['mean']:.3f} {point['q05']:.3f} {point['q25']:.3f}" in text
    assert "search, output change up to 0.01" in text
    assert (binary / "figures" / "exact_curve.svg").exists()


def test_the_strongest_adversary_alone_has_its_section(tmp_path):
    text = _text(make_run(tmp_path, n=40, tests=("exact_adversary",)))
    assert "The strongest adversary of each instance, ε = 0.01" in text
    assert "Is there a very different attention that leaves the prediction" not in text
    assert "The search found" not in text
    assert "mean of the search" not in text
    assert "permutation, adversary, capped adversary." in text.split("Not run: ")[1]


def test_a_model_that_cannot_be_solved_is_named_with_the_reason(nasty):
    text = page_of(nasty).text
    assert "The strongest adversary was not computed: the model has too many classes." in text
    assert "Adversarial attention" in text


def test_an_absent_exact_adversary_is_named(tmp_path):
    tests = tuple(one for one in ALL_TESTS if one != "exact_adversary")
    text = _text(make_run(tmp_path, n=40, tests=tests))
    assert "Not run: exact adversary." in text


@pytest.fixture(scope="module")
def one_token(tmp_path_factory):
    """A folder of texts of one token, as a run would leave it."""
    folder = make_run(tmp_path_factory.mktemp("one"), n=12, length=(1, 1))
    _silence(folder, range(12))
    return folder


def _silence(folder, singles):
    """Write what is true of texts of one token: no change, no divergence, no tau."""
    table = pq.read_table(folder / "instances.parquet")
    for name in table.column_names:
        values = table.column(name).to_pylist()
        if name.endswith(".tau"):
            values = [None if row in singles else one for row, one in enumerate(values)]
        elif name.endswith((".jsd", "output_change")):
            values = [0.0 if row in singles else one for row, one in enumerate(values)]
        else:
            continue
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values, pa.float64()))
    pq.write_table(table, folder / "instances.parquet")
    if len(singles) == table.num_rows:
        results = json.loads((folder / "results.json").read_text())
        nothing = {"mean": None, "ci95": None, "n": 0, "undefined": 12}
        for test in ALL_TESTS[:4]:
            results["tests"][test]["tau"] = {"overall": nothing, "by_class": {"0": nothing}}
        (folder / "results.json").write_text(json.dumps(results))


def test_texts_of_one_token_alone_support_no_finding(one_token):
    text = _text(one_token)
    assert text.count("every text has one token, and one token has no order") == 4
    assert "the same score" not in text.split("Glossary")[0].split("At a glance")[1]
    assert "says nothing about the model: there is nothing to shuffle" in text
    assert text.count("says nothing about the model: no attention but its own exists") == 3
    assert "hardly matters which token" not in text
    assert "at least 0.75 on one token" not in text


def test_texts_of_one_token_do_not_count_as_peaked(tmp_path):
    texts = [["word"]] * 15 + [["good", "bad", "long", "film", "dull"]] * 25
    folder = make_run(tmp_path, n=40, texts=texts)
    _silence(folder, range(15))
    run, text = read_run(folder), _text(folder)
    top = run.numbers("max_attention")
    assert top is not None
    peaked = int(np.sum((top >= 0.75) & (run.lengths > 1)))
    assert 0 < peaked < int(np.sum(top >= 0.75)) - 14
    assert f"Of the {peaked} instances with a weight of at least 0.75 on one token" in text
    assert text.count(f"Of the {peaked} instances whose attention puts at least 0.75") == 2
    assert "Texts of one token (15) have nothing to shuffle" in text
    assert text.count("Texts of one token (15) have no attention but the model's own") == 2


def test_some_texts_of_one_token_are_one_possible_reason_for_undefined_taus():
    nothing = Estimate(None, None, None, 0)
    mixed = level_sentence("attention", "the gradient", nothing, single=0.25)
    assert "the same score, or the text has one token (25% have)" in mixed
    random = random_findings(nothing, None, single=1.0)
    for found in (random, yardstick_findings(nothing, single=1.0)):
        assert "one token has no order" in found.follows[0]


def test_the_epsilons_of_a_release_run_are_the_searchs_own(tmp_path):
    config = {"protocol": {"setting": "release"}, "adversary": {"epsilon": 0.02}}
    folder = make_run(tmp_path, n=40, config=config)
    results = json.loads((folder / "results.json").read_text())
    adversary = results["tests"]["adversary"]
    adversary["epsilon"] = 0.02
    adversary["search"]["settings"] |= {"optimizer_epsilon": 0.01, "filter_epsilon": 0.05}
    adversary["exact"]["curve"][1]["epsilon"] = 0.02
    (folder / "results.json").write_text(json.dumps(results))
    text = _text(folder)
    assert "keeps the output within ε = 0.01 (total variation distance)" in text
    assert "candidates whose output changes by at most 0.05" in text
    assert "aimed at an output change of at most 0.01 and accepted up to 0.05" in text
    assert "The config's adversary.epsilon, 0.02, had no part in the search" in text
    assert "output change up to 0.05), and at least 97% of it" in text
    assert "The strongest adversary of each instance, ε = 0.02" in text


def test_tiny_changes_are_not_printed_as_nothing(tmp_path):
    folder = make_run(tmp_path, n=200, tests=("permutation",))
    table = pq.read_table(folder / "instances.parquet")
    name = "permutation.median_output_change"
    place = table.column_names.index(name)
    tiny = np.asarray(table.column(name)) * 1e-3
    table = table.set_column(place, name, pa.array(tiny))
    pq.write_table(table, folder / "instances.parquet")
    results = json.loads((folder / "results.json").read_text())
    test = results["tests"]["permutation"]
    summary = test["median_output_change"]
    for key in ("mean", "median", "q25", "q75"):
        summary[key] *= 1e-3
    summary["ci95"] = [one * 1e-3 for one in summary["ci95"]]
    for one in test["by_max_attention"]:
        for key in ("mean", "median"):
            one[key] = one[key] and one[key] * 1e-3
    (folder / "results.json").write_text(json.dumps(results))
    section = _text(folder).split("Does the output notice")[1].split("What this run cannot")[0]
    assert f"in half of the instances by {np.median(tiny):.4f} or less" in section
    follows = section.split("What follows")[1]
    assert "0.00 " not in follows
    assert "0.000 " not in section.split("Median output change (TVD)")[1]
