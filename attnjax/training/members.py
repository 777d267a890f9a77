"""The members of a population, and how they lie on devices."""

from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float, Int

Tree = TypeVar("Tree")

OVER_MEMBERS = PartitionSpec("data")
"""Of arrays with a leading axis of members."""


class Members(NamedTuple):
    """What distinguishes models that are trained together.

    Attributes:
        seeds: each member's own: of its initial weights, its shuffles and its dropout; at
            least 0.
        weights: of the second part of each member's objective; zeros where it has none.

    Example:
        >>> members = Members(np.array([3, 1]), np.zeros(2, np.float32))
        >>> describe_members(members)[1]
        'member 1 (seed 1, weight 0)'
    """

    seeds: Int[np.ndarray, " M"]
    weights: Float[np.ndarray, " M"]


def members_of_seeds(seeds: Any) -> Members:
    """Return members that differ by their seeds alone.

    Args:
        seeds: numbers of at least 0.

    Example:
        >>> members_of_seeds([5, 6]).weights.tolist()
        [0.0, 0.0]
    """
    seeds = np.asarray(seeds, np.int64)
    return Members(seeds, np.zeros(len(seeds), np.float32))


def describe_members(members: Members) -> list[str]:
    """Return the words by which a user tells members apart.

    Example:
        >>> describe_members(members_of_seeds([7]))
        ['member 0 (seed 7, weight 0)']
    """
    pairs = zip(members.seeds, members.weights, strict=True)
    return [f"member {i} (seed {seed}, weight {w:.6g})" for i, (seed, w) in enumerate(pairs)]


def place_members(tree: Tree, mesh: Mesh) -> Tree:
    """Split arrays with a leading axis of members over the devices of a mesh.

    Where they do not divide evenly the last member is repeated; what such members give is
    to be left out (`first_members`).

    Args:
        tree: arrays, on the host or on devices.
        mesh: the run's mesh.

    Example:
        >>> from attnjax.training.mesh import make_mesh
        >>> place_members({"w": np.ones((2, 3))}, make_mesh(jax.local_devices()[:1]))["w"].shape
        (2, 3)
    """
    count = len(jax.tree.leaves(tree)[0])
    missing = -count % mesh.shape["data"]
    if missing:
        tree = _repeat_last(tree, missing)
    return jax.device_put(tree, NamedSharding(mesh, OVER_MEMBERS))


@partial(jax.jit, static_argnames="times")
def _repeat_last(tree: Tree, times: int) -> Tree:
    return jax.tree.map(lambda leaf: jnp.concatenate([leaf, *[leaf[-1:]] * times]), tree)


def first_members(tree: Tree, count: int) -> Tree:
    """Return the arrays of the first members: without those that only fill devices.

    Example:
        >>> first_members({"w": np.arange(4)}, 3)["w"].tolist()
        [0, 1, 2]
    """
    return tree if len(jax.tree.leaves(tree)[0]) == count else _first(tree, count)


@partial(jax.jit, static_argnames="count")
def _first(tree: Tree, count: int) -> Tree:
    return jax.tree.map(lambda leaf: leaf[:count], tree)
