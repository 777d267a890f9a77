import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
from jax.sharding import PartitionSpec

from attnjax.data.batching import evaluation_batches
from attnjax.training.mesh import fill_rows, make_mesh, shard_batch

from .toy import toy_split

PROGRAM = """
import sys, tempfile
from pathlib import Path
import jax, numpy as np
from attnjax.data.batching import evaluation_batches
from attnjax.training.loop import fit
from attnjax.training.mesh import make_mesh
from attnjax.training.predict import predict
from tests.training.toy import LENGTHS, noisy_toy, toy_config, toy_split
jax.config.update("jax_numpy_rank_promotion", "raise")
assert len(jax.devices()) == 8
train, dev = toy_split(40, seed=0), toy_split(20, seed=1, first_id=40)
found = []
for devices in (jax.devices()[:1], jax.devices()):
    folder = Path(tempfile.mkdtemp())
    mesh = make_mesh(devices)
    result = fit(noisy_toy, train=train, dev=dev, lengths=LENGTHS, config=toy_config(),
                 directory=folder, metrics_path=folder / "metrics.jsonl", mesh=mesh)
    batches = evaluation_batches(dev, lengths=LENGTHS, batch_size=6)
    logits = predict(noisy_toy, result.params, batches, mesh).logits
    found.append((jax.device_get(result.params), logits, result.steps, result.best_score))
(one, one_logits, steps, score), (many, many_logits, *rest) = found
assert rest == [steps, score] and steps >= 20, found
moved = max(jax.tree.leaves(jax.tree.map(lambda a: float(np.abs(a).max()), one)))
gap = max(jax.tree.leaves(jax.tree.map(lambda a, b: float(np.abs(a - b).max()), one, many)))
gap = max(gap, float(np.abs(one_logits - many_logits).max()))
print("gap", gap)
assert gap < 1e-5 and moved > 0.1
"""


def test_eight_devices_give_the_numbers_of_one():
    """Batches of 6 do not divide by 8; about 24 steps with dropout."""
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "gap" in done.stdout


def test_filling_rows_hold_nothing():
    batch = evaluation_batches(toy_split(5, seed=0, evidence=True), lengths=(12,), batch_size=5)[0]
    assert fill_rows(batch, multiple=5) is batch
    filled = fill_rows(batch, multiple=4)
    assert len(filled.valid) == 8
    assert not filled.valid[5:].any()
    assert not filled.inputs.mask[5:].any()
    assert not filled.inputs.attendable[5:].any()
    assert not filled.inputs.guide[5:].any()
    assert filled.inputs.label[5:].tolist() == [-1] * 3
    assert filled.inputs.instance_id[5:].tolist() == [-1] * 3
    np.testing.assert_array_equal(filled.inputs.token_ids[:5], batch.inputs.token_ids)


def test_a_batch_lies_over_the_data_axis():
    mesh = make_mesh()
    assert dict(mesh.shape) == {"data": len(jax.local_devices()), "model": 1}
    batch = evaluation_batches(toy_split(4, seed=0), lengths=(12,), batch_size=4)[0]
    assert shard_batch(batch, mesh).inputs.mask.sharding.spec == PartitionSpec("data")
