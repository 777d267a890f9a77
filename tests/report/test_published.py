"""The package's copy of published figures against the reference facts."""

import json

import pytest

from attnjax.report.published import (
    ATTENTIONS,
    ENCODERS,
    published,
    published_models,
    published_note,
    published_performance,
    published_taus,
)
from attnjax.report.tables import agreement_table, performance_table

THEIRS = {
    "gradient_agreement": "tau_attention_gradient",
    "leave_one_out_agreement": "tau_attention_loo",
}


def test_every_cell_is_the_authors(parity_folder):
    reference = json.loads((parity_folder.parent / "published_tables.json").read_text())
    tables = reference["jain_wallace_2019"]["tables_kendall"]["data"]
    assert set(tables) == set(published()["agreement"])
    checked = 0
    for dataset, cells in tables.items():
        for attention, theirs in ATTENTIONS.items():
            for encoder, name in ENCODERS.items():
                for test, key in THEIRS.items():
                    found = published_taus(dataset, encoder, attention, test)
                    for group, one in cells[theirs][name][key].items():
                        cell = found["overall" if group == "Overall" else group]
                        assert tuple(cell) == (one["mean"], one["std"], one["sig_frac"])
                        checked += 1
                stats = cells[theirs][name]["corr_stats_relabelled"]["tau(grad,loo) [csv row gl]"]
                found = published_taus(dataset, encoder, attention, "gradient_leave_one_out")
                assert found["overall"].mean == stats["mean"]
    assert checked > 12 * 2 * 3 * 2


def test_table_1_is_called_unverified():
    row = published_performance("SST")
    assert row is not None
    assert row["score_status"] == "unverified"
    table = performance_table({"test": {"f1": 0.8}}, ["negative", "positive"], "SST")
    assert table.rows == (("F1 of “positive”", "0.800", "0.81"),)
    assert "not verified" in table.note


def test_figures_of_trained_models_are_the_references_and_called_unverified(parity_folder):
    reference = json.loads((parity_folder.parent / "published_tables.json").read_text())
    theirs = reference["wiegreffe_pinter_2019"]
    names = {"IMDb": "IMDB", "AgNews": "AG News"}
    for name, (_, base, uniform) in theirs["table2_F1"]["rows"].items():
        found = published_models(names.get(name, name), "lstm", "additive", "uniform")
        assert found == {"base": base, "uniform": uniform}
    guides = theirs["table3_mlp_guides_F1"]
    for place, name in enumerate(guides["columns"]):
        found = published_models(names.get(name, name), "lstm", "additive", "guides")
        assert list(found.values()) == [row[place] for row in guides["rows"].values()]
    for name, values in theirs["table4_best_adversaries"]["rows"].items():
        found = published_models(names.get(name, name), "lstm", "additive", "trained_adversary")
        assert list(found.values()) == values
    assert published()["trained_models"]["status"] == "unverified"
    note = published_note({"f1": 0.5}, {"f1": "F1"}, 4)
    assert "not verified" in note
    assert published_note({}, {}, 4) == ""


def test_unknown_cells_are_empty():
    assert published_taus(None, "lstm", "additive", "gradient_agreement") == {}
    assert published_taus("SST", "lstm", "uniform", "gradient_agreement") == {}
    assert published_performance(None) is None
    assert published_models(None, "lstm", "additive", "uniform") == {}
    assert published_models("SST", "lstm", "dot", "uniform") == {}


@pytest.mark.parametrize("published_name", [None, "20News"])
def test_a_blank_in_the_authors_file_is_said(published_name):
    one = {"mean": 0.5, "ci95": [0.4, 0.6], "n": 9, "undefined": 1, "std": 0.1, "significant": 0.5}
    cells = published_taus(published_name, "cnn", "dot", "gradient_agreement")
    table = agreement_table({"overall": one, "by_class": {"1": one}}, ["a", "b"], cells)
    assert [row[0] for row in table.rows] == ["all", "b"]
    assert ("undefined in the authors' file" in table.rows[0]) == bool(published_name)


def test_a_table_has_no_rows_of_very_many_classes():
    one = {"mean": 0.5, "n": 9, "undefined": 1}
    summary = {"overall": one, "by_class": {"1": one, "5": one}}
    names = [f"@entity{number}" for number in range(6)]
    assert [row[0] for row in agreement_table(summary, names, {}).rows] == [
        "all",
        "@entity1",
        "@entity5",
    ]
    table = agreement_table(summary, [*names, "@entity6"], {})
    assert [row[0] for row in table.rows] == ["all"]
    assert "2 of 7 classes are predicted" in table.note
