"""Shuffled attention: does the output notice?"""

import itertools
from collections.abc import Iterable

import jax
import numpy as np
from jaxtyping import Array, Key

from attnjax.adversaries.permutation import permutation_outputs
from attnjax.config import PermutationConfig
from attnjax.experiments.result import Result
from attnjax.measures.summary import summarise_values
from attnjax.types import AttentionModel, Batch, Params

BINS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Edges of the maximum attention by which J&W's figure splits the instances."""


def permutation(
    model: AttentionModel,
    params: Params,
    batches: Iterable[Batch],
    key: Key[Array, ""],
    *,
    settings: PermutationConfig,
    memory_bytes: int,
) -> dict[str, np.ndarray]:
    """Return the median output change over shuffles, per instance, as rows.

    Source: Jain & Wallace (2019), section 4.2.1, algorithm 2.
    """
    ids, medians = [], []
    for batch in batches:
        shuffled = permutation_outputs(
            model, params, batch.inputs, key, count=settings.count, memory_bytes=memory_bytes
        )
        valid = np.asarray(batch.valid)
        ids.append(np.asarray(batch.inputs.instance_id)[valid])
        medians.append(np.median(jax.device_get(shuffled.change), axis=1)[valid])
    return {
        "instance_id": np.concatenate(ids),
        "permutation.median_output_change": np.concatenate(medians),
    }


def summarise_permutation(
    rows: dict[str, np.ndarray], max_attention: np.ndarray, *, samples: int, seed: int
) -> Result:
    """Summarise the rows of `permutation`, overall and by the attention's maximum."""
    change = rows["permutation.median_output_change"]
    summary = {
        "median_output_change": summarise_values(change, samples=samples, seed=seed),
        "by_max_attention": by_max_attention(change, max_attention),
    }
    return Result(summary, rows)


def by_max_attention(values: np.ndarray, max_attention: np.ndarray) -> list[dict]:
    """Return count, mean and median of values in each quarter of the maximum attention.

    Example:
        >>> import numpy as np
        >>> by_max_attention(np.array([0.5]), np.array([1.0]))[-1]
        {'low': 0.75, 'high': 1.0, 'n': 1, 'mean': 0.5, 'median': 0.5}
    """
    # Float32 softmax may exceed 1 by an ulp: the last bin is closed above.
    bins = np.clip(np.digitize(max_attention, BINS) - 1, 0, len(BINS) - 2)
    summary = []
    for index, (low, high) in enumerate(itertools.pairwise(BINS)):
        inside = values[bins == index]
        summary.append(
            {
                "low": low,
                "high": high,
                "n": len(inside),
                "mean": float(inside.mean()) if len(inside) else None,
                "median": float(np.median(inside)) if len(inside) else None,
            }
        )
    return summary
