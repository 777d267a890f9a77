import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from attnjax.data.batching import evaluation_batches
from attnjax.training.host import Interrupted
from attnjax.training.loop import fit
from attnjax.training.metrics import score
from attnjax.training.predict import predict
from attnjax.training.recorder import TrainingDivergedError

from .toy import LENGTHS, make_toy, noisy_toy, toy, toy_config, toy_split

TRAIN, DEV = toy_split(40, seed=0, evidence=True), toy_split(20, seed=1, first_id=40)
QUICKLY = {"learning_rate": 0.05, "checkpoint_every": 1000}
ONE_LENGTH = (12,)  # one compilation less, where lengths do not matter
TIMES = ("seconds", "tokens_per_second")


def train_in(folder, config, model=noisy_toy, **changes):
    values = {"train": TRAIN, "dev": DEV, "lengths": LENGTHS, "progress": False, **changes}
    return fit(
        model,
        config=config,
        directory=folder / "checkpoints",
        metrics_path=folder / "metrics.jsonl",
        **values,
    )


def lines_of(folder):
    """The journal without what may differ between two runs: times."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: v for name, v in line.items() if name not in TIMES} for line in lines]


def dev_score(params, model=noisy_toy, split=DEV):
    found = predict(model, params, evaluation_batches(split, lengths=LENGTHS, batch_size=6))
    return score(found.label, found.probability)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: what every continued one must equal."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train_in(folder, toy_config())


def same_end(folder, result, whole):
    chex.assert_trees_all_equal(result.params, whole[1].params)
    assert result._replace(params=None, seconds=0) == whole[1]._replace(params=None, seconds=0)
    assert lines_of(folder) == lines_of(whole[0])


def test_it_learns_and_returns_the_best_epoch(whole):
    folder, result = whole
    evaluations = [line for line in lines_of(folder) if "dev" in line]
    areas = [line["dev"]["auc"] for line in evaluations]
    assert len(areas) == result.epochs_run == 3
    assert result.best_score == max(areas)
    assert result.best_epoch == int(np.argmax(areas))
    assert dev_score(result.params).auc == result.best_score
    assert result.status == "finished"
    assert result.seconds > 0


def test_the_journal_has_every_logged_step_and_evaluation(whole):
    folder, result = whole
    lines = lines_of(folder)
    assert {line["name"] for line in lines} == {"train"}
    per_epoch = result.steps // 3
    logged = [line["step"] for line in lines if "loss" in line]
    assert logged == [1, *range(4, result.steps + 1, 4)]
    assert [line["step"] for line in lines if "dev" in line] == [per_epoch * e for e in (1, 2, 3)]
    assert [line["epoch"] for line in lines if "dev" in line] == [0, 1, 2]
    steps = [line["step"] for line in lines]
    assert steps == sorted(steps)


def test_it_learns_the_toy_task(tmp_path):
    result = train_in(tmp_path, toy_config(epochs=12, **QUICKLY), toy, lengths=ONE_LENGTH)
    assert dev_score(result.params, toy, TRAIN).accuracy > 0.8
    assert result.best_score > 0.8


def test_a_finished_run_is_not_repeated(whole):
    folder, result = whole
    before = (folder / "metrics.jsonl").read_text()
    again = train_in(folder, toy_config())
    chex.assert_trees_all_equal(again.params, result.params)
    assert again._replace(params=None) == result._replace(params=None)
    assert (folder / "metrics.jsonl").read_text() == before


@pytest.mark.parametrize("calls", [1, 7, 8])
def test_stopped_and_continued_ends_the_same(tmp_path, whole, calls):
    """After the first step, at the end of an epoch and just after one (7 or 8 steps)."""
    asked = iter(range(1000))
    with pytest.raises(Interrupted, match="continues"):
        train_in(tmp_path, toy_config(), stop=lambda: next(asked) == calls - 1)
    same_end(tmp_path, train_in(tmp_path, toy_config()), whole)


def test_a_damaged_checkpoint_costs_time_but_not_the_result(tmp_path, whole):
    asked = iter(range(1000))
    with pytest.raises(Interrupted):
        train_in(tmp_path, toy_config(), stop=lambda: next(asked) == 10)
    newest = max((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name))
    (newest / "record" / "metadata").write_text("{}")
    warnings = []
    result = train_in(tmp_path, toy_config(), warn=warnings.append)
    assert len(warnings) == 1
    assert "damaged" in warnings[0]
    same_end(tmp_path, result, whole)


def test_all_checkpoints_damaged_starts_again(tmp_path, whole):
    asked = iter(range(1000))
    with pytest.raises(Interrupted):
        train_in(tmp_path, toy_config(), stop=lambda: next(asked) == 10)
    for folder in (tmp_path / "checkpoints").iterdir():
        (folder / "record" / "metadata").unlink()
    warnings = []
    result = train_in(tmp_path, toy_config(), warn=warnings.append)
    assert "starts again" in warnings[-1]
    same_end(tmp_path, result, whole)


KILLED = """
import sys
from pathlib import Path
import jax
jax.config.update("jax_debug_key_reuse", True)
from attnjax.training.checkpoint import Checkpoints
from tests.training.test_loop import train_in, toy_config
print("started", flush=True)
train_in(Path(sys.argv[1]), toy_config())
print("finished", flush=True)
"""


def start_run(folder):
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_killed_three_times_ends_the_same(tmp_path, whole):
    """SIGKILL at random moments after the first checkpoint, then in-process to the end."""
    generator = random.Random(0)
    kills = 0
    for _ in range(3):
        process = start_run(tmp_path)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        before = sizes(tmp_path)
        # Wait until this process has written something, then a random moment more.
        while process.poll() is None and sizes(tmp_path) == before:
            time.sleep(0.002)
        time.sleep(generator.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        kills += "finished" not in output
    assert kills >= 1
    same_end(tmp_path, train_in(tmp_path, toy_config()), whole)


def sizes(folder):
    journal, kept = folder / "metrics.jsonl", folder / "checkpoints"
    names = sorted(path.name for path in kept.iterdir()) if kept.is_dir() else []
    return names, journal.stat().st_size if journal.exists() else 0


def test_the_release_never_keeps_the_first_epoch(tmp_path, monkeypatch):
    """Dev areas that fall from epoch to epoch: only the rule decides."""
    falling(monkeypatch, [0.9, 0.8, 0.7])
    assert train_in(tmp_path / "fixed", toy_config()).best_epoch == 0
    falling(monkeypatch, [0.9, 0.8, 0.7])
    result = train_in(tmp_path / "release", toy_config("release"))
    assert (result.best_epoch, result.best_score) == (1, 0.8)
    falling(monkeypatch, [0.9])
    assert train_in(tmp_path / "one", toy_config("release", epochs=1)).best_epoch == 0


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path, monkeypatch):
    seen = falling(monkeypatch, [0.7, 0.9, 0.8])
    result = train_in(tmp_path, toy_config())
    assert result.best_epoch == 1
    chex.assert_trees_all_equal(result.params, seen[1])
    assert not np.array_equal(result.params["embedding"], seen[2]["embedding"])


def test_patience_stops_early(tmp_path, monkeypatch):
    falling(monkeypatch, [0.7, 0.9, 0.8, 0.9, 0.95])
    result = train_in(tmp_path, toy_config(epochs=5, patience=2))
    assert (result.status, result.epochs_run, result.best_epoch) == ("stopped_early", 4, 1)
    again = train_in(tmp_path, toy_config(epochs=5, patience=2))
    assert again._replace(params=None) == result._replace(params=None)


def falling(monkeypatch, areas):
    """Make the dev areas of the epochs these; returns the weights that were evaluated."""
    remaining, seen = iter(areas), []

    def evaluate(model, params, *rest):
        seen.append(jax.device_get(params))
        return predict(model, params, *rest)

    def scores(label, probability):
        return score(label, probability)._replace(auc=next(remaining))

    monkeypatch.setattr("attnjax.training.loop.predict", evaluate)
    monkeypatch.setattr("attnjax.training.loop.score", scores)
    return seen


def test_no_epochs_returns_the_given_weights(tmp_path):
    batches = evaluation_batches(TRAIN, lengths=LENGTHS, batch_size=1)
    one = jax.tree.map(lambda leaf: leaf[0], batches[0].inputs)
    params = toy.init(jax.random.key(7), one)
    config = toy_config()
    # `resolve` wants a weights file with epochs 0; here the weights are at hand.
    config = replace(config, training=replace(config.training, epochs=0))
    result = train_in(tmp_path, config, toy, params=params)
    chex.assert_trees_all_equal(result.params, params)
    assert (result.epochs_run, result.best_epoch, result.best_score) == (0, -1, None)


def test_given_weights_are_started_from_and_not_consumed(tmp_path):
    batches = evaluation_batches(TRAIN, lengths=LENGTHS, batch_size=1)
    one = jax.tree.map(lambda leaf: leaf[0], batches[0].inputs)
    params = toy.init(jax.random.key(7), one)
    kept = jax.tree.map(np.array, params)
    tiny = toy_config(learning_rate=1e-7, epochs=1)
    result = train_in(tmp_path, tiny, toy, params=params, lengths=ONE_LENGTH)
    chex.assert_trees_all_equal(params, kept)
    # Seven steps of at most 1e-7.
    chex.assert_trees_all_close(result.params, kept, rtol=0, atol=1e-6)


def test_a_learning_rate_too_high_is_explained(tmp_path):
    exploding = toy._replace(decode=overflowing)
    with pytest.raises(TrainingDivergedError, match="step 1 ") as error:
        train_in(tmp_path, toy_config(), exploding)
    assert "learning_rate" in str(error.value)


def overflowing(params, states, attention, inputs, *, key=None):
    output = toy.decode(params, states, attention, inputs, key=key)
    return output._replace(logits=output.logits * np.float32(np.inf))


def test_one_class_on_dev_is_judged_by_the_loss(tmp_path):
    chosen = np.flatnonzero(DEV.label == 1)
    dev = type(DEV)(
        tuple(DEV.token_ids[i] for i in chosen),
        label=DEV.label[chosen],
        instance_id=DEV.instance_id[chosen],
    )
    result = train_in(tmp_path, toy_config(), dev=dev)
    assert result.score_name == "negative_loss"
    losses = [line["dev"]["loss"] for line in lines_of(tmp_path) if "dev" in line]
    assert result.best_score == -min(losses)


def test_several_classes(tmp_path):
    splits = {
        "train": toy_split(40, seed=2, num_classes=3),
        "dev": toy_split(30, seed=3, num_classes=3, first_id=40),
    }
    config = toy_config(epochs=10, **QUICKLY)
    result = train_in(tmp_path, config, make_toy(num_logits=3), lengths=ONE_LENGTH, **splits)
    assert result.best_score > 0.5  # three classes
    assert result.score_name == "accuracy"
    accuracies = [line["dev"]["accuracy"] for line in lines_of(tmp_path) if "dev" in line]
    assert result.best_score == max(accuracies)
    assert result.best_epoch == int(np.argmax(accuracies))


def test_the_guide_is_used(tmp_path):
    config = toy_config(guide_weight=5.0, epochs=10, **QUICKLY)
    guided = train_in(tmp_path, config, toy, lengths=ONE_LENGTH)
    batches = evaluation_batches(TRAIN, lengths=LENGTHS, batch_size=40)
    found = predict(toy, guided.params, batches)
    on_evidence = [
        weights[TRAIN.evidence[i]].sum()
        for i, weights in zip(found.instance_id, found.attention, strict=True)
    ]
    assert np.mean(on_evidence) > 0.9


def test_two_runs_share_a_journal(tmp_path):
    config = toy_config(epochs=1)
    for name in ("first", "second"):
        fit(
            noisy_toy,
            train=TRAIN,
            dev=DEV,
            lengths=LENGTHS,
            config=config,
            directory=tmp_path / name,
            metrics_path=tmp_path / "metrics.jsonl",
            name=name,
            progress=False,
        )
    names = [line["name"] for line in lines_of(tmp_path)]
    assert names == sorted(names)
    assert set(names) == {"first", "second"}
