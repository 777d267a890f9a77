"""The adversarial search over a batch: attention far from the model's own, same output."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from attnjax.adversaries.blocks import map_blocks, num_bytes
from attnjax.adversaries.descent import kept_log_weights, run
from attnjax.adversaries.distributions import divergence, support
from attnjax.adversaries.logits import (
    LogitsFn,
    decoding_bytes,
    logits_function,
    logits_source,
)
from attnjax.adversaries.objective import Problem
from attnjax.adversaries.rows import as_rows, shaped_like
from attnjax.adversaries.settings import SearchSettings, settings_from
from attnjax.adversaries.starts import begin, draw_noise
from attnjax.models.masking import masked_softmax
from attnjax.outputs import encode_inputs, output_change, probabilities
from attnjax.types import Attention, AttentionModel, Inputs, Params, States

__all__ = ["SearchResult", "SearchSettings", "search", "search_from_noise", "settings_from"]

ARRAYS = 16
"""Arrays of candidates x positions that a step of the search has in memory at once."""

PAIR_ARRAYS = 256
"""Arrays of positions that the ranking of pairs has in memory at once."""

CACHED = 2**15
"""Weights (candidates x positions) searched at a time on a CPU: its caches hold all arrays."""


class SearchResult(NamedTuple):
    """Candidates of every instance, and the winner among them and the model's own attention.

    The winner has the largest divergence among those that move the output by at most
    `filter_epsilon`. The model's own attention is one of them, so there always is a winner.

    Attributes:
        attention: distributions over attendable positions, 0 elsewhere: `[B, K, L]`, or a
            tree with such leaves `[B, K, ..., L]`.
        probabilities: class distributions under them, by `decode`.
        jsd: divergence from the model's own attention, nats.
        output_change: total variation distance from the model's own output, in [0, 1].
        feasible: output change at most `filter_epsilon`.
        winner_attention: the winner's.
        winner_probabilities: the winner's.
        winner_jsd: the winner's; 0 if it is the model's own attention.
        winner_output_change: the winner's.
        found: whether a candidate won.
        steps: steps taken: fewer than wanted where nothing was gained any more.
    """

    attention: Attention
    probabilities: Float[Array, "B K classes"]
    jsd: Float[Array, "B K"]
    output_change: Float[Array, "B K"]
    feasible: Bool[Array, "B K"]
    winner_attention: Attention
    winner_probabilities: Float[Array, "B classes"]
    winner_jsd: Float[Array, " B"]
    winner_output_change: Float[Array, " B"]
    found: Bool[Array, " B"]
    steps: Int[Array, " B"]


@partial(jax.jit, static_argnames=("model", "settings", "memory_bytes"))
def search(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    key: Key[Array, ""],
    settings: SearchSettings,
    *,
    memory_bytes: int = 256 * 2**20,
) -> SearchResult:
    """Search adversarial attentions for every instance, from noise and from pairs of tokens.

    The starts belong to instance and candidate (`draw_noise`), so neither the padding nor
    the batch decides what an instance gets; float32 rounding, which 500 steps across the
    edge of the penalty amplify, still may.

    Args:
        model: where it has a `readout`, a step costs K x L x C instead of K x L x D.
        params: its weights.
        inputs: a batch.
        key: of this test.
        settings: see `SearchSettings`.
        memory_bytes: bound on the arrays of one block, bytes.

    Returns:
        See `SearchResult`. Compiled once per model, settings and shape.

    Source: Jain & Wallace (2019), section 4.2.2, algorithm 3.

    Example:
        >>> import jax
        >>> from attnjax.types import AttentionModel, Inputs, Output, States
        >>> model = AttentionModel(
        ...     init=lambda key, inputs: {},
        ...     embed=lambda params, inputs: jax.numpy.array([[[1.0], [1.0], [-1.0]]]),
        ...     encode=lambda params, embeddings, inputs: States(embeddings),
        ...     attend=lambda params, states, inputs: jax.numpy.array([0.9, 0.05, 0.05]),
        ...     decode=lambda params, states, attention, inputs: Output(
        ...         attention @ states.tokens[0]))
        >>> here = jax.numpy.ones((1, 1, 3), bool)
        >>> inputs = Inputs(token_ids=jax.numpy.zeros((1, 1, 3), int), mask=here,
        ...                 attendable=here, label=jax.numpy.zeros(1, int),
        ...                 instance_id=jax.numpy.zeros(1, int))
        >>> found = search(model, {}, inputs, jax.random.key(0), SearchSettings(steps=200))
        >>> int(found.winner_attention[0].argmax())  # the weight goes to the token's twin
        1
        >>> bool(found.winner_output_change[0] <= 0.01)
        True
    """
    return _search(model, params, (inputs, None), key, settings, memory_bytes=memory_bytes)


@partial(jax.jit, static_argnames=("model", "settings", "memory_bytes"))
def search_from_noise(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    noise: Attention,
    settings: SearchSettings,
    *,
    memory_bytes: int = 256 * 2**20,
) -> SearchResult:
    """Search adversarial attentions from given draws, leaves `[B, K, ..., L]`; see `search`."""
    return _search(model, params, (inputs, noise), None, settings, memory_bytes=memory_bytes)


class _Posed(NamedTuple):
    """One instance as it is attacked: the encoding, the noise of its candidates, the problem."""

    states: States
    noise: Attention
    problem: Problem


def _search(
    model: AttentionModel,
    params: Params,
    rows: tuple[Inputs, Attention | None],
    key: Key[Array, ""] | None,
    settings: SearchSettings,
    *,
    memory_bytes: int,
) -> SearchResult:
    """Search block by block, from the noise given or drawn."""

    def pose(inputs: Inputs, noise: Attention | None) -> _Posed:
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        logits = model.decode(params, states, attention, inputs).logits
        problem = Problem(attention, probabilities(logits), support(attention, inputs))
        if key is not None:
            noise = draw_noise(key, inputs, attention, count=settings.candidates)
        noise = jax.tree.map(lambda draws, own: draws.astype(own.dtype), noise, attention)
        return _Posed(states, noise, problem)

    def attack_block(rows: tuple[Inputs, Attention | None]) -> SearchResult:
        posed = jax.vmap(pose)(*rows)
        return _attack(model, params, rows[0], posed, settings)

    one = jax.tree.map(lambda leaf: leaf[0], rows)
    block = max(1, memory_bytes // _bytes_per_instance(model, params, one[0], settings))
    return map_blocks(attack_block, rows, block=block)


def _attack(
    model: AttentionModel, params: Params, inputs: Inputs, posed: _Posed, settings: SearchSettings
) -> SearchResult:
    """Search in one block: in blocks that fit the cache, then decode all candidates."""

    def attack(rows: tuple) -> tuple[Attention, Int[Array, ""]]:
        source, noise, problem = rows
        logits_of = logits_function(model, params, source)

        def logits_fn(given: Attention) -> Float[Array, "K C"]:
            return logits_of(shaped_like(given, problem.attention))

        flat = Problem(
            as_rows(problem.attention), problem.probabilities, as_rows(problem.attendable)
        )
        start = begin(as_rows(noise, leading=1), logits_fn, flat, settings)
        end, _ = run(start, logits_fn, flat, settings)
        return shaped_like(kept_log_weights(end, settings), problem.attention), end.steps

    def judge(rows: tuple) -> SearchResult:
        states, inputs, problem, (log_weights, steps) = rows

        def decode(attention: Attention) -> Float[Array, " C"]:
            return model.decode(params, states, attention, inputs).logits

        winner = choose_winner(log_weights, jax.vmap(decode), problem, settings)
        return winner._replace(steps=steps)

    source = jax.vmap(partial(logits_source, model, params))(posed.states, inputs)
    block = posed.problem.probabilities.shape[0]
    if jax.default_backend() == "cpu":
        size = sum(leaf[0].size for leaf in jax.tree.leaves(posed.noise))
        block = max(1, CACHED // size)
    ends = map_blocks(jax.vmap(attack), (source, posed.noise, posed.problem), block=block)
    return jax.vmap(judge)((posed.states, inputs, posed.problem, ends))


def choose_winner(
    log_weights: Attention, logits_fn: LogitsFn, problem: Problem, settings: SearchSettings
) -> SearchResult:
    """Judge an instance's candidates as they are returned, and choose the winner.

    Args:
        log_weights: of the candidates, leaves `[K, ..., L]`.
        logits_fn: the judge: `decode`, not the readout that the search may have used.
        problem: the instance.
        settings: `filter_epsilon` decides what is feasible, `jsd` what is far.

    Returns:
        The fields of `SearchResult` for one instance; no steps.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> weights = jnp.array([[2.0, 0.0], [9.0, 0.0]])
        >>> result = choose_winner(weights, lambda a: 0 * a[:, :1], problem, SearchSettings())
        >>> bool((result.winner_attention == result.attention[1]).all())
        True
    """
    soften = jax.vmap(masked_softmax, (0, None))
    attention = jax.tree.map(soften, log_weights, problem.attendable)
    outputs = probabilities(logits_fn(attention))
    change = jax.vmap(output_change, (0, None))(outputs, problem.probabilities)
    jsd = divergence(attention, problem.attention, problem.attendable, form=settings.jsd)
    feasible = change <= settings.filter_epsilon
    score = jnp.where(feasible, jsd, -jnp.inf)
    best = jnp.argmax(score)
    found = score[best] > 0

    def win(candidates: Array, own: Array) -> Array:
        return jnp.where(found, candidates[best], own)

    return SearchResult(
        attention=attention,
        probabilities=outputs,
        jsd=jsd,
        output_change=change,
        feasible=feasible,
        winner_attention=jax.tree.map(win, attention, problem.attention),
        winner_probabilities=win(outputs, problem.probabilities),
        winner_jsd=jnp.where(found, jsd[best], 0),
        winner_output_change=jnp.where(found, change[best], 0),
        found=found,
        steps=jnp.zeros([], jnp.int32),
    )


def _bytes_per_instance(
    model: AttentionModel, params: Params, one: Inputs, settings: SearchSettings
) -> int:
    """Return what one instance needs: its encoding, and its candidates' arrays or decodings."""
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    attention = num_bytes(jax.eval_shape(model.attend, params, states, one))
    candidates = ARRAYS * settings.candidates * attention
    if model.readout is None:
        candidates += settings.candidates * decoding_bytes(model, params, one)
    if settings.starts == "pairs":
        candidates = max(candidates, PAIR_ARRAYS * attention)
    encoding = num_bytes(embeddings) + 8 * num_bytes(states)
    if one.question is not None:
        # A question is embedded and encoded as a text is, by layers of the same sizes.
        encoding += encoding * one.question.shape[-1] // one.token_ids.shape[-1]
    return encoding + candidates
