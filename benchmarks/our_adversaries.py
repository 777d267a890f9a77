"""This package's side of the adversaries: from texts, and from arrays on the host."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from attnjax.adversaries.arrays import attention_arrays, search_arrays
from attnjax.adversaries.exact import exact_adversary, exact_adversary_of_model
from attnjax.adversaries.search import SearchSettings, search, search_from_noise
from attnjax.types import Batch
from benchmarks.ours import Ours, in_order, rows_of
from benchmarks.workload import Options


def default_settings(options: Options) -> SearchSettings:
    """Return the search's settings as a run has them by default."""
    return SearchSettings(
        candidates=options.candidates,
        steps=options.steps,
        optimizer_epsilon=options.epsilon,
        filter_epsilon=options.epsilon,
    )


def paper_settings(options: Options) -> SearchSettings:
    """Return the search's settings as the paper and its released code have them."""
    return dataclasses.replace(
        default_settings(options),
        starts="noise",
        constraint="penalty",
        keep="last",
        jsd="release",
        amsgrad="release",
    )


def search_default(ours: Ours) -> np.ndarray:
    """Return the winners' JSD, `[N]`, by the search as a run has it by default."""
    settings = default_settings(ours.workload.options)
    key = jax.random.key(ours.workload.options.seed)
    return in_order(
        ours, lambda b: search(ours.model, ours.params, b.inputs, key, settings).winner_jsd
    )


def search_as_given(ours: Ours, noise: np.ndarray, *, steps: int) -> dict[str, np.ndarray]:
    """Return candidates `[N, K, L]` and the winners' JSD `[N]`, by the paper's search."""
    settings = dataclasses.replace(paper_settings(ours.workload.options), steps=steps)

    def attack(batch: Batch) -> dict[str, jax.Array]:
        start = rows_of(batch, noise)[..., : batch.inputs.mask.shape[-1]]
        found = search_from_noise(ours.model, ours.params, batch.inputs, start, settings)
        return {"attention": found.attention, "largest_jsd": found.winner_jsd}

    return in_order(ours, attack)


def exact_from_text(ours: Ours) -> np.ndarray:
    """Return the largest JSD, `[N]`, encoding included."""
    epsilons = (ours.workload.options.epsilon,)
    return in_order(
        ours,
        lambda b: exact_adversary_of_model(
            ours.model, ours.params, b.inputs, epsilons=epsilons
        ).jsd[:, 0],
    )


def search_from_arrays(
    parts: Sequence[tuple[np.ndarray, ...]], seed: int, settings: SearchSettings
) -> np.ndarray:
    """Return the winners' JSD of the search on given arrays, part after part."""
    key = jax.random.key(seed)
    asked = [search_arrays(attention_arrays(*part), key, settings).winner_jsd for part in parts]
    return np.concatenate([np.asarray(one) for one in asked])


def exact(parts: Sequence[tuple[np.ndarray, ...]], *, epsilon: float) -> np.ndarray:
    """Return the largest JSD of every row of given arrays, part after part."""
    asked = [exact_adversary(*part, epsilons=(epsilon,)).jsd[:, 0] for part in parts]
    return np.concatenate([np.asarray(one) for one in asked])
