"""Stages on batches that are split over devices give the numbers of one device."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import jax
import numpy as np

from attnjax.config import GradientConfig
from attnjax.data.batching import evaluation_batches
from attnjax.data.encoded import EncodedSplit
from attnjax.experiments.importance import gradient, leave_one_out_importance
from attnjax.measures.erasure import leave_one_out
from attnjax.training.mesh import SplitBatches, make_mesh, replicate
from tests.models.tiny import TEXTS, tiny

assert jax.device_count() == 8
ids = tuple(np.array(text, np.int32) for text in [*TEXTS] * 3)
numbers = np.arange(len(ids), dtype=np.int32)
split = EncodedSplit(ids, label=numbers % 2, instance_id=numbers)
# The last batch has 4 rows: it is filled up to 8.
host = evaluation_batches(split, lengths=(12,), batch_size=8)
mesh = make_mesh()
many = SplitBatches(host, mesh)
model, params = tiny("lstm")
everywhere = replicate(params, mesh)
bound = 2**14  # makes blocks, each of which is to stay split over the devices
one, other = (
    (
        gradient(model, weights, batches, settings=GradientConfig()).rows,
        leave_one_out_importance(model, weights, batches, memory_bytes=bound).rows,
    )
    for weights, batches in ((params, host), (everywhere, many))
)
for expected, found in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
change = leave_one_out(model, everywhere, many[0].inputs, memory_bytes=bound).change
assert change.sharding.shard_shape(change.shape)[0] == 1, change.sharding
lowered = leave_one_out.lower(model, everywhere, many[0].inputs, memory_bytes=bound)
assert "all-gather" not in lowered.compile().as_text(), "texts or states travel between devices"
print("equal")
"""


def test_eight_devices_equal_one():
    flags = "--xla_force_host_platform_device_count=8"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "equal", done.stderr[-2000:]
