import json
import math

import jax.numpy as jnp
import pytest

from attnjax.errors import UserError
from attnjax.training.journal import Journal
from attnjax.training.metrics import Scores
from attnjax.training.progress import Lines
from attnjax.training.recorder import Judged, Recorder, TakenStep, TrainingDivergedError
from attnjax.training.step import StepMetrics


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "metrics.jsonl", "train") as opened:
        yield opened


def make_recorder(journal, seconds=0.0):
    return Recorder(
        journal, Lines("train", num_epochs=2), log_every=2, num_steps=8, seconds=seconds
    )


def taken(number, loss, epoch=0):
    return TakenStep(number, epoch, StepMetrics(jnp.float32(loss), jnp.float32(loss / 2)), 10)


def lines(journal):
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def test_the_first_step_is_recorded_at_once(journal, capsys):
    make_recorder(journal).take(taken(1, 1.0))
    (line,) = lines(journal)
    assert (line["step"], line["loss"]) == (1, 0.5)
    assert capsys.readouterr().err == "train: step 1, loss 0.5000\n"


def test_steps_are_recorded_one_late(journal):
    recorder = make_recorder(journal, seconds=100.0)
    recorder.take(taken(2, 0.5))
    assert lines(journal) == []
    recorder.take(taken(3, 0.25))
    (line,) = lines(journal)
    assert (line["step"], line["epoch"], line["loss"]) == (2, 0, 0.25)
    assert line["seconds"] >= 100
    assert line["tokens_per_second"] > 0
    recorder.flush()
    recorder.flush()
    assert len(lines(journal)) == 1


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_and_names_the_step(journal, loss):
    recorder = make_recorder(journal)
    recorder.take(taken(3, 0.5, epoch=1))
    recorder.take(taken(4, loss, epoch=1))
    with pytest.raises(TrainingDivergedError, match="step 4") as error:
        recorder.flush()
    assert isinstance(error.value, UserError)
    assert "epoch 1" in str(error.value)
    assert "config.training.learning_rate" in str(error.value)


def test_an_evaluation_is_a_line_and_a_message(journal, capsys):
    recorder = make_recorder(journal)
    recorder.take(taken(3, 1.0))
    recorder.flush()
    recorder.evaluate(3, 0, Judged(Scores(0.9, 0.8, 0.7, None, 0.6, "class 0 does not occur")))
    (line,) = lines(journal)
    assert line["dev"] == {
        "accuracy": 0.9,
        "f1": 0.8,
        "f1_macro": 0.7,
        "auc": None,
        "loss": 0.6,
        "auc_undefined": "class 0 does not occur",
    }
    message = capsys.readouterr().err
    assert message.startswith("train: epoch 1 of 2, loss 0.5000, dev accuracy 0.900")
    assert "AUC undefined" in message


def test_a_nan_prediction_stops(journal):
    with pytest.raises(TrainingDivergedError, match="epoch 2"):
        make_recorder(journal).evaluate(9, 2, Judged(Scores(0.5, 0.0, 0.3, None, math.nan, "NaN")))
