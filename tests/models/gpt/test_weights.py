"""Weights in the release's and Hugging Face's layout: round trips, transfers, every mistake."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from attnjax.errors import UserError, UserErrors, WeightsError
from attnjax.models.gpt.weights import export, transfer
from attnjax.models.gpt.weights_huggingface import read_huggingface, write_huggingface
from attnjax.models.gpt.weights_names import body_shapes
from attnjax.models.gpt.weights_release import read_release
from tests.models.gpt.tiny import tiny_params, tiny_settings

SHAPES = [[12, 16], [20, 16]] + 2 * [
    *([1, 16, 48], [48], [1, 16, 16], [16], [16], [16]),
    *([1, 16, 64], [64], [1, 64, 16], [16], [16], [16]),
]
"""Of two blocks of a width of 16: positions, tokens, then attention, norm, MLP, norm."""


def write_release(folder, arrays, shapes=SHAPES):
    """Write arrays as the release has them: ten pieces of one long vector."""
    folder.mkdir(exist_ok=True)
    flat = np.concatenate([array.ravel() for array in arrays])
    for number, piece in enumerate(np.array_split(flat, 10)):
        np.save(folder / f"params_{number}.npy", piece)
    (folder / "params_shapes.json").write_text(json.dumps(shapes))
    return folder


def random_arrays(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]


@pytest.fixture
def release(tmp_path):
    return write_release(tmp_path / "model", random_arrays())


def message(call):
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(one, other)


def test_release_to_ours_to_hugging_face_to_ours(release, tmp_path):
    """Bit for bit, special tokens and the task's layer included."""
    settings = tiny_settings(head="classification")
    initial = tiny_params(settings)
    ours = transfer(read_release(release, num_heads=2), settings, initial)
    assert ours.fresh == ("special tokens", "task layer")
    assert ours.unused == ()
    write_huggingface(tmp_path / "hf", ours.params, settings)
    found = read_huggingface(tmp_path / "hf")
    assert found.settings == dataclasses.replace(settings, mode="standard")
    again = transfer(found, settings, tiny_params(settings, seed=1))
    assert again.fresh == again.unused == ()
    same(again.params, ours.params)
    # And so back to the release's arrays.
    arrays = export(again.params, settings).arrays
    for name, array in zip(body_shapes(settings), random_arrays(), strict=True):
        expected = array[0] if array.ndim == 3 else array
        rows = len(expected) if name == "tokens_embed.weight" else None
        np.testing.assert_array_equal(arrays[name][:rows], expected)


def test_where_each_array_of_the_release_goes(release):
    settings = tiny_settings()
    initial = tiny_params(settings)
    params = transfer(read_release(release, num_heads=2), settings, initial).params
    arrays = random_arrays()
    np.testing.assert_array_equal(params["table"][:20], arrays[1])
    np.testing.assert_array_equal(params["table"][20:23], initial["table"][20:23])
    np.testing.assert_array_equal(params["table"][23:], arrays[0])
    second = arrays[14:]
    for number, (part, leaf) in enumerate(
        [
            ("qkv", "kernel"),
            ("qkv", "bias"),
            ("attention_output", "kernel"),
            ("attention_output", "bias"),
            ("attention_norm", "scale"),
            ("attention_norm", "bias"),
            ("expand", "kernel"),
            ("expand", "bias"),
            ("contract", "kernel"),
            ("contract", "bias"),
            ("mlp_norm", "scale"),
            ("mlp_norm", "bias"),
        ]
    ):
        expected = second[number].reshape(second[number].shape[-2:])
        np.testing.assert_array_equal(params["blocks"][part][leaf][1], expected)


@pytest.mark.parametrize("num_layers", [-1, 0, 1, 2])
def test_number_of_transferred_layers(release, num_layers):
    settings = tiny_settings(context=7)  # the first seven positions
    initial = tiny_params(settings)
    found = transfer(read_release(release, num_heads=2), settings, initial, num_layers=num_layers)
    kernel, own = (one["blocks"]["qkv"]["kernel"] for one in (found.params, initial))
    count = max(num_layers, 0)
    np.testing.assert_array_equal(kernel[count:], own[count:])
    changed = (np.asarray(kernel != own)).all(axis=(1, 2))
    np.testing.assert_array_equal(changed, np.arange(2) < count)
    fresh = {f"block {layer}" for layer in range(count, 2)}
    if num_layers == -1:
        same(found.params, initial)
        assert set(found.fresh) == {"table"} | fresh
        assert len(found.unused) == 26
    else:
        np.testing.assert_array_equal(found.params["table"][23:], random_arrays()[0][:7])
        assert set(found.fresh) == {"special tokens"} | fresh
        assert len(found.unused) == 12 * (2 - count)


def test_every_size_that_does_not_fit_is_named(release):
    settings = tiny_settings(width=32, num_heads=4, vocabulary_size=21, context=13, num_layers=3)
    text = message(lambda: transfer(read_release(release, num_heads=2), settings, {}, num_layers=3))
    for name in ("width", "num_heads", "vocabulary_size", "context", "num_transferred"):
        assert f"weights, {name}: " in text
    assert "3 layers to transfer; expected -1 to 2" in text


def test_head_of_another_size_stays_fresh(release, tmp_path):
    two = tiny_settings(head="classification")
    write_huggingface(tmp_path / "hf", tiny_params(two), two)
    three = tiny_settings(head="similarity", num_logits=3)
    initial = tiny_params(three, seed=1)
    found = transfer(read_huggingface(tmp_path / "hf"), three, initial)
    assert found.fresh == ("task layer",)
    assert set(found.unused) == {"score.weight", "score.bias"}
    same(found.params["head"], initial["head"])


def test_the_released_shapes(shared_data):
    """The list of shapes that is published is that of our default model."""
    shapes = json.loads((shared_data / "gpt1" / "params_shapes.json").read_text())
    settings = dataclasses.replace(tiny_settings(), vocabulary_size=40478, num_special=0)
    settings = dataclasses.replace(settings, context=512, num_layers=12, num_heads=12, width=768)
    ours = [list(shape) for shape in body_shapes(settings).values()]
    assert [shape[1:] if len(shape) == 3 else shape for shape in shapes] == ours


def test_missing_surplus_and_damaged_pieces_are_named_together(release):
    (release / "params_3.npy").unlink()
    (release / "params_10.npy").write_bytes(b"")
    (release / "params_5.npy").write_bytes((release / "params_5.npy").read_bytes()[:-7])
    np.save(release / "params_6.npy", np.zeros((2, 2), np.float32))
    np.save(release / "params_7.npy", np.array([{}], dtype=object), allow_pickle=True)
    (release / "params_shapes.json").write_text("[[1, 0]]")
    with pytest.raises(UserErrors) as caught:
        read_release(release)
    text = str(caught.value)
    assert "params_3.npy: found no such file" in text
    assert "found also params_10.npy" in text
    assert "params_5.npy: found an unreadable file" in text
    assert "params_6.npy: found float32 [2, 2]" in text
    assert "params_7.npy: found an unreadable file (Object arrays cannot be loaded" in text
    assert "params_shapes.json: found something else" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda flat: flat[:-1], "7071 numbers in 10 files; expected 7072"),
        (lambda flat: np.append(flat, 0), "7073 numbers in 10 files; expected 7072"),
        (lambda flat: np.append(flat[1:], np.nan), "NaN or infinite"),
    ],
)
def test_numbers_of_the_release(tmp_path, change, expected):
    flat = change(np.concatenate([array.ravel() for array in random_arrays()]))
    folder = write_release(tmp_path / "model", [flat.astype(np.float32)])
    assert expected in message(lambda: read_release(folder, num_heads=2))


def test_every_other_shape_of_the_release_is_named(tmp_path):
    shapes = [list(shape) for shape in SHAPES]
    shapes[2], shapes[15] = [1, 16, 32], [32]
    folder = write_release(tmp_path / "model", random_arrays(), shapes)
    text = message(lambda: read_release(folder, num_heads=2))
    assert "h.0.attn.c_attn.weight [1, 16, 32] instead of [16, 48]" in text
    assert "h.1.attn.c_attn.bias [32] instead of [48]" in text
    folder = write_release(tmp_path / "model", random_arrays(), SHAPES[:-1])
    assert "25 shapes" in message(lambda: read_release(folder, num_heads=2))
    folder = write_release(tmp_path / "model", random_arrays(), SHAPES)
    assert "a width of 16" in message(lambda: read_release(folder))


@pytest.fixture
def hugging_face(tmp_path):
    settings = tiny_settings(head="multiple_choice", mode="standard")
    write_huggingface(tmp_path / "hf", tiny_params(settings), settings)
    return tmp_path / "hf"


def test_every_array_that_does_not_fit_is_named(hugging_face):
    path = hugging_face / "model.safetensors"
    state = load_file(path)
    del state["transformer.h.0.ln_1.bias"], state["transformer.h.1.ln_1.bias"]
    state["transformer.h.2.ln_1.bias"] = np.zeros(16, np.float32)
    state["transformer.h.0.mlp.c_fc.bias"] = np.zeros(3, np.float32)
    state["transformer.h.1.mlp.c_fc.bias"] = np.full(64, np.nan, np.float32)
    state["transformer.h.0.attn.bias"] = np.zeros(4, np.float32)  # a constant, no weight
    save_file(state, path)
    text = message(lambda: read_huggingface(hugging_face))
    assert "missing: h.0.ln_1.bias, h.1.ln_1.bias;" in text
    assert "not of this model: h.2.ln_1.bias;" in text
    assert "of another shape: h.0.mlp.c_fc.bias [3] instead of [64];" in text
    assert "with NaN or infinite numbers: h.1.mlp.c_fc.bias;" in text
    assert "attn.bias" not in text.replace("c_attn.bias", "")


def test_output_that_is_not_tied_is_refused(hugging_face):
    path = hugging_face / "model.safetensors"
    state = load_file(path)
    tokens = state["transformer.tokens_embed.weight"]
    save_file(state | {"lm_head.weight": tokens}, path)
    assert read_huggingface(hugging_face).settings.head == "multiple_choice"
    save_file(state | {"lm_head.weight": tokens + 1}, path)
    assert "another lm_head.weight" in message(lambda: read_huggingface(hugging_face))
    del state["transformer.tokens_embed.weight"]
    save_file(state | {"lm_head.weight": tokens}, path)
    arrays = read_huggingface(hugging_face).arrays
    np.testing.assert_array_equal(arrays["tokens_embed.weight"], tokens)


def test_every_field_of_the_config_that_does_not_fit_is_named(hugging_face):
    path = hugging_face / "config.json"
    config = json.loads(path.read_text())
    wrong = {"model_type": "gpt2", "afn": "relu", "n_layer": 0, "attn_pdrop": 2, "n_embd": "16"}
    path.write_text(json.dumps(config | wrong))
    text = message(lambda: read_huggingface(hugging_face))
    for name in wrong:
        assert f"config.json: found {name} " in text
    path.write_text("{")
    assert "config.json: found " in message(lambda: read_huggingface(hugging_face))
    path.unlink()
    assert "config.json: found no such file" in message(lambda: read_huggingface(hugging_face))


def test_pickled_weights_are_refused(hugging_face):
    (hugging_face / "model.safetensors").rename(hugging_face / "pytorch_model.bin")
    text = message(lambda: read_huggingface(hugging_face))
    assert "no such file, but pytorch_model.bin" in text


def test_nothing_is_overwritten(hugging_face):
    settings = tiny_settings(head="multiple_choice")
    before = (hugging_face / "model.safetensors").read_bytes()
    with pytest.raises(WeightsError, match=r"config\.json already there"):
        write_huggingface(hugging_face, tiny_params(settings), settings)
    assert (hugging_face / "model.safetensors").read_bytes() == before
    assert sorted(p.name for p in hugging_face.iterdir()) == ["config.json", "model.safetensors"]
