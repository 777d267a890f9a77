"""How often a whole run traces and compiles, and what it imports before its first step."""

import json
import subprocess
import sys

import pytest

from tests.processes import ROOT, TOY, environment

BUCKETS, MODELS = 2, 2
"""Padded lengths; the run's model, which is the positive control's too, and the negative one's."""

TRACES = {
    "train_step": 3 * BUCKETS,  # two models, and the guide's weight in the positive control
    "predict_batch": MODELS * BUCKETS + BUCKETS,  # dev's batches, and the larger ones of test
    "gradient_importances": MODELS * BUCKETS,
    "leave_one_out": MODELS * BUCKETS,
    "kendall_taus": 3,  # texts are padded to 8, 16 and 32 tokens
    "permutation_outputs": BUCKETS,
    "search": BUCKETS,
    "solve_batch": BUCKETS,
    "constrain_batch": BUCKETS,
}
"""How often each public entry is traced in a run of all tests: once a model and shape."""

LATE = ("matplotlib", "jinja2", "pyarrow", "tensorflow_datasets", "sklearn", "scipy", "torch")
"""What belongs to a stage after the first training step, or to no stage of this run."""

SCRIPT = """
import json, sys
from collections import Counter
from pathlib import Path

import jax

from attnjax import cli
from attnjax.training.recorder import Recorder

traced, compiled, at_first_step = Counter(), Counter(), []
COUNTERS = {
    "/jax/core/compile/jaxpr_trace_duration": traced,
    "/jax/core/compile/backend_compile_duration": compiled,
}

def listen(event, seconds, fun_name="", **_):
    if event in COUNTERS:
        COUNTERS[event][fun_name] += 1

take = Recorder.take

def take_and_look(self, step):
    if not at_first_step:
        at_first_step.extend({name.split(".")[0] for name in sys.modules})
    take(self, step)

Recorder.take = take_and_look
cli._write_report = lambda *_: None  # it compiles nothing and takes seconds
jax.monitoring.register_event_duration_secs_listener(listen)

root, config, folder = sys.argv[1:]
runs = []
for seed in (0, 1):
    traced.clear()
    compiled.clear()
    arguments = [f"--config={config}", f"--workdir={folder}/{seed}", f"--config.seed={seed}",
                 "--config.data.num_buckets=2", "--config.training.epochs=2",
                 "--config.model.encoder=average"]
    code = cli.main(arguments, root=Path(root))
    runs.append({"code": code, "traced": dict(traced), "compiled": dict(compiled)})
precision = jax.config.jax_default_matmul_precision
print(json.dumps({"runs": runs, "at_first_step": sorted(at_first_step), "precision": precision}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What two toy runs with two buckets, one after the other in one process, did."""
    folder = tmp_path_factory.mktemp("compilations")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ROOT), str(TOY), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        # Programs are counted here and hardly run: no time for making them fast.
        env=environment(folder / "cache") | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [run["code"] for run in found["runs"]] == [0, 0], done.stderr
    return found


@pytest.mark.parametrize("entry", TRACES)
def test_an_entry_is_traced_and_compiled_once_a_model_and_shape(seen, entry):
    first = seen["runs"][0]
    assert first["traced"][entry] == TRACES[entry]
    assert first["compiled"][f"jit({entry})"] == TRACES[entry]


def test_nothing_else_is_compiled_for_every_bucket_or_array(seen):
    """Small programs between the entries: one a run or a model, whatever the data."""
    others = {
        name: count
        for name, count in seen["runs"][0]["compiled"].items()
        if name.removeprefix("jit(").removesuffix(")") not in TRACES
    }
    assert max(others.values()) <= MODELS, others


def test_a_second_run_in_the_process_compiles_nothing(seen):
    second = seen["runs"][1]
    assert second["compiled"] == {}
    # One look at the shape of the logits a training, which runs nothing.
    assert set(second["traced"]) <= {"<lambda>"}


def test_a_run_multiplies_in_float32_on_every_device(seen):
    assert seen["precision"] == "highest"


def test_heavy_packages_are_imported_after_the_first_step(seen):
    assert "jax" in seen["at_first_step"]
    assert set(LATE) & set(seen["at_first_step"]) == set()
