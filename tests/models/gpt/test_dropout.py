"""Where the release and Hugging Face drop, and that each place is dropped alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.noise import weight_dropout
from attnjax.outputs import encode_inputs
from tests.models.gpt.tiny import CLASSIFY, LENGTH, START, tiny

NONE = dict.fromkeys(
    ("embedding_dropout", "attention_dropout", "residual_dropout", "classifier_dropout"), 0.0
)


def test_exact_mode_drops_the_table_once_for_input_and_output():
    gpt, params, inputs = tiny(**NONE | {"embedding_dropout": 0.5})
    prepared = gpt.model.prepare(params, jax.random.key(1))
    table, own = prepared["table"], params["table"]
    kept = table != 0
    np.testing.assert_allclose(table, np.where(kept, 2 * own, 0), rtol=1e-6)
    assert 0.4 < kept.mean() < 0.6
    # The embeddings are sums of its rows, and a key of theirs changes nothing more.
    ids = inputs.token_ids[0]
    embedded = gpt.model.embed(prepared, inputs, key=jax.random.key(2))
    np.testing.assert_array_equal(embedded[0], table[ids] + table[23 : 23 + len(ids)])
    # So are the logits: the table alone differs between these two.
    output = jax.jit(gpt.forward)(prepared, inputs, key=jax.random.key(3))
    last = jax.jit(gpt.trace)(prepared, inputs).states[-1]
    np.testing.assert_allclose(output.token_logits[0], last[0] @ table.T, rtol=0, atol=1e-5)
    assert gpt.model.prepare(params, None) is params


def test_standard_mode_drops_the_summed_embeddings_alone():
    gpt, params, inputs = tiny(mode="standard", **NONE | {"embedding_dropout": 0.5})
    assert gpt.model.prepare(params, jax.random.key(1)) is params
    own = gpt.model.embed(params, inputs)
    embedded = gpt.model.embed(params, inputs, key=jax.random.key(2))
    kept = embedded != 0
    np.testing.assert_allclose(embedded, np.where(kept, 2 * own, 0), rtol=1e-6)
    assert 0.3 < kept.mean() < 0.7


@pytest.mark.parametrize(("mode", "shared"), [("exact", True), ("standard", False)])
def test_choices_share_a_mask(mode, shared):
    """Two equal choices have equal logits where their masks are the same."""
    gpt, params, _ = tiny("multiple_choice", mode=mode, **NONE | {"classifier_dropout": 0.5})
    inputs = gpt_inputs(gpt.settings, [[START, 3, CLASSIFY]] * 2, length=LENGTH)
    run = jax.jit(gpt.forward)
    logits = run(params, inputs, key=jax.random.key(0)).logits
    assert bool(logits[0] == logits[1]) is shared
    assert not np.allclose(logits, run(params, inputs, key=jax.random.key(1)).logits)


@pytest.mark.parametrize("place", ["attention_dropout", "residual_dropout"])
def test_dropout_inside_blocks(place):
    """It differs between equal sequences."""
    gpt, params, _ = tiny("similarity", **NONE | {place: 0.5})
    inputs = gpt_inputs(gpt.settings, [[START, 3, 4, CLASSIFY]] * 2, length=LENGTH)
    noisy = jax.jit(gpt.forward)(params, inputs, key=jax.random.key(0)).token_logits
    assert not np.allclose(noisy[0], noisy[1], atol=1e-2)


@pytest.mark.slow
def test_seams_with_one_key_are_the_fused_pass():
    """The weights that `attend` gives are dropped in `decode`, as in the fused pass."""
    gpt, params, inputs = tiny("classification", embedding_dropout=0.0)

    @jax.jit
    def run(params, key, same_key):
        states = encode_inputs(gpt.model, params, inputs)
        _, own = jax.random.split(key)
        _, same = jax.random.split(same_key)
        attention = gpt.model.attend(params, states, inputs, key=own)
        return gpt.model.decode(params, states, attention, inputs, key=same)

    key = jax.random.key(4)
    output = run(params, key, jax.random.key(4))
    fused = jax.jit(gpt.forward)(params, inputs, key=jax.random.key(4))
    np.testing.assert_allclose(output.logits, fused.logits, rtol=0, atol=1e-5)


def test_weight_dropout():
    """Scaled so that the mean stays; a draw for fewer positions is part of a larger one."""
    ones = jnp.ones((3, 40, 40))
    dropped = jax.jit(weight_dropout, static_argnums=1)(ones, 0.25, jax.random.key(0))
    np.testing.assert_allclose(np.unique(dropped), [0, 4 / 3], rtol=1e-6)
    # 4,800 draws: the standard deviation of their mean is 0.008.
    np.testing.assert_allclose(dropped.mean(), 1.0, atol=0.03)
    assert not np.array_equal(dropped[0], dropped[1])
    assert not np.array_equal(dropped[0, 0], dropped[0, 1])
    short = weight_dropout(jnp.ones((3, 9, 9)), 0.25, jax.random.key(0))
    np.testing.assert_array_equal(short, dropped[:, :9, :9])
