"""What is read off the last states of a GPT: logits of the next token and of the task."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from attnjax.errors import DataError
from attnjax.models.gpt.block import DEVIATION
from attnjax.models.gpt.noise import dropout
from attnjax.models.gpt.products import product
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.questions import IMPOSSIBLE
from attnjax.types import Inputs, Output, Params

SEQUENCES = {"classification": 1, "similarity": 2}
"""How many sequences an instance of a task has; of multiple choice, any number."""


def init_head(settings: GPTSettings, key: Key[Array, ""]) -> Params:
    """Return the params of the task's linear layer; none for a language model.

    Args:
        settings: of the model.
        key: used once.

    Example:
        >>> settings = GPTSettings(head="multiple_choice", width=12)
        >>> init_head(settings, jax.random.key(0))["kernel"].shape
        (12, 1)
    """
    if settings.head == "language_model":
        return {}
    num_logits = 1 if settings.head == "multiple_choice" else settings.num_logits
    kernel = DEVIATION * jax.random.normal(key, (settings.width, num_logits))
    return {"kernel": kernel, "bias": jnp.zeros(num_logits)}


def read_output(
    settings: GPTSettings,
    params: Params,
    states: Float[Array, "S L D"],
    inputs: Inputs,
    *,
    key: Key[Array, ""] | None = None,
) -> Output:
    """Return the logits of the task, and of every position's next token.

    Without a task, the logits are those of the token that follows the first sequence.
    Under `jit`, logits that the caller does not use are not computed.

    Args:
        settings: of the model.
        params: of the whole model.
        states: the last ones.
        inputs: the instance.
        key: of the dropout before the task's layer; None for none.

    Raises:
        DataError: for another number of sequences than the task has.
    """
    tokens = token_logits(settings, params, states)
    if settings.head == "language_model":
        last = jnp.sum(inputs.mask[0]) - 1
        return Output(tokens[0, last], tokens)
    expected = SEQUENCES.get(settings.head, len(states))
    if len(states) != expected:
        raise DataError(
            f"inputs of a GPT for {settings.head}",
            found=f"{len(states)} sequences an instance",
            expected=str(expected),
            action="encode the examples for this kind of task",
        )
    return Output(task_logits(settings, params["head"], states, inputs, key=key), tokens)


def token_logits(
    settings: GPTSettings, params: Params, states: Float[Array, "S L D"]
) -> Float[Array, "S L V"]:
    """Return the states' products with the rows of the table, in float32.

    Args:
        settings: of the model; in the mode "exact" positions have a logit too.
        params: of the whole model.
        states: the last ones.

    Source: Radford et al. (2018), section 3.1; the rows from the released code.
    """
    rows = params["table"][: settings.num_output_rows].astype(settings.compute_dtype)
    states = states.astype(settings.compute_dtype)
    return product("sld,vd->slv", states, rows)


def classify_positions(settings: GPTSettings, token_ids: Int[Array, "S L"]) -> Int[Array, " S"]:
    """Return where the (first) classify token of each sequence is; 0 where there is none.

    Example:
        >>> settings = GPTSettings(vocabulary_size=5)
        >>> classify_positions(settings, jnp.array([[5, 1, 7, 0]])).tolist()
        [2]
    """
    return jnp.argmax(token_ids == settings.classify_id, axis=-1)


def task_logits(
    settings: GPTSettings,
    head: Params,
    states: Float[Array, "S L D"],
    inputs: Inputs,
    *,
    key: Key[Array, ""] | None = None,
) -> Float[Array, " C"]:
    """Return the logits of the task's linear layer on the states of the classify tokens.

    Of a pair the states of both orders are added. Of several choices each has one logit,
    and all share one dropout mask in the mode "exact". Classes that are no
    `Inputs.candidates` have a probability of 0.

    Args:
        settings: of the model.
        head: kernel and bias.
        states: the last ones.
        inputs: the instance.
        key: of dropout; None for none.

    Source: Radford et al. (2018), section 3.3 and figure 1; dropout from the released code.
    """
    positions = classify_positions(settings, jnp.asarray(inputs.token_ids))
    read = jax.vmap(lambda rows, position: rows[position])(states, positions)
    read = read.astype(jnp.float32)
    rate = settings.classifier_dropout
    if settings.head == "multiple_choice":
        if settings.mode == "exact":
            read = read * dropout(jnp.ones(read.shape[-1]), rate, key)[None]
        else:
            read = dropout(read, rate, key)
        logits = (read @ head["kernel"])[:, 0] + head["bias"]
    else:
        logits = dropout(jnp.sum(read, axis=0), rate, key) @ head["kernel"] + head["bias"]
    if inputs.candidates is None:
        return logits
    return jnp.where(jnp.asarray(inputs.candidates), logits, IMPOSSIBLE)
