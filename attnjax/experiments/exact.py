"""The strongest adversary of every instance, and how far any attention moves its output."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Num

from attnjax.adversaries.exact import exact_adversary, readout_arrays
from attnjax.adversaries.settings import settings_from
from attnjax.adversaries.slab import attention_reach
from attnjax.config import Config
from attnjax.experiments.adversary import share_below
from attnjax.experiments.multiclass import enclosed_adversaries, summarise_enclosed
from attnjax.experiments.overlap import one_behind
from attnjax.experiments.permutation import by_max_attention
from attnjax.experiments.result import Result, aligned, common_instances
from attnjax.experiments.training import best_params
from attnjax.experiments.trial import Trial
from attnjax.measures.summary import summarise_values
from attnjax.types import AttentionModel, Batch, Inputs, Params

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
"""What the curve gives of the instances beside their mean."""

REACHED = 0.97
"""From this share of the exact maximum on, a search has reached it."""

NO_CHOICE = 1e-6
"""Nats. A maximum up to this is rounding: no attention but the model's own is feasible."""


class Solved(NamedTuple):
    """A batch, solved for every epsilon at once.

    Attributes:
        jsd: the maximum for every epsilon, nats.
        attention: the strongest adversary at the main epsilon alone.
        output_change: under it, TVD.
        max_output_change: the largest that any attention can cause, TVD.
        certified: whether `jsd` is the maximum, up to rounding, for every epsilon.
    """

    jsd: Float[Array, "B E"]
    attention: Float[Array, "B L"]
    output_change: Float[Array, " B"]
    max_output_change: Float[Array, " B"]
    certified: Bool[Array, " B"]


@partial(jax.jit, static_argnames=("model", "epsilons", "main", "memory_bytes"))
def solve_batch(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    epsilons: tuple[float, ...],
    main: int,
    memory_bytes: int,
) -> Solved:
    """Encode a batch once, and find its strongest adversaries and the reach of attention.

    Args:
        model: of two classes, with a `readout`.
        params: its weights.
        inputs: a batch.
        epsilons: of the curve, each in (0, 1].
        main: which of them the adversaries themselves are returned for.
        memory_bytes: bound on the arrays of pairs of tokens, bytes.

    Returns:
        See `Solved`. Compiled once per model, epsilons and shape.
    """
    arrays = readout_arrays(model, params, inputs)
    found = exact_adversary(*arrays, epsilons=epsilons, memory_bytes=memory_bytes)
    return Solved(
        jsd=found.jsd,
        attention=found.attention[:, main],
        output_change=found.output_change[:, main],
        max_output_change=attention_reach(*arrays).output_change,
        certified=found.certified.all(axis=1),
    )


def strongest_adversaries(
    model: AttentionModel,
    params: Params,
    batches: Iterable[Batch],
    *,
    epsilons: tuple[float, ...],
    epsilon: float,
    memory_bytes: int,
) -> dict[str, Any]:
    """Return every instance's strongest adversary and the reach of its attention as rows.

    Args:
        model: of two classes, with a `readout`.
        params: its weights.
        batches: of the instances.
        epsilons: of the curve, TVD, rising.
        epsilon: the one of them whose adversaries are kept.
        memory_bytes: bound on the arrays of pairs of tokens, bytes.

    Source: Jain & Wallace (2019), section 4.2.2, equation 1, solved instead of searched.
    """
    parts: dict[str, list] = {name: [] for name in ("instance_id", *Solved._fields)}
    solve = partial(
        solve_batch,
        model,
        params,
        epsilons=epsilons,
        main=epsilons.index(epsilon),
        memory_bytes=memory_bytes,
    )
    for batch, solved in one_behind(solve, batches):
        valid = np.flatnonzero(np.asarray(batch.valid))
        attendable = np.asarray(batch.inputs.attendable)[:, 0]
        parts["instance_id"].append(np.asarray(batch.inputs.instance_id)[valid])
        parts["attention"].extend(solved.attention[row][attendable[row]] for row in valid)
        for name in ("jsd", "output_change", "max_output_change", "certified"):
            parts[name].append(getattr(solved, name)[valid])
    curve = np.concatenate(parts["jsd"])
    return {
        "instance_id": np.concatenate(parts["instance_id"]),
        "exact_adversary.jsd": curve[:, epsilons.index(epsilon)],
        "exact_adversary.output_change": np.concatenate(parts["output_change"]),
        "exact_adversary.max_output_change": np.concatenate(parts["max_output_change"]),
        "exact_adversary.certified": np.concatenate(parts["certified"]),
        "exact_adversary.attention": parts["attention"],
        "exact_adversary.curve": list(curve),
    }


def summarise_exact(
    rows: dict[str, Any],
    max_attention: Num[np.ndarray, " N"],
    *,
    epsilons: tuple[float, ...],
    samples: int,
    seed: int,
) -> Result:
    """Summarise the rows of `strongest_adversaries`."""
    intervals = {"samples": samples, "seed": seed}
    jsd = rows["exact_adversary.jsd"]
    curve = np.stack(rows["exact_adversary.curve"]).astype(np.float64)
    summary = {
        "status": "solved",
        "max_jsd": summarise_values(jsd, **intervals),
        "output_change": summarise_values(rows["exact_adversary.output_change"], **intervals),
        "max_output_change": summarise_values(
            rows["exact_adversary.max_output_change"], **intervals
        ),
        "curve": [curve_point(*one) for one in zip(epsilons, curve.T, strict=True)],
        "share_below": share_below(jsd),
        "certified_share": float(rows["exact_adversary.certified"].mean()),
        "by_max_attention": by_max_attention(jsd, max_attention),
    }
    return Result(summary, rows)


def curve_point(epsilon: float, jsd: Num[np.ndarray, " N"]) -> dict[str, float]:
    """Return mean and quantiles of the maxima at one epsilon.

    Example:
        >>> import numpy as np
        >>> point = curve_point(0.01, np.array([0.0, 0.2, 0.4]))
        >>> round(point["mean"], 3), point["median"]
        (0.2, 0.2)
    """
    values = np.quantile(jsd, list(QUANTILES.values()))
    quantiles = {name: float(value) for name, value in zip(QUANTILES, values, strict=True)}
    return {"epsilon": epsilon, "mean": float(jsd.mean()), **quantiles}


def compare_with_search(
    search: dict[str, Any], exact: dict[str, Any], *, place: int
) -> dict[str, Any]:
    """Return how much of the exact maximum a search found, on the instances of both.

    Args:
        search: rows of `adversary`.
        exact: rows of `strongest_adversaries`.
        place: in the curve, of the output change up to which the search accepts.

    Returns:
        `ratio_to_exact`: mean of the search over mean of the maximum; `share_reaching`: of the
        instances where the search has at least 97% of it; `compared`: instances, those
        left out for which nothing but the model's own attention is feasible. The numbers are
        None where no instance is left.

    Example:
        >>> import numpy as np
        >>> ids = np.arange(2)
        >>> curve = [np.array([0.25]), np.array([0.75])]
        >>> compare_with_search(
        ...     {"instance_id": ids, "adversary.jsd": np.array([0.25, 0.25])},
        ...     {"instance_id": ids, "exact_adversary.curve": curve}, place=0)
        {'ratio_to_exact': 0.5, 'share_reaching': {'0.97': 0.5}, 'compared': 2}
    """
    ids = common_instances(search, exact)
    searched = np.asarray(aligned(search, "adversary.jsd", ids), np.float64)
    curves = aligned(exact, "exact_adversary.curve", ids)
    maxima = np.array([curve[place] for curve in curves], np.float64)
    choice = maxima > NO_CHOICE
    searched, maxima = searched[choice], maxima[choice]
    some = len(maxima) > 0
    return {
        "ratio_to_exact": float(searched.mean() / maxima.mean()) if some else None,
        "share_reaching": {
            str(REACHED): float(np.mean(searched >= REACHED * maxima)) if some else None
        },
        "compared": len(maxima),
    }


def curve_epsilons(config: Config) -> tuple[float, ...]:
    """Return the epsilons of the curve: the config's, and the two by which a search is judged.

    Example:
        >>> from attnjax.config import resolve
        >>> curve_epsilons(resolve({"exact": {"epsilons": (0.5,)}, "adversary": {"epsilon": 0.2}}))
        (0.2, 0.5)
    """
    limit = settings_from(config.adversary).filter_epsilon
    return tuple(sorted({*config.exact.epsilons, config.adversary.epsilon, limit}))


def exact_adversary_stage(trial: Trial) -> Result:
    """Solve the test split of two classes, enclose that of more; else say why neither."""
    reason = why_unsolvable(trial.model, num_classes=len(trial.data.corpus.class_names))
    if reason is None:
        return _two_classes(trial)
    if trial.model.readout is None:
        return Result({"status": "skipped", "reason": reason}, {})
    return _several_classes(trial, reason)


def why_unsolvable(model: AttentionModel, *, num_classes: int) -> str | None:
    """Return why a model's strongest adversary is not computed; None where it is."""
    if model.readout is None:
        return "the model has no readout: its logits are not known to be affine in the attention"
    if num_classes > 2:
        return f"the model has {num_classes} classes, and the method is for two"
    return None


def _two_classes(trial: Trial) -> Result:
    config, epsilons = trial.config, curve_epsilons(trial.config)
    rows = strongest_adversaries(
        trial.model,
        best_params(trial),
        trial.batches(config.exact.limit),
        epsilons=epsilons,
        epsilon=config.adversary.epsilon,
        memory_bytes=config.memory.bytes,
    )
    top = aligned(trial.rows("predictions"), "max_attention", rows["instance_id"])
    return summarise_exact(rows, top, epsilons=epsilons, **trial.intervals)


def _several_classes(trial: Trial, reason: str) -> Result:
    config = trial.config
    rows = enclosed_adversaries(
        trial.model,
        best_params(trial),
        trial.batches(config.exact.limit),
        epsilon=config.adversary.epsilon,
        memory_bytes=config.memory.bytes,
    )
    enclosed = summarise_enclosed(rows, None, epsilon=config.adversary.epsilon, **trial.intervals)
    return Result({"status": "enclosed", "reason": reason, "multiclass": enclosed.summary}, rows)
