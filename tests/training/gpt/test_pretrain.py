import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from attnjax.errors import DataError, UserError
from attnjax.training.gpt.pretrain import pretrain
from attnjax.training.host import Interrupted, stop_after
from attnjax.training.recorder import TrainingDivergedError
from tests.training.gpt.toy import (
    UNIFORM,
    toy_documents,
    toy_loss,
    toy_model,
    toy_params,
    toy_settings,
)

WHOLE = toy_documents()
TRAIN = WHOLE._replace(spans=[WHOLE.spans[0], WHOLE.spans[2]])
HELD = WHOLE._replace(spans=[WHOLE.spans[1]])


def train_in(folder, *, settings=None, model=toy_model, **arguments):
    return pretrain(
        model,
        params=toy_params(),
        train=arguments.pop("train", TRAIN),
        held_out=arguments.pop("held_out", HELD),
        settings=settings or toy_settings(),
        directory=folder / "checkpoints",
        metrics_path=folder / "metrics.jsonl",
        progress=False,
        **arguments,
    )


def lines_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def without_times(lines):
    timed = ("seconds", "seconds_left", "tokens_per_second", "mfu")
    return [{k: v for k, v in line.items() if k not in timed} for line in lines]


class StopAfter:
    """A `stop` that is true after a number of steps."""

    def __init__(self, steps):
        self.left = steps

    def __call__(self):
        self.left -= 1
        return self.left <= 0


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steady")
    return train_in(folder), lines_of(folder)


def test_it_learns_what_can_be_learnt(steady):
    result, lines = steady
    # (699 // 8 + 499 // 8) windows in batches of 8, four epochs
    assert result.steps == 4 * ((87 + 62) // 8)
    # Nine of ten tokens are the next one: the least loss there is.
    least = -(0.9 + 0.1 / 16) * math.log(0.9 + 0.1 / 16) - 15 / 160 * math.log(0.1 / 16)
    assert least - 0.15 < result.scores["loss"] < least + 0.5 < UNIFORM - 1
    assert result.dropped["windows that fill no batch, each epoch"] == (87 + 62) % 8
    judged = [line for line in lines if "dev" in line]
    assert [line["step"] for line in judged] == [25, 50, 72]
    assert [line["stage"] for line in judged] == [0, 1, 2]
    assert judged[-1]["dev"] == result.scores


def test_scores_of_what_is_held_out(steady):
    scores = steady[0].scores
    (name,) = scores["documents"]
    only = scores["documents"][name]
    assert (name, only["num_tokens"]) == ("book1", 299)
    assert only["loss"] == scores["loss"]
    assert only["perplexity"] == pytest.approx(math.exp(only["loss"]))
    bits = only["loss"] * 299 / math.log(2) / 1200
    assert only["bits_per_character"] == pytest.approx(bits)


def test_a_logged_step_says_where_the_run_is(steady):
    logged = [line for line in steady[1] if "loss" in line]
    assert [line["step"] for line in logged] == [1, *range(4, 73, 4)]
    line = logged[6]
    assert (line["step"], line["epoch"], line["stage"]) == (24, 1, 0)
    # 23 steps were behind: half a cosine, not re-scaled.
    assert line["learning_rate"] == pytest.approx(0.01 * (1 + math.cos(math.pi * 23 / 72)))
    assert line["gradient_norm"] > 0
    assert line["seconds_left"] >= 0
    # Nobody states the peak of a CPU.
    assert "mfu" not in line


def test_a_stopped_run_continues_bit_for_bit(tmp_path, steady):
    for steps in (26, 1):
        with pytest.raises(Interrupted):
            train_in(tmp_path, stop=StopAfter(steps))
    result = train_in(tmp_path, settings=toy_settings(checkpoint_every=40))
    chex.assert_trees_all_equal(jax.device_get(result.params), jax.device_get(steady[0].params))
    assert without_times(lines_of(tmp_path)) == without_times(steady[1])
    # A finished run is not repeated, and still knows its scores.
    again = train_in(tmp_path)
    assert (again.steps, again.scores) == (result.steps, result.scores)


def test_a_number_of_steps_ends_it_within_an_epoch(tmp_path):
    """The last stage is shorter; at the end of each a text is written."""
    settings = toy_settings(num_steps=23, evaluate_every=15)
    result = train_in(tmp_path, settings=settings, sample=lambda params, step: f"after {step}")
    assert result.steps == 23
    judged = [line for line in lines_of(tmp_path) if "dev" in line]
    assert [line["step"] for line in judged] == [15, 23]
    assert [line["dev"]["sample"] for line in judged] == ["after 15", "after 23"]


def test_a_loss_that_is_no_number_stops_and_names_the_step(tmp_path):
    def broken(params, batch, key):
        loss = toy_loss(params, batch, key)
        return loss._replace(total=loss.total * np.nan)

    with pytest.raises(TrainingDivergedError, match="step 1 "):
        train_in(tmp_path, model=toy_model._replace(loss=broken))


def test_a_token_file_of_another_vocabulary_is_refused(tmp_path):
    with pytest.raises(DataError, match="piece id 15; expected ids below the model's 15"):
        train_in(tmp_path, model=toy_model._replace(vocabulary_size=15))


def test_a_warm_up_longer_than_the_training_is_refused(tmp_path):
    with pytest.raises(UserError, match="fewer than the 23 steps"):
        train_in(tmp_path, settings=toy_settings(num_steps=23, warmup_steps=23))


def test_time_is_up():
    assert stop_after(-1.0)()
    assert not stop_after(100.0)()


ENDLESS = """
import sys
from pathlib import Path
from tests.training.gpt.test_pretrain import train_in
from tests.training.gpt.toy import toy_settings
train_in(Path(sys.argv[1]), settings=toy_settings(checkpoint_every=3))
"""


@pytest.mark.kill
def test_a_killed_run_continues_bit_for_bit(tmp_path, steady):
    """SIGKILL at three moments, each later in the run than the one before."""
    for wait in (0.2, 0.9, 1.6):
        process = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(tmp_path)],
            cwd=Path(__file__).parents[3],
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
        )
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("checkpoints/*/checksums.json")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    result = train_in(tmp_path)
    chex.assert_trees_all_equal(jax.device_get(result.params), jax.device_get(steady[0].params))
    assert without_times(lines_of(tmp_path)) == without_times(steady[1])
