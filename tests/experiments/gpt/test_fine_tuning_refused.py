"""What a fine-tuning refuses: one message, exit code 2, nothing written."""

import json
import shutil

import pytest

from attnjax.data.gpt.byte_pairs import write_byte_pairs
from attnjax.data.gpt.trained_pairs import train_byte_pairs
from tests.experiments.gpt import toy_fine_tuning as toy
from tests.experiments.gpt.toy_fine_tuning import run


def refused(capsys, code, folder):
    """Return the one message of a refused command, which has written no results."""
    assert code == 2
    assert not (folder / "stages").exists()
    return capsys.readouterr().err


def test_missing_columns_are_named(files, tmp_path, capsys):
    place = tmp_path / "data" / "glue" / "RTE"
    place.mkdir(parents=True)
    for part in ("train", "dev"):
        (place / f"{part}.tsv").write_text("index\tsentence1\tlabel\n0\ta\tentailment\n")
    code = run(
        tmp_path / "run",
        fine_tuning__task="rte",
        fine_tuning__dir=tmp_path / "data",
        fine_tuning__start=files / "weights",
    )
    said = refused(capsys, code, tmp_path / "run")
    assert "no column sentence2" in said
    assert said.count("no column") == 2


def test_a_number_of_choices_that_varies_is_named(files, tmp_path, capsys):
    toy.write_dream(tmp_path / "data")
    path = tmp_path / "data" / "dream" / "train.json.gz"
    path.unlink()
    asked = [{"question": "what?", "choice": ["a", "b"], "answer": "a"}]
    path.with_suffix("").write_text(json.dumps([[["M: a day"], asked, "one"]]))
    code = run(
        tmp_path / "run",
        fine_tuning__task="dream",
        fine_tuning__dir=tmp_path / "data",
        fine_tuning__start=files / "weights",
    )
    said = refused(capsys, code, tmp_path / "run")
    assert "dialogue 1, question 1" in said
    assert "2 choices; expected 3 for every question" in said


def test_a_missing_start_is_named(files, tmp_path, capsys):
    given = {"fine_tuning__dir": files / "data", "fine_tuning__start": tmp_path / "nowhere"}
    said = refused(capsys, run(tmp_path / "run", **given), tmp_path / "run")
    assert "nowhere" in said
    assert "no such folder" in said


def test_some_layers_of_an_lstm_are_refused(files, tmp_path, capsys):
    given = {"fine_tuning__dir": files / "data", "fine_tuning__start": files / "lstm"}
    code = run(tmp_path / "run", **given, fine_tuning__layers=0)
    said = refused(capsys, code, tmp_path / "run")
    assert "config.fine_tuning.layers: found 0, of an LSTM" in said


def test_weights_of_another_tokenizer_are_refused(files, tmp_path, capsys):
    write_byte_pairs(train_byte_pairs(["one two three two one two"], 40), tmp_path / "other")
    given = {
        "fine_tuning__dir": files / "data",
        "fine_tuning__start": files / "pretrained",
        "tokenizer__dir": tmp_path / "other",
    }
    said = refused(capsys, run(tmp_path / "run", **given), tmp_path / "run")
    assert "config.tokenizer.dir" in said
    assert "the tokenizer that the weights were trained with" in said


def test_several_mistakes_are_told_together(files, tmp_path, capsys):
    code = run(
        tmp_path / "run",
        fine_tuning__dir=tmp_path,
        fine_tuning__start=files / "pretrained",
        analyses="ablations,zero_shot",
        ablations__lstm=files / "pretrained",
        zero_shot__tasks="winograd",
    )
    said = refused(capsys, code, tmp_path / "run")
    assert "a transformer in" in said
    assert "config.zero_shot.winograd" in said
    assert str(tmp_path) in said


def test_too_many_layers_are_refused(files, tmp_path, capsys):
    code = run(
        tmp_path / "run",
        fine_tuning__dir=files / "data",
        fine_tuning__start=files / "pretrained",
        fine_tuning__layers=7,
        layers__counts="1,9",
    )
    said = refused(capsys, code, tmp_path / "run")
    assert "config.fine_tuning.layers: found 7; expected at most the 2 layers" in said
    assert "config.layers.counts: found 9" in said


def test_weights_for_another_number_of_pieces_are_refused(files, tmp_path, capsys):
    shutil.copytree(files / "weights", tmp_path / "weights")
    for name in ("merges.txt", "vocab.json"):
        (tmp_path / "weights" / name).unlink()
    write_byte_pairs(train_byte_pairs(["one two three two one two"], 40), tmp_path / "other")
    code = run(
        tmp_path / "run",
        fine_tuning__dir=files / "data",
        fine_tuning__start=tmp_path / "weights",
        tokenizer__dir=tmp_path / "other",
    )
    said = refused(capsys, code, tmp_path / "run")
    assert "as many as the tokenizer has" in said


def test_other_files_of_the_task_are_refused_in_a_folder_that_was_begun(
    finished, files, tmp_path, capsys
):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)
    toy.write_sst2(tmp_path / "data", count=25)
    code = run(copy, fine_tuning__dir=tmp_path / "data", fine_tuning__start=files / "pretrained")
    assert code == 2
    assert "files of the task" in capsys.readouterr().err


def start_of(files, **more):
    return {"fine_tuning__dir": files / "data", "fine_tuning__start": files / "pretrained"} | more


REFUSED = {
    "no start": ({"fine_tuning__start": ""}, "config.fine_tuning.start: found ''"),
    "no tasks": (
        {"analyses": "zero_shot", "zero_shot__tasks": ""},
        "config.zero_shot.tasks: found nothing",
    ),
    "length": ({"fine_tuning__max_length": 99}, "at most the 24 positions that the model has"),
    "batch": ({"fine_tuning__limit": 4}, "config.fine_tuning.batch_size: found 8 for 4 training"),
    "kernel": (
        {"gpt__kernel": "cudnn", "gpt__dtype": "bfloat16"},
        "config.gpt.kernel: found 'cudnn' on a CPU",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(files, tmp_path, capsys, case):
    more, message = REFUSED[case]
    folder = tmp_path / "run"
    assert message in refused(capsys, run(folder, **start_of(files, **more)), folder)
    assert not (folder / "config.json").exists()


def test_nothing_is_compared_with_a_pre_training_that_there_is_not(files, tmp_path, capsys):
    given = start_of(files, fine_tuning__start="none", tokenizer__dir=files / "weights")
    folder = tmp_path / "run"
    said = refused(capsys, run(folder, analyses="ablations,layers", **given), folder)
    assert "'none', with the analysis ablations" in said
    assert "'none', with the analysis layers" in said
    said = refused(capsys, run(folder, fine_tuning__layers=2, **given), folder)
    assert "'none', with config.fine_tuning.layers 2" in said
