"""The adversarial search over a batch: attention far from the model's own, same output."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from attnjax.adversaries.blocks import map_blocks, num_bytes
from attnjax.adversaries.descent import init, kept_log_weights, run
from attnjax.adversaries.logits import LogitsFn, logits_function, logits_source
from attnjax.adversaries.objective import Problem
from attnjax.adversaries.settings import SearchSettings, settings_from
from attnjax.measures.divergence import jensen_shannon
from attnjax.models.masking import masked_softmax
from attnjax.outputs import encode_inputs, output_change, probabilities
from attnjax.types import AttentionModel, Inputs, Params, States

__all__ = ["SearchResult", "SearchSettings", "search", "search_from_noise", "settings_from"]

ARRAYS = 16
"""Arrays of candidates x positions that a step of the search has in memory at once."""

CACHED = 2**15
"""Weights (candidates x positions) searched at a time on a CPU: its caches hold all arrays."""


class SearchResult(NamedTuple):
    """Candidates of every instance, and the winner among them and the model's own attention.

    The winner has the largest divergence among those that move the output by at most
    `filter_epsilon`. The model's own attention is one of them, so there always is a winner.

    Attributes:
        attention: distributions over attendable positions; 0 elsewhere.
        probabilities: class distributions under them, by `decode`.
        jsd: divergence from the model's own attention, nats.
        output_change: total variation distance from the model's own output, in [0, 1].
        feasible: output change at most `filter_epsilon`.
        winner_attention: the winner's.
        winner_probabilities: the winner's.
        winner_jsd: the winner's; 0 if it is the model's own attention.
        winner_output_change: the winner's.
        found: whether a candidate won.
    """

    attention: Float[Array, "B K L"]
    probabilities: Float[Array, "B K classes"]
    jsd: Float[Array, "B K"]
    output_change: Float[Array, "B K"]
    feasible: Bool[Array, "B K"]
    winner_attention: Float[Array, "B L"]
    winner_probabilities: Float[Array, "B classes"]
    winner_jsd: Float[Array, " B"]
    winner_output_change: Float[Array, " B"]
    found: Bool[Array, " B"]


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
    """Search adversarial attentions for every instance of a batch, from random starts.

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
    noise = jax.vmap(partial(draw_noise, key, count=settings.candidates))(inputs)
    return search_from_noise(model, params, inputs, noise, settings, memory_bytes=memory_bytes)


def draw_noise(key: Key[Array, ""], inputs: Inputs, *, count: int) -> Float[Array, "K L"]:
    """Return standard normal draws that belong to an instance and its candidates.

    Each candidate has one draw over positions, of which a shorter text takes a prefix.

    Args:
        key: of the test.
        inputs: one instance.
        count: candidates.
    """
    # Rows that only fill a batch have the id -1, which no key can be folded with.
    own = jax.random.fold_in(key, jnp.maximum(inputs.instance_id, 0))
    length = inputs.attendable.shape[-1]

    def draw(candidate: Array) -> Float[Array, " L"]:
        return jax.random.normal(jax.random.fold_in(own, candidate), (length,))

    return jax.vmap(draw)(jnp.arange(count))


@partial(jax.jit, static_argnames=("model", "settings", "memory_bytes"))
def search_from_noise(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    noise: Float[Array, "B K L"],
    settings: SearchSettings,
    *,
    memory_bytes: int = 256 * 2**20,
) -> SearchResult:
    """Search adversarial attentions from given standard normal draws; see `search`."""

    def attack_block(rows: tuple[Inputs, Float[Array, "N K L"]]) -> SearchResult:
        return _attack(model, params, *rows, settings)

    block = max(1, memory_bytes // _bytes_per_instance(model, params, inputs, noise))
    return map_blocks(attack_block, (inputs, noise), block=block)


def _attack(
    model: AttentionModel,
    params: Params,
    inputs: Inputs,
    noise: Float[Array, "N K L"],
    settings: SearchSettings,
) -> SearchResult:
    """Search in one block: encode all, search in blocks that fit the cache, decode all."""

    def pose(inputs: Inputs) -> tuple[States, Problem]:
        states = encode_inputs(model, params, inputs)
        attention = model.attend(params, states, inputs)
        logits = model.decode(params, states, attention, inputs).logits
        return states, Problem(attention, probabilities(logits), inputs.attendable[0])

    def attack(rows: tuple) -> Float[Array, "K L"]:
        source, problem, noise = rows
        start = init(noise.astype(problem.attention.dtype), problem, settings)
        end, _ = run(start, logits_function(model, params, source), problem, settings)
        return kept_log_weights(end, settings)

    states, problem = jax.vmap(pose)(inputs)
    source = jax.vmap(partial(logits_source, model, params))(states, inputs)
    block = noise.shape[0]
    if jax.default_backend() == "cpu":
        block = max(1, CACHED // noise[0].size)
    log_weights = map_blocks(jax.vmap(attack), (source, problem, noise), block=block)

    def judge(rows: tuple) -> SearchResult:
        states, inputs, problem, log_weights = rows

        def decode(attention: Float[Array, " L"]) -> Float[Array, " C"]:
            return model.decode(params, states, attention, inputs).logits

        return choose_winner(log_weights, jax.vmap(decode), problem, settings)

    return jax.vmap(judge)((states, inputs, problem, log_weights))


def choose_winner(
    log_weights: Float[Array, "K L"],
    logits_fn: LogitsFn,
    problem: Problem,
    settings: SearchSettings,
) -> SearchResult:
    """Judge an instance's candidates as they are returned, and choose the winner.

    Args:
        log_weights: of the candidates.
        logits_fn: the judge: `decode`, not the readout that the search may have used.
        problem: the instance.
        settings: `filter_epsilon` decides what is feasible, `jsd` what is far.

    Returns:
        The fields of `SearchResult` for one instance.

    Example:
        >>> import jax.numpy as jnp
        >>> half = jnp.array([0.5, 0.5])
        >>> problem = Problem(half, half, jnp.array([True, True]))
        >>> weights = jnp.array([[2.0, 0.0], [9.0, 0.0]])
        >>> result = choose_winner(weights, lambda a: 0 * a[:, :1], problem, SearchSettings())
        >>> bool((result.winner_attention == result.attention[1]).all())
        True
    """
    attention = jax.vmap(masked_softmax, (0, None))(log_weights, problem.attendable)
    outputs = probabilities(logits_fn(attention))
    change = jax.vmap(output_change, (0, None))(outputs, problem.probabilities)
    divergence = partial(jensen_shannon, where=problem.attendable, form=settings.jsd)
    jsd = jax.vmap(divergence, (0, None))(attention, problem.attention)
    feasible = change <= settings.filter_epsilon
    score = jnp.where(feasible, jsd, -jnp.inf)
    best = jnp.argmax(score)
    found = score[best] > 0
    return SearchResult(
        attention=attention,
        probabilities=outputs,
        jsd=jsd,
        output_change=change,
        feasible=feasible,
        winner_attention=jnp.where(found, attention[best], problem.attention),
        winner_probabilities=jnp.where(found, outputs[best], problem.probabilities),
        winner_jsd=jnp.where(found, jsd[best], 0),
        winner_output_change=jnp.where(found, change[best], 0),
        found=found,
    )


def _bytes_per_instance(
    model: AttentionModel, params: Params, inputs: Inputs, noise: Float[Array, "B K L"]
) -> int:
    """Return what one instance needs: its encoding, and its candidates' arrays or decodings."""
    one = jax.tree.map(lambda leaf: leaf[0], inputs)
    embeddings = jax.eval_shape(model.embed, params, one)
    states = jax.eval_shape(model.encode, params, embeddings, one)
    candidates = ARRAYS * num_bytes(noise[0])
    if model.readout is None:
        candidates += noise.shape[1] * num_bytes(states)
    return num_bytes(embeddings) + 8 * num_bytes(states) + candidates
