"""The measures against what the released code of *Attention is not Explanation* computed.

The classifiers and their arrays are described in `reference/parity/README.md`.
"""

from typing import NamedTuple

import numpy as np
import pytest

from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.models.build import build_model
from attnjax.models.weights import (
    load_release_weights,
    model_config_from_release,
    params_from_release,
)
from attnjax.training.predict import predict
from attnjax.types import Batch, Inputs

ENCODERS = ("lstm", "average", "cnn")
# The tolerance of the issue: float32 sums over 300 embedding dimensions and 128 states.
TOLERANCE = 1e-5
# Reference values closer than this are one value to float32: the probabilities behind two
# leave-one-out changes each carry an error of about 1.5e-7.
INDISTINCT = 1e-6
MEASURES = ("gradient", "leave_one_out")


class Parity(NamedTuple):
    """The reference of one classifier beside what we compute."""

    reference: dict[str, np.ndarray]
    real: np.ndarray
    attention: np.ndarray
    gradient: np.ndarray
    without: np.ndarray
    leave_one_out: np.ndarray


@pytest.fixture(scope="module", params=ENCODERS)
def parity(request, parity_folder) -> Parity:
    path = parity_folder / f"{request.param}.npz"
    with np.load(path) as file:
        reference = {name: file[name] for name in file.files if not name.startswith("weights/")}
    state = load_release_weights(path)
    config = model_config_from_release(state)
    size = state["encoder.embedding.weight"].shape[0]
    params = params_from_release(state, config, vocabulary_size=size, num_classes=2)
    model = build_model(config, vocabulary_size=size, num_classes=2)
    inputs = inputs_of(reference)
    changed = leave_one_out(model, params, inputs)
    batch = Batch(inputs, np.ones(len(reference["labels"]), bool))
    attention = np.zeros_like(reference["attention"])
    real = inputs.attendable[:, 0]
    attention[real] = np.concatenate(predict(model, params, [batch]).attention)
    return Parity(
        reference=reference,
        real=real,
        attention=attention,
        gradient=np.asarray(gradient_importances(model, params, inputs)),
        without=np.asarray(changed.probabilities[:, :, 1]),
        leave_one_out=np.asarray(changed.change),
    )


def inputs_of(reference) -> Inputs:
    token_ids = reference["token_ids"].astype(np.int32)
    lengths = reference["lengths"][:, None]
    where = np.arange(token_ids.shape[1])[None]
    return Inputs(
        token_ids=token_ids[:, None],
        mask=(where < lengths)[:, None],
        attendable=((where > 0) & (where < lengths - 1))[:, None],
        label=reference["labels"],
        instance_id=np.arange(len(token_ids), dtype=np.int32),
    )


def reference_importance(reference, name):
    if name == "gradient":
        return np.abs(reference["gradient_times_input"])
    return np.abs(reference["leave_one_out_probability"] - reference["probability"][:, None])


def test_gradient_importance(parity):
    expected = parity.reference["gradient_times_input"]
    np.testing.assert_allclose(
        parity.gradient[parity.real], expected[parity.real], rtol=0, atol=TOLERANCE
    )
    assert np.abs(expected[parity.real]).max() > 100 * TOLERANCE


def test_leave_one_out_probability(parity):
    expected = parity.reference["leave_one_out_probability"]
    np.testing.assert_allclose(
        parity.without[parity.real], expected[parity.real], rtol=0, atol=TOLERANCE
    )
    change = reference_importance(parity.reference, "leave_one_out")
    np.testing.assert_allclose(
        parity.leave_one_out[parity.real], change[parity.real], rtol=0, atol=TOLERANCE
    )
    assert change[parity.real].max() > 100 * TOLERANCE


@pytest.mark.parametrize("name", MEASURES)
def test_tau_of_the_given_arrays(parity, name):
    result = kendall_taus(
        parity.reference["attention"], reference_importance(parity.reference, name), parity.real
    )
    expected = parity.reference[f"tau_attention_{name}"]
    # NaN must meet NaN: undefined where theirs are.
    np.testing.assert_allclose(result.tau, expected[:, 0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.p_value, expected[:, 1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_mean_tau_end_to_end(parity, name):
    ours = np.abs(getattr(parity, name))
    tau = np.asarray(kendall_taus(parity.attention, ours, parity.real).tau)
    expected = parity.reference[f"tau_attention_{name}"][:, 0]
    assert np.nanmean(tau) == pytest.approx(np.nanmean(expected), abs=0.005)


@pytest.mark.parametrize("name", MEASURES)
def test_every_differing_tau_is_explained_by_indistinct_values(parity, name):
    """Tau reads nothing but the order of pairs, so a tau that differs needs a pair whose
    order (or tie) differs. Every such pair, of attention or of importance, must be of two
    reference values closer than 1e-6, in absolute terms: both are in [0, 1] or nearly, and
    their float32 errors do not shrink with them. A sentence without such a pair must agree.
    """
    theirs_a, theirs_b = parity.reference["attention"], reference_importance(parity.reference, name)
    ours_a, ours_b = parity.attention, np.abs(getattr(parity, name))
    tau = np.asarray(kendall_taus(ours_a, ours_b, parity.real).tau)
    expected = parity.reference[f"tau_attention_{name}"][:, 0]
    differs = ~np.isclose(tau, expected, rtol=0, atol=1e-6, equal_nan=True)
    for row, real in enumerate(parity.real):
        flipped = 0
        for ours, theirs in ((ours_a, theirs_a), (ours_b, theirs_b)):
            gap = difference(theirs[row][real])
            changed = np.sign(difference(ours[row][real])) != np.sign(gap)
            assert np.all(np.abs(gap[changed]) < INDISTINCT), f"sentence {row}"
            flipped += changed.sum()
        assert flipped > 0 or not differs[row], f"sentence {row}: tau differs, no pair does"


def difference(values):
    values = values.astype(np.float64)
    return values[:, None] - values[None, :]
