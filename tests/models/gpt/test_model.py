"""The GPT's passes: against the equations, against each other, and what may change what."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.errors import ConfigError, DataError, UserErrors
from attnjax.models.gpt import stack
from attnjax.models.gpt.block import causal_softmax
from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.model import build_gpt, decayed, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.outputs import forward
from tests.models.gpt import reference
from tests.models.gpt.tiny import (
    CLASSIFY,
    LENGTH,
    SEQUENCES,
    START,
    stacked,
    tiny,
    tiny_params,
    tiny_settings,
)

HEADS = list(SEQUENCES)


def by_seams(model, params, inputs):
    return jax.jit(forward, static_argnums=0)(model, params, inputs)


def test_equals_the_equations():
    """Every state and weight of three sequences of three lengths."""
    head = "multiple_choice"
    gpt, params, inputs = tiny(head)
    trace = jax.jit(gpt.trace)(params, inputs)
    exact = reference.float64(params)
    for row, ids in enumerate(SEQUENCES[head]):
        expected = reference.run(exact, ids, num_heads=2, num_tokens=23)
        here = slice(len(ids))
        np.testing.assert_allclose(
            trace.states[:, row, here], np.stack(expected.states), rtol=0, atol=1e-5
        )
        np.testing.assert_allclose(
            trace.attention[:, row, :, here, here], np.stack(expected.weights), rtol=0, atol=1e-5
        )


def test_a_loop_over_layers_changes_nothing(monkeypatch):
    """A CPU has one for more layers than these two alone."""
    gpt, params, inputs = tiny()
    in_a_row = jax.jit(gpt.trace)(params, inputs).states
    monkeypatch.setattr(stack, "UNROLLED", 1)
    looped = jax.jit(lambda params, inputs: gpt.trace(params, inputs).states)
    assert "while" in looped.lower(params, inputs).as_text()
    np.testing.assert_allclose(looped(params, inputs), in_a_row, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("head", "mode"),
    [
        *((head, "exact") for head in HEADS),
        pytest.param("similarity", "standard", marks=pytest.mark.slow),
    ],
)
def test_task_logits(head, mode):
    """Which states a head reads, and what it does with several."""
    gpt, params, inputs = tiny(head, mode=mode)
    exact = reference.float64(params)
    last = [
        reference.run(exact, ids, num_heads=2, num_tokens=23).states[-1][-1]
        for ids in SEQUENCES[head]
    ]
    if head == "language_model":
        expected = exact["table"] @ last[0]  # after the last token, not after padding
    elif head == "multiple_choice":
        expected = np.stack(last) @ exact["head"]["kernel"][:, 0] + exact["head"]["bias"]
    else:
        expected = sum(last) @ exact["head"]["kernel"] + exact["head"]["bias"]
    output = by_seams(gpt.model, params, inputs)
    np.testing.assert_allclose(output.logits, expected, rtol=0, atol=2e-5)
    fused = jax.jit(gpt.forward)(params, inputs)
    np.testing.assert_allclose(fused.logits, output.logits, rtol=0, atol=1e-5)
    rows, length = map(len, (inputs.token_ids, inputs.token_ids[0]))
    assert output.token_logits.shape == (rows, length, 35 if mode == "exact" else 23)
    for row, ids in enumerate(SEQUENCES[head]):
        here = slice(len(ids))
        np.testing.assert_allclose(
            fused.token_logits[row, here], output.token_logits[row, here], rtol=0, atol=1e-5
        )


def test_modes_have_the_same_logits_of_tokens():
    exact, standard = (tiny("classification", mode=mode) for mode in ("exact", "standard"))
    outputs = [jax.jit(one.gpt.forward)(exact.params, exact.inputs) for one in (exact, standard)]
    np.testing.assert_array_equal(outputs[0].logits, outputs[1].logits)
    np.testing.assert_allclose(
        outputs[0].token_logits[..., :23], outputs[1].token_logits, rtol=0, atol=1e-6
    )


@pytest.mark.slow
def test_both_passes_have_the_same_gradients():
    gpt, params, inputs = tiny("classification")

    def total(run, params):
        output = run(params, inputs)
        return jnp.sum(output.logits**2) + jnp.sum(
            jnp.where(inputs.mask[..., None], output.token_logits, 0)
        )

    seams = jax.jit(jax.grad(functools.partial(total, functools.partial(forward, gpt.model))))
    fused = jax.jit(jax.grad(functools.partial(total, gpt.forward)))
    for a, b in zip(jax.tree.leaves(seams(params)), jax.tree.leaves(fused(params)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_no_position_sees_a_later_one():
    """The gradients of each position's logits by later embeddings are exactly zero."""
    gpt, params, inputs = tiny("language_model")
    embeddings = gpt.model.embed(params, inputs)

    @jax.jit
    @jax.jacrev
    def slopes(embeddings):
        states = gpt.model.encode(params, embeddings, inputs)
        attention = gpt.model.attend(params, states, inputs)
        tokens = gpt.model.decode(params, states, attention, inputs).token_logits
        return jnp.sum(tokens[0] * jnp.arange(35.0)[None], axis=-1)

    reached = np.abs(slopes(embeddings))[:6, 0, :6].max(-1) > 0
    np.testing.assert_array_equal(reached, np.tri(6, dtype=bool))


def test_no_score_reaches_a_later_position():
    scores = jnp.full((1, 3, 3), -1e8).at[0, 0, 2].set(1e8)
    np.testing.assert_allclose(
        causal_softmax(scores)[0], [[1, 0, 0], [0.5, 0.5, 0], [1 / 3] * 3], rtol=1e-6
    )


@pytest.mark.parametrize("mode", ["exact", pytest.param("standard", marks=pytest.mark.slow)])
def test_padding_changes_nothing(mode):
    """Neither the output nor the noise depends on how far a sequence is padded."""
    results = []
    for length in (LENGTH, 12):
        gpt, params, inputs = tiny("multiple_choice", length=length, mode=mode)
        for seed in (0, 1):
            prepared = gpt.model.prepare(params, jax.random.key(seed))
            output = jax.jit(gpt.forward)(prepared, inputs, key=jax.random.key(10 + seed))
            results.append((output.logits, output.token_logits[:, :5]))
    for short, long in zip(results[:2], results[2:], strict=True):
        np.testing.assert_allclose(short[0], long[0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(short[1], long[1], rtol=0, atol=1e-5)
    assert np.abs(results[0][0] - results[1][0]).max() > 0.01  # there was noise


def test_batch_changes_nothing():
    gpt, params, one = tiny("classification")
    two = gpt_inputs(gpt.settings, [[START, 3, CLASSIFY]], length=LENGTH)
    batch = jax.jit(jax.vmap(gpt.forward, (None, 0)))(params, stacked(one, two))
    for row, inputs in enumerate((one, two)):
        alone = jax.jit(gpt.forward)(params, inputs)
        np.testing.assert_allclose(batch.logits[row], alone.logits, rtol=0, atol=1e-5)


def test_attention_is_a_distribution_where_a_position_exists():
    gpt, params, inputs = tiny("similarity")
    states = gpt.model.encode(params, gpt.model.embed(params, inputs), inputs)
    attention = jax.jit(gpt.model.attend)(params, states, inputs)
    assert attention.shape == (2, 2, 2, LENGTH, LENGTH)
    exists = np.broadcast_to(inputs.mask[None, :, None], (2, 2, 2, LENGTH))
    np.testing.assert_allclose(attention.sum(-1), exists, rtol=0, atol=1e-6)
    assert not attention[..., 6:].any()  # nobody looks at padding


@pytest.mark.parametrize("layer", [0, 1])
def test_one_weight_changes_what_it_may(layer):
    """A row of layer 0 reaches its own and later positions; one of the last layer itself."""
    gpt, params, inputs = tiny("language_model")
    states = gpt.model.encode(params, gpt.model.embed(params, inputs), inputs)
    attention = jax.jit(gpt.model.attend)(params, states, inputs)
    decode = jax.jit(gpt.model.decode)
    own = decode(params, states, attention, inputs).token_logits[0, :6]
    changed = attention.at[layer, 0, 1, 3, 1].add(0.1)
    other = decode(params, states, changed, inputs).token_logits[0, :6]
    moved = np.abs(own - other).max(-1) > 0
    expected = np.arange(6) >= 3 if layer == 0 else np.arange(6) == 3
    np.testing.assert_array_equal(moved, expected)


@pytest.mark.slow
def test_recomputing_blocks_gives_the_same_gradients(monkeypatch):
    """Both in a loop over the layers, which is what recomputing one needs on a CPU too."""
    monkeypatch.setattr(stack, "UNROLLED", 0)
    gradients = []
    for recompute in (False, True):
        gpt, params, inputs = tiny("classification", recompute=recompute)
        key = jax.random.key(5)

        @jax.jit
        @jax.grad
        def slopes(params, gpt=gpt, inputs=inputs, key=key):
            return jnp.sum(gpt.forward(params, inputs, key=key).logits ** 2)

        gradients.append(jax.tree.leaves(slopes(params)))
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_bfloat16_keeps_params_softmax_and_logits_in_float32():
    exact = tiny("classification")
    gpt, params, inputs = tiny("classification", dtype="bfloat16")
    assert gpt.settings.implementation == "xla" or jax.default_backend() == "gpu"
    trace = jax.jit(gpt.trace)(params, inputs)
    assert trace.attention.dtype == jnp.float32
    assert trace.states.dtype == jnp.bfloat16

    output = jax.jit(gpt.forward)(params, inputs)
    loss = jax.grad(lambda params: jnp.sum(gpt.forward(params, inputs).token_logits))
    slopes = jax.eval_shape(loss, params)
    assert {leaf.dtype for leaf in jax.tree.leaves(slopes)} == {jnp.dtype(jnp.float32)}
    assert output.token_logits.dtype == output.logits.dtype == jnp.float32
    wanted = jax.jit(exact.gpt.forward)(exact.params, exact.inputs)
    # Eight bits of mantissa, and states of about 1 in sums of 16 products.
    np.testing.assert_allclose(output.token_logits, wanted.token_logits, rtol=0, atol=0.1)
    assert np.abs(output.token_logits - wanted.token_logits).max() > 1e-4  # it was bfloat16


def test_initial_weights():
    settings = GPTSettings(
        vocabulary_size=200, context=50, num_layers=2, width=64, num_heads=1, head="classification"
    )
    params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(0))
    np.testing.assert_allclose(np.std(params["table"]), 0.02, rtol=0.05)
    blocks = params["blocks"]
    for part in ("qkv", "attention_output", "expand", "contract"):
        np.testing.assert_allclose(np.std(blocks[part]["kernel"]), 0.02, rtol=0.05)
        assert not blocks[part]["bias"].any()
    assert (blocks["mlp_norm"]["scale"] == 1).all()
    assert not np.array_equal(*blocks["qkv"]["kernel"])  # each layer has its own


def test_number_of_weights_is_the_release_s():
    shapes = jax.eval_shape(functools.partial(init_params, GPTSettings()), jax.random.key(0))
    count = sum(leaf.size for leaf in jax.tree.leaves(shapes))
    assert count == 116_534_784 + 3 * 768


def test_which_weights_are_decayed():
    """Kernels and the table; neither gains nor biases, although they are stacked by layer."""
    params = tiny("classification").params
    for path, flag in jax.tree_util.tree_leaves_with_path(decayed(params)):
        assert flag is (path[-1].key in ("kernel", "table")), path


def test_too_long_a_sequence():
    settings = tiny_settings()
    long = tiny_settings(context=20)
    inputs = gpt_inputs(long, [[1] * 15])
    with pytest.raises(DataError, match="padded to 15 positions; expected at most 12"):
        build_gpt(settings).forward(tiny_params(settings), inputs)


def test_wrong_number_of_sequences():
    gpt, params, _ = tiny("similarity")
    inputs = gpt_inputs(gpt.settings, SEQUENCES["classification"])
    with pytest.raises(DataError, match="found 1 sequences an instance; expected 2"):
        jax.eval_shape(gpt.forward, params, inputs)


def test_all_wrong_settings_are_named():
    settings = tiny_settings(
        num_heads=3, attention_dropout=1.0, head="tagging", dtype="float16", num_layers=0
    )
    with pytest.raises(UserErrors) as caught:
        build_gpt(settings)
    text = str(caught.value)
    for name in ("num_heads", "attention_dropout", "head", "dtype", "num_layers"):
        assert f"model.{name}: " in text
    with pytest.raises(ConfigError, match=r"model\.num_special: found 0; expected at least 3"):
        build_gpt(tiny_settings(head="similarity", num_special=0))
    with pytest.raises(ConfigError, match=r"model\.kernel: found 'cudnn'"):
        build_gpt(tiny_settings(kernel="cudnn"))


def test_wrong_ids_are_named():
    settings = tiny_settings()
    with pytest.raises(UserErrors) as caught:
        gpt_inputs(settings, [[1, 23], [], [4] * 13, [5]])
    text = str(caught.value)
    assert "sequence 0: found the id 23; expected 0 to 22" in text
    assert "sequence 1: found 0 tokens; expected 1 to 12" in text
    assert "sequence 2: found 13 tokens" in text
    assert "sequence 3" not in text
