"""The page: complete, self-contained, true to the run, the same in every run."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from attnjax.errors import WorkFolderError
from attnjax.report.explanations import protocol_table
from attnjax.report.load import read_run
from attnjax.report.page import provenance, write_report

from .synthetic import ALL_TESTS, make_run

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Elements, ids, addresses and text of a page; checks that tags nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.events: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in {"src", "href", "action", "data", "poster", "srcset", "xlink:href"}:
                self.addresses.append(str(value))
            if name.startswith("on"):
                self.events.append(name)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["binary", "planted", "nasty"])
def test_page_needs_nothing_else(name, request):
    folder = request.getfixturevalue(name)
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    inside = {f"#{one}" for one in page.ids}
    assert set(page.addresses) <= inside | {"data:,"}
    assert page.events == []
    assert re.findall(r"https?:|@import|url\((?!#)", html) == []
    assert "default-src 'none'" in html
    assert page.tags.count("script") == 2
    assert "innerHTML" not in html


def test_every_section_and_number_is_there(binary):
    text = page_of(binary).text
    results = json.loads((binary / "results.json").read_text())
    for test in ALL_TESTS[:4]:
        mean = results["tests"][test]["tau"]["overall"]["mean"]
        assert f"{mean:.2f}".replace("-", "\N{MINUS SIGN}") in text
    jsd = results["tests"]["adversary"]["search"]["max_jsd"]
    assert f"{jsd['mean']:.3f} {jsd['ci95'][0]:.3f} to {jsd['ci95'][1]:.3f}" in text
    assert "0.35 (0.21)" in text  # the published cell of SST, BiLSTM, additive
    assert text.count("How to read this") == 9
    assert "python train.py --config=configs/sst.py" in text
    assert "jax 0.10.2" in text
    assert len(list((binary / "figures").glob("*.svg"))) == 12


def test_planted_run_shows_evidence_and_controls(planted):
    text = page_of(planted).text
    assert "positive control: attention" in text
    assert "a random ranking" in text
    assert "Underlined: the evidence" in text
    assert "published" not in text.split("What this run cannot say")[0].lower()


def test_hostile_names_are_text(nasty):
    page = page_of(nasty)
    assert "</title><script>alert(2)</script>" in page.text
    assert "<b>bold</b>" in page.text
    assert "b" not in page.tags
    assert "At most 40 instances" in page.text


def test_tests_that_were_not_run_are_absent_and_named(tmp_path):
    folder = make_run(tmp_path, n=40, tests=("leave_one_out_agreement",), encoder="average")
    write_report(folder, instances_limit=100, title="few")
    text = page_of(folder).text
    assert "Shuffled attention" not in text
    assert "Not run: gradient agreement, gradient leave one out, random agreement" in text
    assert "no tau can be called high or low" in text


def test_no_instances_no_table_and_no_text_of_the_data(tmp_path):
    folder = make_run(tmp_path, n=40, texts=[["secretword", "other"]] * 40)
    write_report(folder, instances_limit=0, title="none")
    html = (folder / "report.html").read_text()
    assert "secretword" not in html
    assert "<script" not in html


def test_fewer_instances_are_noted(tmp_path):
    folder = make_run(tmp_path, n=40, tests=("permutation",))
    write_report(folder, instances_limit=10, title="some")
    assert "10 of 40 instances, evenly spaced" in page_of(folder).text


@pytest.mark.parametrize(
    "options",
    [
        {"n": 1},
        {"n": 3, "length": (1, 1)},
        {"n": 40, "class_names": tuple("abcdefgh"), "published": None},
        {"n": 12, "planted": True, "tests": ("planted_evidence",)},
    ],
    ids=["one instance", "one token", "eight classes", "evidence only"],
)
def test_unusual_runs_have_a_report(tmp_path, options):
    folder = make_run(tmp_path, **options)
    write_report(folder, instances_limit=100, title="unusual")
    text = page_of(folder).text
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text.lower()).split()
    assert "None" not in text.split("What this run cannot say")[0]


def test_all_taus_undefined_is_said(tmp_path):
    folder = make_run(tmp_path, n=20, tests=("gradient_agreement",))
    results = json.loads((folder / "results.json").read_text())
    nothing = {"mean": None, "std": None, "significant": None, "n": 0, "undefined": 20,
               "ci95": None}  # fmt: skip
    results["tests"]["gradient_agreement"]["tau"] = {
        "overall": nothing,
        "by_class": {"0": nothing, "1": nothing},
    }
    (folder / "results.json").write_text(json.dumps(results))
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "instances.parquet")
    place = table.column_names.index("gradient_agreement.tau")
    empty = pa.nulls(20, pa.float64())
    table = table.set_column(place, "gradient_agreement.tau", empty)
    pq.write_table(table, folder / "instances.parquet")
    write_report(folder, instances_limit=100, title="undefined")
    text = page_of(folder).text
    assert "No instance has a defined tau between attention and the gradient" in text


def test_the_same_run_gives_the_same_bytes_in_another_process(binary, tmp_path):
    again = make_run(tmp_path, n=160)
    code = (
        "import sys; from pathlib import Path; from attnjax.report.page import write_report;"
        "write_report(Path(sys.argv[1]), instances_limit=5000, title='A binary run')"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(again)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C"},
    )
    assert (again / "report.html").read_bytes() == (binary / "report.html").read_bytes()
    for figure in (binary / "figures").iterdir():
        assert (again / "figures" / figure.name).read_bytes() == figure.read_bytes()


def test_a_folder_that_cannot_be_written_is_said_to_be_one(tmp_path):
    folder = make_run(tmp_path / "run", n=10, tests=("permutation",))
    (folder / "figures").write_text("a file where a folder should be")
    with pytest.raises(WorkFolderError, match="figures"):
        write_report(folder, instances_limit=10, title="x")


def test_a_setting_that_leaves_the_protocol_is_marked():
    protocol = {"setting": "paper", "adversary.keep": "fixed", "training.loss": "paper",
                "selection.split": "dev", "gradient.target": "logit", "data.filter": "paper",
                "adversary.filter_epsilon": "paper"}  # fmt: skip
    rows = {row[0]: row for row in protocol_table(protocol, {"filter_epsilon": 0.01}).rows}
    assert rows["adversary.keep"][3] == rows["gradient.target"][3] == "differs"
    assert rows["data.filter"][3] == ""
    assert "released code uses of this data set" in rows["data.filter"][2]
    everything = protocol_table({"setting": "paper", "data.filter": "none"}, {})
    assert everything.rows[0][2:] == ("which texts are used: all", "differs")
    assert rows["training.loss"][3] == rows["selection.split"][3] == ""
    assert rows["adversary.filter_epsilon"][2].endswith(": 0.01")


def test_counts_in_sentences_are_those_of_the_rows(binary):
    run = read_run(binary)
    text = page_of(binary).text
    change = run.numbers("permutation.median_output_change")
    top = run.numbers("max_attention")
    jsd = run.numbers("adversary.jsd")
    peaked = int(np.sum(top >= 0.75))
    small = int(np.sum((top >= 0.75) & (change < 0.05)))
    distant = int(np.sum((top >= 0.75) & (jsd >= np.log(2) / 2)))
    few, many = (f"{number} (" if number else "none" for number in (small, distant))
    assert f"Of the {peaked} instances with a weight of at least 0.75 on one token, {few}" in text
    assert "puts at least 0.75 on one token, " + many in text
    gap = run.numbers("gradient_leave_one_out.tau") - run.numbers("gradient_agreement.tau")
    assert f"the difference in tau is {np.nanmean(gap):.2f}" in text


def test_pooled_draws_are_not_called_instances(tmp_path):
    folder = make_run(tmp_path, n=40, tests=("random_agreement",))
    results = json.loads((folder / "results.json").read_text())
    results["tests"]["random_agreement"]["draws"] = 3
    (folder / "results.json").write_text(json.dumps(results))
    write_report(folder, instances_limit=10, title="draws")
    text = page_of(folder).text
    assert "3 random draws per instance, pooled" in text
    assert "left out of the mean" not in text.split("Glossary")[1]


def test_the_report_of_1725_instances_embeds_them_all(tmp_path):
    folder = make_run(tmp_path, n=1725)
    write_report(folder, instances_limit=5000, title="sst")
    assert "1,725" in page_of(folder).text
    # A fifth of the 15 MB that 5,000 instances of 200 tokens may take; these have about 20.
    assert (folder / "report.html").stat().st_size < 3_000_000


def test_what_must_be_known_of_the_data_stands_with_them(tmp_path):
    folder = make_run(tmp_path)
    results = json.loads((folder / "results.json").read_text())
    note = "AG News: 33,945 of the official 120,000 training texts were there."
    results["dataset"]["notes"] = [note]
    (folder / "results.json").write_text(json.dumps(results))
    items = provenance(read_run(folder))
    assert [text for name, text in items if name == "About the data"] == [note]
    assert "About the data" not in dict(provenance(read_run(make_run(tmp_path / "without"))))
