"""How often a whole run traces and compiles, and what it imports before its first step."""

import json
import subprocess
import sys

import pytest

from tests.processes import ROOT, TOY, environment

LATE = ("matplotlib", "jinja2", "pyarrow", "tensorflow_datasets", "sklearn", "scipy", "torch")
"""What belongs to a stage after the first training step, or to no stage of this run."""

SCRIPT = """
import json, sys
from collections import Counter
from pathlib import Path

import jax

from attnjax.cli import main
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
jax.monitoring.register_event_duration_secs_listener(listen)

root, config, folder = sys.argv[1:]
runs = []
for seed in (0, 1):
    traced.clear()
    compiled.clear()
    arguments = [f"--config={config}", f"--workdir={folder}/{seed}", f"--config.seed={seed}",
                 "--config.data.num_buckets=2", "--config.training.epochs=1"]
    code = main(arguments, root=Path(root))
    runs.append({"code": code, "traced": dict(traced), "compiled": dict(compiled)})
print(json.dumps({"runs": runs, "at_first_step": sorted(at_first_step)}))
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
        env=environment(folder / "cache"),
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [run["code"] for run in found["runs"]] == [0, 0], done.stderr
    return found
