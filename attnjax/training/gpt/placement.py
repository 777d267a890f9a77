"""Where a GPT's training lies: batches split over devices, large arrays too, on all hosts."""

from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Int

from attnjax.errors import ConfigError
from attnjax.training.mesh import batch_devices

Tree = TypeVar("Tree")
SMALLEST_SPLIT = 2**12
"""Numbers of an array below which splitting it costs more than it saves."""


def gpt_mesh(*, model: int = 1, devices: list[Any] | None = None) -> Mesh:
    """Return the mesh with axes `data` and `model` over the devices of all hosts.

    Batches are split over both axes, so no device repeats another's work. Arrays of the
    state are split over `model`, and fetched where they are used: a device holds one part
    in `model` of the weights and of the optimizer's moments.

    Args:
        model: devices over which the state is split; 1: every device holds it whole.
        devices: all of them; those of every host if None.

    Raises:
        ConfigError: if the devices cannot be split so.

    Example:
        >>> dict(gpt_mesh(devices=jax.devices()[:1]).shape)
        {'data': 1, 'model': 1}
    """
    if devices is None:
        devices = jax.devices() if jax.process_count() > 1 else batch_devices()
    if model < 1 or len(devices) % model:
        raise ConfigError(
            "mesh.model",
            found=str(model),
            expected=f"a number that divides the {len(devices)} devices",
            action="choose another one, or 1",
        )
    return Mesh(np.array(devices).reshape(-1, model), ("data", "model"))


def whole(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """Return the placement of an array that every device holds whole.

    Example:
        >>> whole(gpt_mesh()).is_fully_replicated
        True
    """
    return NamedSharding(mesh, PartitionSpec())


def state_shardings(
    tree: Tree, mesh: Mesh | AbstractMesh, *, smallest: int = SMALLEST_SPLIT
) -> Tree:
    """Return where each array of a state lies: split along its longest axis that divides.

    The rule looks at the shape alone, so an array and its moments lie alike.

    Args:
        tree: arrays, or their shapes.
        mesh: of the run; its shape is enough.
        smallest: numbers of an array below which every device holds it whole.

    Example:
        >>> mesh = gpt_mesh()
        >>> state_shardings({"w": np.ones((2, 3))}, mesh)["w"].is_fully_replicated
        True
    """
    parts = mesh.shape["model"]

    def sharding(array: Any) -> NamedSharding:
        shape = array.shape
        dividing = [axis for axis, size in enumerate(shape) if size and size % parts == 0]
        if parts == 1 or not dividing or np.prod(shape) < smallest:
            return whole(mesh)
        longest = max(dividing, key=lambda axis: shape[axis])
        return NamedSharding(mesh, PartitionSpec(*[None] * longest, "model"))

    return jax.tree.map(sharding, tree)


def fetched(params: Tree, mesh: Mesh) -> Tree:
    """Return params whole on every device; for use inside a compiled function.

    Left to itself the compiler takes a split array for a wish to split the work along it:
    every device then computes its part of the logits of all rows, and exchanges them, which
    are a hundred times as many numbers as the weights.

    Args:
        params: split or whole.
        mesh: of the run.

    Example:
        >>> mesh = gpt_mesh()
        >>> float(jax.jit(lambda w: fetched(w, mesh).sum())(np.ones(3)))
        3.0
    """
    return jax.lax.with_sharding_constraint(params, jax.tree.map(lambda _: whole(mesh), params))


def row_sharding(mesh: Mesh, num_rows: int) -> NamedSharding:
    """Return where the rows of a batch lie: split over all devices where they divide evenly.

    Args:
        mesh: of the run.
        num_rows: of the batch, over all hosts.

    Example:
        >>> row_sharding(gpt_mesh(devices=jax.devices()[:1]), 3).spec[0]
        ('data', 'model')
    """
    if num_rows % mesh.size:
        return whole(mesh)
    return NamedSharding(mesh, PartitionSpec(("data", "model")))


def own_rows(mesh: Mesh, num_rows: int) -> Int[np.ndarray, " R"]:
    """Return which rows of a batch the devices of this host work on, in increasing order.

    Args:
        mesh: of the run.
        num_rows: of the batch, over all hosts.

    Example:
        >>> own_rows(gpt_mesh(), 3).tolist()
        [0, 1, 2]
    """
    indices = row_sharding(mesh, num_rows).addressable_devices_indices_map((num_rows,))
    every = np.arange(num_rows)
    parts = [every[index] for index in indices.values() if index is not None]
    return np.unique(np.concatenate(parts))


def place_rows(own: Tree, mesh: Mesh, num_rows: int) -> Tree:
    """Put the rows of a batch onto the devices of all hosts.

    Args:
        own: arrays with the rows of `own_rows` first; every host passes its own.
        mesh: of the run.
        num_rows: of the batch, over all hosts.

    Returns:
        Arrays of the whole batch.

    Example:
        >>> place_rows({"a": np.ones((3, 2))}, gpt_mesh(), 3)["a"].shape
        (3, 2)
    """
    sharding, rows = row_sharding(mesh, num_rows), own_rows(mesh, num_rows)

    def place(array: np.ndarray) -> jax.Array:
        def part(index: Any) -> np.ndarray:
            wanted = np.arange(num_rows)[index[0]]
            return array[np.searchsorted(rows, wanted)]

        shape = (num_rows, *array.shape[1:])
        return jax.make_array_from_callback(shape, sharding, part)

    return jax.tree.map(place, own)
