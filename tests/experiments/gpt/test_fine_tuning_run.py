"""Whole fine-tunings through the command: what they leave."""

import itertools
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from ml_collections import ConfigDict

from attnjax.cli import main
from attnjax.config import resolve
from attnjax.experiments.runner import run_stages
from attnjax.training.host import Interrupted
from tests.experiments.gpt import toy_fine_tuning as toy
from tests.experiments.gpt.toy_fine_tuning import ROOT, run
from tests.toy_books import write_books


def results_of(folder):
    return json.loads((folder / "results.json").read_text())


def test_scores_are_those_of_the_rows(finished):
    found = results_of(finished)["tests"]["fine_tuning"]["sst2"]
    labels = np.array([label for _, label in toy.texts(24, 1)])
    scores = []
    for seed, one in enumerate(found["seeds"]):
        rows = pq.read_table(finished / "stages" / f"fine_tune_seed{seed}.parquet").to_pydict()
        logits = np.array(rows["logits"])
        assert rows["label"] == labels.tolist()
        assert rows["prediction"] == logits.argmax(axis=1).tolist()
        scores.append(np.mean(logits.argmax(axis=1) == labels))
        assert one == {"seed": seed, "accuracy": pytest.approx(scores[-1])}
    assert found["metric"] == "accuracy"
    assert found["scores"]["accuracy"]["mean"] == pytest.approx(np.mean(scores))
    assert found["scores"]["accuracy"]["std"] == pytest.approx(np.std(scores))
    train = np.array([label for _, label in toy.texts(24, 0)])
    majority = np.bincount(train).argmax()
    assert found["without_learning"]["accuracy"] == np.mean(labels == majority)


def test_rows_are_counted(finished):
    dataset = results_of(finished)["dataset"]
    # One in twenty of 24 training texts is the dev split; dev is GLUE's name of what is test.
    assert dataset["splits"] == {"train": 23, "dev": 1, "test": 24}
    assert dataset["truncated"]["train"] == {
        "texts cut to the context": 0,
        "tokens cut off": 0,
    }


def test_ablations_are_paired_by_seed(finished):
    found = results_of(finished)["tests"]
    full, *others = found["ablations"]["variants"]
    assert [one["name"] for one in others] == ["no_pretraining", "no_auxiliary", "lstm"]
    assert full["seeds"] == found["fine_tuning"]["sst2"]["seeds"]
    for one in others:
        expected = [
            mine["accuracy"] - theirs["accuracy"]
            for mine, theirs in zip(one["seeds"], full["seeds"], strict=True)
        ]
        difference = one["difference"]["accuracy"]
        assert difference["differences"] == pytest.approx(expected)
        # Student's t of one degree of freedom at 0.975 is 12.7062.
        half = 12.7062 * np.std(expected, ddof=1) / np.sqrt(2)
        low, high = difference["ci95"]
        assert high - low == pytest.approx(2 * half, abs=1e-4)


def test_what_each_variant_starts_from(finished):
    def fresh(stage):
        return json.loads((finished / "stages" / f"{stage}_seed0.json").read_text())["summary"][
            "fresh"
        ]

    assert fresh("fine_tune") == ["task layer"]
    assert fresh("no_auxiliary") == ["task layer"]
    assert fresh("lstm") == ["task layer"]
    assert fresh("no_pretraining") == ["table", "block 0", "block 1", "task layer"]
    assert fresh("layers_1") == ["block 1", "task layer"]


def test_layers_share_the_stages_at_their_ends(finished):
    found = results_of(finished)["tests"]
    layers = {one["name"]: one for one in found["layers"]["variants"]}
    ablations = {one["name"]: one for one in found["ablations"]["variants"]}
    assert list(layers) == [-1, 1, 2]
    assert layers[-1]["seeds"] == ablations["no_pretraining"]["seeds"]
    assert layers[2]["seeds"] == ablations["fine_tune"]["seeds"]
    assert not (finished / "stages" / "layers_2_seed0.json").exists()


def test_fewer_layers_for_the_model_itself_are_not_called_all(files, tmp_path):
    code = run(
        tmp_path,
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "pretrained",
        fine_tuning__layers=1,
        fine_tuning__seeds=1,
        analyses="layers",
        layers__counts="1,2",
    )
    assert code == 0

    def fresh(stage):
        return json.loads((tmp_path / "stages" / f"{stage}_seed0.json").read_text())["summary"][
            "fresh"
        ]

    assert fresh("fine_tune") == ["block 1", "task layer"]
    assert fresh("layers_2") == ["task layer"]
    found = results_of(tmp_path)["tests"]
    assert [one["name"] for one in found["layers"]["variants"]] == [1, 2]
    own = found["fine_tuning"]["sst2"]["seeds"]
    assert found["layers"]["variants"][0]["seeds"] == own


def test_zero_shot_follows_the_pre_training(finished):
    found = results_of(finished)["tests"]["zero_shot"]
    assert found["steps"] == [0, 2, 5]
    assert set(found["tasks"]) == {"cola", "sst2", "dream"}
    for name, one in found["tasks"].items():
        assert [point["step"] for point in one["points"]] == [0, 2, 5]
        for point in one["points"]:
            if point["score"] is not None:
                best = 1.0 if one["best"] is None else one["best"]
                relative = (point["score"] - one["chance"]) / (best - one["chance"])
                assert point["relative"] == pytest.approx(relative), name
    assert found["tasks"]["dream"]["chance"] == pytest.approx(1 / 3)


def test_the_page_has_every_section_and_how_to_read_it(finished):
    page = (finished / "report.html").read_text()
    for anchor in ("rows", "fine_tuning", "ablations", "layers", "zero_shot"):
        assert f'<section id="{anchor}">' in page
    assert page.count("How to read this") == 5
    assert {one.stem for one in (finished / "figures").glob("*.svg")} == {
        "ablations",
        "layers",
        "zero_shot",
    }
    assert "https://" not in page


def test_only_the_model_on_trial_keeps_its_checkpoints(finished):
    kept = [one.name for one in (finished / "checkpoints").iterdir()]
    assert kept == ["fine_tune_seed0"]


def test_more_seeds_and_fewer_layers_train_only_what_is_new(finished, files, capsys, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    before = results_of(copy)["tests"]
    capsys.readouterr()
    given = {"fine_tuning__dir": files / "data", "fine_tuning__start": files / "pretrained"}
    assert run(copy, **given, fine_tuning__seeds=3) == 0
    said = capsys.readouterr().err
    assert "fine_tune_seed1: finished before" in said
    assert "fine_tune_seed2 ..." in said
    after = results_of(copy)["tests"]["fine_tuning"]["sst2"]["seeds"]
    assert after[:2] == before["fine_tuning"]["sst2"]["seeds"]
    assert len(after) == 3
    assert run(copy, **given, analyses="layers", layers__counts="-1,1") == 0
    said = capsys.readouterr().err
    assert "layers_1_seed1: finished before" in said
    assert "] layers ..." in said
    layers = results_of(copy)["tests"]["layers"]["variants"]
    assert layers == [one for one in before["layers"]["variants"] if one["name"] in (-1, 1)]


SLOW = [pytest.param(task, marks=pytest.mark.slow) for task in ("cola", "dream")]


@pytest.mark.parametrize("task", [*SLOW, "stsb"])
def test_every_kind_of_task_runs(task, files, tmp_path):
    code = run(
        tmp_path / "run",
        fine_tuning__task=task,
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "weights",
        fine_tuning__seeds=1,
        fine_tuning__batch_size=4,
        fine_tuning__max_length=20,
    )
    assert code == 0
    found = results_of(tmp_path / "run")
    summary = found["tests"]["fine_tuning"][task]
    expected = {"cola": "matthews", "stsb": "pearson", "dream": "accuracy"}[task]
    assert summary["metric"] == expected
    rows = pq.read_table(tmp_path / "run" / "stages" / "fine_tune_seed0.parquet").to_pydict()
    assert len(rows["logits"][0]) == {"cola": 2, "stsb": 6, "dream": 3}[task]
    if task == "stsb":
        logits = np.array(rows["logits"], np.float64)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert rows["prediction"] == pytest.approx((chances @ np.arange(6)).tolist())
    if task == "dream":
        assert found["dataset"]["truncated"]["train"]["texts cut to the context"] > 0


def test_zero_shot_alone_fine_tunes_nothing(files, tmp_path):
    schemas = [f"{a} saw {b} as he left the play.\nhe\n{a},{b}\n{a}" for a, b in ("xy", "yz", "zx")]
    (tmp_path / "schemas.txt").write_text("\n\n".join(schemas))
    code = run(
        tmp_path / "run",
        fine_tuning__start=files / "weights",
        analyses="zero_shot",
        zero_shot__tasks="winograd",
        zero_shot__winograd=tmp_path / "schemas.txt",
    )
    assert code == 0
    found = results_of(tmp_path / "run")
    assert list(found["tests"]) == ["zero_shot"]
    # The folder does not say after how many steps: there is the last point alone.
    [point] = found["tests"]["zero_shot"]["tasks"]["winograd"]["points"]
    assert point["score"] in (0.0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_other_questions_are_not_taken_for_those_that_were_asked(files, tmp_path, capsys):
    toy.write_sst2(tmp_path / "data", 4)
    asked = {
        "fine_tuning__start": files / "weights",
        "fine_tuning__dir": tmp_path / "data",
        "analyses": "zero_shot",
        "zero_shot__tasks": "sst2",
    }
    assert run(tmp_path / "run", **asked) == 0
    before = results_of(tmp_path / "run")
    assert run(tmp_path / "run", **asked) == 0
    toy.write_sst2(tmp_path / "data", 5)
    capsys.readouterr()
    assert run(tmp_path / "run", **asked) == 2
    said = capsys.readouterr().err
    assert "zero_shot.json (config.zero_shot.tasks)" in said
    assert "delete zero_shot.json so that zero_shot is done again" in said
    assert results_of(tmp_path / "run") == before


@pytest.mark.slow
def test_a_transformer_and_an_lstm_are_pre_trained_and_compared(files, tmp_path):
    """The three commands a user gives, one after another."""
    books = write_books(tmp_path / "books")
    config = ROOT / "tests" / "toy_pretraining_config.py"
    for name, units in (("gpt", 0), ("lstm", 12)):
        arguments = [f"--config={config}", f"--workdir={tmp_path / name}"]
        arguments += [f"--config.corpus.paths={books}", f"--config.gpt.lstm_units={units}"]
        assert main(arguments, root=ROOT) == 0
        found = results_of(tmp_path / name)["language_model"]
        # By far better than guessing among 70 pieces.
        assert found["perplexity"] < 35
    code = run(
        tmp_path / "run",
        fine_tuning__dir=files / "data",
        fine_tuning__start=tmp_path / "gpt",
        fine_tuning__seeds=1,
        fine_tuning__max_length=12,
        analyses="ablations,zero_shot",
        ablations__lstm=tmp_path / "lstm",
        zero_shot__tasks="cola",
        zero_shot__limit=6,
    )
    assert code == 0
    found = results_of(tmp_path / "run")["tests"]
    assert [one["name"] for one in found["ablations"]["variants"]][-1] == "lstm"
    assert found["ablations"]["lstm_units"] == 12
    # At no step, at half of them and at the last.
    assert found["zero_shot"]["steps"] == [0, 20, 40]


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_as_one_that_was_not(finished, files, tmp_path):
    config = ConfigDict(toy.get_config())
    config.fine_tuning.dir = str(files / "data")
    config.fine_tuning.start = str(files / "pretrained")
    asked = itertools.count()

    def once(stop):
        return run_stages(
            resolve(config),
            tmp_path / "run",
            made_with={},
            progress=False,
            stop=stop,
            say=lambda line: None,
        )

    # Asked before the first stage and after each of its steps: two are taken.
    with pytest.raises(Interrupted):
        once(lambda: next(asked) == 2)
    assert not (tmp_path / "run" / "stages" / "fine_tune_seed0.json").exists()
    once(lambda: False)
    for seed in (0, 1):
        name = f"fine_tune_seed{seed}.parquet"
        rows = [pq.read_table(folder / "stages" / name) for folder in (finished, tmp_path / "run")]
        assert rows[0].equals(rows[1])
