"""How far attention moves when only the seed changes: the yardstick of every adversary."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num

from attnjax.experiments.members import per_instance, scores_of, summarise_members
from attnjax.experiments.permutation import by_max_attention
from attnjax.experiments.result import Result, aligned, common_instances


def summarise_seeds(
    label: Int[np.ndarray, " N"],
    probability: Float[np.ndarray, "S N classes"],
    jsd: Float[np.ndarray, "S N"],
    output_change: Float[np.ndarray, "S N"],
    max_attention: Num[np.ndarray, " N"],
    *,
    instance_id: Int[np.ndarray, " N"],
    seeds: Sequence[int],
    samples: int,
    bootstrap_seed: int,
) -> Result:
    """Summarise how models of other seeds differ from the run's own.

    Args:
        label: true classes of the test instances.
        probability: class distributions, by seed.
        jsd: of each seed's attention from the run's own model's, nats.
        output_change: of each seed's class distribution from that model's, TVD.
        max_attention: largest weight of the run's own model.
        instance_id: of the instances.
        seeds: of the models.
        samples: bootstrap samples over seeds and instances.
        bootstrap_seed: of the bootstrap.

    Source: Wiegreffe & Pinter (2019), section 3.3, figure 3.
    """
    settings = {"samples": samples, "seed": bootstrap_seed}
    each = [scores_of(label, one) for one in probability]
    summary = {
        "count": len(seeds),
        **{name: _mean_and_deviation([one[name] for one in each]) for name in ("f1", "auc")},
        "jsd": summarise_members(jsd, **settings),
        "output_change": summarise_members(output_change, **settings),
        "per_seed": [
            {"seed": int(one), **scores, "jsd": float(moved), "output_change": float(changed)}
            for one, scores, moved, changed in zip(
                seeds, each, jsd.mean(axis=1), output_change.mean(axis=1), strict=True
            )
        ],
        # Pairs of a seed and an instance, as the paper's figure shows them.
        "by_max_attention": by_max_attention(jsd.ravel(), np.tile(max_attention, len(seeds))),
    }
    rows = {
        "instance_id": instance_id,
        "seeds.jsd": per_instance(jsd),
        "seeds.output_change": per_instance(output_change),
        "seeds.probability": per_instance(probability),
    }
    return Result(summary, rows)


def _mean_and_deviation(values: Sequence[float | None]) -> dict[str, float | None]:
    defined = [one for one in values if one is not None]
    if not defined or len(defined) < len(values):
        return {"mean": None, "std": None}
    return {"mean": float(np.mean(defined)), "std": float(np.std(defined))}


def adversary_quantile(
    seed_rows: dict[str, Any], adversary_rows: dict[str, Any], column: str, *, member: int = 0
) -> float | None:
    """Return where an adversary's divergences lie among those of other seeds.

    Args:
        seed_rows: of the test `seeds`.
        adversary_rows: of a test that finds adversaries.
        column: its JSD from the same model's attention, or a list of several adversaries'.
        member: which of the list.

    Returns:
        The mean over the common instances of the share of an instance's seeds whose JSD is
        below the adversary's, equal ones counted half: about 0.5 where an adversary is as far
        away as a typical other seed, 1 where it is farther than all. Left out are instances in
        which nobody's attention moves, such as texts of one token. None where none is left.

    Example:
        >>> import numpy as np
        >>> one = np.array([7])
        >>> seeds = {"instance_id": one, "seeds.jsd": [np.array([0.1, 0.2, 0.3, 0.4])]}
        >>> adversary_quantile(seeds, {"instance_id": one, "a.jsd": np.array([0.35])}, "a.jsd")
        0.75
    """
    ids = common_instances(seed_rows, adversary_rows)
    seeds = np.array([*aligned(seed_rows, "seeds.jsd", ids)], np.float64)
    found = np.array([*aligned(adversary_rows, column, ids)], np.float64)
    adversary = (found if found.ndim > 1 else found[:, None])[:, member]
    compared = ~np.isnan(adversary) & ((adversary != 0) | (seeds != 0).any(axis=-1))
    if not compared.any():
        return None
    nearer, equal = (
        compare(seeds[compared], adversary[compared, None]) for compare in (np.less, np.equal)
    )
    return float(np.mean(nearer + 0.5 * equal))
