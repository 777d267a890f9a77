"""The command on a toy in place of the data: it runs, continues, reports and refuses."""

import json
import shutil

import pytest

from attnjax.reproduce.command import main
from tests.processes import TOY

SMALL = ["--config.training.epochs=1", "--config.tests=gradient_agreement,adversary"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project whose SST is the toy; its IMDB is a data set that is not there."""
    (tmp_path / "configs").mkdir()
    shutil.copy(TOY, tmp_path / "configs" / "sst.py")
    text = TOY.read_text().replace('"planted"', '"sst"')
    (tmp_path / "configs" / "imdb.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATTNJAX_DATA_DIR", str(tmp_path / "nothing"))
    return tmp_path


def run(root, *arguments):
    return main([f"--workdir={root / 'runs'}", *SMALL, *arguments])


def test_rows_are_run_and_then_only_told_again(root, capsys):
    assert run(root, "--only=sst-average") == 0
    names = ["sst-average-additive", "sst-average-dot"]
    kept = {name: json.loads((root / f"docs/results/{name}.json").read_text()) for name in names}
    for name, record in kept.items():
        assert record["row"] == name
        assert record["changed"] == SMALL
        assert record["dataset"]["published"] is None
        assert record["model"]["encoder"] == "average"
        assert record["peak_bytes"] is None or record["peak_bytes"] > 2**26
        assert not (root / "runs" / name / "checkpoints").exists()
    page = (root / "docs/reproduction.md").read_text()
    assert "| SST * | Average | dot |" in page
    capsys.readouterr()
    assert run(root, "--only=sst-average-dot") == 0
    said = capsys.readouterr().err
    assert "train: finished before" in said
    again = json.loads((root / "docs/results/sst-average-dot.json").read_text())
    assert again["tests"] == kept["sst-average-dot"]["tests"]
    assert again["seconds"] == kept["sst-average-dot"]["seconds"]


def test_a_row_without_its_data_does_not_stop_the_others(root, capsys):
    assert run(root, "--only=imdb-average-additive,sst-average-additive") == 2
    said = capsys.readouterr().err
    assert "no such folder" in said
    assert "not run, for the reasons above: imdb-average-additive" in said
    assert [path.stem for path in (root / "docs/results").iterdir()] == ["sst-average-additive"]
    assert "- IMDB: no row" in (root / "docs/reproduction.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workdir=runs", "--only=sst-lstn"], "sst-lstm"),
        (["--workdir=runs", "--sed=1"], "sed"),
        (["--workdir=runs", "surplus"], "the argument 'surplus'"),
        (["--only=sst"], "no --workdir"),
        (["--workdir=runs", "--config.model.encoder=cnn"], "every row sets by itself"),
        (["--workdir=runs", "--docs=configs/sst.py"], "found a file"),
    ],
)
def test_what_cannot_be_meant_is_refused(root, capsys, arguments, message):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (root / "docs").exists()


def test_elsewhere_it_says_where_to_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--workdir=runs"]) == 2
    assert "no folder configs/" in capsys.readouterr().err


def test_help_and_the_page_alone(root, capsys):
    assert main(["--help"]) == 0
    assert "--only" in capsys.readouterr().out
    assert main(["--only=none"]) == 0
    assert "No row has been run yet." in (root / "docs/reproduction.md").read_text()
