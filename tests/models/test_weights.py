import chex
import jax
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.errors import WeightsError
from attnjax.models.build import ENCODERS
from attnjax.models.release_names import release_places
from attnjax.models.weights import (
    model_config_from_release,
    params_from_release,
    params_to_release,
)
from tests.models.tiny import KINDS, VOCABULARY, tiny

SIZES = {"embedding_size": 6, "hidden_size": 8}


def config_of(encoder, attention="additive", **sizes):
    return ModelConfig(encoder=encoder, attention=attention, **(SIZES | sizes))


def state_of(encoder="lstm", attention="additive"):
    return dict(params_to_release(tiny(encoder, attention).params))


def convert(state, config, vocabulary_size=VOCABULARY, num_classes=2):
    return params_from_release(
        state, config, vocabulary_size=vocabulary_size, num_classes=num_classes
    )


@pytest.mark.parametrize(("encoder", "attention"), KINDS)
def test_there_and_back(encoder, attention):
    params = tiny(encoder, attention).params
    again = convert(params_to_release(params), config_of(encoder, attention))
    chex.assert_trees_all_equal(again, jax.tree.map(np.asarray, params))


@pytest.mark.parametrize("attention", ["additive", "dot", "uniform"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_kind_and_sizes_are_read_from_names_and_shapes(encoder, attention):
    config = model_config_from_release(state_of(encoder, attention))
    assert config == config_of(encoder, attention)


def test_several_classes():
    params = tiny("cnn", num_classes=3).params
    again = convert(params_to_release(params), config_of("cnn"), num_classes=3)
    chex.assert_trees_all_equal(again, jax.tree.map(np.asarray, params))


def test_names_and_shapes_are_the_released_ones():
    """Written out from what the released code saves, at its own sizes."""
    places = release_places(ModelConfig(), vocabulary_size=1612, num_classes=2)
    assert {name: place.shape for name, place in places.items()} == {
        "encoder.embedding.weight": (1612, 300),
        "encoder.rnn.weight_ih_l0": (512, 300),
        "encoder.rnn.weight_hh_l0": (512, 128),
        "encoder.rnn.bias_ih_l0": (512,),
        "encoder.rnn.bias_hh_l0": (512,),
        "encoder.rnn.weight_ih_l0_reverse": (512, 300),
        "encoder.rnn.weight_hh_l0_reverse": (512, 128),
        "encoder.rnn.bias_ih_l0_reverse": (512,),
        "encoder.rnn.bias_hh_l0_reverse": (512,),
        "decoder.linear_1.weight": (1, 256),
        "decoder.linear_1.bias": (1,),
        "decoder.attention.attn1.weight": (128, 256),
        "decoder.attention.attn1.bias": (128,),
        "decoder.attention.attn2.weight": (1, 128),
    }


class TestMistakes:
    def message(self, state, config, **sizes):
        with pytest.raises(WeightsError) as caught:
            convert(state, config, **sizes)
        assert "What to do:" in str(caught.value)
        return str(caught.value)

    def test_everything_that_does_not_fit_is_listed_at_once(self):
        state = state_of()
        del state["decoder.linear_1.bias"], state["encoder.rnn.bias_hh_l0"]
        state["encoder.extra"] = np.zeros(3, np.float32)
        state["decoder.linear_1.weight"] = np.zeros((2, 16), np.float32)
        state["decoder.attention.attn1.bias"] = np.full(8, np.nan, np.float32)
        state["decoder.attention.attn2.weight"] = np.zeros((1, 9), np.float32)
        text = self.message(state, config_of("lstm"))
        for part in (
            "missing: encoder.rnn.bias_hh_l0, decoder.linear_1.bias",
            "not of this model: encoder.extra",
            "decoder.linear_1.weight [2, 16] instead of [1, 16]",
            "decoder.attention.attn2.weight [1, 9] instead of [1, 8]",
            "with NaN or infinite numbers: decoder.attention.attn1.bias",
        ):
            assert part in text

    def test_another_encoder(self):
        text = self.message(state_of("cnn"), config_of("lstm"))
        assert "weights of the encoder 'cnn'" in text
        assert "--config.model.encoder=cnn" in text

    def test_another_attention(self):
        text = self.message(state_of("lstm", "dot"), config_of("lstm"))
        assert "--config.model.attention=dot" in text

    def test_another_vocabulary(self):
        text = self.message(state_of(), config_of("lstm"), vocabulary_size=20)
        assert "encoder.embedding.weight [13, 6] instead of [20, 6]" in text
        assert "know 13 words and the data's vocabulary has 20" in text
        assert "--config.data.vocabulary" in text

    def test_another_hidden_size(self):
        text = self.message(state_of(), config_of("lstm", hidden_size=4))
        assert "encoder.rnn.weight_ih_l0 [32, 6] instead of [16, 6]" in text

    def test_another_number_of_classes(self):
        text = self.message(state_of(), config_of("lstm"), num_classes=3)
        assert "decoder.linear_1.bias [1] instead of [3]" in text

    def test_not_numbers(self):
        state = state_of() | {"decoder.linear_1.bias": np.array(["a"])}
        assert "not floating-point" in self.message(state, config_of("lstm"))

    def test_no_such_model(self):
        state = {"transformer.h.0.weight": np.zeros(2)}
        text = self.message(state, config_of("lstm"))
        assert "transformer.h.0.weight" in text
        assert "encoder.rnn.weight_ih_l0" in text
