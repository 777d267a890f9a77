"""What a fine-tuned model says about rows of a task."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float

from attnjax.data.gpt.rows import num_rows
from attnjax.training.gpt.placement import own_rows, place_rows
from attnjax.types import Params


def predict_rows(
    logits: Callable[[Params, Any], Any], params: Params, table: Any, *, size: int, mesh: Mesh
) -> Float[np.ndarray, "N C"]:
    """Return the logits of all rows of a table, in their order.

    Args:
        logits: of the model, compiled.
        params: the weights.
        table: a tree of arrays with the rows first.
        size: rows of a batch; the last one is filled up with its own last row.
        mesh: of the run.

    Example:
        >>> from attnjax.training.gpt.placement import gpt_mesh
        >>> predict_rows(lambda params, rows: rows, None, np.eye(3), size=2, mesh=gpt_mesh()).shape
        (3, 3)
    """
    count, found = num_rows(table), []
    for begin in range(0, count, size):
        chosen = np.minimum(np.arange(begin, begin + size), count - 1)[own_rows(mesh, size)]
        rows = jax.tree.map(lambda array, chosen=chosen: array[chosen], table)
        found.append(np.asarray(logits(params, place_rows(rows, mesh, size))))
    return np.concatenate(found)[:count]
