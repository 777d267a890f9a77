"""What shows, before anything is timed, that both sides compute the same."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch

from attnjax.models.weights import params_to_release
from attnjax.types import Batch
from benchmarks import our_adversaries, our_training, ours
from benchmarks.torch_reference import adversaries, measures, training
from benchmarks.torch_reference.model import TextBatch, classifier_from, make_batch, state_of
from benchmarks.workload import Workload

TOLERANCE = 1e-4

GATED_STEPS = 20
"""Steps after which two searches from the same noise are compared, in float64.

In float32 the 500 steps across the edge of the penalty amplify rounding: either side differs as
much from itself with another order of summation.
"""

GATED_SHUFFLES = 10
GATED_BATCHES = 3
GATED_WEIGHT = 1.5
"""Of an instance of class 1, so that class weights are compared too."""


class Gate(NamedTuple):
    """How far two sides are apart.

    Attributes:
        difference: the largest absolute one.
        compared: what was compared.
    """

    difference: float
    compared: str

    @property
    def open(self) -> bool:
        """Whether the two agree; false where a number is NaN on one side only."""
        return self.difference <= TOLERANCE


def difference(first: np.ndarray, second: np.ndarray, compared: str) -> Gate:
    """Return the largest difference of two arrays; NaN equals NaN, positions may be padded.

    Example:
        >>> import numpy as np
        >>> difference(np.array([1.0, np.nan]), np.array([1.5, np.nan]), "two numbers").difference
        0.5
    """
    if first.ndim > 1:
        width = min(first.shape[-1], second.shape[-1])
        rest = (first[..., width:], second[..., width:])
        if any(np.any(array) for array in rest):
            return Gate(np.inf, compared)
        first, second = first[..., :width], second[..., :width]
    apart = np.abs(first.astype(np.float64) - second)
    both = np.isnan(first) & np.isnan(second)
    apart = np.where(both, 0.0, np.where(np.isnan(apart), np.inf, apart))
    return Gate(float(apart.max()), compared)


def permutation_gate(workload: Workload, variant: str, _: object) -> Gate:
    """Compare the outputs under the same shuffles."""
    some = workload.first(workload.options.gated)
    generator = np.random.default_rng(some.options.seed)
    index = np.zeros((len(some.texts), GATED_SHUFFLES, some.lengths.max()), np.int32)
    index[:] = np.arange(index.shape[2])
    for row, length in enumerate(some.lengths):
        for shuffle in index[row]:
            generator.shuffle(shuffle[1 : length - 1])
    side = ours.prepare(some)
    mine = ours.permute_as_given(side, widened(index, side.lengths[-1]))
    model = classifier_from(some.state)
    theirs = measures.permuted_outputs(model, some.texts, index, variant=variant)
    what = f"{GATED_SHUFFLES} given shuffles of {len(some.texts)} texts"
    return difference(mine[..., None], theirs[..., None], what)


def widened(array: np.ndarray, length: int) -> np.ndarray:
    """Return an array with zeros up to a padded length."""
    missing = max(0, length - array.shape[-1])
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)])


def draw_noise(workload: Workload) -> np.ndarray:
    """Return standard normal draws `[N, K, L]`, L that of the longest text."""
    shape = (len(workload.texts), workload.options.candidates, workload.lengths.max())
    return np.random.default_rng(workload.options.seed).standard_normal(shape, np.float32)


def candidates_in_float64(workload: Workload) -> np.ndarray:
    """Return our candidates of some texts after a few steps, `[N, K, L]`."""
    some = workload.first(workload.options.gated)
    noise = draw_noise(some).astype(np.float64)
    with jax.enable_x64(True):
        side = ours.prepare(some)
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), side.params)
        side = side._replace(params=params)
        wide = widened(noise, side.lengths[-1])
        return our_adversaries.search_as_given(side, wide, steps=GATED_STEPS)["attention"]


def search_gate(
    workload: Workload, mine: Callable[[], np.ndarray], variant: str, _: object
) -> Gate:
    """Compare the candidates after a few steps from the same noise, in float64."""
    some = workload.first(workload.options.gated)
    theirs = adversaries.search(
        classifier_from(some.state).double(),
        some.texts,
        draw_noise(some).astype(np.float64),
        steps=GATED_STEPS,
        epsilon=some.options.epsilon,
        variant=variant,
    )
    what = f"candidates of {len(some.texts)} texts after {GATED_STEPS} steps in float64"
    return difference(mine(), theirs.attention, what)


def exact_gate(parts: Sequence[Sequence[np.ndarray]], epsilon: float, _: object) -> Gate:
    """Compare the largest JSD of all instances from the same arrays, in float64."""

    def widen(
        attention: np.ndarray, values: np.ndarray, bias: np.ndarray, where: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        # Weights in float32 sum to 1 up to 1e-7, which each side would take in its own way.
        attention = np.where(where, attention, 0).astype(np.float64)
        attention /= attention.sum(axis=1, keepdims=True)
        return attention, values.astype(np.float64), bias.astype(np.float64), where

    wide = [widen(*part) for part in parts]
    with jax.enable_x64(True):
        mine = our_adversaries.exact(wide, epsilon=epsilon)
    theirs = torch.cat([adversaries.exact(adversaries.arrays_from(p), epsilon) for p in wide])
    return difference(mine, theirs.numpy(), f"{len(mine)} instances from the same arrays, float64")


def bound_gate(exact: np.ndarray, searched: np.ndarray) -> Gate:
    """Return by how much a search's answer is above the exact maximum, at most."""
    above = np.maximum(searched - exact, 0.0)
    return Gate(float(above.max()), f"no answer of {len(above)} above the exact maximum")


class Trained(NamedTuple):
    """Our weights after a few steps, by the released code's names, and what they were taken on."""

    weights: dict[str, np.ndarray]
    batches: list[tuple[TextBatch, np.ndarray]]


def train_in_float64(workload: Workload, labels: np.ndarray) -> Trained:
    """Take a few steps on some texts with this package's training step.

    In float64, because AMSGrad's first steps are as large for a gradient of 1e-9 as for one of 1.
    """
    some = workload.first(GATED_BATCHES * our_training.TRAINING_BATCH)
    with jax.enable_x64(True):
        side = ours.prepare(some, labels=labels[: len(some.texts)])
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), side.params)
        trainer = our_training.Trainer(side._replace(params=params), GATED_WEIGHT)
        batches = trainer.plan()
        trainer.train(batches)
        weights = params_to_release(trainer.params)
    return Trained(weights, [_as_torch(batch, some.texts) for batch in batches])


def training_gate(workload: Workload, mine: Callable[[], Trained], variant: str, _: object) -> Gate:
    """Compare all weights after the same steps."""
    model = classifier_from(workload.state).double()
    optimizer = training.make_optimizer(model, variant=variant)
    weights, batches = mine()
    training.train(model, optimizer, batches, positive_weight=GATED_WEIGHT)
    theirs = state_of(model)
    what = f"all weights after {len(batches)} steps in float64"
    return Gate(max(float(np.abs(weights[name] - theirs[name]).max()) for name in theirs), what)


def _as_torch(batch: Batch, texts: Sequence[np.ndarray]) -> tuple[TextBatch, np.ndarray]:
    """Return the same texts and labels for PyTorch."""
    rows = batch.inputs.instance_id[batch.valid].tolist()
    return make_batch(texts, rows), np.asarray(batch.inputs.label)[batch.valid]
