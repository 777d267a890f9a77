"""What a model is trained for: to classify, to imitate with other attention, to hide it."""

import functools
from typing import Any, Literal, NamedTuple, Protocol

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from attnjax.errors import DataError
from attnjax.outputs import output_change, probabilities
from attnjax.training.losses import cross_entropy, guide_divergence
from attnjax.types import AnyArray, Attention, Inputs, Output


class RowObjective(Protocol):
    """The loss of one instance."""

    def __call__(
        self,
        output: Output,
        attention: Attention,
        inputs: Inputs,
        class_weight: Float[Array, ""],
        weight: Float[AnyArray, ""],
    ) -> Float[Array, ""]:
        """Return the loss.

        Args:
            output: of the model under its own attention.
            attention: the model's own.
            inputs: the instance.
            class_weight: how much its class counts.
            weight: of the objective's second part: a number of the run, or of each member
                of a population.
        """
        ...


class Objective(NamedTuple):
    """What is minimised, and by what an epoch is judged.

    Attributes:
        row_loss: the loss of one instance.
        judged_by: "score": the best epoch has the largest `config.selection.score` on dev;
            "loss": the smallest mean of `row_loss` on dev.
        times_class_weights: whether the loss of a batch is multiplied by the sum of its
            rows' class weights, as a released code does.
    """

    row_loss: RowObjective
    judged_by: Literal["score", "loss"] = "score"
    times_class_weights: bool = False


def weighted_cross_entropy(
    output: Output,
    attention: Attention,
    inputs: Inputs,
    class_weight: Float[Array, ""],
    weight: Float[AnyArray, ""],
) -> Float[Array, ""]:
    r"""Return \\( -w_y \log p(y) \\) in nats, whatever the attention.

    Example:
        >>> from attnjax.models.inputs import single_inputs
        >>> inputs = single_inputs([2, 7, 3], label=1)
        >>> zero, two = jnp.zeros(1), jnp.asarray(2.0)
        >>> round(float(weighted_cross_entropy(Output(zero), None, inputs, two, zero[0])), 4)
        1.3863
    """
    del attention, weight
    return class_weight * cross_entropy(output.logits, jnp.maximum(inputs.label, 0))


def guided_cross_entropy(
    output: Output,
    attention: Attention,
    inputs: Inputs,
    class_weight: Float[Array, ""],
    weight: Float[AnyArray, ""],
) -> Float[Array, ""]:
    r"""Return the weighted cross-entropy and \\( \lambda \) times the pull to the guide.

    An instance without a guide has the first part alone.
    """
    loss = weighted_cross_entropy(output, attention, inputs, class_weight, weight)
    if inputs.guide is None:
        return loss
    return loss + weight * guide_divergence(attention, inputs.guide)


classification = Objective(weighted_cross_entropy)
"""Class weight times cross-entropy."""

guided = Objective(guided_cross_entropy)
"""The same, and the pull of attention to the guide."""


@functools.cache
def imitation(tvd: Literal["paper", "release", "fixed"] = "fixed") -> Objective:
    r"""Return the objective of a trained adversary: the same predictions, other attention.

    \\( \mathrm{TVD}(p, \mathrm{reference}) - \lambda \, \mathrm{KL}(\mathrm{attention} \|
    \mathrm{guide}) \\), the guide being the attention of the model to imitate and the
    reference its class distribution.

    Args:
        tvd: "paper" and "fixed": the distance of the class distributions, with two classes
            \\( |p_1 - q_1| \\). "release": half of it, because the released code halves the
            difference of the one sigmoid; its batch loss is also multiplied by the sum of
            the rows' class weights.

    Returns:
        One and the same object for equal arguments. The best epoch has the smallest
        objective on dev.

    Source: Wiegreffe & Pinter (2019), section 4, and their released code.

    Example:
        >>> imitation("release").times_class_weights
        True
    """
    scale = 0.5 if tvd == "release" else 1.0

    def row_loss(
        output: Output,
        attention: Attention,
        inputs: Inputs,
        class_weight: Float[Array, ""],
        weight: Float[AnyArray, ""],
    ) -> Float[Array, ""]:
        del class_weight
        guide, reference = _required(inputs, "guide"), _required(inputs, "reference")
        distance = output_change(probabilities(output.logits), reference)
        moved = attention_divergence(attention, guide, inputs.attendable[0])
        return scale * distance - weight * moved

    return Objective(row_loss, judged_by="loss", times_class_weights=tvd == "release")


@functools.cache
def concealment() -> Objective:
    r"""Return the objective of a model that classifies and keeps attention off some tokens.

    \\( -w_y \log p(y) - \lambda \log(1 - \sum_{i \in \mathrm{marked}} a_i) \\).

    Returns:
        One and the same object each time. The best epoch has the smallest objective on dev.

    Source: Pruthi et al. (2020), "Learning to deceive with attention-based explanations",
    section 3.

    Example:
        >>> concealment().judged_by
        'loss'
    """
    return Objective(_concealed_cross_entropy, judged_by="loss")


def _concealed_cross_entropy(
    output: Output,
    attention: Attention,
    inputs: Inputs,
    class_weight: Float[Array, ""],
    weight: Float[AnyArray, ""],
) -> Float[Array, ""]:
    loss = weighted_cross_entropy(output, attention, inputs, class_weight, weight)
    visible = inputs.attendable[0] & ~_required(inputs, "marked")
    return loss + weight * mass_penalty(attention, visible)


def attention_divergence(
    attention: Float[Array, " L"],
    guide: Float[AnyArray, " L"],
    attendable: Bool[AnyArray, " L"],
) -> Float[Array, ""]:
    r"""Return \\( \mathrm{KL}(\mathrm{attention} \,\|\, \mathrm{guide}) \\) of one instance.

    Args:
        attention: a distribution over the attendable positions.
        guide: another one.
        attendable: where attention may go.

    Returns:
        The divergence in nats, at least 0. A guide that underflowed to 0 counts as the
        smallest normal number (in float32 a log of -87), or the divergence would be infinite.

    Example:
        >>> half, all_ = jnp.array([0.5, 0.5]), jnp.ones(2, bool)
        >>> round(float(attention_divergence(jnp.array([1.0, 0.0]), half, all_)), 4)
        0.6931
    """
    smallest = jnp.finfo(attention.dtype).tiny
    # The floors also keep the slope finite where attention is 0.
    ratio = jnp.log(jnp.maximum(attention, smallest)) - jnp.log(jnp.maximum(guide, smallest))
    return jnp.sum(jnp.where(attendable, attention * ratio, 0.0))


def mass_penalty(attention: Float[Array, " L"], visible: Bool[AnyArray, " L"]) -> Float[Array, ""]:
    r"""Return \\( -\log \sum_{i \in \mathrm{visible}} a_i \\), in nats.

    The sum over what is visible is 1 less the hidden mass without that difference's
    cancellation.

    Args:
        attention: a distribution.
        visible: positions where attention is wanted.

    Returns:
        At least 0; 0 where no position is visible, because attention cannot go elsewhere.

    Example:
        >>> half = jnp.array([0.5, 0.5])
        >>> round(float(mass_penalty(half, jnp.array([True, False]))), 4)
        0.6931
    """
    smallest = jnp.finfo(attention.dtype).tiny
    mass = jnp.sum(jnp.where(visible, attention, 0.0))
    return -jnp.log(jnp.where(jnp.any(visible), jnp.maximum(mass, smallest), 1.0))


def _required(inputs: Inputs, name: Literal["guide", "reference", "marked"]) -> Any:
    """Return a field of the inputs that an objective cannot do without."""
    values = {"guide": inputs.guide, "reference": inputs.reference, "marked": inputs.marked}
    if values[name] is None:
        raise DataError(
            "training objective",
            found=f"instances without `{name}`",
            expected=f"the arrays `{name}` of the training and dev splits",
            action=f"give both splits their `{name}`",
        )
    return values[name]
