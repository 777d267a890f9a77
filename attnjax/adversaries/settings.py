"""What the adversarial search needs to know, and how a config decides it."""

from dataclasses import dataclass
from typing import Literal

from attnjax.config import AdversaryConfig

ROUNDING = 1e-6
"""By how much an iterate must stay below epsilon to be kept as feasible, at most half of it.

The attention that is returned is judged again by `decode`, whose float32 output may differ by
a few units in the last place from the one in the loop.
"""

RELEASE_FILTER_EPSILON = 0.05
"""The bound by which the released code keeps a candidate, whatever it optimised for."""


@dataclass(frozen=True)
class SearchSettings:
    """Settings of the search; hashable, so that they can be static arguments of a jit.

    Attributes:
        candidates: attentions searched at once for an instance, at least 1.
        steps: updates of each, at least 1.
        starts: "noise", or "pairs" of tokens for three of five candidates.
        constraint: "penalty" beside the divergence, descended by AMSGrad, or "projection" of
            the steps onto the attentions that leave the output where it is.
        step_size: of the projected steps, nats of log-weight per nat of slope.
        patience: projected steps without gain after which an instance ends; 0: never.
        learning_rate: of AMSGrad, on log-weights.
        penalty: what one unit of output change above `optimizer_epsilon` costs, in nats.
        noise: standard deviation of the initial log-weights, in nats.
        optimizer_epsilon: output change (TVD, in [0, 1]) from which the penalty counts.
        filter_epsilon: output change up to which a candidate is feasible.
        keep: "last" iterate, or the "best" feasible one.
        jsd: form of the Jensen-Shannon divergence, see `measures.divergence`.
        amsgrad: form of the optimizer, see `training.optimizers.amsgrad`.

    Source: Jain & Wallace (2019), section 4.2.2, and their release.
    """

    candidates: int = 5
    steps: int = 500
    starts: Literal["noise", "pairs"] = "pairs"
    constraint: Literal["penalty", "projection"] = "projection"
    step_size: float = 2.0
    patience: int = 5
    learning_rate: float = 0.01
    penalty: float = 500.0
    noise: float = 3.0
    optimizer_epsilon: float = 0.01
    filter_epsilon: float = 0.01
    keep: Literal["last", "best"] = "best"
    jsd: Literal["exact", "release"] = "exact"
    amsgrad: Literal["release", "optax"] = "optax"


def settings_from(config: AdversaryConfig) -> SearchSettings:
    """Return the settings of a resolved config, each source decision made.

    | field | paper | release | fixed |
    | --- | --- | --- | --- |
    | optimizer_epsilon | epsilon | 0.01 | epsilon |
    | filter_epsilon | epsilon | 0.05 | epsilon |
    | keep | last iterate | last iterate | best feasible iterate |
    | jsd | exact | log(p + 1e-10) | exact |
    | amsgrad | the release's | the release's | optax's |
    | starts | noise | noise | pairs of tokens, and noise |
    | constraint | penalty | penalty | projection |

    Args:
        config: a resolved config: no field is "protocol" any more.

    Example:
        >>> everything = dict.fromkeys(
        ...     ("optimizer_epsilon", "filter_epsilon", "keep", "jsd", "amsgrad", "starts",
        ...      "constraint"), "release")
        >>> settings_from(AdversaryConfig(**everything)).filter_epsilon
        0.05
    """
    release_optimizer_epsilon = 0.01
    return SearchSettings(
        candidates=config.candidates,
        steps=config.steps,
        starts="pairs" if config.starts == "fixed" else "noise",
        constraint="projection" if config.constraint == "fixed" else "penalty",
        step_size=config.step_size,
        patience=config.patience,
        learning_rate=config.learning_rate,
        penalty=config.penalty,
        noise=config.noise,
        optimizer_epsilon=(
            release_optimizer_epsilon if config.optimizer_epsilon == "release" else config.epsilon
        ),
        filter_epsilon=(
            RELEASE_FILTER_EPSILON if config.filter_epsilon == "release" else config.epsilon
        ),
        keep="best" if config.keep == "fixed" else "last",
        jsd="release" if config.jsd == "release" else "exact",
        amsgrad="optax" if config.amsgrad == "fixed" else "release",
    )


def kept_epsilon(settings: SearchSettings) -> float:
    """Return the output change up to which the search itself counts an iterate as feasible.

    Example:
        >>> kept_epsilon(SearchSettings(filter_epsilon=0.25)) == 0.25 - 1e-6
        True
    """
    return settings.filter_epsilon - min(ROUNDING, settings.filter_epsilon / 2)
