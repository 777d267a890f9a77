"""Where a search begins: at noise, and at pairs of tokens that `decode` says are promising."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from attnjax.adversaries.descent import State, init
from attnjax.adversaries.distributions import MASKED, is_vector
from attnjax.adversaries.logits import LogitsFn
from attnjax.adversaries.objective import Problem
from attnjax.adversaries.pairs import find_pairs
from attnjax.adversaries.rows import row_keys
from attnjax.adversaries.settings import SearchSettings
from attnjax.types import Attention, Inputs

FLOOR = 1e-2
"""Sum of the weights that a search which begins at a pair gives to all tokens at first."""


BESIDE = 0.1
"""Standard deviation of the log-weights of a start beside the model's own attention, nats."""


def draw_noise(
    key: Key[Array, ""], inputs: Inputs, attention: Attention, *, count: int
) -> Attention:
    """Return standard normal draws that belong to an instance and its candidates.

    Each distribution of each candidate has one draw over positions, of which a shorter text
    takes a prefix, keyed by its place in the tree.

    Args:
        key: of the test.
        inputs: one instance.
        attention: its attention, or the shapes of it.
        count: candidates.

    Returns:
        A tree like the attention's, leaves `[K, ..., L]`.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from attnjax.models.inputs import single_inputs
        >>> one = single_inputs([2, 7, 8, 3], instance_id=5)
        >>> draw_noise(jax.random.key(0), one, jnp.zeros(4), count=3).shape
        (3, 4)
    """
    # Rows that only fill a batch have the id -1, which no key can be folded with.
    own = jax.random.fold_in(key, jnp.maximum(inputs.instance_id, 0))
    keys = jax.vmap(jax.random.fold_in, (None, 0))(own, jnp.arange(count))
    if is_vector(attention):
        return jax.vmap(lambda one: jax.random.normal(one, attention.shape))(keys)
    leaves, structure = jax.tree.flatten(attention)

    def draw(leaf_number: int, leaf: Array) -> Float[Array, "K *rows L"]:
        rows = jax.vmap(lambda one: row_keys(one, leaf_number, leaf.shape[:-1]))(keys)
        draws = jax.vmap(jax.vmap(lambda one: jax.random.normal(one, leaf.shape[-1:])))(rows)
        return draws.reshape(count, *leaf.shape)

    return structure.unflatten([draw(number, leaf) for number, leaf in enumerate(leaves)])


def begin(
    noise: Attention, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> State:
    """Return the state before the first step, from noise and, if wanted, pairs of tokens.

    Three of five candidates begin at a pair, where there is one: near it, so that any other
    token may join, with the pair itself as the best iterate so far if it is feasible. Of the
    others, which begin at noise, the last one adds it to the model's own attention: where many
    classes leave little that is feasible, that is near.

    Args:
        noise: standard normal draws, leaves `[K, ..., L]`.
        logits_fn: from candidate attentions to logits.
        problem: the instance; a tree of several distributions has no pairs.
        settings: `starts` decides.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from attnjax.outputs import probabilities
        >>> own, values = jnp.array([0.9, 0.05, 0.05]), jnp.array([[1.0], [1.0], [-1.0]])
        >>> problem = Problem(own, probabilities(own @ values), jnp.ones(3, bool))
        >>> state = jax.jit(lambda noise: begin(
        ...     noise, lambda a: a @ values, problem, SearchSettings()))(jnp.zeros((1, 3)))
        >>> bool(state.best_jsd[0] > 0.4)  # before the first step
        True
    """
    state = init(noise, problem, settings)
    if settings.starts == "noise" or not is_vector(problem.attention):
        return state
    pairs = find_pairs(logits_fn, problem, settings, count=-(-3 * noise.shape[0] // 5))
    chosen = jnp.arange(pairs.jsd.shape[0])
    floor = FLOOR / jnp.maximum(jnp.sum(problem.attendable), 1)
    near = jnp.where(problem.attendable[None], jnp.log(jnp.maximum(pairs.attention, floor)), MASKED)
    near = jnp.where(pairs.exists[:, None], near, state.log_weights[chosen])
    tiny = jnp.finfo(near.dtype).tiny
    at = jnp.where(pairs.attention > 0, jnp.log(jnp.maximum(pairs.attention, tiny)), MASKED)
    beside = jnp.log(jnp.maximum(problem.attention, floor)) + BESIDE * noise[-1]
    beside = jnp.where(problem.attendable, beside, MASKED)
    return state._replace(
        log_weights=state.log_weights.at[-1].set(beside).at[chosen].set(near),
        best_log_weights=state.best_log_weights.at[chosen].set(at),
        best_jsd=state.best_jsd.at[chosen].set(jnp.where(pairs.feasible, pairs.jsd, -jnp.inf)),
    )
