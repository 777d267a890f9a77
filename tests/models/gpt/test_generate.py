"""Texts that a GPT writes, against its own logits taken step by step."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.gpt.generate import choose, generate
from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.model import build_gpt
from tests.models.gpt.tiny import tiny_params, tiny_settings

PROMPT = [5, 9, 3]


@pytest.mark.parametrize("mode", ["exact", "standard"])
def test_without_temperature_each_piece_is_the_most_probable_one(mode):
    """The reference encodes the text anew, without what comes after, at every step."""
    settings = tiny_settings(mode=mode)
    gpt, params = build_gpt(settings), tiny_params(settings)
    found = generate(
        params, np.array(PROMPT), jax.random.key(0), gpt=gpt, length=10, temperature=0.0
    )
    forward, text = jax.jit(gpt.forward), list(PROMPT)
    while len(text) < 10:
        logits = forward(params, gpt_inputs(settings, [text], length=10)).token_logits
        text.append(int(np.argmax(logits[0, len(text) - 1, : settings.vocabulary_size])))
    assert found.tolist() == text


def test_the_same_key_writes_the_same_text_and_another_one_another():
    settings = tiny_settings()
    gpt, params = build_gpt(settings), tiny_params(settings)
    texts = [
        generate(params, np.array(PROMPT), jax.random.key(seed), gpt=gpt, length=12).tolist()
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    assert all(text[:3] == PROMPT for text in texts)
    assert all(0 <= piece < settings.vocabulary_size for text in texts for piece in text)


def test_pieces_are_drawn_by_their_probabilities_among_the_most_probable():
    logits = jnp.log(jnp.array([0.1, 0.4, 0.2, 0.3]))
    keys = jax.random.split(jax.random.key(0), 4000)
    draw = jax.jit(jax.vmap(lambda key: choose(logits, key, temperature=0.5, top_k=2)))
    counts = Counter(np.asarray(draw(keys)).tolist())
    # Of the two most probable, at half the temperature: squares, 16 to 9.
    assert set(counts) == {1, 3}
    assert counts[1] / 4000 == pytest.approx(16 / 25, abs=0.03)
