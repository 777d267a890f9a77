"""The attention farthest from the model's own that hardly moves the output."""

import dataclasses
from collections.abc import Iterable
from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float, Key, Num

from attnjax.adversaries.search import SearchSettings, search
from attnjax.experiments.permutation import by_max_attention
from attnjax.experiments.result import Result
from attnjax.measures.summary import summarise_values
from attnjax.outputs import token_mask, token_weights
from attnjax.types import Attention, AttentionModel, Batch, Inputs, Params

THRESHOLDS = (0.1, 0.3, 0.5)
"""JSD in nats, for the share of instances whose adversary stays below."""


def adversary(
    model: AttentionModel,
    params: Params,
    batches: Iterable[Batch],
    key: Key[Array, ""],
    *,
    settings: SearchSettings,
    memory_bytes: int,
) -> dict:
    """Search every instance's adversary and return the winners as rows.

    Where a model's attention is more than one distribution, `adversary.jsd` is the mean over
    all that were searched, and `adversary.attention` one weight a token, as the model reads it.

    Source: Jain & Wallace (2019), section 4.2.2, equations 2 to 4.
    """
    parts: dict[str, list] = {
        name: [] for name in ("id", "jsd", "change", "found", "share", "attention", "probability")
    }
    for batch in batches:
        found = search(model, params, batch.inputs, key, settings, memory_bytes=memory_bytes)
        # The candidates stay on the device: of several distributions each they are many.
        weights = found.winner_attention
        if model.distributions is not None:
            weights = winner_weights(weights, batch.inputs, model=model)
        attention, result = jax.device_get(
            (weights, found._replace(attention=(), winner_attention=()))
        )
        valid = np.flatnonzero(np.asarray(batch.valid))
        attendable = np.asarray(token_mask(batch.inputs))
        parts["id"].append(np.asarray(batch.inputs.instance_id)[valid])
        parts["jsd"].append(result.winner_jsd[valid])
        parts["change"].append(result.winner_output_change[valid])
        parts["found"].append(result.found[valid])
        parts["share"].append(result.feasible[valid].mean(axis=1))
        parts["attention"].extend(attention[row][attendable[row]] for row in valid)
        parts["probability"].extend(result.winner_probabilities[valid])
    return {
        "instance_id": np.concatenate(parts["id"]),
        "adversary.jsd": np.concatenate(parts["jsd"]),
        "adversary.output_change": np.concatenate(parts["change"]),
        "adversary.found": np.concatenate(parts["found"]),
        "adversary.feasible_share": np.concatenate(parts["share"]),
        "adversary.attention": parts["attention"],
        "adversary.probability": parts["probability"],
    }


@partial(jax.jit, static_argnames="model")
def winner_weights(
    attention: Attention, inputs: Inputs, *, model: AttentionModel
) -> Float[Array, "B tokens"]:
    """Return one weight a token of each instance's winner.

    Args:
        attention: of the winners.
        inputs: the batch.
        model: whose attention it is.
    """
    return jax.vmap(partial(token_weights, model))(attention, inputs)


def summarise_adversary(
    rows: dict,
    max_attention: np.ndarray,
    *,
    epsilon: float,
    settings: SearchSettings,
    samples: int,
    seed: int,
) -> Result:
    """Summarise the rows of `adversary`."""
    jsd = rows["adversary.jsd"]
    summary = {
        "epsilon": epsilon,
        "search": {
            "max_jsd": summarise_values(jsd, samples=samples, seed=seed),
            "output_change": summarise_values(
                rows["adversary.output_change"], samples=samples, seed=seed
            ),
            "feasible_share": float(rows["adversary.feasible_share"].mean()),
            "found_share": float(rows["adversary.found"].mean()),
            "share_below": share_below(jsd),
            "by_max_attention": by_max_attention(jsd, max_attention),
            "settings": dataclasses.asdict(settings),
        },
    }
    return Result(summary, rows)


def share_below(jsd: Num[np.ndarray, " N"]) -> dict[str, float]:
    """Return the share of the instances whose divergence is below each of `THRESHOLDS`.

    Example:
        >>> import numpy as np
        >>> share_below(np.array([0.05, 0.2, 0.6, 0.3]))
        {'0.1': 0.25, '0.3': 0.5, '0.5': 0.75}
    """
    return {str(limit): float((jsd < limit).mean()) for limit in THRESHOLDS}
