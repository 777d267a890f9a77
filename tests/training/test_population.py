import json
import os
import subprocess
import sys
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from attnjax.data.batching import evaluation_batches
from attnjax.training.host import Interrupted
from attnjax.training.loop import fit
from attnjax.training.members import Members, members_of_seeds
from attnjax.training.metrics import score
from attnjax.training.objectives import classification, guided
from attnjax.training.population import fit_population, predict_population
from attnjax.training.predict import predict
from attnjax.training.recorder import TrainingDivergedError

from .toy import LENGTHS, noisy_toy, toy, toy_config, toy_split

TRAIN, DEV = toy_split(40, seed=0, evidence=True), toy_split(20, seed=1, first_id=40)
SEEDS = members_of_seeds([5, 11, 12])
"""The first is the seed of `toy_config`."""

TIMES = ("seconds", "tokens_per_second")
EQUAL = 1e-5
"""float32: the products of several members may be summed in another order; weights near 1."""


def population_in(folder, members=SEEDS, config=None, *, model=noisy_toy, **changes):
    values = {"train": TRAIN, "dev": DEV, "lengths": LENGTHS, "progress": False, **changes}
    values = {"objective": classification, **values}
    return fit_population(
        model,
        members=members,
        config=config or toy_config(),
        directory=folder / "checkpoints",
        metrics_path=folder / "metrics.jsonl",
        **values,
    )


def lines_of(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: v for name, v in line.items() if name not in TIMES} for line in lines]


def member(params, i):
    return jax.tree.map(lambda leaf: leaf[i], params)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: what every continued one must equal."""
    folder = tmp_path_factory.mktemp("population")
    return folder, population_in(folder)


def test_every_member_ends_as_it_would_alone(tmp_path, whole):
    for i, seed in enumerate(SEEDS.seeds):
        alone = population_in(tmp_path / str(i), members_of_seeds([seed]))
        chex.assert_trees_all_close(
            member(alone.params, 0), member(whole[1].params, i), rtol=0, atol=EQUAL
        )
        assert alone.best_epoch[0] == whole[1].best_epoch[i]
        # An area moves in steps of at least 1/100 here.
        assert alone.best_score[0] == pytest.approx(whole[1].best_score[i], abs=EQUAL)


def test_a_member_with_the_runs_seed_ends_as_a_single_run(tmp_path, whole):
    single = fit(
        noisy_toy,
        train=TRAIN,
        dev=DEV,
        lengths=LENGTHS,
        config=toy_config(),
        directory=tmp_path / "checkpoints",
        metrics_path=tmp_path / "metrics.jsonl",
        progress=False,
    )
    chex.assert_trees_all_close(single.params, member(whole[1].params, 0), rtol=0, atol=EQUAL)
    assert (single.best_epoch, single.steps) == (whole[1].best_epoch[0], whole[1].steps)


def test_members_differ(whole):
    table = whole[1].params["embedding"]
    assert np.abs(table[0] - table[1]).max() > 0.1


def test_the_best_epoch_of_each_is_kept(whole):
    folder, result = whole
    evaluations = [line["members"] for line in lines_of(folder) if "members" in line]
    areas = np.array([[each["auc"] for each in line] for line in evaluations])
    assert areas.shape == (3, 3) == (result.epochs_run, len(SEEDS.seeds))
    np.testing.assert_array_equal(result.best_epoch, areas.argmax(axis=0))
    np.testing.assert_array_equal(result.best_score, areas.max(axis=0))
    batches = evaluation_batches(DEV, lengths=LENGTHS, batch_size=6)
    found = predict_population(noisy_toy, result.params, batches)
    again = [score(found.label, each).auc for each in found.probability]
    np.testing.assert_array_equal(again, result.best_score)


def test_the_journal_names_members_and_their_losses(whole):
    lines = lines_of(whole[0])
    evaluation = next(line for line in lines if "members" in line)
    assert [each["seed"] for each in evaluation["members"]] == SEEDS.seeds.tolist()
    mean = np.mean([each["accuracy"] for each in evaluation["members"]])
    assert evaluation["dev"]["accuracy"] == pytest.approx(mean)
    logged = [line for line in lines if "losses" in line]
    assert {len(line["losses"]) for line in logged} == {3}
    assert logged[0]["loss"] == pytest.approx(np.mean(logged[0]["losses"]))


def test_predictions_are_those_of_each_member(whole):
    batches = evaluation_batches(DEV, lengths=LENGTHS, batch_size=6)
    found = predict_population(noisy_toy, whole[1].params, batches)
    for i in range(3):
        alone = predict(noisy_toy, member(whole[1].params, i), batches)
        np.testing.assert_array_equal(found.instance_id, alone.instance_id)
        np.testing.assert_allclose(found.probability[i], alone.probability, rtol=0, atol=1e-6)
        for together, weights in zip(found.attention, alone.attention, strict=True):
            np.testing.assert_allclose(together[i], weights, rtol=0, atol=1e-6)


@pytest.mark.parametrize("calls", [1, 8])
def test_stopped_and_continued_ends_with_the_same_bits(tmp_path, whole, calls):
    asked = iter(range(1000))
    with pytest.raises(Interrupted, match="continues"):
        population_in(tmp_path, stop=lambda: next(asked) == calls - 1)
    result = population_in(tmp_path)
    chex.assert_trees_all_equal(result.params, whole[1].params)
    np.testing.assert_array_equal(result.best_score, whole[1].best_score)
    assert (result.steps, result.epochs_run) == (whole[1].steps, whole[1].epochs_run)
    assert lines_of(tmp_path) == lines_of(whole[0])


def test_a_finished_population_is_not_trained_again(whole):
    folder, result = whole
    before = (folder / "metrics.jsonl").read_text()
    again = population_in(folder)
    chex.assert_trees_all_equal(again.params, result.params)
    np.testing.assert_array_equal(again.best_epoch, result.best_epoch)
    assert (folder / "metrics.jsonl").read_text() == before


def test_members_may_differ_by_the_objectives_weight(tmp_path):
    """One seed, two pulls to the evidence: each as a single run with that weight."""
    members = Members(np.array([5, 5]), np.array([0.0, 5.0], np.float32))
    config = toy_config(epochs=1)
    found = population_in(tmp_path / "two", members, config, model=toy, objective=guided)
    for i, weight in enumerate((0.0, 5.0)):
        single = fit(
            toy,
            train=TRAIN,
            dev=DEV,
            lengths=LENGTHS,
            config=toy_config(epochs=1, guide_weight=weight),
            directory=tmp_path / str(i),
            metrics_path=tmp_path / f"{i}.jsonl",
            progress=False,
        )
        chex.assert_trees_all_close(single.params, member(found.params, i), rtol=0, atol=EQUAL)
    assert np.abs(found.params["attention"][0] - found.params["attention"][1]).max() > 1e-3


def test_a_member_that_diverges_is_named(tmp_path):
    members = Members(np.array([5, 6]), np.array([0.0, np.inf], np.float32))
    with pytest.raises(TrainingDivergedError, match=r"step 1 .*member 1 \(seed 6, weight inf\)"):
        population_in(tmp_path, members, model=toy, objective=guided)


def test_no_epochs_returns_the_initial_weights(tmp_path):
    import dataclasses

    config = toy_config()
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, epochs=0))
    result = population_in(tmp_path, config=config)
    assert result.best_epoch.tolist() == [-1] * 3
    assert np.isnan(result.best_score).all()
    assert result.params["embedding"].shape[0] == 3


DEVICES = """
import tempfile
from pathlib import Path
import jax, numpy as np
from attnjax.data.batching import evaluation_batches
from attnjax.training.members import Members
from attnjax.training.mesh import make_mesh
from attnjax.training.objectives import guided
from attnjax.training.population import predict_population
from tests.training.test_population import DEV, population_in
from tests.training.toy import LENGTHS, noisy_toy, toy_config
jax.config.update("jax_numpy_rank_promotion", "raise")
assert len(jax.devices()) == 8
batches = evaluation_batches(DEV, lengths=LENGTHS, batch_size=6)
for count in (8, 3):
    members = Members(np.arange(count), np.linspace(0, 2, count).astype(np.float32))
    found = []
    for devices in (jax.devices()[:1], jax.devices()):
        mesh = make_mesh(devices)
        result = population_in(Path(tempfile.mkdtemp()), members, toy_config(epochs=1),
                               objective=guided, mesh=mesh)
        said = predict_population(noisy_toy, result.params, batches, mesh)
        found.append((jax.device_get(result.params), said.probability))
    lies = result.params["embedding"].sharding
    assert count == 3 or lies.shard_shape((8, 12, 4))[0] == 1, lies
    gaps = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), *found)
    assert max(jax.tree.leaves(gaps)) < 1e-5, gaps
print("equal")
"""


CONTINUED = """
import sys
from pathlib import Path
import jax
from attnjax.training.host import Interrupted
from attnjax.training.members import members_of_seeds
from tests.training.test_population import population_in
from tests.training.toy import toy_config
count, folder, stop_after = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
asked = iter(range(1000))
try:
    result = population_in(folder, members_of_seeds(range(count)), toy_config(epochs=2),
                           stop=lambda: next(asked) == stop_after)
    print(len(jax.devices()), result.status, result.params["embedding"].sum(axis=(1, 2)).tolist())
except Interrupted:
    print(len(jax.devices()), "stopped")
"""


def continued(folder, count, *, devices, stop_after=-1):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(devices)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CONTINUED, str(count), str(folder), str(stop_after)],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1].split(maxsplit=2)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 9])
def test_a_population_continues_on_other_devices(tmp_path, count):
    """Members that only fill devices are not kept: 9 lie on 5 of 8 devices, and on 2, as 10."""
    assert continued(tmp_path, count, devices=8, stop_after=7) == ["8", "stopped"]
    devices, status, sums = continued(tmp_path, count, devices=2)
    assert (devices, status) == ("2", "finished")
    again = continued(tmp_path, count, devices=1)
    assert again == ["1", "finished", sums]
    alone = continued(tmp_path / "alone", count, devices=1)
    np.testing.assert_allclose(json.loads(alone[2]), json.loads(sums), atol=1e-4)


def test_eight_devices_give_the_numbers_of_one():
    """Eight members, and three, which do not divide by 8."""
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DEVICES],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.endswith("equal\n"), done.stderr[-3000:]
