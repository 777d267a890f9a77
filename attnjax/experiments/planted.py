"""How well scores recover the evidence that the planted corpus knows."""

from collections.abc import Mapping, Sequence

import numpy as np

from attnjax.experiments.recovered import recovered
from attnjax.experiments.result import Result
from attnjax.measures.recovery import chance_level
from attnjax.measures.summary import summarise_values


def planted_evidence(
    scores: Mapping[str, Sequence[np.ndarray]],
    evidence: Sequence[np.ndarray],
    *,
    instance_id: np.ndarray,
    samples: int,
    seed: int,
) -> Result:
    """Score each importance as a ranking of the tokens that decide the label.

    Args:
        scores: name to the scores of each instance's tokens; larger is more important.
        evidence: which tokens decide the label, by instance.
        instance_id: ids of the instances.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.

    Returns:
        Summary per name: `auprc` and `precision` at the number of evidence tokens; `chance`
        is the AUPRC that a random ranking has on average.

    Example:
        >>> import numpy as np
        >>> result = planted_evidence(
        ...     {"attention": [np.array([0.9, 0.1])]}, [np.array([True, False])],
        ...     instance_id=np.array([0]), samples=10, seed=0)
        >>> result.summary["attention"]["auprc"]["mean"]
        1.0
    """
    found = recovered(scores, evidence, samples=samples, seed=seed)
    chance = np.array([chance_level(flags) for flags in evidence])
    level = {"auprc": summarise_values(chance, samples=samples, seed=seed)}
    columns = {f"planted_evidence.{name}_auprc": values for name, values in found.auprc.items()}
    return Result(
        {**found.summary, "chance": level},
        {"instance_id": instance_id, **columns},
    )
