"""Mistakes in what the tests of trained models read: one message each, before anything runs."""

import json
import shutil

import numpy as np
import pytest

from attnjax.cli import main
from attnjax.config import resolve
from attnjax.experiments.prepare import prepare
from tests.processes import ROOT
from tests.toy_population_config import get_config

TOY = ROOT / "tests" / "toy_population_config.py"
SMALL = ("--config.training.epochs=1", "--config.tests=")


def refused(folder, capsys, *arguments):
    """Run a command that must fail, and return what it says."""
    given = [f"--config={TOY}", f"--workdir={folder}", *arguments]
    assert main(given, root=ROOT) == 2
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert not (folder / "stages").exists()
    assert "What to do" in text
    return text[text.index("error:") :]


@pytest.fixture(scope="module")
def lengths():
    """Instance to its number of tokens."""
    splits = prepare(resolve(get_config())).splits.values()
    return {
        int(one): len(ids) - 2
        for split in splits
        for one, ids in zip(split.instance_id, split.token_ids, strict=True)
    }


def write_guide(path, lengths, **changed):
    attention = np.zeros((len(lengths), max(lengths.values()) + 1), np.float32)
    for row, length in enumerate(lengths.values()):
        attention[row, :length] = 1 / length
    ids = np.array(list(lengths))
    for what, value in changed.items():
        if what == "ids":
            ids = ids + value
        else:
            attention[3, 0] = value
    np.savez(path, instance_id=ids, attention=attention)
    return path


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weight": 0.9}, "found a sum of"),
        ({"weight": -0.1}, "found the weight -0.1 for instance 3; expected weights of at least 0"),
        ({"weight": np.nan}, "found the weight nan for instance 3; expected finite weights"),
        ({"ids": 1000}, "instances of this run"),
    ],
)
def test_attention_that_cannot_be_a_guide_is_refused(tmp_path, capsys, lengths, changed, message):
    path = write_guide(tmp_path / "guide.npz", lengths, **changed)
    text = refused(tmp_path / "run", capsys, f"--config.guides.file={path}")
    assert message in text
    assert "config.guides.file" in text


def test_attention_of_the_wrong_length_is_refused(tmp_path, capsys, lengths):
    longer = {one: length + 1 for one, length in lengths.items()}
    path = write_guide(tmp_path / "guide.npz", longer)
    text = refused(tmp_path / "run", capsys, f"--config.guides.file={path}")
    assert "one weight for each token of the text" in text


def test_no_lambda_is_refused(tmp_path, capsys):
    text = refused(tmp_path / "run", capsys, "--config.trained_adversary.lambdas=")
    assert "config.trained_adversary.lambdas: found no number; expected at least 1" in text


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "run"
    assert main([f"--config={TOY}", f"--workdir={folder}", *SMALL], root=ROOT) == 0
    return folder


def test_a_base_run_must_be_of_the_same_data(tmp_path, capsys, base):
    field = f"--config.trained_adversary.base={base}"
    text = refused(tmp_path / "a", capsys, field, "--config.data.size=104")
    assert "another data set (planted {'train': 100, 'dev': 12, 'test': 25}" in text
    text = refused(tmp_path / "b", capsys, field, "--config.data.planted=redundant")
    assert "another vocabulary" in text
    text = refused(tmp_path / "c", capsys, field, "--config.data.max_length=20")
    assert "texts shortened otherwise" in text
    assert "config.trained_adversary.base" in text


def test_texts_that_changed_under_the_same_words_are_noticed(tmp_path, capsys, base):
    other = tmp_path / "other"
    shutil.copytree(base, other)
    record = json.loads((other / "config.json").read_text())
    record["inputs"]["data"] = "0" * 64
    (other / "config.json").write_text(json.dumps(record))
    text = refused(tmp_path / "run", capsys, f"--config.trained_adversary.base={other}")
    assert "other texts, labels or word vectors under the same names" in text


def test_a_base_run_must_be_a_finished_run_and_another(tmp_path, capsys, base):
    text = refused(tmp_path / "a", capsys, f"--config.trained_adversary.base={tmp_path / 'none'}")
    assert "found no run" in text
    assert "name the work folder of a finished run" in text
    empty = tmp_path / "empty"
    empty.mkdir()
    text = refused(tmp_path / "b", capsys, f"--config.guides.file={empty}")
    assert "config.guides.file" in text


def test_every_field_at_fault_is_named_at_once(tmp_path, capsys):
    text = refused(
        tmp_path / "run",
        capsys,
        f"--config.guides.file={tmp_path / 'none.npz'}",
        f"--config.trained_adversary.base={tmp_path / 'none'}",
        "--config.mass_adversary.marked=words",
        f"--config.mass_adversary.words_file={tmp_path / 'none.txt'}",
    )
    assert "3 problems" in text
