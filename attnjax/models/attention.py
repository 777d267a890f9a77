"""Where a classifier looks: one distribution over the positions of one sentence.

Where there is a question, it is given as a vector of the states' width; attention that is
not learnt does not look at it.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from attnjax.errors import DataError
from attnjax.models.initializers import uniform_by_width
from attnjax.models.masking import masked_softmax
from attnjax.types import Inputs

RANDOM_DEVIATION = 3.0
"""Standard deviation of random attention's log-weights: as peaked as a trained one."""


class AdditiveAttention(nn.Module):
    r"""\\( \mathrm{softmax}(w_2 \cdot \tanh(W_1 h + b_1)) \\), \\( W_1 \\) halving the width.

    Given a question, \\( W_q q + b_q \\) is added inside the tanh. (Both biases are kept, as
    in `encoders.BiLSTM`.)

    Source: Bahdanau et al. (2015); sizes as in the released code of Jain & Wallace (2019).
    """

    @nn.compact
    def __call__(
        self,
        states: Float[Array, "L D"],
        inputs: Inputs,
        question: Float[Array, " D"] | None = None,
    ) -> Float[Array, " L"]:
        width = states.shape[-1]
        half = max(1, width // 2)
        uniform = uniform_by_width(width)
        hidden = nn.Dense(half, kernel_init=uniform, bias_init=uniform, name="hidden")(states)
        if question is not None:
            asked = nn.Dense(half, kernel_init=uniform, bias_init=uniform, name="question")
            hidden += asked(question)[None]
        score = nn.Dense(1, use_bias=False, kernel_init=uniform_by_width(half), name="score")
        return masked_softmax(score(jnp.tanh(hidden))[:, 0], inputs.attendable[0])


class DotAttention(nn.Module):
    r"""\\( \mathrm{softmax}(w \cdot h / \sqrt{D}) \\) with a learnt vector \\( w \\).

    Given a question, its vector is \\( w \\), and nothing is learnt.

    Source: Vaswani et al. (2017), with one query, as in Jain & Wallace (2019).
    """

    @nn.compact
    def __call__(
        self,
        states: Float[Array, "L D"],
        inputs: Inputs,
        question: Float[Array, " D"] | None = None,
    ) -> Float[Array, " L"]:
        width = states.shape[-1]
        if question is not None:
            scores = states @ question
        else:
            uniform = uniform_by_width(width)
            scores = nn.Dense(1, use_bias=False, kernel_init=uniform, name="score")(states)[:, 0]
        return masked_softmax(scores / width**0.5, inputs.attendable[0])


class UniformAttention(nn.Module):
    """The same weight for every attendable position."""

    @nn.compact
    def __call__(
        self,
        states: Float[Array, "L D"],
        inputs: Inputs,
        question: Float[Array, " D"] | None = None,
    ) -> Float[Array, " L"]:
        del question
        return masked_softmax(jnp.zeros(states.shape[0], states.dtype), inputs.attendable[0])


class RandomAttention(nn.Module):
    """Noise that belongs to the instance: never trained, the same in every batch and epoch."""

    @nn.compact
    def __call__(
        self,
        states: Float[Array, "L D"],
        inputs: Inputs,
        question: Float[Array, " D"] | None = None,
    ) -> Float[Array, " L"]:
        del question
        # Rows that only fill a batch have the id -1, which cannot be folded into a key.
        key = jax.random.fold_in(jax.random.key(0), jnp.maximum(inputs.instance_id, 0))
        # In float32 whatever the states are: another precision would be another draw.
        noise = jax.random.normal(key, (states.shape[0],), jnp.float32).astype(states.dtype)
        return masked_softmax(RANDOM_DEVIATION * noise, inputs.attendable[0])


class GivenAttention(nn.Module):
    """The instance's `guide`: attention that another model or the user has decided.

    Scaled to a sum of 1 over the attendable positions, which a guide of a text that has
    lost a token is not; zero where it is.
    """

    @nn.compact
    def __call__(
        self,
        states: Float[Array, "L D"],
        inputs: Inputs,
        question: Float[Array, " D"] | None = None,
    ) -> Float[Array, " L"]:
        del question
        if inputs.guide is None:
            raise DataError(
                "attention of kind given",
                found="instances without a guide",
                expected="Inputs.guide, a distribution over the positions of each instance",
                action="give the split its `guide`, or choose another kind of attention",
            )
        weights = jnp.where(inputs.attendable[0], inputs.guide, 0.0).astype(states.dtype)
        total = jnp.sum(weights)
        return weights / jnp.where(total > 0, total, 1.0)
