"""A language model small enough to train in a test: two layers over one token."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.data.gpt.windows import Documents
from attnjax.training.gpt.optimizer import OptimizerSettings
from attnjax.training.gpt.pretrain import LanguageModel
from attnjax.training.gpt.settings import PretrainSettings
from attnjax.training.gpt.step import Loss

VOCABULARY, WIDTH = 16, 64


class Book(NamedTuple):
    name: str
    start: int
    end: int


def toy_params(seed=0):
    keys = jax.random.split(jax.random.key(seed), 3)
    return {
        "table": 0.3 * jax.random.normal(keys[0], (VOCABULARY, WIDTH)),
        "hidden": {
            "kernel": 0.3 * jax.random.normal(keys[1], (WIDTH, WIDTH)),
            "bias": jnp.zeros(WIDTH),
        },
        "output": 0.3 * jax.random.normal(keys[2], (WIDTH, VOCABULARY)),
    }


def toy_token_losses(params, tokens, key=None):
    embedded = params["table"][tokens[:, :-1]]
    if key is not None:
        kept = jax.random.bernoulli(key, 0.9, embedded.shape)
        embedded = jnp.where(kept, embedded / 0.9, 0.0)
    hidden = params["hidden"]
    inner = jnp.tanh(embedded @ hidden["kernel"] + hidden["bias"][None, None, :])
    scores = jax.nn.log_softmax(inner @ params["output"])
    return -jnp.take_along_axis(scores, tokens[:, 1:, None], axis=-1)[..., 0]


def toy_loss(params, batch, key):
    return Loss(toy_token_losses(params, batch, key).mean())


toy_model = LanguageModel(toy_loss, toy_token_losses, VOCABULARY, flops_per_token=1e3)


def toy_documents(*, lengths=(700, 300, 500), seed=0):
    """Texts in which the next token is, nine times of ten, one more than this one."""
    generator = np.random.default_rng(seed)
    count = sum(lengths)
    jumps = np.where(generator.random(count) < 0.1, generator.integers(VOCABULARY, size=count), 1)
    tokens = (np.cumsum(jumps) % VOCABULARY).astype(np.uint16)
    ends = np.cumsum(lengths).tolist()
    spans = [
        Book(f"book{i}", end - length, end)
        for i, (length, end) in enumerate(zip(lengths, ends, strict=True))
    ]
    return Documents(tokens, spans, {span.name: 4 * (span.end - span.start) for span in spans})


def toy_settings(**changes):
    optimizer = OptimizerSettings(learning_rate=0.02)
    values = {
        "context": 8,
        "batch_size": 8,
        "epochs": 4,
        "warmup_steps": 5,
        "optimizer": optimizer,
        "evaluate_every": 25,
        "checkpoint_every": 100,
        "log_every": 4,
        "evaluation_batch": 16,
    }
    return PretrainSettings(**{**values, **changes})


UNIFORM = math.log(VOCABULARY)
