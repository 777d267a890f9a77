"""The meshes of a run: batches, or the members of a population, split over `data`."""

import contextlib
import os
from collections.abc import Sequence
from typing import Any, TypeVar, overload

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from attnjax.types import Batch

Tree = TypeVar("Tree")


CPU_DEVICES = 8
"""As many as a population has members by default."""


def make_cpu_devices() -> None:
    """Let a CPU be several devices, for populations alone (`member_mesh`).

    Each works on members of its own, one thread a device: what their weights take of the
    cache is not read anew at every position of a text, as it is where one device works on all
    members at once. What the user set, in `XLA_FLAGS` or `JAX_NUM_CPU_DEVICES`, stays; so do
    the devices of a process that has used JAX before.
    """
    unset = jax.config.values["jax_num_cpu_devices"] < 0
    if unset and "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        # Refused with a RuntimeError once there are devices.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", CPU_DEVICES)


def batch_devices() -> list[Any]:
    """Return the devices over which batches are split.

    They are all local ones. Only of the devices that the setting `jax_num_cpu_devices` makes
    of a CPU it is the first: its threads use every core by themselves. (Those that `XLA_FLAGS`
    makes are all used: with them one tries on a CPU what several accelerators do.)

    Example:
        >>> len(batch_devices()) >= 1
        True
    """
    devices = jax.local_devices()
    for_members = devices[0].platform == "cpu" and jax.config.values["jax_num_cpu_devices"] > 0
    return devices[:1] if for_members else devices


def make_mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """Return the mesh with axes `data` and `model` over devices of this host.

    Args:
        devices: those of `batch_devices` if None.

    Returns:
        A mesh whose `data` axis has all devices and whose `model` axis has one.

    Example:
        >>> make_mesh(jax.local_devices()[:1]).shape["data"]
        1
    """
    chosen = batch_devices() if devices is None else devices
    return Mesh(np.array(chosen).reshape(-1, 1), ("data", "model"))


def member_mesh(count: int) -> Mesh:
    """Return the mesh over which the members of a population are split.

    Of all local devices it has as few as can be without a device that has more members.

    Args:
        count: of the members, at least 1.

    Example:
        >>> member_mesh(1).shape["data"]
        1
    """
    devices = jax.local_devices()
    most = -(-count // len(devices))
    return make_mesh(devices[: -(-count // most)])


def replicated(mesh: Mesh) -> NamedSharding:
    """Return the placement of an array that every device holds whole.

    Example:
        >>> replicated(make_mesh()).is_fully_replicated
        True
    """
    return NamedSharding(mesh, PartitionSpec())


def replicate(tree: Tree, mesh: Mesh) -> Tree:
    """Put every array of a tree on every device of the mesh.

    Example:
        >>> import jax.numpy as jnp
        >>> replicate({"w": jnp.ones(2)}, make_mesh())["w"].sharding.is_fully_replicated
        True
    """
    return jax.device_put(tree, replicated(mesh))


def shard_batch(batch: Batch, mesh: Mesh) -> Batch:
    """Split a batch over the `data` axis, filled up to a multiple of its devices.

    Args:
        batch: arrays with the batch axis first, on the host.
        mesh: the run's mesh.

    Returns:
        The same rows, then rows with `valid` False if the batch did not divide evenly.

    Example:
        >>> import numpy as np
        >>> from attnjax.types import Inputs
        >>> ids, here = np.zeros((3, 1, 4), np.int32), np.ones((3, 1, 4), bool)
        >>> inputs = Inputs(token_ids=ids, mask=here, attendable=here,
        ...                 label=np.zeros(3, np.int32), instance_id=np.arange(3))
        >>> shard_batch(Batch(inputs, np.ones(3, bool)), make_mesh()).valid.sum().item()
        3
    """
    filled = fill_rows(batch, multiple=mesh.shape["data"])
    return jax.device_put(filled, NamedSharding(mesh, PartitionSpec("data")))


class SplitBatches(Sequence[Batch]):
    """Batches that are split over the devices of a mesh when they are asked for.

    Args:
        batches: on the host.
        mesh: the run's mesh.

    Example:
        >>> len(SplitBatches([], make_mesh()))
        0
    """

    def __init__(self, batches: Sequence[Batch], mesh: Mesh) -> None:
        self.batches, self.mesh = batches, mesh

    def __len__(self) -> int:
        return len(self.batches)

    @overload
    def __getitem__(self, index: int) -> Batch: ...
    @overload
    def __getitem__(self, index: slice) -> "SplitBatches": ...
    def __getitem__(self, index: int | slice) -> "Batch | SplitBatches":
        if isinstance(index, slice):
            return SplitBatches(self.batches[index], self.mesh)
        return shard_batch(self.batches[index], self.mesh)


def fill_rows(batch: Batch, *, multiple: int) -> Batch:
    """Append rows that only fill, until the batch divides evenly over devices.

    Args:
        batch: arrays with the batch axis first, on the host.
        multiple: what the number of rows shall be a multiple of, at least 1.

    Returns:
        The batch itself where nothing is missing; else with rows that have no token,
        label and instance_id -1 and `valid` False.

    Example:
        >>> import numpy as np
        >>> from attnjax.types import Inputs
        >>> ids, here = np.zeros((3, 1, 4), np.int32), np.ones((3, 1, 4), bool)
        >>> inputs = Inputs(token_ids=ids, mask=here, attendable=here,
        ...                 label=np.zeros(3, np.int32), instance_id=np.arange(3))
        >>> fill_rows(Batch(inputs, np.ones(3, bool)), multiple=8).valid.shape
        (8,)
    """
    missing = -len(batch.valid) % multiple
    if not missing:
        return batch

    def fill(array: np.ndarray) -> np.ndarray:
        return np.pad(array, [(0, missing)] + [(0, 0)] * (np.ndim(array) - 1))

    inputs, valid = jax.tree.map(fill, (batch.inputs, batch.valid))
    nobody = np.full(missing, -1, np.int32)
    inputs = inputs.replace(
        label=np.concatenate([batch.inputs.label, nobody]),
        instance_id=np.concatenate([batch.inputs.instance_id, nobody]),
    )
    return Batch(inputs, valid)
