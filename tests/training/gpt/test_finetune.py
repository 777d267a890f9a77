import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.data.gpt.rows import RowPlan, row_iterator
from attnjax.errors import DataError
from attnjax.training.gpt.finetune import Task, TaskLosses, TaskModel, finetune
from attnjax.training.gpt.optimizer import OptimizerSettings
from attnjax.training.gpt.settings import FinetuneSettings
from attnjax.training.host import Interrupted
from tests.training.gpt.test_pretrain import StopAfter, without_times


def rows_of(count, seed):
    """Points whose class is the sign of their sum."""
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(count, 4)).astype(np.float32)
    return {"points": points, "label": (points.sum(axis=1) > 0).astype(np.int32)}


def losses(params, rows, key):
    points = rows["points"]
    if key is not None:
        points = points * jax.random.bernoulli(key, 0.9, points.shape)
    scores = jax.nn.log_softmax(points @ params["kernel"] + params["bias"][None, :])
    task = -jnp.take_along_axis(scores, rows["label"][:, None], axis=1).mean()
    # A "language" whose only lesson is that the bias is 3.
    return TaskLosses(task, jnp.square(params["bias"] - 3.0).mean())


def logits(params, rows):
    return rows["points"] @ params["kernel"] + params["bias"][None, :]


MODEL = TaskModel(losses, logits)
TRAIN, DEV = rows_of(70, 0), rows_of(45, 1)


def settings_of(**changes):
    optimizer = OptimizerSettings(learning_rate=0.05, schedule="warmup_linear", warmup=0.002)
    values = {"batch_size": 16, "epochs": 5, "optimizer": optimizer, "checkpoint_every": 100}
    return FinetuneSettings(**{"log_every": 2, **values, **changes})


def train_in(folder, *, task=None, **arguments):
    stop = {"stop": arguments.pop("stop")} if "stop" in arguments else {}
    return finetune(
        MODEL,
        params={"kernel": jnp.zeros((4, 2)), "bias": jnp.zeros(2)},
        task=task or Task(TRAIN, DEV, DEV["label"], ("matthews", "accuracy")),
        settings=settings_of(**arguments),
        directory=folder / "checkpoints",
        metrics_path=folder / "metrics.jsonl",
        progress=False,
        **stop,
    )


def lines_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_it_learns_the_task_and_the_last_rows_are_dropped(tmp_path):
    result = train_in(tmp_path)
    assert result.steps == 5 * (70 // 16)
    assert result.dropped == {"rows that fill no batch, each epoch": 6}
    assert result.scores["accuracy"] > 0.85
    assert float(result.params["bias"].mean()) > 0.1  # of the language's lesson
    judged = [line["dev"] for line in lines_of(tmp_path) if "dev" in line]
    best = max(judged, key=lambda each: each["matthews"])
    assert result.scores == {name: best[name] for name in ("matthews", "accuracy")}
    assert judged[result.epoch] == best
    # The weights are those of that epoch: they give its very scores.
    found = np.argmax(logits(result.params, DEV), axis=1)
    assert np.mean(found == DEV["label"]) == result.scores["accuracy"]
    (first, *_) = lines_of(tmp_path)
    assert first["loss"] == pytest.approx(first["task_loss"] + 0.5 * first["language_loss"])
    assert first["language_loss"] == pytest.approx(9.0)


def test_without_lambda_nothing_is_learnt_of_the_language(tmp_path):
    result = train_in(tmp_path, language_weight=0.0, keep="last", epochs=2)
    # What the task gives to one class it takes from the other.
    assert abs(float(result.params["bias"].mean())) < 1e-3
    assert "language_loss" not in lines_of(tmp_path)[0]


def test_the_last_rows_may_be_a_batch_and_the_last_epoch_kept(tmp_path):
    result = train_in(tmp_path, drop_last=False, keep="last", epochs=2)
    assert result.steps == 2 * 5
    assert set(result.dropped.values()) == {0}
    assert result.epoch == 1
    judged = [line["dev"] for line in lines_of(tmp_path) if "dev" in line]
    assert result.scores["matthews"] == judged[-1]["matthews"]
    found = np.argmax(logits(result.params, DEV), axis=1)
    assert np.mean(found == DEV["label"]) == result.scores["accuracy"]


@pytest.mark.slow
def test_a_stopped_run_continues_bit_for_bit(tmp_path):
    steady = train_in(tmp_path / "steady", epochs=3)
    for steps in (5, 1):
        with pytest.raises(Interrupted):
            train_in(tmp_path / "cut", epochs=3, stop=StopAfter(steps))
    result = train_in(tmp_path / "cut", epochs=3, checkpoint_every=3)
    chex.assert_trees_all_equal(jax.device_get(result.params), jax.device_get(steady.params))
    assert (result.epoch, result.scores) == (steady.epoch, steady.scores)
    assert without_times(lines_of(tmp_path / "cut")) == without_times(lines_of(tmp_path / "steady"))


@pytest.mark.slow
def test_a_score_is_judged_by_correlation(tmp_path):
    wanted = 1 / (1 + np.exp(-DEV["points"].sum(axis=1)))
    task = Task(TRAIN, DEV, wanted, ("pearson", "spearman"), "score")
    result = train_in(tmp_path, task=task)
    assert result.scores["pearson"] > 0.9


def test_every_row_occurs_once_an_epoch():
    plan = RowPlan(np.arange(7), batch_size=3, seed=0, num_epochs=2, drop_last=False)
    batches = list(row_iterator(plan))
    assert [batch.size for batch in batches] == [3, 3, 1] * 2
    for epoch in range(2):
        seen = [batch.rows.tolist() for batch in batches if batch.epoch == epoch]
        assert sorted(row for rows in seen for row in rows) == list(range(7))
    assert [b.rows.tolist() for b in batches[:3]] != [b.rows.tolist() for b in batches[3:]]


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="found 7; expected at least the 8 of one batch"):
        RowPlan(np.arange(7), batch_size=8, seed=0, num_epochs=1)
