"""The strongest adversary among attentions that a model could have: capped, or of some entropy."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.adversaries.capped import capped_adversary
from attnjax.adversaries.constraint import OPTIMAL_GAP, ConstrainedResult, Status
from attnjax.adversaries.exact import readout_arrays
from attnjax.adversaries.spread import spread_adversary
from attnjax.experiments.exact import why_unsolvable
from attnjax.experiments.overlap import one_behind
from attnjax.experiments.result import Result
from attnjax.experiments.training import best_params
from attnjax.experiments.trial import Trial
from attnjax.measures.summary import summarise_values
from attnjax.types import AttentionModel, Batch, Inputs, Params

GUARANTEE = "the maximum of every instance is between lower and upper"


class Constraint(NamedTuple):
    """One constraint on the attention.

    Attributes:
        kind: "cap" on every weight, or "entropy_share", a floor on the entropy as a share of
            the log of the number of tokens.
        limit: the cap or the floor, in (0, 1].
    """

    kind: str
    limit: float

    @property
    def name(self) -> str:
        """Of its columns."""
        return f"capped_adversary.{self.kind}_{self.limit:g}"


def constraints_of(caps: tuple[float, ...], floors: tuple[float, ...]) -> list[Constraint]:
    """Return the constraints in the order of the columns of `constrain_batch`.

    Example:
        >>> [constraint.name for constraint in constraints_of((0.25,), (0.5,))]
        ['capped_adversary.cap_0.25', 'capped_adversary.entropy_share_0.5']
    """
    capped = [Constraint("cap", cap) for cap in caps]
    return capped + [Constraint("entropy_share", floor) for floor in floors]


@partial(jax.jit, static_argnames=("model", "caps", "floors", "epsilon", "memory_bytes"))
def constrain_batch(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    *,
    caps: tuple[float, ...],
    floors: tuple[float, ...],
    epsilon: float,
    memory_bytes: int,
) -> ConstrainedResult:
    """Encode a batch once, and enclose its strongest adversary under each constraint.

    Args:
        model: of two classes, with a `readout`.
        params: its weights.
        inputs: a batch.
        caps: on every weight, each in (0, 1].
        floors: on the entropy, shares of its largest value, each in (0, 1].
        epsilon: output change (TVD), in (0, 1].
        memory_bytes: bound on the working arrays, bytes.

    Returns:
        See `ConstrainedResult`; the caps stand first. Compiled once per model, constraints and
        shape.
    """
    arrays = readout_arrays(model, params, inputs)
    keywords: dict[str, Any] = {"epsilon": epsilon, "memory_bytes": memory_bytes}
    found = []
    if caps:
        found.append(capped_adversary(*arrays, caps=caps, **keywords))
    if floors:
        found.append(spread_adversary(*arrays, floors=floors, **keywords))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts, axis=1), *found)


def constrained_adversaries(
    model: AttentionModel,
    params: Params,
    batches: Iterable[Batch],
    *,
    caps: tuple[float, ...],
    floors: tuple[float, ...],
    epsilon: float,
    memory_bytes: int,
) -> dict[str, Any]:
    """Return every instance's enclosure under every constraint as rows.

    Args:
        model: of two classes, with a `readout`.
        params: its weights.
        batches: of the instances.
        caps: on every weight, each in (0, 1].
        floors: on the entropy, shares of its largest value, each in (0, 1]; one constraint at
            least in all.
        epsilon: output change (TVD), in (0, 1].
        memory_bytes: bound on the working arrays, bytes.

    Returns:
        `instance_id`, and for each constraint the columns `<name>_lower` and `_upper` (nats; NaN
        where it is infeasible), `_status` (a `Status`), `_own_violates` and `_attention` (empty
        where it is infeasible).
    """
    constraints = constraints_of(caps, floors)
    ids: list[np.ndarray] = []
    parts: dict[str, list] = {}
    solve = partial(
        constrain_batch,
        model,
        params,
        caps=caps,
        floors=floors,
        epsilon=epsilon,
        memory_bytes=memory_bytes,
    )
    for batch, found in one_behind(solve, batches):
        valid = np.flatnonzero(np.asarray(batch.valid))
        ids.append(np.asarray(batch.inputs.instance_id)[valid])
        attendable = np.asarray(batch.inputs.attendable)[:, 0]
        for at, constraint in enumerate(constraints):
            for name in ("lower", "upper", "status", "own_violates"):
                column = parts.setdefault(f"{constraint.name}_{name}", [])
                column.append(getattr(found, name)[valid, at])
            feasible = attendable & (found.status[:, at] != Status.INFEASIBLE)[:, None]
            column = parts.setdefault(f"{constraint.name}_attention", [])
            column.extend(found.attention[row, at][feasible[row]] for row in valid)
    rows = {
        name: values if name.endswith("_attention") else np.concatenate(values)
        for name, values in parts.items()
    }
    return {"instance_id": np.concatenate(ids), **rows}


def summarise_constrained(
    rows: dict[str, Any],
    *,
    caps: tuple[float, ...],
    floors: tuple[float, ...],
    epsilon: float,
    samples: int,
    seed: int,
) -> Result:
    """Summarise the rows of `constrained_adversaries`.

    Args:
        rows: of it.
        caps: as there.
        floors: as there.
        epsilon: as there.
        samples: bootstrap samples of the intervals.
        seed: of the bootstrap.

    Returns:
        A summary with `status`, `epsilon`, `optimal_gap` and a list `constraints`, one entry
        each: `cap` or `entropy_share`, `lower`, `upper` and `gap` (summaries of values over the
        feasible instances), `guarantee`, `infeasible_share`, `optimal_share` (of the feasible
        ones: gap at most `optimal_gap`) and `own_violates_share`.
    """

    def summarise(constraint: Constraint) -> dict[str, Any]:
        column = {
            name: rows[f"{constraint.name}_{name}"]
            for name in ("lower", "upper", "status", "own_violates")
        }
        feasible = column["status"] != Status.INFEASIBLE
        optimal = column["status"][feasible] == Status.OPTIMAL
        values = {
            "lower": column["lower"],
            "upper": column["upper"],
            "gap": column["upper"] - column["lower"],
        }
        return {
            constraint.kind: constraint.limit,
            **{
                name: summarise_values(one, samples=samples, seed=seed)
                for name, one in values.items()
            },
            "guarantee": GUARANTEE,
            "infeasible_share": float(np.mean(~feasible)),
            "optimal_share": float(np.mean(optimal)) if len(optimal) else None,
            "own_violates_share": float(np.mean(column["own_violates"])),
        }

    summary = {
        "status": "enclosed",
        "epsilon": epsilon,
        "optimal_gap": OPTIMAL_GAP,
        "constraints": [summarise(constraint) for constraint in constraints_of(caps, floors)],
    }
    return Result(summary, rows)


def capped_adversary_stage(trial: Trial) -> Result:
    """Enclose the adversaries of the test split where the model allows it; else say why not."""
    config = trial.config
    # From the loosest cap to the strictest, as the report tells it.
    caps, floors = tuple(reversed(config.capped.caps)), config.capped.entropy_floors
    reason = why_unsolvable(trial.model, num_classes=len(trial.data.corpus.class_names))
    if reason is None and not caps + floors:
        reason = "config.capped has neither caps nor entropy_floors"
    if reason is not None:
        return Result({"status": "skipped", "reason": reason}, {})
    rows = constrained_adversaries(
        trial.model,
        best_params(trial),
        trial.batches(config.capped.limit),
        caps=caps,
        floors=floors,
        epsilon=config.adversary.epsilon,
        memory_bytes=config.memory.bytes,
    )
    found = summarise_constrained(
        rows, caps=caps, floors=floors, epsilon=config.adversary.epsilon, **trial.intervals
    )
    return Result(found.summary, _kept(rows, constraints_of(caps, floors)))


def _kept(rows: dict[str, Any], constraints: list[Constraint]) -> dict[str, Any]:
    """Return the columns that are written: of the attentions those of the first constraint."""
    names = [f"{one.name}_{what}" for one in constraints for what in ("lower", "upper", "status")]
    kept = ("instance_id", *names, f"{constraints[0].name}_attention")
    return {name: rows[name] for name in kept}
