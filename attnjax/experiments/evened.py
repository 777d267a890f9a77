"""Equal weights in a trained model's place of its own: does what it learnt to weigh matter?"""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from attnjax.adversaries.evened import Evened, evened_outputs
from attnjax.experiments.result import Result
from attnjax.experiments.uniform import summarise_uniform
from attnjax.measures.summary import summarise_values
from attnjax.types import AttentionModel, Batch, Params


def evened(
    model: AttentionModel, params: Params, batches: Iterable[Batch], *, memory_bytes: int
) -> dict[str, Any]:
    """Return the outputs under equal weights and under the model's own, as rows.

    Args:
        model: the model.
        params: its weights.
        batches: of the test instances.
        memory_bytes: bound on the arrays of one block.
    """
    parts: list[tuple[np.ndarray, np.ndarray, Evened]] = []
    for batch in batches:
        found = jax.device_get(
            evened_outputs(model, params, batch.inputs, memory_bytes=memory_bytes)
        )
        valid = np.flatnonzero(np.asarray(batch.valid))
        ids, label = (
            np.asarray(one)[valid] for one in (batch.inputs.instance_id, batch.inputs.label)
        )
        parts.append((ids, label, jax.tree.map(lambda leaf, valid=valid: leaf[valid], found)))
    joined = [np.concatenate(column) for column in zip(*(one[2] for one in parts), strict=True)]
    return {
        "instance_id": np.concatenate([one[0] for one in parts]),
        "label": np.concatenate([one[1] for one in parts]),
        "uniform.probability": joined[0],
        "uniform.base_probability": joined[1],
        "uniform.output_change": joined[2],
        "uniform.jsd": joined[3],
    }


def summarise_evened(rows: dict[str, Any], *, samples: int, seed: int) -> Result:
    """Summarise the rows of `evened`.

    Args:
        rows: of `evened`.
        samples: bootstrap samples over the instances.
        seed: of the bootstrap.

    Returns:
        What `summarise_uniform` gives of one model, with `trained` False: nothing was trained
        with equal weights; and `output_change` and `jsd`, summaries of values.
    """
    found = summarise_uniform(
        rows["label"],
        rows["uniform.base_probability"][None],
        rows["uniform.probability"][None],
        instance_id=rows["instance_id"],
        seeds=(seed,),
        samples=samples,
        bootstrap_seed=seed,
    )
    values = {
        name: summarise_values(rows[f"uniform.{name}"], samples=samples, seed=seed)
        for name in ("output_change", "jsd")
    }
    columns = {f"uniform.{name}": rows[f"uniform.{name}"] for name in values}
    return Result({"trained": False, **found.summary, **values}, found.rows | columns)
