"""What attention is worth to a model without context that is given it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from attnjax.experiments.members import compare, per_instance
from attnjax.experiments.result import Result

GUIDES = ("uniform", "trained", "base", "adversary", "file")
"""The first is what the others are compared with; the last only where a file is named."""


def summarise_guides(
    label: Int[np.ndarray, " N"],
    probability: Mapping[str, Float[np.ndarray, "S N classes"]],
    *,
    instance_id: Int[np.ndarray, " N"],
    seeds: Sequence[int],
    source: Mapping[str, Any],
    samples: int,
    bootstrap_seed: int,
) -> Result:
    """Score the model without context under each guide, paired by seed and instance.

    Args:
        label: true classes of the test instances.
        probability: guide to class distributions by seed, `uniform` among them.
        instance_id: of the instances.
        seeds: of the models.
        source: guide to where its attention comes from.
        samples: bootstrap samples over seeds and instances.
        bootstrap_seed: of the bootstrap.

    Returns:
        Per guide the mean scores with intervals and the scores per seed; `differences`
        from the uniform guide.

    Source: Wiegreffe & Pinter (2019), section 3.4, table 3.
    """
    ordered = {name: probability[name] for name in GUIDES if name in probability}
    found = compare(label, ordered, samples=samples, seed=bootstrap_seed)
    summary = {
        name: found.groups[name]
        | {
            "per_seed": [
                {"seed": int(one), **scores}
                for one, scores in zip(seeds, found.each[name], strict=True)
            ]
        }
        for name in ordered
    }
    summary |= {"differences": found.differences, "source": dict(source)}
    rows = {"instance_id": instance_id} | {
        f"guides.{name}_probability": per_instance(one) for name, one in ordered.items()
    }
    return Result(summary, rows)
