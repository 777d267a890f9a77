import dataclasses

import jax
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.errors import ConfigError, DataError
from attnjax.models.build import build_model
from attnjax.models.inputs import single_inputs
from tests.models.tiny import KINDS, tiny

CONFIG = ModelConfig(embedding_size=6, hidden_size=8)


def initialise(model):
    return jax.jit(model.init)(jax.random.key(0), single_inputs([2, 7, 3]))


@pytest.mark.parametrize(("encoder", "attention"), KINDS)
def test_params_have_the_four_parts(encoder, attention):
    params = tiny(encoder, attention).params
    assert set(params) == {"embedding", "encoder", "attention", "decoder"}
    assert bool(params["attention"]) == (attention in ("additive", "dot"))


def test_equal_arguments_give_the_same_model():
    first = build_model(CONFIG, vocabulary_size=9, num_classes=2)
    same = dataclasses.replace(CONFIG, freeze_embeddings=True, weights="x.npz")
    assert build_model(same, vocabulary_size=9, num_classes=2) is first
    assert build_model(CONFIG, vocabulary_size=9, num_classes=3) != first
    hash(first)


def test_two_classes_are_one_logit():
    for num_classes, num_logits in ((2, 1), (3, 3)):
        params = initialise(build_model(CONFIG, vocabulary_size=9, num_classes=num_classes))
        assert params["decoder"]["bias"].shape == (num_logits,)


class TestVectors:
    vectors = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)

    def test_are_the_embeddings_but_for_padding(self):
        model = build_model(CONFIG, vocabulary_size=9, num_classes=2, vectors=self.vectors)
        table = initialise(model)["embedding"]["table"]
        np.testing.assert_array_equal(table[1:], self.vectors[1:])
        np.testing.assert_array_equal(table[0], 0.0)

    def test_change_nothing_else(self):
        plain = build_model(CONFIG, vocabulary_size=9, num_classes=2)
        model = build_model(CONFIG, vocabulary_size=9, num_classes=2, vectors=self.vectors)
        a, b = initialise(plain), initialise(model)
        np.testing.assert_array_equal(a["decoder"]["kernel"], b["decoder"]["kernel"])
        assert model._replace(init=plain.init) == plain

    def test_equal_vectors_give_equal_models(self):
        first, second, other = (
            build_model(CONFIG, vocabulary_size=9, num_classes=2, vectors=vectors)
            for vectors in (self.vectors, self.vectors.copy(), self.vectors + 1)
        )
        assert first == second
        assert hash(first) == hash(second)
        assert first != other

    def test_of_another_width_are_refused(self):
        with pytest.raises(DataError, match=r"shape \[9, 5\].*\[9, 6\].*embedding_size"):
            build_model(CONFIG, vocabulary_size=9, num_classes=2, vectors=self.vectors[:, :5])


def test_sizes_that_cannot_be_are_refused():
    odd = ModelConfig(encoder="cnn", hidden_size=10)
    with pytest.raises(ConfigError, match=r"config\.model\.hidden_size: found 10"):
        build_model(odd, vocabulary_size=9, num_classes=2)
    with pytest.raises(DataError, match="at least 2"):
        build_model(CONFIG, vocabulary_size=9, num_classes=1)


@pytest.mark.parametrize(
    ("encoder", "leaf", "fan_in"),
    [
        ("lstm", ("encoder", "input_kernel"), 128),
        ("cnn", ("encoder", "width_5", "kernel"), 5 * 50),
        ("average", ("encoder", "projection", "bias"), 50),
        ("lstm", ("attention", "hidden", "kernel"), 256),
        ("lstm", ("decoder", "kernel"), 256),
    ],
)
def test_weights_start_uniform_by_their_width(encoder, leaf, fan_in):
    config = ModelConfig(encoder=encoder, embedding_size=50)
    values = initialise(build_model(config, vocabulary_size=9, num_classes=2))
    for key in leaf:
        values = values[key]
    bound = fan_in**-0.5
    assert 0.9 * bound < np.abs(values).max() <= bound
    assert np.abs(np.mean(values)) < 0.2 * bound


def test_embeddings_start_standard_normal():
    model = build_model(ModelConfig(embedding_size=50), vocabulary_size=400, num_classes=2)
    table = np.asarray(initialise(model)["embedding"]["table"])
    np.testing.assert_array_equal(table[0], 0.0)
    assert table[1:].std() == pytest.approx(1.0, abs=0.02)  # 20,000 draws: deviation 0.005
