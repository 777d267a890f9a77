"""The strongest adversary of a model of several classes, between a lower and an upper bound."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.exact import readout_arrays
from attnjax.adversaries.multiclass import GUARANTEES, multiclass_adversary
from attnjax.experiments.overlap import one_behind
from attnjax.experiments.result import Result
from attnjax.measures.summary import summarise_values
from attnjax.types import AttentionModel, Batch, Inputs, Params


class Enclosed(NamedTuple):
    """A batch, each instance's largest JSD enclosed.

    Attributes:
        lower: divergence of `attention`, nats.
        upper: no feasible attention is farther, nats.
        output_change: under `attention`, TVD.
        guarantee: what `upper` rests on, a number of `GUARANTEES`.
        says_nothing: whether `upper` would be the same whatever the output.
        attention: the farthest feasible one that was found.
    """

    lower: Float[Array, " B"]
    upper: Float[Array, " B"]
    output_change: Float[Array, " B"]
    guarantee: Int[Array, " B"]
    says_nothing: Bool[Array, " B"]
    attention: Float[Array, "B L"]


@partial(jax.jit, static_argnames=("model", "epsilon", "memory_bytes"))
def enclose_batch(
    model: AttentionModel, params: Params, inputs: Inputs, *, epsilon: float, memory_bytes: int
) -> Enclosed:
    """Encode a batch once, and enclose its strongest adversaries.

    Args:
        model: with a `readout`, of any number of classes.
        params: its weights.
        inputs: a batch.
        epsilon: output change (TVD), in (0, 1].
        memory_bytes: bound on the arrays of the mixtures in work, bytes.

    Returns:
        See `Enclosed`. Compiled once per model, epsilon and shape.
    """
    found = multiclass_adversary(
        *readout_arrays(model, params, inputs), epsilons=(epsilon,), memory_bytes=memory_bytes
    )
    return Enclosed(**{name: getattr(found, name)[:, 0] for name in Enclosed._fields})


def enclosed_adversaries(
    model: AttentionModel,
    params: Params,
    batches: Iterable[Batch],
    *,
    epsilon: float,
    memory_bytes: int,
) -> dict[str, Any]:
    """Return every instance's enclosure as rows.

    Args:
        model: with a `readout`, of any number of classes.
        params: its weights.
        batches: of the instances.
        epsilon: output change (TVD), in (0, 1].
        memory_bytes: bound on the arrays of the mixtures in work, bytes.

    Source: the problem: Jain & Wallace (2019), section 4.2.2, equation 1.
    """
    numbers = [name for name in Enclosed._fields if name != "attention"]
    parts: dict[str, list] = {name: [] for name in ("instance_id", *Enclosed._fields)}
    solve = partial(enclose_batch, model, params, epsilon=epsilon, memory_bytes=memory_bytes)
    for batch, found in one_behind(solve, batches):
        valid = np.flatnonzero(np.asarray(batch.valid))
        attendable = np.asarray(batch.inputs.attendable)[:, 0]
        parts["instance_id"].append(np.asarray(batch.inputs.instance_id)[valid])
        parts["attention"].extend(found.attention[row][attendable[row]] for row in valid)
        for name in numbers:
            parts[name].append(getattr(found, name)[valid])
    return {
        "instance_id": np.concatenate(parts["instance_id"]),
        **{f"exact_adversary.{name}": np.concatenate(parts[name]) for name in numbers},
        "exact_adversary.lower_attention": parts["attention"],
    }


def summarise_enclosed(
    rows: dict[str, Any],
    search: dict[str, Any] | None,
    *,
    epsilon: float,
    samples: int,
    seed: int,
) -> Result:
    """Summarise the rows of `enclosed_adversaries`.

    Args:
        rows: of it.
        search: rows of `adversary`, whose winners within epsilon raise the lower bounds; None
            where it was not run.
        epsilon: as there.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.
    """
    lower, upper = (rows[f"exact_adversary.{name}"] for name in ("lower", "upper"))
    if search is not None:
        lower = _raised(rows["instance_id"], lower, search, epsilon)
        # What the search found is feasible: only rounding puts it above the upper bound.
        lower = np.minimum(lower, upper)
    values = {"lower": lower, "upper": upper, "gap": upper - lower}
    guarantee = np.bincount(rows["exact_adversary.guarantee"], minlength=len(GUARANTEES))
    summary = {
        **{name: summarise_values(one, samples=samples, seed=seed) for name, one in values.items()},
        "says_nothing_share": float(rows["exact_adversary.says_nothing"].mean()),
        "guarantee": dict(zip(GUARANTEES, guarantee.tolist(), strict=True)),
    }
    return Result(summary, rows)


def _raised(
    ids: Int[np.ndarray, " N"],
    lower: Float[np.ndarray, " N"],
    search: dict[str, Any],
    epsilon: float,
) -> Float[np.ndarray, " N"]:
    """Return the larger of the lower bounds and what the search found within epsilon."""
    within = search["adversary.output_change"] <= epsilon
    found = {
        int(one): jsd
        for one, jsd, fits in zip(
            search["instance_id"], search["adversary.jsd"], within, strict=True
        )
        if fits
    }
    return np.maximum(lower, [found.get(int(one), 0.0) for one in ids])
