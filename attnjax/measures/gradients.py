"""Gradient importance: how much the output leans on each token's embedding."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from attnjax.outputs import logit_target, predicted_class, target
from attnjax.types import AttentionModel, Inputs, Params

TARGETS = {"probability": target, "logit": logit_target}
ATTENTIONS = ("detached", "attached")


def gradient_importance(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    target: str = "probability",
    attention: str = "detached",
) -> Float[Array, "S L"]:
    r"""Return gradient times embedding of every token of one instance, with its sign.

    \\( g_i = \frac{\partial y}{\partial e_i} \cdot e_i \\), where y is the probability of
    the positive class (two classes) or of the class predicted on the unmodified input.

    Args:
        model: the model.
        params: its weights.
        inputs: one instance.
        target: y: "probability", or "logit" for the log-odds, which never saturate.
        attention: "detached" holds the attention constant; "attached" lets it follow the
            embeddings.

    Returns:
        Importances in units of y; importance in the sense of the paper is their absolute
        value. Positions outside `inputs.attendable` have theirs too: select.

    Source: Jain & Wallace (2019), section 4.1, algorithm 1, lines 1 to 4; the attention is
    detached in the paper and in its release.

    Example: see `gradient_importances`.
    """
    target_fn = _choose("target", target, TARGETS)
    _choose("attention", attention, dict.fromkeys(ATTENTIONS))

    def score(embeddings: Float[Array, "S L E"]) -> Float[Array, ""]:
        states = model.encode(params, embeddings, inputs)
        weights = model.attend(params, states, inputs)
        if attention == "detached":
            weights = jax.lax.stop_gradient(weights)
        logits = model.decode(params, states, weights, inputs).logits
        # At the unmodified embeddings, the only place where this is evaluated.
        return target_fn(logits, predicted_class(jax.lax.stop_gradient(logits)))

    embeddings = model.embed(params, inputs)
    return jnp.sum(jax.grad(score)(embeddings) * embeddings, axis=-1)


@partial(jax.jit, static_argnames=("model", "target", "attention"))
def gradient_importances(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    target: str = "probability",
    attention: str = "detached",
) -> Float[Array, "B tokens"]:
    """Return `gradient_importance` of a batch, of all sequences one after another.

    Args:
        model: the model; compiled once per model and shape.
        params: its weights.
        inputs: a batch of instances.
        target: see `gradient_importance`.
        attention: see `gradient_importance`.

    Returns:
        Signed importances of the positions of an instance's only sequence, `[B, L]`, or of
        all of them, `[B, S * L]`; `attnjax.outputs.token_mask` says which are tokens.

    Source: see `gradient_importance`.

    Example:
        A model whose logit is the sum of its embeddings, one number a token:

        >>> import jax, jax.numpy as jnp
        >>> from attnjax.types import AttentionModel, Inputs, Output, States
        >>> model = AttentionModel(
        ...     init=lambda key, inputs: jnp.array([0.0, 0.5, -0.5]),
        ...     embed=lambda params, inputs: params[inputs.token_ids][..., None],
        ...     encode=lambda params, embeddings, inputs: States(embeddings),
        ...     attend=lambda params, states, inputs: jnp.ones(states.tokens.shape[1]),
        ...     decode=lambda params, states, attention, inputs: Output(
        ...         attention @ states.tokens[0]),
        ... )
        >>> ones = jnp.ones((1, 1, 2), bool)
        >>> inputs = Inputs(token_ids=jnp.array([[[1, 2]]]), mask=ones, attendable=ones,
        ...                 label=jnp.array([0]), instance_id=jnp.array([0]))
        >>> params = jnp.array([0.0, 0.5, -0.5])
        >>> gradient_importances(model, params, inputs).tolist()
        [[0.125, -0.125]]
    """
    one = partial(gradient_importance, model, params, target=target, attention=attention)
    return jax.vmap(one)(inputs).reshape(inputs.label.shape[0], -1)


def _choose(where: str, name: str, table: dict[str, Any]) -> Any:
    if name not in table:
        raise ValueError(f"{where}: found {name!r}; expected one of {', '.join(table)}")
    return table[name]
