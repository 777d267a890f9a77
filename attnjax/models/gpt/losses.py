"""What a GPT is trained for: the next token, a task, and both together."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from attnjax.errors import DataError
from attnjax.models.gpt.model import GPT
from attnjax.types import AnyArray, Batch, Inputs, Output, Params


class LossSums(NamedTuple):
    """Sums from which either mean can be made.

    Attributes:
        total: of the losses of a sequence's tokens, in nats.
        num_tokens: how many tokens were predicted.
    """

    total: Float[Array, "*S"]
    num_tokens: Float[Array, "*S"]


class LossParts(NamedTuple):
    """The loss of a batch and what it is made of, in nats.

    Attributes:
        total: what is minimised.
        task: the mean over instances; 0 for a language model.
        language_model: the mean that belongs to the model's mode.
    """

    total: Float[Array, ""]
    task: Float[Array, ""]
    language_model: Float[Array, ""]


def token_losses(logits: Float[Array, "*N V"], targets: Int[AnyArray, "*N"]) -> Float[Array, "*N"]:
    r"""Return \\( -\log p(\mathrm{target}) \\) of each token, in nats.

    Args:
        logits: over tokens (in the mode "exact" over positions too, never a target).
        targets: the tokens that came next.

    Source: Radford et al. (2018), equation 1.

    Example:
        >>> token_losses(jnp.zeros((1, 4)), jnp.array([2])).round(4).tolist()
        [1.386...]
    """
    return optax.softmax_cross_entropy_with_integer_labels(logits, jnp.asarray(targets))


def sequence_losses(
    token_logits: Float[Array, "*S L V"],
    token_ids: Int[AnyArray, "*S L"],
    mask: Bool[AnyArray, "*S L"],
) -> LossSums:
    """Return the loss of every token but the first, given those before it, in sums.

    Delimiter and classify token are predicted like any other.

    Args:
        token_logits: of every position's next token.
        token_ids: of the same sequences.
        mask: positions that exist.

    Source: the released code of Radford et al. (2018).

    Example:
        >>> ids, mask = jnp.array([[1, 2, 0]]), jnp.array([[True, True, False]])
        >>> sums = sequence_losses(jnp.zeros((1, 3, 4)), ids, mask)
        >>> sums.total.round(4).tolist(), sums.num_tokens.tolist()
        ([1.386...], [1.0])
    """
    losses = token_losses(token_logits[..., :-1, :], jnp.asarray(token_ids)[..., 1:])
    counted = jnp.asarray(mask)[..., 1:]
    total = jnp.sum(jnp.where(counted, losses, 0.0), axis=-1)
    return LossSums(total, jnp.sum(counted, axis=-1, dtype=total.dtype))


def mean_per_sequence(sums: LossSums, weights: Float[Array, "*S"]) -> Float[Array, ""]:
    """Return the mean over sequences of each one's mean over its tokens: the release's.

    Args:
        sums: of all sequences; one without a predicted token counts as 0.
        weights: 1 for each sequence, 0 for one that only fills the batch.

    Example:
        >>> sums = LossSums(jnp.array([4.0, 3.0]), jnp.array([4.0, 1.0]))
        >>> float(mean_per_sequence(sums, jnp.ones(2)))
        2.0
    """
    means = sums.total / jnp.maximum(sums.num_tokens, 1.0)
    return jnp.sum(means * weights) / jnp.maximum(jnp.sum(weights), 1.0)


def mean_per_token(sums: LossSums, weights: Float[Array, "*S"]) -> Float[Array, ""]:
    """Return the mean over all tokens of all sequences: Hugging Face's.

    Args:
        sums: of all sequences.
        weights: 1 for each sequence, 0 for one that only fills the batch.

    Example:
        >>> sums = LossSums(jnp.array([4.0, 3.0]), jnp.array([4.0, 1.0]))
        >>> round(float(mean_per_token(sums, jnp.ones(2))), 6)
        1.4
    """
    return jnp.sum(sums.total * weights) / jnp.maximum(jnp.sum(sums.num_tokens * weights), 1.0)


def task_loss(logits: Float[Array, " C"], inputs: Inputs) -> Float[Array, ""]:
    r"""Return \\( -\sum_c q_c \log p_c \\) of one instance, in nats.

    q is `Inputs.reference` where there is one (a score spread over its two neighbouring
    classes, say), and otherwise all on the label. One logit means two classes.

    Args:
        logits: of the task.
        inputs: the instance.

    Raises:
        DataError: for a reference with one logit, which has no distribution over classes.

    Source: Radford et al. (2018), equation 4.

    Example:
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> inputs = gpt_inputs(GPTSettings(), [[7]], label=1)
        >>> round(float(task_loss(jnp.zeros(2), inputs)), 4)
        0.6931
    """
    label = jnp.maximum(jnp.asarray(inputs.label), 0)
    if logits.shape[-1] == 1:
        if inputs.reference is not None:
            raise DataError(
                "task of a GPT",
                found="a distribution over classes, and a model of one logit",
                expected="one logit a class",
                action="set model.num_logits to the number of classes",
            )
        return optax.sigmoid_binary_cross_entropy(logits[0], label.astype(logits.dtype))
    if inputs.reference is not None:
        return optax.softmax_cross_entropy(logits, jnp.asarray(inputs.reference))
    return token_losses(logits, label)


def batch_loss(
    params: Params,
    batch: Batch,
    *,
    gpt: GPT,
    auxiliary: float = 0.5,
    key: Key[Array, ""] | None = None,
) -> LossParts:
    r"""Return the loss of a batch: \\( L_\mathrm{task} + \lambda L_\mathrm{LM} \\).

    Of a language model it is \\( L_\mathrm{LM} \\) alone. Which mean over tokens is taken is
    the model's mode. An instance's noise is keyed by its id, the table's by the step.

    Args:
        params: of the model, not prepared.
        batch: rows with `valid` False count for nothing.
        gpt: the model.
        auxiliary: \\( \lambda \\), at least 0.
        key: of the step's dropout; None for none.

    Source: Radford et al. (2018), equation 5; the means from the released code.

    Example:
        >>> from functools import partial
        >>> from attnjax.models.gpt.inputs import gpt_inputs
        >>> from attnjax.models.gpt.model import build_gpt
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> settings = GPTSettings(vocabulary_size=9, context=8, num_layers=1, num_heads=2,
        ...                        width=8, head="classification")
        >>> gpt = build_gpt(settings)
        >>> one = gpt_inputs(settings, [[9, 4, 11]], label=1)
        >>> params = jax.jit(gpt.model.init)(jax.random.key(0), one)
        >>> batch = Batch(jax.tree.map(lambda leaf: leaf[None], one), jnp.ones(1, bool))
        >>> loss = jax.jit(partial(batch_loss, gpt=gpt))(params, batch)
        >>> bool(jnp.isclose(loss.total, loss.task + 0.5 * loss.language_model))
        True
    """
    rows_key = None
    if key is not None:
        table_key, rows_key = jax.random.split(key)
        params = gpt.model.prepare(params, table_key)

    def row(inputs: Inputs) -> tuple[Float[Array, ""], LossSums]:
        output = gpt.forward(params, inputs, key=row_key(rows_key, inputs))
        return _task_part(gpt, output, inputs), _language_part(output, inputs)

    tasks, sums = jax.vmap(row)(batch.inputs)
    valid = jnp.asarray(batch.valid, jnp.float32)
    task = jnp.sum(tasks * valid) / jnp.maximum(jnp.sum(valid), 1.0)
    mean = mean_per_sequence if gpt.settings.mode == "exact" else mean_per_token
    language_model = mean(sums, jnp.broadcast_to(valid[:, None], sums.total.shape))
    if gpt.settings.head == "language_model":
        return LossParts(language_model, task, language_model)
    return LossParts(task + auxiliary * language_model, task, language_model)


def row_key(key: Key[Array, ""] | None, inputs: Inputs) -> Key[Array, ""] | None:
    """Return the key of an instance's noise, by its id and not by its place in a batch.

    Args:
        key: of the step; None for no noise.
        inputs: the instance; the id -1 of a row that only fills a batch counts as 0.
    """
    if key is None:
        return None
    return jax.random.fold_in(key, jnp.maximum(jnp.asarray(inputs.instance_id), 0))


def _task_part(gpt: GPT, output: Output, inputs: Inputs) -> Float[Array, ""]:
    if gpt.settings.head == "language_model":
        return jnp.zeros([])
    return task_loss(output.logits, inputs)


def _language_part(output: Output, inputs: Inputs) -> LossSums:
    assert output.token_logits is not None  # a GPT always has them
    return sequence_losses(output.token_logits, inputs.token_ids, inputs.mask)
