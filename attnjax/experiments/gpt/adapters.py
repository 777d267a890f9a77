"""A GPT as what pre-training and fine-tuning ask of a model."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from attnjax.models.gpt.losses import batch_loss, row_key, token_losses
from attnjax.models.gpt.model import GPT
from attnjax.models.gpt.settings import GPTSettings
from attnjax.training.gpt.finetune import TaskLosses, TaskModel
from attnjax.training.gpt.pretrain import LanguageModel
from attnjax.training.gpt.speed import DecoderShape, flops_per_token, lstm_flops_per_token
from attnjax.training.gpt.step import Loss
from attnjax.types import AnyArray, Batch, Inputs, Params


def language_model(gpt: GPT) -> LanguageModel:
    r"""Return the functions by which a GPT is trained and judged on windows of text.

    What is minimised is the mean of \\( -\log p(u_i \mid u_{i-k}, \ldots, u_{i-1}) \\) over
    all tokens of all windows but the first of each; windows are of one length, so this is
    the mean of either mode. A window's noise is keyed by its row.

    Args:
        gpt: of any head; a task's layer is neither asked nor trained.

    Source: Radford et al. (2018), section 3.1.

    Example:
        >>> from attnjax.models.gpt.model import build_gpt, init_params
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> settings = GPTSettings(vocabulary_size=9, context=4, num_layers=1, num_heads=1, width=4)
        >>> model = language_model(build_gpt(settings))
        >>> params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
        >>> jax.jit(model.token_losses)(params, jnp.array([[1, 2, 3]])).shape
        (1, 2)
    """
    settings = gpt.settings

    def losses(
        params: Params, tokens: Int[AnyArray, "B window"], key: Key[Array, ""] | None = None
    ) -> Float[Array, "B context"]:
        rows_key = None
        if key is not None:
            table_key, rows_key = jax.random.split(key)
            params = gpt.model.prepare(params, table_key)

        def row(inputs: Inputs, targets: Int[Array, " context"]) -> Float[Array, " context"]:
            output = gpt.forward(params, inputs, key=row_key(rows_key, inputs))
            assert output.token_logits is not None  # a GPT always has them
            return token_losses(output.token_logits[0], targets)

        return jax.vmap(row)(window_inputs(tokens), jnp.asarray(tokens)[:, 1:])

    def loss(params: Params, tokens: Any, key: Key[Array, ""] | None) -> Loss:
        return Loss(jnp.mean(losses(params, tokens, key)))

    return LanguageModel(loss, losses, settings.vocabulary_size, _flops(settings))


def _flops(settings: GPTSettings) -> float:
    """Return the operations of a training step for each token of it."""
    if settings.lstm_units:
        return lstm_flops_per_token(
            units=settings.lstm_units, width=settings.width, num_outputs=settings.num_tokens
        )
    shape = DecoderShape(
        settings.num_layers, settings.width, settings.num_output_rows, settings.context
    )
    return flops_per_token(shape)


def window_inputs(tokens: Int[AnyArray, "B window"]) -> Inputs:
    """Return what a GPT reads of windows: all tokens but the last, which is only predicted.

    Args:
        tokens: of windows of running text.

    Example:
        >>> window_inputs(np.array([[4, 5, 6]])).token_ids.tolist()
        [[[4, 5]]]
    """
    token_ids = jnp.asarray(tokens)[:, None, :-1]
    here = jnp.ones(token_ids.shape, bool)
    rows = token_ids.shape[0]
    return Inputs(
        token_ids=token_ids,
        mask=here,
        attendable=here,
        label=jnp.full(rows, -1, jnp.int32),
        instance_id=jnp.arange(rows, dtype=jnp.int32),
    )


def task_model(gpt: GPT) -> TaskModel:
    """Return the functions by which a GPT with a task's layer is fine-tuned and judged.

    Args:
        gpt: with the head of the task; its rows are `Inputs` with a leading axis.

    Source: Radford et al. (2018), section 3.2.

    Example:
        >>> from attnjax.models.gpt.model import build_gpt
        >>> from attnjax.models.gpt.settings import GPTSettings
        >>> settings = GPTSettings(vocabulary_size=9, context=4, num_layers=1, num_heads=1,
        ...                        width=4, head="classification")
        >>> model, one = task_model(build_gpt(settings)), window_inputs(np.array([[9, 4, 11, 0]]))
        >>> params = jax.jit(build_gpt(settings).model.init)(jax.random.key(0), one)
        >>> jax.jit(model.logits)(params, one).shape, model.num_tokens(one)
        ((1, 2), 3)
    """

    def losses(params: Params, rows: Inputs, key: Key[Array, ""] | None) -> TaskLosses:
        valid = jnp.ones(jnp.shape(rows.label)[0], bool)
        parts = batch_loss(params, Batch(rows, valid), gpt=gpt, key=key)
        return TaskLosses(parts.task, parts.language_model)

    def logits(params: Params, rows: Inputs) -> Float[Array, "B C"]:
        return jax.vmap(lambda one: gpt.forward(params, one).logits)(rows)

    return TaskModel(losses, logits, lambda rows: int(np.sum(rows.mask)))
