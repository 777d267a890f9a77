"""What several devices, and several processes, compute is what one does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from attnjax.errors import UserError
from attnjax.training.gpt.placement import gpt_mesh, own_rows, place_rows, state_shardings

ROOT = Path(__file__).parents[3]

DEVICES = """
import tempfile
from pathlib import Path
import jax, numpy as np
from attnjax.training.gpt import placement
from attnjax.training.gpt.step import placed_state
from attnjax.training.gpt.optimizer import OptimizerSettings, build_gpt_optimizer
from attnjax.training.host import Interrupted
from tests.training.gpt.test_pretrain import StopAfter, train_in
from tests.training.gpt.toy import toy_params, toy_settings
assert len(jax.devices()) == 8
settings = toy_settings(num_steps=20, evaluate_every=100, checkpoint_every=100)
meshes = {
    "one": placement.gpt_mesh(devices=jax.devices()[:1]),
    "both": placement.gpt_mesh(model=4),
}
state = placed_state(toy_params(), optimizer=build_gpt_optimizer(OptimizerSettings()),
                     key=jax.random.key(0), mesh=meshes["both"])
kernel = state.params["hidden"]["kernel"]
assert sorted(kernel.sharding.shard_shape(kernel.shape)) == [16, 64], kernel.sharding
moment = state.opt_state[1].mu["hidden"]["kernel"]
assert moment.sharding == kernel.sharding
found = {}
for name, mesh in meshes.items():
    folder = Path(tempfile.mkdtemp())
    if name == "both":
        # Begun with every device holding the whole state, continued with it split.
        try:
            train_in(folder, settings=settings, mesh=placement.gpt_mesh(), stop=StopAfter(11))
        except Interrupted:
            pass
    found[name] = train_in(folder, settings=settings, mesh=mesh)
one = found["one"]
start = jax.device_get(toy_params())
moved = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), jax.device_get(one.params), start)
assert max(jax.tree.leaves(moved)) > 0.1
gaps = jax.tree.map(lambda a, b: float(np.abs(np.asarray(a) - np.asarray(b)).max()),
                    one.params, found["both"].params)
assert max(jax.tree.leaves(gaps)) < 1e-5, gaps
assert abs(one.scores["loss"] - found["both"].scores["loss"]) < 1e-5
print("equal")
"""

HOSTS = """
import sys
from pathlib import Path
from attnjax.training.hosts import is_writer, join_hosts
folder, coordinator, count, number = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:5])
join_hosts(coordinator, num_processes=count, process_id=number)
import jax, numpy as np
assert jax.process_count() == count and is_writer() == (number == 0)
from attnjax.training.gpt.placement import gpt_mesh
from attnjax.training.host import Interrupted
from tests.training.gpt.test_pretrain import StopAfter, train_in
from tests.training.gpt.toy import toy_settings
settings = toy_settings(num_steps=20, evaluate_every=10, checkpoint_every=100)
mesh = gpt_mesh()
# Only the last process wants to stop; all do, after the same step.
try:
    stop = StopAfter(7) if number == count - 1 else (lambda: False)
    train_in(folder, settings=settings, mesh=mesh, stop=stop)
except Interrupted as error:
    assert "after step 7;" in str(error), error
result = train_in(folder, settings=settings, mesh=mesh)
assert result.steps == 20
np.save(folder / f"table{number}.npy", np.asarray(result.params["table"]))
print("done", result.scores["loss"])
"""


def environment(devices):
    return os.environ | {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        "JAX_PLATFORMS": "cpu",
    }


def test_eight_devices_and_a_split_state_give_the_numbers_of_one():
    done = subprocess.run(
        [sys.executable, "-c", DEVICES],
        cwd=ROOT,
        env=environment(8),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "equal\n"


def run_hosts(folder, count):
    """Train as so many processes of one device each; return what each printed."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOSTS, str(folder), f"localhost:{port}", str(count), str(i)],
            cwd=ROOT,
            env=environment(1),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(count)
    ]
    found = [process.communicate(timeout=300) for process in processes]
    for process, (_, errors) in zip(processes, found, strict=True):
        assert process.returncode == 0, errors[-3000:]
    return [output.split()[-1] for output, _ in found]


@pytest.mark.slow
def test_two_processes_train_as_one_does(tmp_path):
    folders = {count: tmp_path / str(count) for count in (1, 2)}
    for folder in folders.values():
        folder.mkdir()
    (alone,) = run_hosts(folders[1], 1)
    together = run_hosts(folders[2], 2)
    assert together[0] == together[1]
    assert float(together[0]) == pytest.approx(float(alone), abs=1e-5)
    tables = [np.load(folders[2] / f"table{i}.npy") for i in range(2)]
    np.testing.assert_array_equal(tables[0], tables[1])
    np.testing.assert_allclose(tables[0], np.load(folders[1] / "table0.npy"), atol=1e-5)
    # One of them wrote.
    lines = [(folders[i] / "metrics.jsonl").read_text().count("\n") for i in (1, 2)]
    assert lines[0] == lines[1]


def test_a_mesh_that_does_not_divide_is_refused():
    with pytest.raises(UserError, match=r"mesh.model: found 3; expected a number that divides"):
        gpt_mesh(model=3, devices=jax.devices()[:1])


def test_the_longest_axis_that_divides_is_split():
    mesh = jax.sharding.AbstractMesh((2, 4), ("data", "model"))
    shapes = {"table": (101, 8), "block": (12, 8, 16), "odd": (3, 5), "bias": (4,), "scalar": ()}
    tree = {name: jax.ShapeDtypeStruct(shape, np.float32) for name, shape in shapes.items()}
    found = state_shardings(tree, mesh, smallest=5)
    specs = {name: sharding.spec for name, sharding in found.items()}
    assert specs == {
        "table": PartitionSpec(None, "model"),
        "block": PartitionSpec(None, None, "model"),
        "odd": PartitionSpec(),
        "bias": PartitionSpec(),
        "scalar": PartitionSpec(),
    }


def test_rows_lie_where_they_belong():
    mesh = gpt_mesh()
    rows = np.arange(12).reshape(6, 2)
    placed = place_rows(rows[own_rows(mesh, 6)], mesh, 6)
    np.testing.assert_array_equal(placed, rows)
