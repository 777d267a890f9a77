"""The page of runs that trained other models, odd ones among them."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.report.facts import Facts
from attnjax.report.findings_uniform import POOR_SUBJECT
from attnjax.report.load import read_run
from attnjax.report.page import write_report
from attnjax.report.sections_models import uniform_section
from attnjax.report.sections_seeds import seed_quantiles
from attnjax.report.sections_trained import trained_section
from attnjax.report.sweeps import per_text, read_sweep

from .synthetic import make_run
from .synthetic_models import COUNTER_TESTS, add_models, change_results
from .test_page import page_of


def _page(folder):
    write_report(folder, instances_limit=20, title="models")
    return page_of(folder)


def test_the_part_opens_with_the_diagram_and_has_a_section_for_each_test(models):
    page = page_of(models)
    places = [page.ids.index(one) for one in ("exact_adversary", "models", *COUNTER_TESTS)]
    assert places == sorted(places)
    assert len(page.ids) == len(set(page.ids))
    for one in ("models", *COUNTER_TESTS):
        assert f"#{one}" in page.addresses
    figures = {one.stem for one in (models / "figures").iterdir()}
    assert {"models", "seeds_jsd_by_max_attention", "guide_scores", "trained_adversary"} <= figures


def test_every_row_of_the_part_has_its_sentence(models):
    html = (models / "report.html").read_text(encoding="utf-8")
    part = html[html.index('<section id="uniform">') : html.index('<section id="scope">')]
    tables = re.findall(r"<table.*?</table>", part, flags=re.DOTALL)
    assert len(tables) == 10
    for table in tables:
        rows = re.findall(r'<th scope="row">', table)
        sentences = re.findall(r'<tr class="meaning"><td colspan="\d"><p>([^<]+)</p>', table)
        assert len(rows) == len(sentences) > 0
        assert all(one.strip().endswith(".") for one in sentences)


def test_numbers_of_the_page_are_those_of_the_results(models):
    text = page_of(models).text
    tests = json.loads((models / "results.json").read_text())["tests"]
    gain, ends = (tests["uniform"][key]["f1"] for key in ("difference", "difference_ci95"))
    assert f"{gain:.3f} ({ends[0]:.3f} to {ends[1]:.3f})" in text
    assert f"seed 3 {tests['seeds']['per_seed'][2]['f1']:.3f}" in text
    base = tests["guides"]["differences"]["base"]
    assert f"by {base['f1']:.3f} (95% interval {base['f1_ci95'][0]:.3f}" in text
    sweep = tests["trained_adversary"]
    for one in sweep["lambdas"]:
        assert f" {one['jsd']:.3f} {one['tvd']:.3f} {one['f1']:.3f} {one['auc']:.3f}" in text
    assert "0.000065" in text
    assert "e-05" not in text.split("Resolved config")[0]
    assert "mean length of a state 3.10 4.40 1.42" in text


def test_the_glance_has_the_part(models):
    text = page_of(models).text.split("At a glance")[2].split("In brackets")[0]
    for words in (
        "F1 with learnt minus F1 with uniform attention (means of 8 seeds)",
        "Mean JSD of 8 other seeds: the yardstick",
        "Share of the seeds that the trained adversary is farther away than",
        "F1 of the model without context: the base's attention minus uniform",
        "mean JSD",
        "Mean attention left on the planted evidence by the mass adversary 0.004 (base 0.620)",
    ):
        assert words in text
    assert "and over seeds where kinds of training are compared" in page_of(models).text


def test_published_figures_stand_with_their_status(models):
    text = page_of(models).text
    assert text.count("from memory, not verified against the paper") == 3
    assert "F1 of the base 0.831, of uniform attention 0.822" in text
    assert "F1 with the trained adversary's attention 0.592" in text


def test_quantiles_and_gaps_are_those_of_the_rows(models):
    facts = Facts(read_run(models))
    sweep = read_sweep(facts)
    assert sweep.chosen is not None
    table = pq.read_table(models / "instances.parquet")
    ours = np.array(table.column("trained_adversary.jsd").to_pylist())[:, sweep.chosen]
    seeds = np.array(table.column("seeds.jsd").to_pylist())
    assert seed_quantiles(facts)["trained"] == pytest.approx(np.mean(seeds < ours[:, None]))
    gap = sweep.gaps["seeds"].jsd
    assert gap is not None
    assert gap.value == pytest.approx(np.mean(ours - seeds.mean(axis=1)))


def test_a_diverged_seed_leaves_the_others_mean(tmp_path):
    folder = add_models(make_run(tmp_path, n=6, tests=("permutation",)), tests=("seeds",), seeds=2)
    table = pq.read_table(folder / "instances.parquet")
    lists = table.column("seeds.jsd").to_pylist()
    lists[0], lists[1], lists[2] = [None, 0.25], [None, None], []
    place = table.column_names.index("seeds.jsd")
    table = table.set_column(place, "seeds.jsd", pa.array(lists))
    pq.write_table(table, folder / "instances.parquet")
    found = per_text(Facts(read_run(folder)), "seeds.jsd")
    assert found is not None
    assert found[0] == 0.25
    assert np.isnan(found[1:3]).all()
    assert found[3] == pytest.approx(np.mean(lists[3]))


def test_what_is_not_run_is_named_and_the_caveats_know_what_is(models, tmp_path):
    with_models = page_of(models).text
    without = _page(make_run(tmp_path, n=12, tests=("adversary",))).text
    assert "Not run of the tests that train other models" not in with_models
    assert "train other models: uniform, seeds, guides, trained adversary, mass" in without
    assert "This run has no trained model that would produce them" in without
    assert "Whether a trained model has other weights is asked further below" in with_models
    assert "The base was trained once" in with_models
    assert "the same model with uniform attention was not trained" not in with_models


@pytest.mark.parametrize(
    ("gain", "half_width", "words", "poor"),
    [(0.03, 0.01, "has a subject here", False), (0.0, 0.01, "up to that, uniform attention", True),
     (0.01, 0.05, "Nothing here shows", True), (-0.05, 0.01, "does better without", True)],
)  # fmt: skip
def test_whether_attention_is_a_poor_subject_depends_on_the_run(
    tmp_path, gain, half_width, words, poor
):
    folder = make_run(tmp_path, n=20, tests=("permutation",))
    add_models(folder, tests=("uniform",), gain=gain, half_width=half_width)
    text = " ".join(uniform_section(Facts(read_run(folder))).findings.follows)
    assert words in text
    assert (POOR_SUBJECT in text) == poor


@pytest.mark.parametrize(("variant", "encoder"), [("sparse", "lstm"), ("redundant", "average")])
def test_the_contrast_is_explained_on_a_variant_of_the_planted_corpus(tmp_path, variant, encoder):
    folder = make_run(tmp_path, n=12, planted=True, encoder=encoder, tests=("permutation",))
    add_models(folder, tests=("uniform", "trained_adversary"), variant=variant)
    facts = Facts(read_run(folder))
    found = [*uniform_section(facts).findings.follows, *trained_section(facts).findings.follows]
    text = " ".join(found)
    assert text.count(f"The evidence of this corpus is {variant}") == 2
    assert ("This encoder mixes context" in text) == (encoder == "lstm")
    assert "heart of the debate" in text


def test_mixed_evidence_has_no_contrast(tmp_path):
    folder = make_run(tmp_path, n=12, planted=True, tests=("permutation",))
    add_models(folder, tests=("uniform",), variant="mixed")
    found = uniform_section(Facts(read_run(folder))).findings
    assert "evidence" not in " ".join(found.follows)


ODD = {
    "one seed and one lambda": {"seeds": 1, "lambdas": (5.25e-4,), "quantiles": (None, None)},
    "every lambda diverged": {"lambdas": (0.1, 1.0), "diverged": (0, 1)},
    "one lambda diverged": {"diverged": (3,)},
    "another base": {"base": "runs/elsewhere"},
    "null quantile": {"quantiles": (0.4, None), "marked": "words"},
    "seeds alone": {"tests": ("seeds",)},
    "guides alone": {"tests": ("guides",)},
    "sweep alone": {"tests": ("trained_adversary",)},
    "mass alone": {"tests": ("mass_adversary",)},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_runs_have_a_page_without_nan_or_none(tmp_path, name):
    folder = add_models(make_run(tmp_path, n=12, tests=("adversary",)), **ODD[name])
    text = _page(folder).text.split("Resolved config")[0]
    assert not re.findall(r"\b(nan|None)\b", text)


def test_several_classes_have_their_part(tmp_path):
    folder = make_run(tmp_path, n=24, class_names=("no", "maybe", "yes"), published=None,
                      tests=("adversary", "exact_adversary"))  # fmt: skip
    text = _page(add_models(folder)).text
    assert "Attention as a guide" in text
    assert "strongest, text by text" not in text
    assert "verified against the paper" not in text


def test_undefined_scores_and_missing_intervals_are_no_comparison(tmp_path):
    # So many that an accuracy of 0.78 is known to be above the most frequent class.
    folder = make_run(tmp_path, n=120, tests=("permutation",))
    add_models(folder, tests=("uniform", "guides", "mass_adversary"))

    def undefine(tests):
        for one in (tests["uniform"]["base"], tests["uniform"]["difference"]):
            one["auc"] = None
        tests["uniform"]["difference_ci95"] = {"f1": None, "auc": None}
        tests["guides"]["differences"]["base"] |= {"auc": None, "f1_ci95": None, "auc_ci95": None}
        tests["guides"]["base"] |= {"auc": None, "auc_ci95": None}
        tests["mass_adversary"]["mass"]["adversary"] = [None, 0.2]
        tests["mass_adversary"]["f1"]["adversary"] = [None, None]

    change_results(folder, undefine)
    text = _page(folder).text
    assert "AUC is undefined with learnt attention or with uniform attention" in text
    assert "it has no interval" in text
    assert "Without intervals nothing can be said" in text
    assert "No numbers: no test text has both marked and other tokens." in text
    assert not re.findall(r"\b(nan|None)\b", text.split("Resolved config")[0])


def test_hostile_names_of_files_are_text(tmp_path):
    folder = make_run(tmp_path, n=12, tests=("permutation",))
    add_models(folder, tests=("trained_adversary",), base="runs/<script>alert(1)</script>&a\0b")
    page = _page(folder)
    assert page.tags.count("script") == 2
    assert "script>" in page.text
