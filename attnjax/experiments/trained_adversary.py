"""Models trained to predict as the base does while attending elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from attnjax.experiments.members import as_list, per_instance, scores_of
from attnjax.experiments.result import Result
from attnjax.measures.bootstrap import bootstrap_interval

ALIKE = 0.05
"""An adversary whose mean output change (TVD) is below this predicts as the base does."""


def choose(jsd: Float[np.ndarray, " M"], tvd: Float[np.ndarray, " M"]) -> int:
    """Return which adversary of a sweep speaks for it.

    Args:
        jsd: mean divergence of each one's attention from the base's, nats.
        tvd: mean output change of each.

    Returns:
        The index of the largest divergence among those with an output change below `ALIKE`;
        where there is none, that of the smallest output change.

    Example:
        >>> import numpy as np
        >>> choose(np.array([0.1, 0.3, 0.6]), np.array([0.01, 0.04, 0.2]))
        1
    """
    close = tvd < ALIKE
    if close.any():
        return int(np.argmax(np.where(close, jsd, -np.inf)))
    return int(np.argmin(tvd))


def summarise_trained_adversary(
    label: Int[np.ndarray, " N"],
    probability: Float[np.ndarray, "M N classes"],
    jsd: Float[np.ndarray, "M N"],
    tvd: Float[np.ndarray, "M N"],
    attention: Sequence[Float[np.ndarray, " _"]],
    *,
    instance_id: Int[np.ndarray, " N"],
    training: Mapping[str, Any],
    setting: str,
    norms: Mapping[str, Mapping[str, float]],
    samples: int,
    seed: int,
) -> Result:
    """Summarise the sweep over lambda on the test split.

    Args:
        label: true classes of the test instances.
        probability: class distributions, by lambda.
        jsd: of each one's attention from the base's, nats.
        tvd: of each one's class distribution from the base's, whatever the loss halves.
        attention: the weights of the chosen lambda.
        instance_id: of the instances.
        training: the summary of the stage that trained the sweep: `weights`, `chosen`,
            `best_epoch`, `epochs_run`.
        setting: of the loss, `paper`, `release` or `fixed`.
        norms: of the base and of the chosen adversary.
        samples: bootstrap samples over the instances.
        seed: of the bootstrap.

    Source: Wiegreffe & Pinter (2019), section 4, table 4 and figure 5.
    """
    points = []
    for member, value in enumerate(training["weights"]):
        scores = scores_of(label, probability[member])
        point: dict[str, Any] = {"lambda": value}
        for name, values in (("jsd", jsd[member]), ("tvd", tvd[member])):
            ends = bootstrap_interval(values, samples=samples, seed=seed)
            point |= {name: float(values.mean()), f"{name}_ci95": as_list(ends)}
        points.append(
            point
            | scores
            | {
                "epochs_run": training["epochs_run"],
                "best_epoch": training["best_epoch"][member],
            }
        )
    summary = {
        "setting": setting,
        "lambdas": points,
        "chosen": training["chosen"],
        "norms": {name: dict(one) for name, one in norms.items()},
    }
    rows = {
        "instance_id": instance_id,
        "trained_adversary.jsd": per_instance(jsd),
        "trained_adversary.tvd": per_instance(tvd),
        "trained_adversary.probability": per_instance(probability),
        "trained_adversary.attention": list(attention),
    }
    return Result(summary, rows)
