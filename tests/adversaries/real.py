"""Attention, values, bias and tokens of trained models on real sentences."""

import jax
import numpy as np
import pytest

from attnjax.adversaries.exact import exact_adversary, readout_arrays
from attnjax.models.build import build_model
from attnjax.models.weights import (
    load_release_weights,
    model_config_from_release,
    params_from_release,
)
from tests.measures.test_parity import ENCODERS, inputs_of

SOME_SLOW = [ENCODERS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in ENCODERS[1:])]
"""The models, one of them always and the others where there is time."""


def real_arrays(folder, encoder):
    """The arrays of 192 sentences under a parity model, float64 numbers of a float32 model."""
    path = folder / f"{encoder}.npz"
    with np.load(path) as file:
        reference = {name: file[name] for name in file.files if not name.startswith("weights/")}
    state = load_release_weights(path)
    config = model_config_from_release(state)
    sizes = {"vocabulary_size": len(state["encoder.embedding.weight"]), "num_classes": 2}
    model, params = build_model(config, **sizes), params_from_release(state, config, **sizes)
    read = jax.jit(lambda inputs: readout_arrays(model, params, inputs))
    attention, values, bias, where = (np.asarray(x) for x in read(inputs_of(reference)))
    floats = (x.astype(np.float64) for x in (attention, values[..., 0], bias[:, 0]))
    return *floats, where


def exact_of(arrays, epsilon):
    """The largest divergence without a constraint, in float64."""
    attention, values, bias, where = arrays
    with jax.enable_x64(True):
        found = exact_adversary(
            attention, values[..., None], bias[:, None], where, epsilons=(epsilon,)
        )
        return jax.device_get(found.jsd)
