"""Parts of a GPT's attention, and the package's own measures and adversaries on them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.adversaries.search import search
from attnjax.adversaries.settings import SearchSettings
from attnjax.errors import ConfigError, UserErrors
from attnjax.measures.gradients import gradient_importances
from attnjax.models.gpt.parts import (
    ALL,
    LAST_CLASSIFY_ROW,
    Part,
    classify_mask,
    classify_weights,
    put,
    restrict,
    take,
)
from attnjax.outputs import encode_inputs
from tests.models.gpt.tiny import stacked, tiny

PARTS = {
    "all": (ALL, (2, 3, 2, 9, 9)),
    "layer": (Part(layer=0), (1, 3, 2, 9, 9)),
    "last layer": (Part(layer=-1), (1, 3, 2, 9, 9)),
    "head": (Part(layer=1, head=-2), (1, 3, 1, 9, 9)),
    "classify row": (LAST_CLASSIFY_ROW, (1, 3, 2, 1, 9)),
    "classify row of a head": (Part(layer=1, head=1, classify_row=True), (1, 3, 1, 1, 9)),
    "classify rows": (Part(classify_row=True), (2, 3, 2, 1, 9)),
}


@pytest.fixture(scope="module")
def pair():
    """A model, params, and an instance of three sequences that end at different positions."""
    gpt, params, inputs = tiny("multiple_choice")
    states = encode_inputs(gpt.model, params, inputs)
    return gpt, params, inputs, states, jax.jit(gpt.model.attend)(params, states, inputs)


@pytest.mark.parametrize("name", PARTS)
def test_part_is_taken_and_put_back(pair, name):
    gpt, _, inputs, _, attention = pair
    part, shape = PARTS[name]
    where = classify_mask(gpt.settings, inputs)
    own = take(attention, part, where)
    assert own.shape == shape
    np.testing.assert_array_equal(put(attention, own, part, where), attention)
    other = put(attention, jnp.full(shape, -1.0), part, where)
    assert (other == -1).sum() == np.prod(shape)  # exactly its weights were replaced
    np.testing.assert_array_equal(take(other, part, where), -1.0)


def test_which_weights_a_part_is(pair):
    gpt, _, inputs, _, attention = pair
    where = classify_mask(gpt.settings, inputs)
    rows = take(attention, LAST_CLASSIFY_ROW, where)
    np.testing.assert_array_equal(rows[0, 0, :, 0], attention[1, 0, :, 5])
    np.testing.assert_array_equal(rows[0, 1, :, 0], attention[1, 1, :, 7])
    np.testing.assert_array_equal(take(attention, Part(1, -2), where)[0, :, 0], attention[1, :, 0])
    means = classify_weights(gpt.settings, attention, inputs)
    np.testing.assert_allclose(means[:, 1], attention[:, 1, :, 7].mean(1), rtol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "classify rows",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("layer", "head", "classify row", "classify row of a head")
        ),
    ],
)
def test_restricted_model_is_the_whole_one_with_a_part_replaced(pair, name):
    gpt, params, inputs, states, attention = pair
    part, shape = PARTS[name]
    model = restrict(gpt, part)
    assert restrict(gpt, part) is model  # or functions jitted with it would compile again
    given = jnp.where(take(attention, part, classify_mask(gpt.settings, inputs)) > 0, 1 / 9, 0.0)
    assert given.shape == shape
    whole = put(attention, given, part, classify_mask(gpt.settings, inputs))
    expected = jax.jit(gpt.model.decode)(params, states, whole, inputs).logits
    states = encode_inputs(model, params, inputs)
    found = jax.jit(model.decode)(params, states, given, inputs).logits
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    own = jax.jit(gpt.forward)(params, inputs).logits
    assert np.abs(found - own).max() > 0.01


@pytest.mark.slow
def test_search_and_gradients_run_on_a_gpt():
    """The adversary finds other weights of the classify row; it cannot look at padding."""
    gpt, params, inputs = tiny("classification")
    batch = stacked(inputs, inputs)
    model = restrict(gpt, LAST_CLASSIFY_ROW)
    settings = SearchSettings(candidates=2, steps=4)
    result = search(model, params, batch, key=jax.random.key(0), settings=settings)
    best = result.attention
    assert jax.tree.leaves(best)[0].shape[-5:] == (1, 1, 2, 1, 9)
    np.testing.assert_allclose(np.sum(best, axis=-1), 1.0, atol=1e-5)
    assert not np.asarray(best)[..., 6:].any()
    importances = gradient_importances(gpt.model, params, batch)
    assert importances.shape == (2, 9)
    assert np.all(importances[:, :6] != 0)
    assert not importances[:, 6:].any()  # padding reaches nothing


def test_parts_that_do_not_exist():
    gpt = tiny("classification").gpt
    with pytest.raises(UserErrors) as caught:
        restrict(gpt, Part(layer=2, head=-3))
    assert "part.layer: found 2; expected one of the model's 2, from 0 to 1" in str(caught.value)
    assert "part.head: found -3" in str(caught.value)
    with pytest.raises(ConfigError, match="a model of a task"):
        restrict(tiny("language_model").gpt, LAST_CLASSIFY_ROW)
