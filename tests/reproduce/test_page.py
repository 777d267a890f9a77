"""The page: every figure of a record in its place, and nothing that did not happen."""

import json

from attnjax.reproduce.claims import CLAIMS
from attnjax.reproduce.page import render, write_page
from attnjax.reproduce.plan import DATA, Row, rows
from tests.reproduce.records import record, records


def cells(page, first):
    """Return the cells of all lines of tables whose first cells are as given."""
    start = "| " + " | ".join(first) + " |"
    lines = [line for line in page.splitlines() if line.startswith(start)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_figures_stand_in_their_tables():
    page = render(records(lstm_additive={"gradient_agreement": (0.2, 0.15, 0.25)}))
    performance, certainty, counterfactual, cost = cells(page, ["SST", "BiLSTM", "additive"])
    # Accuracy has an interval, F1 none; the authors' run .7835; table 1's .81; no aim.
    assert performance[3:] == [
        *("1,000 / 52", "0.800 [0.700, 0.900]", "F1 0.750", "0.783", "0.810", "-", "0.40", "25%")
    ]
    assert certainty[3:] == ["0.400 [0.380, 0.420]", "0.100 [0.080, 0.120]"]
    assert counterfactual[3:] == [
        *("0.100 [0.080, 0.120]", "0.030 [0.010, 0.050]", "0.01"),
        *("0.500 [0.080, 0.120] (40 texts)", "0.610 [0.590, 0.630] (40 texts)"),
        "0.600 [0.080, 0.120]",
    ]
    assert cost[3:] == ["8", "60", "2", "0", "1", "0", "0", "63", "1.00"]
    tables = [row for row in cells(page, ["SST"]) if len(row) == 7]
    assert tables[0][1:3] == ["0.200 [0.150, 0.250]", "0.351"]  # of the authors' files: .3512
    (data,) = [row for row in cells(page, ["SST"]) if "7 neutral label" in row]
    assert data[-1] == "A part of it. Word vectors begin at random."


def test_claims_name_the_data_sets():
    page = render(records(lstm_additive={"gradient_agreement": (0.6, 0.58, 0.62)}))
    overview = cells(page, ["1"])[0]
    assert overview == ["1", CLAIMS[0].statement, "none", "SST", "none", "1 of 1"]
    assert "| SST | 0.600 [0.580, 0.620] | failed | passed |" in page


def test_aims_are_reached_or_missed():
    for accuracy, said in ((0.992, "0.99: reached"), (0.9, "0.99: missed by 0.090")):
        one = record("babi1-lstm-additive")
        one["performance"] |= {"accuracy": accuracy, "f1": 0.5}
        assert said in render({"babi1-lstm-additive": one})


def test_rows_that_were_not_run_are_not_there():
    page = render({"sst-cnn-dot": record("sst-cnn-dot")})
    assert cells(page, ["SST", "BiLSTM"]) == []
    assert len(cells(page, ["SST", "ConvNet", "dot"])) == 4
    missing = page.split("## What was run of each data set")[1]
    assert "- SST: all but lstm-additive, cnn-additive, average-additive, lstm-dot" in missing
    assert all(f"- {data.title}: no row" in missing for data in DATA if data.name != "sst")
    assert "The runs that it needs are missing." in page


def test_settings_of_the_user_are_told_and_compared_with_nothing():
    one = record("sst-lstm-additive") | {"changed": ["--config.training.epochs=1"]}
    page = render({"sst-lstm-additive": one})
    assert "- `sst-lstm-additive`: `--config.training.epochs=1`" in page
    assert "- `sst-lstm-additive`: run with settings of the user's own" in page
    assert cells(page, ["SST *", "BiLSTM", "additive"])[0][6:8] == ["-", "-"]
    assert cells(page, ["1"])[0][2:] == ["not run", "-", "-", "no numbers"]
    assert "of the user's own" not in render(records())


def test_a_stand_in_has_no_published_figures():
    page = render({"ade-lstm-additive": record("ade-lstm-additive")})
    assert cells(page, ["ADE corpus", "BiLSTM", "additive"])[0][6:8] == ["-", "-"]
    (tau, *_) = [row for row in cells(page, ["ADE corpus"]) if len(row) == 7]
    assert tau[1:3] == ["0.300 [0.290, 0.310]", "-"]


def test_page_is_written_from_the_folder(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "sst-cnn-dot.json").write_text(json.dumps(record("sst-cnn-dot")))
    path = write_page(tmp_path)
    assert path.read_text() == render({"sst-cnn-dot": record("sst-cnn-dot")})


def test_every_row_has_a_name_of_its_own():
    names = [row.name for row in rows()]
    assert len(set(names)) == len(names) == len(DATA) * 3 * 2
    assert Row(DATA[0], "lstm", "dot").name in names
