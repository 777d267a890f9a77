"""The section on plausibility: last, apart from faithfulness, and true to its numbers."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attnjax.experiments.plausibility import plausibility
from attnjax.report.findings_plausibility import plausibility_findings
from attnjax.report.load import read_run
from attnjax.report.numbers import Estimate
from attnjax.report.page import write_report

from .synthetic import make_run
from .test_page import page_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run in which the two tokens with the largest weights, and one other, are marked."""
    folder = make_run(tmp_path_factory.mktemp("plausible"), n=40, tests=("permutation",))
    table = pq.read_table(folder / "instances.parquet")
    scores = {
        name: [np.abs(np.array(row)) for row in table.column(name).to_pylist()]
        for name in ("attention", "gradient", "leave_one_out")
    }
    marked = [np.isin(np.arange(len(one)), np.argsort(-one)[[0, 1, 3]]) for one in
              scores["attention"]]  # fmt: skip
    marked[0][:] = False
    result = plausibility(scores, marked, instance_id=np.arange(40), samples=100, seed=0)
    columns = {name: pa.array(values, from_pandas=True) for name, values in result.rows.items()
               if name != "instance_id"}  # fmt: skip
    columns["rationale"] = pa.array([one.tolist() for one in marked])
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, folder / "instances.parquet")
    results = json.loads((folder / "results.json").read_text())
    results["tests"]["plausibility"] = {**result.summary, "limit": 50}
    (folder / "results.json").write_text(json.dumps(results))
    write_report(folder, instances_limit=100, title="plausible")
    return folder


def test_the_section_comes_last_and_says_what_it_is_not(folder):
    page = page_of(folder)
    assert page.ids.index("plausibility") > page.ids.index("permutation")
    following = page.ids[page.ids.index("plausibility") + 1 :]
    assert not {"performance", "permutation"} & set(following)
    text = page.text
    assert "This section is about plausibility: do people agree? It is not about faith" in text
    assert "no level there makes an explanation faithful" in text
    assert "was not asked" not in text
    assert "Underlined: what people marked" in text
    assert "At most 50 instances" in text


def test_the_section_has_the_runs_numbers(folder):
    test = read_run(folder).tests["plausibility"]
    text = page_of(folder).text
    mean = test["attention"]["auprc"]["mean"]
    assert f"against what people marked {mean:.2f}" in text
    assert f"a random ranking reaches {test['chance']['auprc']['mean']:.2f}" in text
    assert "1 text without a marked word among those that the model read is left out" in text
    assert (folder / "figures" / "plausibility.svg").is_file()
    assert "It ranks them higher than a random ranking does" in text
    # Attention was made to be where the marks are, the other scores were not.
    assert "People agree more with attention than with the gradient" in text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.2, 0.3, "It ranks them higher than a random ranking does: by 0.25"),
        (-0.2, -0.1, "It ranks them lower than a random ranking does"),
        (-0.1, 0.2, "was not shown to rank them higher"),
    ],
)
def test_no_sentence_says_more_than_its_interval(low, high, words):
    attention, above = Estimate(0.4, 0.3, 0.5, 50), Estimate((low + high) / 2, low, high, 50)
    chance = {"auprc": 0.3, "precision": 0.2}
    gap = {"the gradient": Estimate(0.1, -0.1, 0.3, 50)}
    found = plausibility_findings(attention, chance, attention, above=above, gaps=gap, unmarked=0)
    assert words in found.follows[0]
    assert found.follows[2].startswith("People were not shown to agree more")
    assert found.does_not_follow[0].startswith("Nothing about faithfulness")


def test_nothing_marked_is_said():
    found = plausibility_findings(
        Estimate(None), {}, Estimate(None), above=None, gaps={}, unmarked=5
    )
    assert found.follows == ("No text has a marked word among those that the model read.",)
