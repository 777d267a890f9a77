"""Several hosts in one run: who writes, and where all wait for each other.

With one process, which is the rule, nothing here does anything.
"""

from collections.abc import Callable

import jax
import numpy as np
from jax.experimental import multihost_utils

from attnjax.errors import ConfigError


def join_hosts(coordinator: str, *, num_processes: int, process_id: int) -> None:
    """Make this process one of several that train together; called before JAX is used.

    Args:
        coordinator: address and port of process 0, as `host:port`; empty where the
            cluster's own environment names it (TPU pods, Slurm, Open MPI).
        num_processes: of the whole run, at least 1; 1 joins nothing.
        process_id: of this process, from 0.

    Raises:
        ConfigError: if the numbers do not fit together, or JAX has been used already.

    Example:
        >>> join_hosts("", num_processes=1, process_id=0)
    """
    if num_processes == 1 and not coordinator:
        return
    if not 0 <= process_id < num_processes:
        raise ConfigError(
            "hosts.process_id",
            found=str(process_id),
            expected=f"a number from 0 to {num_processes - 1}",
            action="give every process another number",
        )
    try:
        jax.distributed.initialize(
            coordinator or None, num_processes=num_processes, process_id=process_id
        )
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            "hosts",
            found=f"a group of processes that does not come together ({error})",
            expected=f"{num_processes} processes that reach {coordinator or 'their cluster'}",
            action="start the same command on every host, before anything else uses JAX",
        ) from error


def is_writer() -> bool:
    """Return whether this process writes what all processes would write alike.

    Example:
        >>> is_writer()
        True
    """
    return jax.process_index() == 0


def wait_for_hosts(moment: str) -> None:
    """Return when all processes have come this far.

    Args:
        moment: what it is called; the same in all processes.

    Example:
        >>> wait_for_hosts("checkpoint written")
    """
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(moment)


def agreed(stop: Callable[[], bool]) -> bool:
    """Return whether any process wants to stop: then all do, after the same step.

    Args:
        stop: of this process.

    Example:
        >>> agreed(lambda: False)
        False
    """
    wanted = stop()
    if jax.process_count() == 1:
        return wanted
    return bool(np.any(multihost_utils.process_allgather(np.array(wanted))))
