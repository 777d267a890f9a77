"""From logits to what is measured: probabilities, the differentiated target, output change."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from attnjax.errors import ConfigError
from attnjax.types import AnyArray, Attention, AttentionModel, Inputs, Output, Params, States

IMPOSSIBLE = -1e9
"""The logit of a class that is no possible answer: its probability is exactly 0, and unlike
minus infinity it has no NaN for a slope."""


def probabilities(logits: Float[Array, "*N C"]) -> Float[Array, "*N classes"]:
    r"""Return the full class distribution of logits, also for a single logit.

    \\( C = 1: (1 - \sigma(z), \sigma(z)) \\); \\( C > 1: \mathrm{softmax}(z) \\).

    Args:
        logits: unnormalised scores; a last axis of 1 means two classes.

    Returns:
        Probabilities in [0, 1] that sum to 1 over the last axis (2 or C classes).

    Example:
        >>> import jax.numpy as jnp
        >>> probabilities(jnp.array([0.0])).tolist()
        [0.5, 0.5]
    """
    if logits.shape[-1] == 1:
        # sigmoid(-z) instead of 1 - sigmoid(z): no cancellation where the model is sure.
        return jnp.concatenate([jax.nn.sigmoid(-logits), jax.nn.sigmoid(logits)], axis=-1)
    return jax.nn.softmax(logits, axis=-1)


def predicted_class(logits: Float[Array, "*N C"]) -> Int[Array, "*N"]:
    """Return the most probable class (for one logit: 1 where it is above zero).

    Example:
        >>> import jax.numpy as jnp
        >>> int(predicted_class(jnp.array([-0.3])))
        0
    """
    if logits.shape[-1] == 1:
        return (logits[..., 0] > 0).astype(jnp.int32)
    return jnp.argmax(logits, axis=-1).astype(jnp.int32)


def target(logits: Float[Array, " C"], predicted: Int[Array, ""]) -> Float[Array, ""]:
    """Return the scalar whose gradient is an importance.

    The sigmoid output of a binary model; otherwise the probability of the class predicted
    on the unmodified input, held fixed (the sum over classes would be the constant 1).

    Args:
        logits: the output of one instance.
        predicted: that instance's predicted class; not differentiated.

    Source: Jain & Wallace (2019), section 4.1; for several classes the authors' release.

    Example:
        >>> import jax.numpy as jnp
        >>> float(target(jnp.array([0.0]), jnp.array(1)))
        0.5
    """
    if logits.shape[-1] == 1:
        return jax.nn.sigmoid(logits[0])
    return jax.nn.softmax(logits)[jax.lax.stop_gradient(predicted)]


def logit_target(logits: Float[Array, " C"], predicted: Int[Array, ""]) -> Float[Array, ""]:
    """Return the log-odds of the predicted class: `target` without its saturation.

    For one logit it is that logit, whose gradient is the sigmoid's up to a positive factor.
    Where no other class is possible the odds have no bound and hang on nothing: 0.

    Example:
        >>> import jax.numpy as jnp
        >>> float(logit_target(jnp.array([2.0]), jnp.array(1)))
        2.0
    """
    if logits.shape[-1] == 1:
        return logits[0]
    others = jnp.arange(logits.shape[-1]) != jax.lax.stop_gradient(predicted)
    rest = jax.nn.logsumexp(logits, where=others)
    odds = logits[jax.lax.stop_gradient(predicted)] - rest
    certain = jnp.max(logits, where=others, initial=IMPOSSIBLE) <= IMPOSSIBLE
    return jnp.where(certain, 0.0, odds)


def output_change(
    p: Float[Array, "*N classes"], q: Float[Array, "*N classes"]
) -> Float[Array, "*N"]:
    r"""Return the total variation distance \\( \frac12 \sum_c |p_c - q_c| \\), in [0, 1].

    Both arguments are full class distributions, so for two classes this is the difference
    of the positive class's probabilities.

    Source: Jain & Wallace (2019), section 4, equation of TVD.

    Example:
        >>> import jax.numpy as jnp
        >>> round(float(output_change(jnp.array([0.2, 0.8]), jnp.array([0.5, 0.5]))), 6)
        0.3
    """
    return 0.5 * jnp.sum(jnp.abs(p - q), axis=-1)


def encode_inputs(model: AttentionModel, params: Params, inputs: Inputs) -> States:
    """Return the states of one instance, without dropout."""
    return model.encode(params, model.embed(params, inputs), inputs)


def forward(model: AttentionModel, params: Params, inputs: Inputs) -> Output:
    """Return the output of one instance under the model's own attention, without dropout."""
    states = encode_inputs(model, params, inputs)
    return model.decode(params, states, model.attend(params, states, inputs), inputs)


def token_mask(inputs: Inputs) -> Bool[AnyArray, "*B tokens"]:
    """Return which positions of all sequences, one after another, are tokens to be scored.

    Each place where a word stands is a token of its own: a text that an instance has in
    several sequences (both orders of a pair) has its tokens in each.

    Args:
        inputs: one instance, or a batch.

    Example:
        >>> import jax.numpy as jnp
        >>> here = jnp.array([[True, False], [True, True]])
        >>> inputs = Inputs(token_ids=jnp.zeros((2, 2), int), mask=here, attendable=here,
        ...                 label=jnp.array(0), instance_id=jnp.array(0))
        >>> token_mask(inputs).tolist()
        [True, False, True, True]
    """
    attendable = inputs.attendable
    return attendable.reshape(*attendable.shape[:-2], -1)


def token_weights(
    model: AttentionModel, attention: Attention, inputs: Inputs
) -> Float[Array, " tokens"]:
    """Return one weight for every position of all sequences, one after another.

    The attention itself where it is one distribution over a text's positions; of any other
    what the model says its attention to a token is.

    Args:
        model: the model.
        attention: its own, or any other; of one instance.
        inputs: the instance.

    Raises:
        ConfigError: for an attention of several distributions that the model does not read.

    Example:
        >>> import jax.numpy as jnp
        >>> from attnjax.models.inputs import single_inputs
        >>> inputs = single_inputs([2, 3])
        >>> model = AttentionModel(*[lambda *_: None] * 5)
        >>> token_weights(model, jnp.array([0.75, 0.25]), inputs).tolist()
        [0.75, 0.25]
    """
    if model.distributions is not None:
        return model.distributions.token_weights(attention, inputs).reshape(-1)
    leaves = jax.tree.leaves(attention)
    if len(leaves) != 1 or leaves[0].ndim != 1:
        raise ConfigError(
            "model.distributions",
            found="none, and an attention of several distributions",
            expected="a function that says what the weight of a token is",
            action="give the model `distributions`, see attnjax.types",
        )
    return leaves[0]
