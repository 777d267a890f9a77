"""Whole runs of the tests that train other models: their numbers are those of their rows."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import f1_score, roc_auc_score

from attnjax.config import WIEGREFFE_PINTER, resolve
from attnjax.experiments.runner import run_stages
from attnjax.training.host import Interrupted, never_stop
from attnjax.workspace import work_folder
from tests.processes import end_state
from tests.toy_population_config import get_config

pytestmark = pytest.mark.slow

MADE_WITH = {"attnjax": "1", "command": "", "device": "", "python": "3", "packages": {}}
SEEDS, LAMBDAS = 3, 2


def run_in(folder, *, stop=never_stop, say=lambda line: None, **changed):
    config = get_config().to_dict()
    for name, values in changed.items():
        config[name] = config[name] | values if isinstance(values, dict) else values
    with work_folder(folder):
        return run_stages(
            resolve(config), folder, made_with=MADE_WITH, progress=False, stop=stop, say=say
        )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of all five tests; tests that change its folder copy it first."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    run_in(folder)
    return folder


@pytest.fixture(scope="module")
def tests(finished):
    return json.loads((finished / "results.json").read_text())["tests"]


@pytest.fixture(scope="module")
def table(finished):
    return pq.read_table(finished / "instances.parquet").to_pydict()


def stacked(table, name, members):
    """`[M, N, 2]` of a column of flat lists."""
    values = np.array(table[name], np.float64)
    return np.moveaxis(values.reshape(len(values), members, 2), 1, 0)


def jsd_of(first, second):
    return np.array([jensenshannon(p, q) ** 2 for p, q in zip(first, second, strict=True)])


def test_every_score_is_that_of_the_rows(tests, table):
    label = np.array(table["label"])
    columns = {
        "uniform.probability": tests["uniform"]["uniform"],
        "uniform.base_probability": tests["uniform"]["base"],
        **{
            f"guides.{name}_probability": tests["guides"][name]
            for name in ("uniform", "trained", "base", "adversary")
        },
    }
    for name, found in columns.items():
        made = stacked(table, name, SEEDS)
        f1 = [f1_score(label, one.argmax(1), zero_division=0) for one in made]
        # 1e-6: probabilities are kept in float32.
        assert found["f1"] == pytest.approx(np.mean(f1), abs=1e-6)
        auc = [roc_auc_score(label, one[:, 1]) for one in made]
        assert found["auc"] == pytest.approx(np.mean(auc), abs=1e-6)
        assert found["f1_ci95"][0] <= found["f1"] <= found["f1_ci95"][1]
    differences = tests["guides"]["differences"]
    assert differences["base"]["auc"] == pytest.approx(
        tests["guides"]["base"]["auc"] - tests["guides"]["uniform"]["auc"]
    )
    base = stacked(table, "seeds.probability", SEEDS)
    np.testing.assert_array_equal(base, stacked(table, "uniform.base_probability", SEEDS))


def test_distances_of_seeds_are_those_of_the_rows(tests, table):
    seeds, jsd = tests["seeds"], np.array(table["seeds.jsd"])
    assert (seeds["count"], jsd.shape[1]) == (SEEDS, SEEDS)
    assert seeds["jsd"]["mean"] == pytest.approx(jsd.mean(), rel=1e-5)
    changes = np.abs(
        stacked(table, "seeds.probability", SEEDS)[..., 1] - np.array(table["probability"])[:, 1]
    )
    np.testing.assert_allclose(np.array(table["seeds.output_change"]), changes.T, atol=1e-6)
    assert [one["seed"] for one in seeds["per_seed"]] == [1, 2, 3]
    for kind, column in (("search", "adversary.jsd"), ("exact", "exact_adversary.jsd")):
        share = (jsd < np.array(table[column])[:, None]).mean()
        assert seeds["adversary_quantile"][kind] == pytest.approx(share)


def test_the_sweep_is_that_of_the_rows(tests, table):
    sweep = tests["trained_adversary"]
    assert [one["lambda"] for one in sweep["lambdas"]] == [0.001, 0.1]
    jsd, tvd = (np.array(table[f"trained_adversary.{name}"]) for name in ("jsd", "tvd"))
    for member, point in enumerate(sweep["lambdas"]):
        assert point["jsd"] == pytest.approx(jsd[:, member].mean(), rel=1e-5)
        assert point["tvd"] == pytest.approx(tvd[:, member].mean(), rel=1e-5)
    own = jsd_of(table["trained_adversary.attention"], table["attention"])
    np.testing.assert_allclose(jsd[:, sweep["chosen"]], own, atol=1e-6)
    made = stacked(table, "trained_adversary.probability", LAMBDAS)
    changes = np.abs(made[..., 1] - np.array(table["probability"])[:, 1])
    np.testing.assert_allclose(tvd.T, changes, atol=1e-6)
    exact = sweep["instance_adversary"]["exact"]
    assert exact["jsd"] == pytest.approx(np.mean(table["exact_adversary.jsd"]), rel=1e-5)
    assert sweep["seeds"]["jsd"] == tests["seeds"]["jsd"]["mean"]
    assert min(size for one in sweep["norms"].values() for size in one.values()) > 0


def test_the_mass_is_that_of_the_rows(tests, table):
    mass = tests["mass_adversary"]
    own = [
        sum(weight for weight, flag in zip(weights, flags, strict=True) if flag)
        for weights, flags in zip(table["attention"], table["evidence"], strict=True)
    ]
    np.testing.assert_allclose(table["mass_adversary.base_mass"], own, atol=1e-6)
    assert mass["mass"]["base"] == pytest.approx(np.mean(own), rel=1e-5)
    hidden = np.array(table["mass_adversary.mass"]).mean(axis=0)
    assert mass["mass"]["adversary"] == pytest.approx(hidden, rel=1e-5)
    assert table["mass_adversary.marked"] == table["evidence"]


def test_the_same_command_repeats_nothing(finished, tmp_path):
    folder, lines = tmp_path / "run", []
    shutil.copytree(finished, folder)
    run_in(folder, say=lines.append)
    assert sum(": finished before" in line for line in lines) == len(
        [path for path in (folder / "stages").glob("*.json") if path.name != "data.json"]
    )
    assert end_state(folder) == end_state(finished)


def test_a_run_stopped_within_a_sweep_ends_as_if_it_had_not_been(finished, tmp_path):
    """Stops in the second epoch of the sweep, which the next command continues."""
    folder, lines, calls = tmp_path / "run", [], []

    def stop():
        if any(line.startswith("[3/4] train_adversaries") for line in lines):
            calls.append(1)
        return len(calls) == 12

    small = ("trained_adversary",)
    with pytest.raises(Interrupted, match="stopped after step 9"):
        run_in(folder, stop=stop, say=lines.append, tests=small)
    checkpoints = folder / "checkpoints" / "train_adversaries"
    assert list(checkpoints.iterdir())
    run_in(folder, tests=small)
    stopped, whole = end_state(folder), end_state(finished)
    name = "metrics.train_adversaries.jsonl"
    assert stopped["metrics"][name] == whole["metrics"][name]
    name = "train_adversaries.json"
    assert stopped["params"][name] == whole["params"][name]
    sweep, expected = (
        one["results"]["tests"]["trained_adversary"]["lambdas"] for one in (stopped, whole)
    )
    assert sweep == expected


def test_another_runs_model_may_be_the_base_and_a_guide(finished, tmp_path):
    folder, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(finished, other)
    before = end_state(finished)
    asked = {
        "seed": 7,
        "tests": ("seeds", "guides", "trained_adversary"),
        "guides": {"file": str(other)},
        "trained_adversary": {"base": str(other), "lambdas": (0.1,)},
    }
    results = run_in(folder, **asked)
    assert end_state(other) == before
    # What is needed of the other run was copied: it may go, and the command still works.
    shutil.rmtree(other)
    assert run_in(folder, **asked)["tests"] == results["tests"]
    assert results["tests"]["guides"]["source"]["file"] == {"name": "other"}
    assert results["tests"]["guides"]["differences"]["file"]["auc"] is not None
    sweep = results["tests"]["trained_adversary"]
    assert sweep["seeds"] is sweep["instance_adversary"]["search"] is None
    theirs, ours = (
        pq.read_table(one / "instances.parquet").to_pydict() for one in (finished, folder)
    )
    jsd = jsd_of(ours["trained_adversary.attention"], theirs["attention"])
    np.testing.assert_allclose(np.array(ours["trained_adversary.jsd"])[:, 0], jsd, atol=1e-6)
    assert ours["attention"] != theirs["attention"]


def test_three_classes_go_through_every_test(tmp_path):
    words = {"pos": "good", "neg": "bad", "mid": "fair"}
    rows = [{"text": f"a {one} one", "label": name} for name, one in words.items()] * 40
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    results = run_in(
        tmp_path / "run",
        data={"name": "file", "path": str(path)},
        mass_adversary={"marked": "first_half"},
        tests=WIEGREFFE_PINTER,
    )
    found = results["tests"]
    assert set(found) == set(WIEGREFFE_PINTER)
    quantile = found["seeds"]["adversary_quantile"]
    assert quantile["search"] is quantile["exact"] is None
    assert 0 <= quantile["trained"] <= 1
    assert 0 <= found["uniform"]["uniform"]["auc"] <= 1
    assert found["mass_adversary"]["mass"]["adversary"][1] < found["mass_adversary"]["mass"]["base"]
