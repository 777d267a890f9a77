"""Does attention matter at all: the same model with the same weight for every token."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from attnjax.experiments.members import SCORES, compare, per_instance
from attnjax.experiments.result import Result


def summarise_uniform(
    label: Int[np.ndarray, " N"],
    base: Float[np.ndarray, "S N classes"],
    uniform: Float[np.ndarray, "S N classes"],
    *,
    instance_id: Int[np.ndarray, " N"],
    seeds: Sequence[int],
    samples: int,
    bootstrap_seed: int,
) -> Result:
    """Compare models with learnt and with uniform attention, paired by seed and instance.

    Args:
        label: true classes of the test instances.
        base: class distributions of the models with attention of their own, by seed.
        uniform: those of the models with uniform attention, of the same seeds.
        instance_id: of the instances.
        seeds: of the models.
        samples: bootstrap samples over seeds and instances.
        bootstrap_seed: of the bootstrap.

    Returns:
        Mean scores of both, their difference (base less uniform), and `as_good`: that no
        interval of the difference lies above 0.

    Source: Wiegreffe & Pinter (2019), section 3.2, table 2.
    """
    groups = {"uniform": uniform, "base": base}
    found = compare(label, groups, samples=samples, seed=bootstrap_seed)
    difference = found.differences["base"]
    intervals = {name: difference[f"{name}_ci95"] for name in ("f1", "auc")}
    summary = {
        "base": found.groups["base"],
        "uniform": found.groups["uniform"],
        "difference": {name: difference[name] for name in SCORES},
        "difference_ci95": intervals,
        "per_seed": [
            {"seed": int(one), "base": own, "uniform": flat}
            for one, own, flat in zip(seeds, found.each["base"], found.each["uniform"], strict=True)
        ],
        "as_good": not any(above_zero(ends) for ends in intervals.values()),
    }
    rows = {
        "instance_id": instance_id,
        "uniform.probability": per_instance(uniform),
        "uniform.base_probability": per_instance(base),
    }
    return Result(summary, rows)


def above_zero(ends: Sequence[float] | None) -> bool:
    """Return whether an interval lies above 0; one that is undefined does not.

    Example:
        >>> above_zero([0.01, 0.2]), above_zero([-0.01, 0.2]), above_zero(None)
        (True, False, False)
    """
    return ends is not None and ends[0] > 0
