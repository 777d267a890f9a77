"""How much of the exact maximum the search finds, on models that the released code trained."""

from typing import NamedTuple

import jax
import numpy as np
import pytest

from attnjax.adversaries.exact import exact_adversary, readout_arrays
from attnjax.adversaries.search import SearchSettings, search
from attnjax.models.build import build_model
from attnjax.models.weights import (
    load_release_weights,
    model_config_from_release,
    params_from_release,
)
from attnjax.types import AttentionModel, Inputs, Params
from tests.measures.test_parity import ENCODERS, inputs_of

FIXED = SearchSettings()
LEAST = 0.97


class Trained(NamedTuple):
    model: AttentionModel
    params: Params
    inputs: Inputs
    exact: np.ndarray
    above: np.ndarray  # with an epsilon by 1e-6 larger, in float64
    arrays: tuple[np.ndarray, ...]  # attention, values, bias, where in float64


@pytest.fixture(scope="module", params=ENCODERS)
def trained(request, parity_folder) -> Trained:
    path = parity_folder / f"{request.param}.npz"
    with np.load(path) as file:
        reference = {name: file[name] for name in ("token_ids", "lengths", "labels")}
    state = load_release_weights(path)
    config = model_config_from_release(state)
    sizes = {"vocabulary_size": len(state["encoder.embedding.weight"]), "num_classes": 2}
    params = params_from_release(state, config, **sizes)
    model, inputs = build_model(config, **sizes), inputs_of(reference)
    with jax.enable_x64(True):
        double = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)
        arrays = jax.device_get(jax.jit(readout_arrays, static_argnums=0)(model, double, inputs))
        found = exact_adversary(*arrays, epsilons=(0.01, 0.01 + 1e-6))
        exact, above = np.moveaxis(np.asarray(found.jsd), 1, 0)
    return Trained(model, params, inputs, exact, above, arrays)


def judge(arrays, attention):
    """JSD and output change of attentions `[N, L]`, from their definitions in float64."""
    own, values, bias, where = arrays
    attention = attention.astype(np.float64)
    attention = attention / attention.sum(axis=1, keepdims=True)
    middle = (attention + own) / 2
    jsd = np.zeros(len(own))
    for p in (attention, own):
        positive = where & (p > 0)
        ratio = np.log(np.where(positive, p, 1) / np.where(positive, middle, 1))
        jsd += 0.5 * np.where(positive, p * ratio, 0).sum(axis=1)
    sigmoid = lambda weights: 1 / (1 + np.exp(-((weights[..., None] * values).sum(1) + bias)))  # noqa: E731
    return jsd, np.abs(sigmoid(attention) - sigmoid(own))[:, 0]


@pytest.mark.parametrize(
    "form", ["value form", pytest.param("decode alone", marks=pytest.mark.slow)]
)
def test_search_comes_close_to_the_exact_maximum_and_never_exceeds_it(trained, form):
    model = trained.model if form == "value form" else trained.model._replace(readout=None)
    found = jax.device_get(search(model, trained.params, trained.inputs, jax.random.key(0), FIXED))
    assert found.winner_jsd.mean() >= LEAST * trained.exact.mean()
    jsd, change = judge(trained.arrays, found.winner_attention)
    # What float32 returns is judged in float64: feasible up to 1e-6, and so at most as far as
    # the maximum for an epsilon that is larger by that.
    assert np.all(change <= 0.01 + 1e-6)
    assert np.all(jsd <= trained.above + 1e-6)
    np.testing.assert_allclose(found.winner_jsd, jsd, rtol=0, atol=2e-6)
    assert np.all(found.steps < FIXED.steps)
