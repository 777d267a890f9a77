"""Models trained to be right while keeping attention off marked tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from attnjax.experiments.members import SCORES, per_instance, scores_of
from attnjax.experiments.result import Result
from attnjax.measures.summary import summarise_values


def choose_weight(mass: Float[np.ndarray, " M"], *, target: float) -> int:
    """Return the index of the least weight of the penalty that reaches a mass.

    Args:
        mass: mean share of attention on marked tokens, by rising weight.
        target: to be reached, in (0, 1].

    Returns:
        The first that is at most the target, else that of the least mass.

    Example:
        >>> import numpy as np
        >>> choose_weight(np.array([0.3, 0.01, 0.001]), target=0.02)
        1
    """
    reached = np.flatnonzero(mass <= target)
    return int(reached[0]) if len(reached) else int(np.argmin(mass))


def marked_mass(
    attention: Sequence[Float[np.ndarray, "*M _"]], marked: Sequence[Bool[np.ndarray, " _"]]
) -> Float[np.ndarray, "N *M"]:
    """Return the share of attention on the marked tokens of each instance.

    Args:
        attention: of each instance, of one model or of several (with a leading axis).
        marked: of each instance, which of its tokens.

    Returns:
        Values in [0, 1]; NaN where no token is marked, or all are: nothing can be hidden.

    Example:
        >>> import numpy as np
        >>> weights = [np.array([0.25, 0.75]), np.array([1.0])]
        >>> marked_mass(weights, [np.array([False, True]), np.array([True])]).tolist()
        [0.75, nan]
    """
    return np.array(
        [
            np.sum(np.asarray(weights, np.float64)[..., flags], axis=-1)
            if flags.any() and not flags.all()
            else np.full(np.shape(weights)[:-1], np.nan)
            for weights, flags in zip(attention, marked, strict=True)
        ]
    )


def summarise_mass_adversary(
    label: Int[np.ndarray, " N"],
    base: tuple[Float[np.ndarray, "N classes"], Float[np.ndarray, " N"]],
    adversary: tuple[Float[np.ndarray, "M N classes"], Float[np.ndarray, "N M"]],
    *,
    instance_id: Int[np.ndarray, " N"],
    marks: Sequence[Bool[np.ndarray, " _"]],
    training: Mapping[str, Any],
    marked: str,
    target: float,
    samples: int,
    seed: int,
) -> Result:
    """Compare the base with models that were to keep their attention off marked tokens.

    Args:
        label: true classes of the test instances.
        base: its class distributions and its mass on the marked tokens.
        adversary: those of the models trained with each weight.
        instance_id: of the instances.
        marks: which tokens of each instance are marked.
        training: the summary of the stage that trained them: `weights`, `chosen`.
        marked: what is marked, as the config calls it.
        target: mass that was to be reached.
        samples: bootstrap samples over the instances.
        seed: of the bootstrap.

    Source: Pruthi et al. (2020), Learning to deceive with attention-based explanations.
    """
    settings = {"samples": samples, "seed": seed}
    (base_probability, base_mass), (probability, mass) = base, adversary
    own, others = scores_of(label, base_probability), [scores_of(label, one) for one in probability]
    hidden = [summarise_values(one, **settings) for one in mass.T]
    unhidden = summarise_values(base_mass, **settings)
    summary = {
        "marked": marked,
        "target": target,
        "weight": training["weights"],
        "chosen": training["chosen"],
        "mass": {"base": unhidden["mean"], "adversary": [one["mean"] for one in hidden]},
        "mass_ci95": {"base": unhidden["ci95"], "adversary": [one["ci95"] for one in hidden]},
        "n": unhidden["n"],
        "undefined": unhidden["undefined"],
        **{
            name: {"base": own[name], "adversary": [one[name] for one in others]} for name in SCORES
        },
    }
    rows = {
        "instance_id": instance_id,
        "mass_adversary.marked": list(marks),
        "mass_adversary.base_mass": base_mass.astype(np.float32),
        "mass_adversary.mass": list(mass.astype(np.float32)),
        "mass_adversary.probability": per_instance(probability),
    }
    return Result(summary, rows)
