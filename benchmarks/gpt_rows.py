"""What of a GPT is timed on both sides, with the same weights and tokens."""

import dataclasses
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from attnjax.models.gpt.model import GPT, build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights_huggingface import write_huggingface
from attnjax.types import Params
from benchmarks import our_gpt
from benchmarks.gates import Gate
from benchmarks.gpt_sizes import Sizes
from benchmarks.torch_reference import gpt as reference

OURS = "ours"


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        functions: what is timed, by side; each returns when its work is done.
        gate: from a PyTorch side's name to how far it is from ours; called before timing.
    """

    functions: dict[str, Callable[[], Any]]
    gate: Callable[[str], Gate]


class _Sides(NamedTuple):
    """One model on our side, and where PyTorch reads it."""

    gpt: GPT
    params: Params
    folder: Path


def _sides(sizes: Sizes, head: str) -> _Sides:
    settings = GPTSettings(
        vocabulary_size=sizes.vocabulary,
        context=sizes.length,
        num_layers=sizes.layers,
        num_heads=sizes.heads,
        width=sizes.width,
        head=head,
        mode="standard",
    )
    params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
    folder = Path(tempfile.mkdtemp()) / "model"
    write_huggingface(folder, params, settings)
    return _Sides(build_gpt(settings), params, folder)


def _tokens(sizes: Sizes, length: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.integers(0, sizes.vocabulary, (sizes.batch, length))


def training(sizes: Sizes, variants: tuple[str, ...]) -> Row:
    """Return a training step: forward, backward, clip, AdamW, with dropout of 0.1 everywhere."""
    gpt, params, folder = _sides(sizes, "language_model")
    tokens = _tokens(sizes, sizes.length + 1)
    mine = our_gpt.gradients(gpt, params, tokens)
    functions: dict[str, Callable[[], Any]] = {
        OURS: partial(our_gpt.train_step(gpt, params), tokens)
    }
    found = {}
    for variant in variants:
        model = reference.load(folder, "OpenAIGPTLMHeadModel", variant=variant)
        found[variant] = reference.gradients(model, tokens)
        optimizer = reference.make_optimizer(model, variant=variant)
        functions[variant] = partial(
            reference.train_step(model.train(), optimizer, variant=variant), tokens
        )

    def gate(variant: str) -> Gate:
        apart = max(abs(a - b) for a, b in zip(mine, found[variant], strict=True))
        return Gate(apart, "loss and norm of its gradient, without dropout")

    return Row(functions, gate)


def logits(sizes: Sizes, variants: tuple[str, ...]) -> Row:
    """Return the logits of every next token of a batch."""
    gpt, params, folder = _sides(sizes, "language_model")
    tokens = _tokens(sizes, sizes.length)
    functions = {OURS: partial(our_gpt.logits_fn(gpt, params), tokens)}
    for variant in variants:
        model = reference.load(folder, "OpenAIGPTLMHeadModel", variant=variant)
        functions[variant] = partial(reference.logits_fn(model, variant=variant), tokens)

    def gate(variant: str) -> Gate:
        apart = np.abs(functions[OURS]() - functions[variant]()).max()
        return Gate(float(apart), "every logit")

    return Row(functions, gate)


def classifier(sizes: Sizes, variants: tuple[str, ...]) -> Row:
    """Return the states of all levels and the logits of a classifier."""
    gpt, params, folder = _sides(sizes, "classification")
    tokens = _tokens(sizes, sizes.length)
    tokens[:, -1] = gpt.settings.classify_id
    functions: dict[str, Callable[[], our_gpt.Classified | reference.Classified]] = {
        OURS: partial(our_gpt.classify_fn(gpt, params), tokens)
    }
    for variant in variants:
        model = reference.load(folder, "OpenAIGPTForSequenceClassification", variant=variant)
        functions[variant] = partial(reference.classify_fn(model, variant=variant), tokens)

    def gate(variant: str) -> Gate:
        (states, mine), (others, theirs) = functions[OURS](), functions[variant]()
        levels = [np.abs(a - b).max() for a, b in zip(states, others, strict=True)]
        return Gate(float(max(*levels, np.abs(mine - theirs).max())), "every state and logit")

    return Row(functions, gate)


def _small(sizes: Sizes) -> Sizes:
    return dataclasses.replace(sizes, vocabulary=sizes.small_vocabulary)


ROWS: dict[str, Callable[[Sizes, tuple[str, ...]], Row]] = {
    "train": training,
    "train_small": lambda sizes, variants: training(_small(sizes), variants),
    "logits": logits,
    "classifier": classifier,
}
"""How each row is made; models are made one row after another, to be in memory alone."""
