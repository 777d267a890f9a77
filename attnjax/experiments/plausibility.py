"""Whether people's reasons and a model's scores name the same tokens.

This is plausibility: do people agree. It is kept apart from every test of faithfulness, which
asks what decided the output: a model may be right for reasons that nobody would give, and its
attention may point at good reasons that it does not use (Jacovi & Goldberg 2020).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from attnjax.experiments.recovered import recovered
from attnjax.experiments.result import Result
from attnjax.measures.recovery import chance_level, evidence_share
from attnjax.measures.summary import summarise_values


def plausibility(
    scores: Mapping[str, Sequence[np.ndarray]],
    rationale: Sequence[np.ndarray],
    *,
    instance_id: np.ndarray,
    samples: int,
    seed: int,
) -> Result:
    """Score each importance as a ranking of the tokens that people marked.

    Args:
        scores: name to the scores of each instance's tokens; larger is more important.
        rationale: which tokens people marked, by instance.
        instance_id: ids of the instances.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.

    Returns:
        Summary per name: `auprc`, and `precision` at the number of marked tokens; `chance` has
        what a random ranking reaches on average of both, `marked_share` the mean share of
        marked tokens, and `unmarked` counts the texts without any, where all are undefined.

    Source: DeYoung et al. (2020), ERASER, section 5 (agreement with human rationales, AUPRC of
    scores over tokens).

    Example:
        >>> result = plausibility(
        ...     {"attention": [np.array([0.1, 0.9])]}, [np.array([True, False])],
        ...     instance_id=np.array([0]), samples=10, seed=0)
        >>> {name: result.summary[name]["auprc"]["mean"] for name in ("attention", "chance")}
        {'attention': 0.5, 'chance': 0.75}
    """
    found = recovered(scores, rationale, samples=samples, seed=seed)
    chance = {
        "auprc": np.array([chance_level(flags) for flags in rationale]),
        "precision": np.array([evidence_share(flags) for flags in rationale]),
    }
    levels = {
        name: summarise_values(values, samples=samples, seed=seed)
        for name, values in chance.items()
    }
    summary = {
        **found.summary,
        "chance": levels,
        "marked_share": float(np.mean([np.mean(flags) for flags in rationale])),
        "unmarked": int(sum(not np.any(flags) for flags in rationale)),
    }
    # Chance differs from text to text as the scores do: it is compared instance by instance.
    auprc = {**found.auprc, "chance": chance["auprc"]}
    columns = {f"plausibility.{name}_auprc": values for name, values in auprc.items()}
    return Result(summary, {"instance_id": instance_id, **columns})
