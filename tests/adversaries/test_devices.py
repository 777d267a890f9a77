"""Batches that are split over the devices of a mesh give the numbers of one device."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import jax
import numpy as np

from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.search import SearchSettings, search
from attnjax.training.mesh import make_mesh, replicate, shard_batch
from attnjax.types import Batch
from tests.models.tiny import TEXTS, stacked, tiny

assert jax.device_count() == 8
kind, mesh, key = tiny("lstm"), make_mesh(), jax.random.key(5)
inputs = jax.device_get(stacked([*TEXTS] * 4, 12))
split = shard_batch(Batch(inputs, np.ones(16, bool)), mesh).inputs
params = replicate(kind.params, mesh)
settings = SearchSettings(candidates=3, steps=20, learning_rate=0.05)
bound = 2**14  # makes blocks, each of which is to stay split over the devices
one, many = (
    (
        search(kind.model, weights, rows, key, settings, memory_bytes=bound),
        permutation_outputs(kind.model, weights, rows, key, count=5, memory_bytes=bound),
    )
    for weights, rows in ((kind.params, inputs), (params, split))
)
for expected, found in zip(jax.tree.leaves(one), jax.tree.leaves(many), strict=True):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
print("equal")
"""


@pytest.mark.slow
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
