"""A work folder given again: what is refused before a byte is written, what is done again."""

import dataclasses
import json
import shutil

import jax
import numpy as np
import pytest

from attnjax.cli import main
from attnjax.config import resolve
from attnjax.errors import UserErrors, WorkFolderError
from attnjax.experiments.finished import read_finished, write_finished
from attnjax.experiments.result import Result, read_rows
from attnjax.experiments.runner import run_stages
from attnjax.models.build import build_model
from attnjax.models.inputs import single_inputs
from attnjax.models.weights import params_to_release
from attnjax.training.host import Interrupted, never_stop
from attnjax.workspace import work_folder
from tests.processes import ROOT

# Two lengths, so that every stage has two batches.
SHORT = ["a good one", "a bad one"]
LONG = ["good film , truly good , and then some words", "bad film , truly bad , and no more words"]
TEXTS, LABELS = (SHORT + LONG) * 15, ["pos", "neg"] * 30
VOCABULARY = len({word for text in SHORT + LONG for word in text.split()}) + 4

MADE_WITH = {
    "attnjax": "1",
    "command": "python train.py",
    "device": "1 x cpu (cpu)",
    "python": "3",
    "packages": {"jax": "1"},
}


def _write(path, texts=TEXTS):
    rows = [json.dumps({"text": a, "label": b}) for a, b in zip(texts, LABELS, strict=True)]
    path.write_text("\n".join(rows) + "\n")
    return path


def _fields(path, **sections):
    fields = {
        "data": {"path": str(path), "num_buckets": 2},
        "model": {"encoder": "average", "embedding_size": 4, "hidden_size": 4},
        "training": {"epochs": 2, "batch_size": 8, "checkpoint_every": 3},
        "permutation": {"count": 3},
        "bootstrap": {"samples": 20},
        "tests": ("permutation",),
    }
    for name, values in sections.items():
        fields[name] = fields.get(name, {}) | values if isinstance(values, dict) else values
    return fields


def _run(folder, fields, *, stop=never_stop, lines=None, **made_with):
    """Do the stages and return what was said."""
    lines = [] if lines is None else lines
    with work_folder(folder):
        run_stages(
            resolve(fields),
            folder,
            made_with=MADE_WITH | made_with,
            progress=False,
            stop=stop,
            say=lines.append,
        )
    return lines


def _done(lines):
    """Return the stages that were done, not found finished."""
    return [line.split()[1] for line in lines if line.startswith("[") and line.endswith(" ...")]


def _content(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _end(folder):
    """All that must not depend on what was done again: everything but times."""
    found = _content(folder)
    records = {name: json.loads(found[name]) for name in found if name.startswith("stages/train.")}
    results = json.loads(found["results.json"])
    return {
        "results": {name: results[name] for name in results if name != "seconds"},
        "params": [record["summary"]["params_sha256"] for record in records.values()],
        **{name: found[name] for name in found if name.endswith((".parquet", "vocabulary.txt"))},
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return _write(tmp_path_factory.mktemp("data") / "mine.jsonl")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert _done(_run(folder, _fields(data))) == ["train", "predictions", "permutation"]
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished folder, to be changed."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"seed": 1}, r"config\.seed\): found 1 in this command; expected 0"),
        ({"model": {"hidden_size": 5}}, r"config\.model\.hidden_size"),
        ({"permutation": {"count": 4}}, r"count\): found 4 .* finished"),
        ({"data": {"lowercase": False, "max_length": 5}}, "lowercase"),
    ],
)
def test_a_refused_command_writes_nothing(folder, data, sections, message):
    before = _content(folder)
    with pytest.raises((WorkFolderError, UserErrors), match=message):
        _run(folder, _fields(data, **sections), command="another")
    assert _content(folder) == before


def test_every_difference_is_named(folder, data):
    with pytest.raises(UserErrors) as caught:
        _run(folder, _fields(data, seed=1, model={"encoder": "cnn"}))
    text = str(caught.value)
    assert text.startswith("2 problems")
    assert "config.seed): found 1 in this command; expected 0" in text
    assert "config.model.encoder): found 'cnn' in this command; expected 'average'" in text


def test_other_data_and_other_settings_are_refused_together(folder, tmp_path):
    before = _content(folder)
    other = _write(tmp_path / "mine.jsonl", [text.replace("good", "fine") for text in TEXTS])
    with pytest.raises(UserErrors) as caught:
        _run(folder, _fields(other, permutation={"count": 4}))
    assert "data, a vocabulary or word vectors that differ" in str(caught.value)
    assert "found 4 in this command" in str(caught.value)
    assert _content(folder) == before


def test_data_that_were_moved_are_the_same_data(folder, tmp_path):
    assert _done(_run(folder, _fields(_write(tmp_path / "moved.jsonl")))) == []


def test_the_record_of_the_first_command_stays_beside_the_later_ones(folder, data):
    for _ in range(2):
        _run(folder, _fields(data))
    assert json.loads((folder / "config.json").read_text())["history"] == []
    for _ in range(2):
        _run(folder, _fields(data, memory={"bytes": 2**21}), command="later", device="gpu")
    record = json.loads((folder / "config.json").read_text())
    assert {name: record[name] for name in MADE_WITH} == MADE_WITH
    assert record["history"] == [MADE_WITH | {"command": "later", "device": "gpu"}]
    assert record["config"]["memory"]["bytes"] == 2**21


def _cut(path):
    path.write_bytes(path.read_bytes()[:40])


def _delete(path):
    path.unlink()


def _empty(path):
    path.write_text("{}")


def _edit(path):
    path.write_text(path.read_text().replace('"undefined": 0', '"undefined": 1'))


@pytest.fixture
def again(folder, data, finished):
    """A finished folder, the fields that made it, and what it must end with."""
    return folder, _fields(data), _end(finished)


def test_what_is_made_from_the_stages_is_made_again(folder, data, finished):
    for name in ("stages/data.json", "results.json"):
        _cut(folder / name)
    for name in ("vocabulary.txt", "instances.parquet", "metrics.jsonl"):
        (folder / name).unlink()
    shutil.rmtree(folder / "checkpoints")
    assert _done(_run(folder, _fields(data))) == []
    assert _end(folder) == _end(finished)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("permutation.parquet", _delete, "permutation.parquet is missing"),
        ("permutation.parquet", _cut, "permutation.parquet has changed"),
        ("permutation.json", _cut, "cannot be read"),
        ("permutation.json", _edit, "it has changed"),
        ("permutation.json", _empty, "not what a run writes"),
        ("permutation.json", _delete, ""),
        ("predictions.parquet", _delete, "predictions.parquet is missing"),
        ("train.json", _cut, "cannot be read"),
    ],
)
def test_a_stage_whose_files_are_not_whole_is_done_again(again, name, change, message):
    folder, fields, before = again
    path = folder / "stages" / name
    change(path)
    lines = _run(folder, fields)
    assert message in "\n".join(lines)
    # What it leads to is the same as before: the stages that read it stay finished.
    assert _done(lines) == [path.stem]
    assert _end(folder) == before


def test_stages_that_read_another_outcome_are_done_again(folder, data, finished):
    stages = folder / "stages"
    record = read_finished(stages, "predictions", print)
    write_finished(
        stages,
        "predictions",
        Result(record["summary"] | {"new": 1}, read_rows(stages / "predictions.parquet")),
        settings=record["settings"],
        requires=record["requires"],
        seconds=0.0,
    )
    assert _done(_run(folder, _fields(data))) == ["permutation"]
    shutil.copy(finished / "stages" / "predictions.json", stages)
    assert _done(_run(folder, _fields(data))) == ["permutation"]
    assert _end(folder) == _end(finished)


def test_training_is_repeated_where_a_stage_needs_params_that_are_gone(folder, data, finished):
    shutil.rmtree(folder / "checkpoints")
    (folder / "stages" / "permutation.json").unlink()
    lines = _run(folder, _fields(data))
    assert "no checkpoint is left, train is repeated" in "\n".join(lines)
    assert _done(lines) == ["permutation"]
    assert _end(folder) == _end(finished)


def test_params_of_another_training_are_refused_until_its_record_is_deleted(folder, data):
    stages = folder / "stages"
    record = read_finished(stages, "train", print)
    write_finished(
        stages,
        "train",
        Result(record["summary"] | {"params_sha256": "0"}, {}),
        settings={},
        requires={},
        seconds=0.0,
    )
    with pytest.raises(WorkFolderError, match=r"params that are not those.*delete .*train\.json"):
        _run(folder, _fields(data))
    (stages / "train.json").unlink()
    assert _done(_run(folder, _fields(data))) == ["train"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file beside the results of a run"),
        ('{"schema": 1', "cannot be read"),
        ("[]", "schema None"),
        ('{"schema": 1, "identity": 3}', "without the identity"),
    ],
)
def test_a_folder_that_lost_its_record_is_refused(folder, data, content, message):
    path = folder / "config.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    before = _content(folder)
    with pytest.raises(WorkFolderError, match=message):
        _run(folder, _fields(data))
    assert _content(folder) == before


def test_stages_of_a_newer_version_are_refused(folder, data):
    path = folder / "stages" / "permutation.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(WorkFolderError, match="found schema 2"):
        _run(folder, _fields(data))


def _save_weights(path, fields, *, seed):
    model = build_model(resolve(fields).model, vocabulary_size=VOCABULARY, num_classes=2)
    params = model.init(jax.random.key(seed), single_inputs([2, 4, 3]))
    np.savez(path, **params_to_release(params))


def test_replaced_weights_are_told_apart_from_damaged_checkpoints(data, tmp_path):
    weights, folder = tmp_path / "w.npz", tmp_path / "run"
    fields = _fields(data, model={"weights": str(weights)}, training={"epochs": 0})
    _save_weights(weights, _fields(data), seed=0)
    _run(folder, fields)
    before = _content(folder)
    _save_weights(weights, _fields(data), seed=1)
    with pytest.raises(WorkFolderError, match=r"model weights \(config\.model\.weights\) that"):
        _run(folder, fields | {"tests": ("permutation", "random_agreement")})
    assert _content(folder) == before
    weights.unlink()
    arguments = [f"--config={ROOT / 'configs' / 'quickstart.py'}", f"--workdir={folder}"]
    typed = [
        f"--config.{section}.{name}={value}"
        for section, values in fields.items()
        if isinstance(values, dict)
        for name, value in values.items()
    ]
    assert main([*arguments, *typed], root=ROOT) == 2


@pytest.mark.parametrize("stage", ["predictions", "permutation"])
def test_a_stop_is_heard_between_the_batches_of_a_stage(folder, data, finished, stage):
    (folder / "stages" / f"{stage}.json").unlink()
    lines, asked = [], []

    def stop():
        """Say no before the stage's first batch, yes before its second."""
        if lines and lines[-1].endswith(f"{stage} ..."):
            asked.append(1)
        return len(asked) > 1

    with pytest.raises(Interrupted):
        _run(folder, _fields(data), stop=stop, lines=lines)
    assert len(asked) == 2
    assert not (folder / "stages" / f"{stage}.json").exists()
    assert _done(_run(folder, _fields(data))) == [stage]
    assert _end(folder) == _end(finished)


def test_no_two_stages_share_a_key(data, tmp_path):
    from attnjax.experiments.classifier import begin
    from attnjax.experiments.kind import Conduct
    from attnjax.experiments.stages import STAGES

    config = resolve(_fields(data))
    trial = begin(config, tmp_path, Conduct(False, never_stop, print))
    names = {*STAGES, "adversary_exact", "adversary_seeds", "permutations"}
    keys = {name: tuple(jax.random.key_data(trial.key(name)).tolist()) for name in names}
    assert len(set(keys.values())) == len(names)
    other = dataclasses.replace(trial, config=resolve(_fields(data, seed=1)))
    assert tuple(jax.random.key_data(other.key("adversary")).tolist()) != keys["adversary"]
