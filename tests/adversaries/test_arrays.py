"""Four arrays from anywhere give the numbers of the model they were computed by."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.arrays import (
    attention_arrays,
    divergence_arrays,
    permute_arrays,
    search_arrays,
    tau_arrays,
)
from attnjax.adversaries.exact import exact_adversary, exact_adversary_of_model, readout_arrays
from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.search import SearchSettings, search
from attnjax.adversaries.slab import attention_reach
from attnjax.errors import UserError
from attnjax.measures.divergence import jensen_shannon
from attnjax.measures.kendall import kendall_taus
from tests.models.tiny import TEXTS, stacked, tiny

LENGTH = 9
SETTINGS = SearchSettings(candidates=3, steps=40)
KEY = jax.random.key(7)
# The same numbers computed in another program: float32 sums in another order.
CLOSE = 1e-6


@pytest.fixture(scope="module")
def kind():
    return tiny("average")


@pytest.fixture(scope="module")
def inputs():
    return stacked(TEXTS, LENGTH)


@pytest.fixture(scope="module")
def exported(kind, inputs):
    """What a user would export: plain NumPy arrays."""
    read = jax.jit(readout_arrays, static_argnums=0)
    attention, values, bias, where = jax.device_get(read(kind.model, kind.params, inputs))
    return {"attention": attention, "values": values, "bias": bias[0], "where": where}


def torch_tensors(arrays):
    torch = pytest.importorskip("torch")
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def by_dlpack_alone(arrays):
    """Return objects that know nothing but DLPack."""

    class Exchanged:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **keywords):
            return self.array.__dlpack__(**keywords)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    return {name: Exchanged(np.array(array)) for name, array in arrays.items()}


FORMS = {
    "numpy": dict,
    "jax": lambda arrays: {name: jnp.asarray(array) for name, array in arrays.items()},
    "torch": torch_tensors,
    "dlpack": by_dlpack_alone,
    "lists": lambda arrays: {name: array.tolist() for name, array in arrays.items()},
    "float64 and integers": lambda arrays: {
        name: array.astype(int if name == "where" else np.float64) for name, array in arrays.items()
    },
    "bias of every text": lambda arrays: {
        **arrays,
        "bias": np.repeat(arrays["bias"][None], len(arrays["where"]), axis=0),
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_any_form_of_array_is_the_same(exported, form):
    found = attention_arrays(**FORMS[form](exported))
    assert all(isinstance(array, jax.Array) for array in found)
    where = exported["where"]
    weights = np.asarray(exported["attention"], np.float64)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    np.testing.assert_array_equal(found.attention, weights)
    np.testing.assert_array_equal(
        found.values, np.where(where[..., None], exported["values"], 0).astype(np.float32)
    )
    np.testing.assert_array_equal(found.bias, np.repeat(exported["bias"][None], len(where), 0))
    np.testing.assert_array_equal(found.where, where)


def test_same_numbers_as_the_model(kind, inputs, exported):
    arrays = attention_arrays(**exported)
    model = (kind.model, kind.params, inputs)
    pairs = (
        (search_arrays(arrays, KEY, SETTINGS), search(*model, KEY, SETTINGS)),
        (
            permute_arrays(arrays, KEY, count=4),
            permutation_outputs(*model, KEY, count=4),
        ),
        (
            exact_adversary(*arrays, epsilons=(0.01,)),
            exact_adversary_of_model(*model, epsilons=(0.01,)),
        ),
    )
    for found, expected in pairs:
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=CLOSE)
    assert attention_reach(*arrays).output_change.shape == (len(TEXTS),)


def test_a_text_keeps_its_numbers_under_its_id(exported):
    arrays = attention_arrays(**exported)
    together = permute_arrays(arrays, KEY, count=4)
    alone = jax.tree.map(lambda array: array[2:3], arrays)
    found = permute_arrays(alone, KEY, count=4, instance_ids=np.array([2]))
    np.testing.assert_allclose(found.change[0], together.change[2], rtol=0, atol=CLOSE)


def test_tau_and_divergence_take_the_same_arrays(exported):
    draw = np.random.default_rng(0)
    scores, where = draw.normal(size=exported["where"].shape), exported["where"]
    attention = exported["attention"]
    uniform = np.where(where, 1 / where.sum(axis=1, keepdims=True), 0)
    forms = (dict, torch_tensors) if importlib.util.find_spec("torch") else (dict,)
    for form in forms:
        given = form({"scores": scores, "where": where, "own": attention, "other": uniform})
        tau = tau_arrays(given["own"], given["scores"], given["where"])
        expected = kendall_taus(*map(jnp.asarray, (attention, scores.astype(np.float32), where)))
        np.testing.assert_array_equal(tau.tau, expected.tau)
        jsd = divergence_arrays(given["own"], given["other"], given["where"])
        expected = jensen_shannon(*map(jnp.asarray, (attention, np.float32(uniform), where)))
        np.testing.assert_allclose(jsd, expected, rtol=0, atol=CLOSE)


def replaced(array, place, number):
    array = np.array(array, np.float64)
    array[place] = number
    return array


MISTAKES = {
    "logits": ("attention", lambda a: a["values"][..., 0], "attention: found"),
    "another length": ("attention", lambda a: a["attention"][:, 1:], r"expected \(4, 9\)"),
    "no axis of logits": ("values", lambda a: a["values"][..., 0], r"expected \(4, 9, C\)"),
    "a bias too long": ("bias", lambda a: np.zeros(2), r"bias: found the shape \(2,\)"),
    "a mask without rows": ("where", lambda a: a["where"][0], r"where: .* expected \(N, L\)"),
    "nan": ("attention", lambda a: replaced(a["attention"], (2, 1), np.nan), r"nan at \[2, 1\]"),
    "below 0": ("attention", lambda a: replaced(a["attention"], (2, 1), -0.1), r"-0.1 at \[2, 1\]"),
    "half": ("attention", lambda a: a["attention"] / 2, r"a sum of 0.5 in row 0 \(such rows: 4\)"),
    "an empty row": ("where", lambda a: replaced(a["where"], 3, 0), r"where: found none in row 3"),
    "a weighted mask": ("where", lambda a: a["where"] * 0.5, "true, false, 1 or 0"),
    "infinite": (
        "values",
        lambda a: replaced(a["values"], (0, 2, 0), np.inf),
        r"inf at \[0, 2, 0\]",
    ),
    "text": ("bias", lambda a: ["a"], "expected numbers"),
    "ragged": ("attention", lambda a: [[1.0], [0.5, 0.5]], "cannot be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told_with_their_row(exported, mistake):
    name, spoil, message = MISTAKES[mistake]
    with pytest.raises(UserError, match=message):
        attention_arrays(**{**exported, name: spoil(exported)})


def test_a_tensor_that_is_still_differentiated_is_refused(exported):
    tensors = torch_tensors(exported)
    tensors["values"].requires_grad_()
    with pytest.raises(UserError, match=r"values: .*tensor.detach\(\).cpu\(\)"):
        attention_arrays(**tensors)


def test_what_stands_at_padding_does_not_matter(exported):
    spoilt = exported["values"].copy()
    spoilt[~exported["where"]] = np.nan
    found = attention_arrays(**{**exported, "values": spoilt})
    np.testing.assert_array_equal(found.values, attention_arrays(**exported).values)
    assert np.all(np.isfinite(found.values))


def test_one_tau_needs_one_shape():
    with pytest.raises(UserError, match=r"second: found the shape \(1, 3\)"):
        tau_arrays(np.zeros((1, 2)), np.zeros((1, 3)), np.ones((1, 2)))


def test_weights_are_taken_for_a_distribution():
    """A sum that misses 1 by what is allowed must not be another problem for each adversary."""
    attention = np.array([[0.6, 0.3, 0.1]]) * 1.00009
    arrays = attention_arrays(attention, [[[1000.0], [1000.0], [900.0]]], [-990.0], [[1, 1, 1]])
    np.testing.assert_allclose(arrays.attention.sum(), 1, atol=1e-6)
    exact = exact_adversary(*arrays, epsilons=(0.01,)).jsd[0, 0]
    assert search_arrays(arrays, KEY, SETTINGS).winner_jsd[0] <= exact + 1e-6


def test_numbers_that_single_precision_cannot_hold_are_refused():
    with pytest.raises(UserError, match="finite values"):
        attention_arrays([[0.6, 0.4]], [[[1e39], [1.0]]], [0.0], [[1, 1]])
