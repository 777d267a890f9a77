"""A GPT of two layers and random weights large enough for outputs to differ."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.model import GPT, build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import Inputs, Params

START, DELIMITER, CLASSIFY = 20, 21, 22
LENGTH = 9
"""What sequences are padded to: one length, so that tests share what is compiled."""

SEQUENCES = {
    "language_model": [[5, 9, 3, 17, 2, 8]],
    "classification": [[START, 5, 9, 3, 17, CLASSIFY]],
    "similarity": [
        [START, 5, 9, DELIMITER, 3, CLASSIFY],
        [START, 3, DELIMITER, 5, 9, CLASSIFY],
    ],
    "multiple_choice": [
        [START, 5, 9, DELIMITER, 3, CLASSIFY],
        [START, 5, 9, DELIMITER, 17, 4, 8, CLASSIFY],
        [START, 5, 9, DELIMITER, CLASSIFY],
    ],
}


EXAMPLES = {
    "classification": [
        SEQUENCES["classification"],
        [[START, 7, CLASSIFY]],
        [[START, 12, 4, 4, 8, 6, 11, CLASSIFY]],
    ],
    "similarity": [
        SEQUENCES["similarity"],
        [[START, 7, DELIMITER, 2, CLASSIFY], [START, 2, DELIMITER, 7, CLASSIFY]],
    ],
    "multiple_choice": [
        SEQUENCES["multiple_choice"],
        [[START, 7, DELIMITER, one, CLASSIFY] for one in (2, 18, 9)],
    ],
}
"""Instances of each kind of task: the first of them in `SEQUENCES`, one of the shortest texts."""


class Tiny(NamedTuple):
    """A model, random weights, and one instance."""

    gpt: GPT
    params: Params
    inputs: Inputs


def tiny_settings(**fields) -> GPTSettings:
    """Return the settings of a model of two layers, two heads and a width of 16."""
    small = {"vocabulary_size": 20, "context": 12, "num_layers": 2, "num_heads": 2, "width": 16}
    return GPTSettings(**(small | fields))


@functools.cache
def tiny_params(settings: GPTSettings, seed: int = 0) -> Params:
    """Return random weights in the shapes of the model's own, gains about 1."""
    rng = np.random.default_rng(seed)
    shapes = jax.eval_shape(functools.partial(init_params, settings), jax.random.key(0))

    def draw(path, leaf):
        values = 0.3 * rng.standard_normal(leaf.shape).astype(np.float32)
        return jnp.asarray(values + (path[-1].key == "scale"))

    return jax.tree_util.tree_map_with_path(draw, shapes)


def tiny(head: str = "classification", *, length: int = LENGTH, label: int = 1, **fields) -> Tiny:
    """Return a small model for a kind of task, and an example of it."""
    settings = tiny_settings(head=head, **fields)
    inputs = gpt_inputs(settings, SEQUENCES[head], length=length, label=label)
    return Tiny(build_gpt(settings), tiny_params(settings), inputs)


def stacked(*instances: Inputs) -> Inputs:
    """Return instances of one padded length as a batch."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *instances)


def example_batch(
    head: str, settings: GPTSettings, *, length: int = LENGTH, empty_rows: int = 0, count: int = 9
) -> Inputs:
    """Return the first examples of a task as a batch, with rows that only fill it at the end."""
    rows = [
        gpt_inputs(settings, sequences, length=length, label=0, instance_id=number)
        for number, sequences in enumerate(EXAMPLES[head][:count])
    ]
    nothing = jax.tree.map(jnp.zeros_like, rows[0]).replace(
        label=jnp.asarray(-1), instance_id=jnp.asarray(-1)
    )
    return stacked(*rows, *[nothing] * empty_rows)
