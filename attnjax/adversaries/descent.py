"""The search of one instance: `init`, `step` and `run`, pure functions of its state."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float

from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.objective import MASKED, Evaluation, Problem, evaluate
from attnjax.adversaries.settings import SearchSettings
from attnjax.training.optimizers import amsgrad

ROUNDING = 1e-6
"""By how much an iterate must stay below epsilon to be kept as feasible, at most half of it.

The attention that is returned is judged again by `decode`, whose float32 output may differ by
a few units in the last place from the one in the loop.
"""


class State(NamedTuple):
    """Candidates of one instance and what their optimizer remembers.

    Attributes:
        log_weights: unnormalised logarithms of the candidates' weights, nats.
        optimizer: AMSGrad's moments.
        best_log_weights: of the best feasible iterate so far.
        best_jsd: its divergence; minus infinity before there is one.
    """

    log_weights: Float[Array, "K L"]
    optimizer: Any
    best_log_weights: Float[Array, "K L"]
    best_jsd: Float[Array, " K"]


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


def init(noise: Float[Array, "K L"], problem: Problem, settings: SearchSettings) -> State:
    r"""Return the state before the first step: log-weights \\( s \cdot \mathrm{noise} \\).

    The release adds \\( \log(1 / \mathrm{length}) \\), which no softmax can see.

    Args:
        noise: standard normal draws.
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
    log_weights = jnp.where(problem.attendable[None], settings.noise * noise, MASKED)
    optimizer = amsgrad(settings.learning_rate, settings.amsgrad).init(log_weights)
    best_jsd = jnp.full(log_weights.shape[:1], -jnp.inf, log_weights.dtype)
    return State(log_weights, optimizer, log_weights, best_jsd)


def step(
    state: State, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[State, Info]:
    """Keep the candidates if they are the best so far, then move them downhill.

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
    seen = evaluate(state.log_weights, logits_fn, problem, settings)
    state = _keep_best(state, seen, settings)
    optimizer = amsgrad(settings.learning_rate, settings.amsgrad)
    updates, moments = optimizer.update(seen.gradient, state.optimizer)
    state = state._replace(
        log_weights=optax.apply_updates(state.log_weights, updates), optimizer=moments
    )
    return state, Info(seen.jsd, seen.output_change, seen.loss)


def run(
    state: State, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> tuple[State, Info]:
    """Take `settings.steps` steps and look at the candidates once more.

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
        >>> settings = SearchSettings(learning_rate=0.1)
        >>> state = init(jnp.array([[0.1, 0.0]]), problem, settings)
        >>> state, _ = run(state, lambda a: 0 * a[:, :1], problem, settings)
        >>> bool(state.best_jsd[0] > 0.21)  # one token alone has 0.2158
        True
    """

    def look_and_move(seen: tuple[State, Info], moving: Bool[Array, ""]) -> tuple:
        state, _ = seen
        moved, info = step(state, logits_fn, problem, settings)
        # The last look moves nothing. It is part of the loop to be compiled only once.
        log_weights = jnp.where(moving, moved.log_weights, state.log_weights)
        return (moved._replace(log_weights=log_weights), info), None

    nothing = jnp.zeros_like(state.best_jsd)
    seen = (state, Info(nothing, nothing, jnp.sum(nothing)))
    moving = jnp.arange(settings.steps + 1) < settings.steps
    return jax.lax.scan(look_and_move, seen, moving)[0]


def kept_log_weights(state: State, settings: SearchSettings) -> Float[Array, "K L"]:
    """Return the iterate that counts: the last, or the best feasible one where there is one.

    Example:
        >>> import jax.numpy as jnp
        >>> state = State(jnp.ones((1, 2)), None, jnp.zeros((1, 2)), jnp.array([0.3]))
        >>> kept_log_weights(state, SearchSettings(keep="best")).tolist()
        [[0.0, 0.0]]
    """
    if settings.keep == "last":
        return state.log_weights
    found = jnp.isfinite(state.best_jsd)
    return jnp.where(found[:, None], state.best_log_weights, state.log_weights)


def _keep_best(state: State, seen: Evaluation, settings: SearchSettings) -> State:
    if settings.keep == "last":
        return state
    bound = settings.filter_epsilon - min(ROUNDING, settings.filter_epsilon / 2)
    better = (seen.output_change <= bound) & (seen.jsd > state.best_jsd)
    return state._replace(
        best_log_weights=jnp.where(better[:, None], state.log_weights, state.best_log_weights),
        best_jsd=jnp.where(better, seen.jsd, state.best_jsd),
    )
