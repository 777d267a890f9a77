"""Tiny models and texts that the tests of models and the contract test share."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from attnjax.config import ModelConfig
from attnjax.models.build import ATTENTIONS, ENCODERS, build_model
from attnjax.models.inputs import single_inputs
from attnjax.types import AttentionModel, Inputs, Params

VOCABULARY = 13
TEXTS = ([2, 5, 4, 9, 7, 12, 3], [2, 7, 3], [2, 12, 4, 4, 8, 6, 5, 11, 3], [2, 10, 6, 3])
"""Token ids with start (2) and end (3): the first without a word twice, the second of a
single word, the third with a word twice."""

QUESTIONS = ([2, 6, 11, 3], [2, 4, 3], [2, 12, 4, 9, 6, 3], [2, 7, 5, 8, 10, 11, 4, 3])
"""What is asked of each of the texts."""

CANDIDATES = ([1, 1, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1])
"""Which of four classes are possible answers to each question."""

LONGEST_QUESTION = max(map(len, QUESTIONS))

KINDS = [
    (encoder, attention)
    for encoder in ENCODERS
    for attention in ATTENTIONS
    if attention != "given"  # needs a guide
]


class Tiny(NamedTuple):
    """A model and random weights."""

    model: AttentionModel
    params: Params


@functools.cache
def tiny(
    encoder: str = "lstm", attention: str = "additive", *, num_classes: int = 2, dropout: float = 0
) -> Tiny:
    """Return a small model whose weights are large enough for outputs to differ."""
    config = ModelConfig(
        encoder=encoder,
        attention=attention,
        embedding_size=6,
        hidden_size=8,
        dropout=float(dropout),
    )
    model = build_model(config, vocabulary_size=VOCABULARY, num_classes=num_classes)
    params = jax.jit(model.init)(jax.random.key(3), single_inputs(TEXTS[0]))
    return Tiny(model, jax.tree.map(lambda leaf: 2.0 * leaf, params))


@functools.cache
def tiny_question(
    encoder: str = "lstm", attention: str = "additive", *, dropout: float = 0
) -> Tiny:
    """Return a small model that chooses one of four answers to a question."""
    config = ModelConfig(
        encoder=encoder,
        attention=attention,
        embedding_size=6,
        hidden_size=8,
        dropout=float(dropout),
    )
    model = build_model(config, vocabulary_size=VOCABULARY, num_classes=4, question=True)
    params = jax.jit(model.init)(jax.random.key(3), asked(range(1)))
    return Tiny(model, jax.tree.map(lambda leaf: 2.0 * leaf, params))


def asked(
    which: Sequence[int], length: int = 0, question_length: int = 0, *, empty_rows: int = 0
) -> Inputs:
    """Return the texts of some numbers with their questions and candidates.

    A range of one number gives one instance, unpadded unless a length is named; more give a
    batch.
    """
    rows = [
        single_inputs(
            TEXTS[i],
            length=length,
            instance_id=i,
            question=QUESTIONS[i],
            question_length=question_length,
            candidates=[bool(one) for one in CANDIDATES[i]],
        )
        for i in which
    ]
    if len(rows) == 1 and not empty_rows:
        return rows[0]
    nothing = jax.tree.map(jnp.zeros_like, rows[0]).replace(
        label=jnp.asarray(-1),
        instance_id=jnp.asarray(-1),
        candidates=jnp.ones_like(rows[0].candidates),
    )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows, *[nothing] * empty_rows)


def stacked(texts: Sequence[Sequence[int]], length: int, *, empty_rows: int = 0) -> Inputs:
    """Return a batch of texts padded to `length`, with rows that only fill it at the end."""
    rows = [single_inputs(ids, length=length, instance_id=i) for i, ids in enumerate(texts)]
    nothing = jax.tree.map(jnp.zeros_like, rows[0]).replace(
        label=jnp.asarray(-1), instance_id=jnp.asarray(-1)
    )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows, *[nothing] * empty_rows)
