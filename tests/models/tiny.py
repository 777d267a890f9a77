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


def stacked(texts: Sequence[Sequence[int]], length: int, *, empty_rows: int = 0) -> Inputs:
    """Return a batch of texts padded to `length`, with rows that only fill it at the end."""
    rows = [single_inputs(ids, length=length, instance_id=i) for i, ids in enumerate(texts)]
    nothing = jax.tree.map(jnp.zeros_like, rows[0]).replace(
        label=jnp.asarray(-1), instance_id=jnp.asarray(-1)
    )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *rows, *[nothing] * empty_rows)
