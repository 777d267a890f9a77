"""The search of one instance: `init`, `step` and `run`, pure functions of its state."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from attnjax.adversaries.distributions import MASKED, choose
from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.objective import Evaluation, Problem, evaluate
from attnjax.adversaries.projection import project
from attnjax.adversaries.settings import SearchSettings, kept_epsilon
from attnjax.training.optimizers import amsgrad
from attnjax.types import Attention

GAIN = 1e-3
"""Nats by which some candidate's best iterate must improve within the patience."""

LARGEST_STEP = 2.0
"""By how much a projected step may change a log-weight, nats; no linear model reaches farther."""


class State(NamedTuple):
    """Candidates of one instance and what their optimizer remembers.

    Attributes:
        log_weights: unnormalised logarithms of the candidates' weights, nats; leaves
            `[K, ..., L]`.
        optimizer: AMSGrad's moments, where there is a penalty.
        best_log_weights: of the best feasible iterate so far.
        best_jsd: its divergence; minus infinity before there is one.
        steps: taken so far.
    """

    log_weights: Attention
    optimizer: Any
    best_log_weights: Attention
    best_jsd: Float[Array, " K"]
    steps: Int[Array, ""]


class Info(NamedTuple):
    """What the latest look at the candidates saw.

    Attributes:
        jsd: from the model's own attention, nats.
        output_change: total variation distance, in [0, 1].
        loss: what is minimised.
    """

    jsd: Float[Array, " K"]
    output_change: Float[Array, " K"]
    loss: Float[Array, ""]


def init(noise: Attention, problem: Problem, settings: SearchSettings) -> State:
    r"""Return the state before the first step: log-weights \\( s \cdot \mathrm{noise} \\).

    The release adds \\( \log(1 / \mathrm{length}) \\), which no softmax can see.

    Args:
        noise: standard normal draws, leaves `[K, ..., L]`.
        problem: the instance.
        settings: \\( s \\) is `noise`.

    Source: Jain & Wallace (2019), released code.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> init(jnp.ones((1, 2)), problem, SearchSettings()).log_weights.tolist()
        [[3.0, 3.0]]
    """

    def scale(noise: Array, attendable: Array) -> Array:
        return jnp.where(attendable[None], settings.noise * noise, MASKED)

    log_weights = jax.tree.map(scale, noise, problem.attendable)
    leaf = jax.tree.leaves(log_weights)[0]
    best_jsd = jnp.full(leaf.shape[:1], -jnp.inf, leaf.dtype)
    optimizer = _optimizer(settings).init(log_weights)
    return State(log_weights, optimizer, log_weights, best_jsd, jnp.zeros([], jnp.int32))


def step(
    state: State, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[State, Info]:
    """Keep the candidates if they are the best so far, then move them.

    Downhill on the divergence and a penalty, or along the projection.

    Args:
        state: before the step.
        logits_fn: from candidate attentions to logits.
        problem: the instance.
        settings: see `SearchSettings`.

    Returns:
        The state after the step, and what was seen of the candidates before it.

    Source: Jain & Wallace (2019), section 4.2.2, algorithm 3.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> state = init(jnp.array([[0.1, 0.0]]), problem, SearchSettings())
        >>> state, info = step(state, lambda a: 0 * a[:, :1], problem, SearchSettings())
        >>> bool(state.log_weights[0, 0] - state.log_weights[0, 1] > 0.3)  # farther from 1/2
        True
    """
    seen = _look(state, logits_fn, problem, settings)
    state = _keep_best(state, seen, settings)
    updates, moments = _optimizer(settings).update(seen.gradient, state.optimizer)
    state = state._replace(
        log_weights=optax.apply_updates(state.log_weights, updates),
        optimizer=moments,
        steps=state.steps + 1,
    )
    return state, Info(seen.jsd, seen.output_change, seen.loss)


def run(
    state: State, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[State, Info]:
    """Take `settings.steps` steps, or fewer where they gain nothing, and look once more.

    With projected steps and the best iterate kept, an instance ends after `settings.patience`
    steps (rounded so that they divide the number of all) in which none of its candidates
    gained `GAIN`, or as soon as no more than that is left below the largest divergence of all,
    ln 2. With a penalty the gain comes too unevenly for that. Under `vmap` a block of
    instances ends with its last one, and none moves any more after its own end.

    Args:
        state: from `init`.
        logits_fn: from candidate attentions to logits.
        problem: the instance.
        settings: see `SearchSettings`.

    Returns:
        The last state, whose best iterate may be the last one, and what was seen of it.

    Source: Jain & Wallace (2019), section 4.2.2, algorithm 3.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> settings = SearchSettings(steps=50)
        >>> state = init(jnp.array([[0.1, 0.0]]), problem, settings)
        >>> state, info = run(state, lambda a: 0 * a[:, :1], problem, settings)
        >>> round(float(info.jsd[0]), 3)  # all weight on one token
        0.216
    """

    def take(state: State, count: int) -> State:
        def take_one(state: State, _: None) -> tuple[State, None]:
            return step(state, logits_fn, problem, settings)[0], None

        return jax.lax.scan(take_one, state, length=count)[0]

    num_rounds = 1
    if settings.constraint == "projection" and settings.keep == "best" and settings.patience:
        num_rounds = max(1, settings.steps // settings.patience)
    state = _repeat(take, state, num_rounds=num_rounds, steps=settings.steps)
    seen = _look(state, logits_fn, problem, settings)
    return _keep_best(state, seen, settings), Info(seen.jsd, seen.output_change, seen.loss)


def kept_log_weights(state: State, settings: SearchSettings) -> Attention:
    """Return the log-weights of the iterates that count.

    Args:
        state: the last one.
        settings: `keep`; where no iterate was feasible, the last one counts.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> state = init(jnp.zeros((1, 2)), problem, SearchSettings())
        >>> kept_log_weights(state, SearchSettings()).tolist()
        [[0.0, 0.0]]
    """
    if settings.keep == "last":
        return state.log_weights
    found = jnp.isfinite(state.best_jsd)
    return choose(found, state.best_log_weights, state.log_weights)


def _optimizer(settings: SearchSettings) -> optax.GradientTransformation:
    if settings.constraint == "projection":
        return optax.chain(optax.sgd(settings.step_size), optax.clip(LARGEST_STEP))
    return amsgrad(settings.learning_rate, settings.amsgrad)


def _look(
    state: State, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> Evaluation:
    look = project if settings.constraint == "projection" else evaluate
    return look(state.log_weights, logits_fn, problem, settings)


def _keep_best(state: State, seen: Evaluation, settings: SearchSettings) -> State:
    if settings.keep == "last":
        return state
    better = (seen.output_change <= kept_epsilon(settings)) & (seen.jsd > state.best_jsd)
    return state._replace(
        best_log_weights=choose(better, state.log_weights, state.best_log_weights),
        best_jsd=jnp.where(better, seen.jsd, state.best_jsd),
    )


def _repeat(
    take: Callable[[State, int], State], state: State, *, num_rounds: int, steps: int
) -> State:
    """Take rounds of equal length, the rest of the steps first, while they gain something."""
    if num_rounds == 1:
        return take(state, steps)
    if steps % num_rounds:
        state = take(state, steps % num_rounds)

    def go_on(carry: tuple[State, Bool[Array, ""]]) -> Bool[Array, ""]:
        return carry[1] & (carry[0].steps < steps)

    def take_round(carry: tuple[State, Bool[Array, ""]]) -> tuple[State, Bool[Array, ""]]:
        before = carry[0].best_jsd
        state = take(carry[0], steps // num_rounds)
        nothing = jnp.all(jnp.isneginf(state.best_jsd))
        gained = jnp.any(state.best_jsd > before + GAIN) | nothing
        return state, gained & can_gain(state)

    def can_gain(state: State) -> Bool[Array, ""]:
        return jnp.max(state.best_jsd) < jnp.log(2.0) - GAIN

    return jax.lax.while_loop(go_on, take_round, (state, can_gain(state)))[0]
