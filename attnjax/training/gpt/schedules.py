"""Learning rates over the course of a GPT's training, as factors of the largest one."""

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

ScheduleName = Literal["warmup_linear", "warmup_cosine", "warmup_constant"]
Schedule = Callable[[Int[Array, ""]], Float[Array, ""]]
"""From the number of steps behind to a factor of the largest learning rate."""


def warmup_linear(x: Float[Array, ""], warmup: float) -> Float[Array, ""]:
    r"""Return the factor that rises during warm-up and falls in a straight line to 0.

    \\( (1 - x) \, x / w \\) for \\( x \le w \\), then \\( 1 - x \\): in the release the
    falling line multiplies the rise too, and x is not re-scaled after the warm-up.

    Args:
        x: share of the training that is behind, in [0, 1].
        warmup: w, the share that is warm-up, in [0, 1); 0 for none.

    Source: GPT-1's released code, `opt.py`; Radford et al. (2018), section 4.1 (fine-tuning).

    Example:
        >>> [round(float(warmup_linear(jnp.float32(x), 0.5)), 3) for x in (0.0, 0.25, 0.75)]
        [0.0, 0.375, 0.25]
    """
    return _warmed(x, warmup, jnp.ones_like(x)) * (1.0 - x)


def warmup_cosine(x: Float[Array, ""], warmup: float) -> Float[Array, ""]:
    r"""Return the factor that rises during warm-up and then follows half a cosine to 0.

    \\( x / w \\) for \\( x \le w \\), then \\( \frac12 (1 + \cos \pi x) \\): x is not
    re-scaled after the warm-up, so the factor drops a little at its end.

    Args:
        x: share of the training that is behind, in [0, 1].
        warmup: w, the share that is warm-up, in [0, 1); 0 for none.

    Source: GPT-1's released code, `opt.py`; Radford et al. (2018), section 4.1 (pre-training).

    Example:
        >>> [round(float(warmup_cosine(jnp.float32(x), 0.25)), 3) for x in (0.0, 0.125, 0.5)]
        [0.0, 0.5, 0.5]
    """
    return _warmed(x, warmup, 0.5 * (1.0 + jnp.cos(jnp.pi * x)))


def warmup_constant(x: Float[Array, ""], warmup: float) -> Float[Array, ""]:
    r"""Return the factor that rises during warm-up and then stays 1.

    Args:
        x: share of the training that is behind, in [0, 1].
        warmup: w, the share that is warm-up, in [0, 1); 0 for none.

    Source: GPT-1's released code, `opt.py`.

    Example:
        >>> [float(warmup_constant(jnp.float32(x), 0.5)) for x in (0.0, 0.25, 0.75)]
        [0.0, 0.5, 1.0]
    """
    return _warmed(x, warmup, jnp.ones_like(x))


def schedule(name: ScheduleName, *, num_steps: int, warmup: float) -> Schedule:
    """Return a schedule over steps.

    Args:
        name: which one.
        num_steps: of the whole training, at least 1; afterwards the factor stays as it is
            at the end.
        warmup: share of the training that is warm-up, in [0, 1).

    Returns:
        A function of the number of steps *before* the one that is taken: the first step of
        a training with warm-up changes nothing, as in the release.

    Example:
        >>> factor = schedule("warmup_linear", num_steps=10, warmup=0.2)
        >>> [round(float(factor(jnp.int32(t))), 2) for t in (0, 1, 2, 3, 10, 11)]
        [0.0, 0.45, 0.8, 0.7, 0.0, 0.0]
    """
    function = {
        "warmup_linear": warmup_linear,
        "warmup_cosine": warmup_cosine,
        "warmup_constant": warmup_constant,
    }[name]

    def factor(step: Int[Array, ""]) -> Float[Array, ""]:
        # Steps after the last one would otherwise climb the gradient.
        return function(jnp.minimum(step.astype(jnp.float32) / num_steps, 1.0), warmup)

    return factor


def _warmed(x: Float[Array, ""], warmup: float, after: Float[Array, ""]) -> Float[Array, ""]:
    """Return x / w up to the end of the warm-up, then `after`."""
    return after if warmup == 0.0 else jnp.where(x <= warmup, x / warmup, after)
