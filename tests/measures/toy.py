"""A small recurrent classifier in plain JAX: contextual, masked, with any number of logits."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.types import AttentionModel, Inputs, Output, States

VOCABULARY, WIDTH, STATE = 20, 4, 5


def toy_params(num_logits=1, seed=0, dtype=np.float32):
    draw = np.random.default_rng(seed).normal
    shapes = {
        "table": (VOCABULARY, WIDTH),
        "inward": (WIDTH, STATE),
        "recurrent": (STATE, STATE),
        "score": (STATE,),
        "kernel": (STATE, num_logits),
        "bias": (num_logits,),
    }
    return {name: jnp.asarray(draw(size=shape), dtype) for name, shape in shapes.items()}


def toy_model(num_logits=1):
    """Return a model of its own: nothing jitted with another one is reused for it."""

    def embed(params, inputs, *, key=None):
        del key
        return params["table"][inputs.token_ids]

    def encode(params, embeddings, inputs, *, key=None):
        del key

        def step(state, at):
            embedding, exists = at
            moved = jnp.tanh(embedding @ params["inward"] + state @ params["recurrent"])
            state = jnp.where(exists, moved, state)
            return state, state

        def run(sequence, mask):
            return jax.lax.scan(step, jnp.zeros(STATE, sequence.dtype), (sequence, mask))[1]

        return States(jax.vmap(run)(embeddings, inputs.mask))

    def attend(params, states, inputs, *, key=None):
        del key
        scores = states.tokens[0] @ params["score"]
        return jax.nn.softmax(scores, where=inputs.attendable[0])

    def decode(params, states, attention, inputs, *, key=None):
        del inputs, key
        context = attention @ states.tokens[0] + jnp.sum(states.tokens[1:, -1])
        return Output(context @ params["kernel"] + params["bias"])

    return AttentionModel(lambda key, inputs: toy_params(num_logits), embed, encode, attend, decode)


def text(tokens: Sequence[int], length=0, instance_id=0):
    """Return one instance with start and end, padded to `length` with ids that must not count."""
    ids = [2, *tokens, 3]
    size = max(length, len(ids))
    token_ids = np.full((1, size), 0, np.int32)
    token_ids[0, : len(ids)] = ids
    where = np.arange(size)[None]
    # NumPy: every shape of a jax array made here would compile a kernel of its own.
    return Inputs(
        token_ids=token_ids,
        mask=where < len(ids),
        attendable=(where > 0) & (where < len(ids) - 1),
        label=np.asarray(-1),
        instance_id=np.asarray(instance_id),
    )


def empty_row(length):
    """Return a row that only fills a batch."""
    off = np.zeros((1, length), bool)
    return Inputs(
        token_ids=np.zeros((1, length), np.int32),
        mask=off,
        attendable=off,
        label=np.asarray(-1),
        instance_id=np.asarray(-1),
    )


def stack(instances):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *instances)


def random_texts(count, seed=0, longest=9):
    generator = np.random.default_rng(seed)
    return [
        generator.integers(4, VOCABULARY, size=generator.integers(1, longest + 1)).tolist()
        for _ in range(count)
    ]
