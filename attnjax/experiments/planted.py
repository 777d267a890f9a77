"""How well scores recover the evidence that the planted corpus knows."""

from collections.abc import Mapping, Sequence

import numpy as np

from attnjax.experiments.result import Result
from attnjax.measures.recovery import average_precision, chance_level, precision_at_evidence
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
    summary: dict = {}
    rows: dict = {"instance_id": instance_id}
    for name, values in scores.items():
        pairs = list(zip(values, evidence, strict=True))
        auprc = np.array([average_precision(one, flags) for one, flags in pairs])
        precision = np.array([precision_at_evidence(one, flags) for one, flags in pairs])
        summary[name] = {
            "auprc": summarise_values(auprc, samples=samples, seed=seed),
            "precision": summarise_values(precision, samples=samples, seed=seed),
        }
        rows[f"planted_evidence.{name}_auprc"] = auprc
    chance = np.array([chance_level(flags) for flags in evidence])
    summary["chance"] = {"auprc": summarise_values(chance, samples=samples, seed=seed)}
    return Result(summary, rows)
