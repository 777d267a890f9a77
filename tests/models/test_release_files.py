"""Files of weights: each format, and every way in which one can be wrong."""

import pickle
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from attnjax.errors import WeightsError
from attnjax.models.release_files import load_release_weights

STATE = {
    "decoder.linear_1.weight": np.arange(4, dtype=np.float32).reshape(1, 4),
    "decoder.linear_1.bias": np.array([0.5], np.float32),
}


def check(state):
    assert set(state) == set(STATE)
    for name, array in STATE.items():
        np.testing.assert_array_equal(state[name], array)


def message(path):
    with pytest.raises(WeightsError) as caught:
        load_release_weights(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["", "weights/"])
def test_npz(tmp_path, prefix):
    other = {"token_ids": np.zeros(3)} if prefix else {}
    np.savez(tmp_path / "w.npz", **{prefix + name: a for name, a in STATE.items()}, **other)
    check(load_release_weights(tmp_path / "w.npz"))


@pytest.mark.parametrize("prefix", ["", "weights/"])
def test_safetensors(tmp_path, prefix):
    path = tmp_path / "w.safetensors"
    save_file({prefix + name: array for name, array in STATE.items()}, path)
    check(load_release_weights(str(path)))


class Loud:
    """Whoever unpickles one of these runs code."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ["w.pkl", "w.npz", "w.safetensors", "w.bin"])
def test_pickle_is_refused(tmp_path, name, protocol):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"a": Loud()}, protocol=protocol))
    text = message(path)
    if protocol >= 2 or name == "w.pkl":  # the older ones have no mark and are just no archive
        assert "found a pickle" in text
        assert "runs whatever code" in text


def test_array_of_objects_is_refused(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, **STATE, extra=np.array([Loud()], dtype=object))
    assert "that is, a pickle" in message(path)


def test_missing_file(tmp_path):
    assert "no such file" in message(tmp_path / "w.npz")
    assert "no such file" in message(tmp_path)  # a folder without the two files


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_damaged_file(tmp_path, suffix):
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".npz":
        np.savez(whole, **STATE)
    else:
        save_file(STATE, whole)
    content = whole.read_bytes()
    for cut in (0, 5, len(content) // 2, len(content) - 3):
        path.write_bytes(content[:cut])
        assert "unreadable file" in message(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_changed_bytes_of_an_npz_give_an_error_or_arrays(tmp_path, save):
    path, draw = tmp_path / "w.npz", np.random.default_rng(0)
    save(path, **STATE)
    content = path.read_bytes()
    num_errors = 0
    for _ in range(200):
        changed = bytearray(content)
        for position in draw.integers(len(content), size=3):
            changed[position] = draw.integers(256)
        path.write_bytes(changed)
        try:
            load_release_weights(path)
        except WeightsError:
            num_errors += 1
    assert num_errors > 100


def test_npz_with_something_else_inside(tmp_path):
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "readme.txt is no array" in message(path)


def test_single_array_named_npz(tmp_path):
    path = tmp_path / "w.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    assert "not a zip archive" in message(path)


def test_flipped_byte_in_an_npz(tmp_path):
    path = tmp_path / "w.npz"
    np.savez(path, **STATE)
    content = bytearray(path.read_bytes())
    content[content.index(np.float32(3.0).tobytes())] ^= 0xFF
    path.write_bytes(content)
    assert "unreadable file" in message(path)


def test_unknown_format(tmp_path):
    path = tmp_path / "w.h5"
    path.write_bytes(b"\x89HDF")
    assert ".npz, .safetensors" in message(path)


def test_without_pytorch_its_files_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # makes `import torch` fail
    path = tmp_path / "w.pt"
    path.write_bytes(b"PK")
    text = message(path)
    assert "PyTorch is not installed" in text
    assert "attnjax[parity]" in text


class TestPyTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    def tensors(self, torch, part=""):
        return {
            name.removeprefix(part): torch.tensor(array)
            for name, array in STATE.items()
            if name.startswith(part)
        }

    @pytest.mark.parametrize("zipped", [True, False])
    def test_state_dict(self, tmp_path, torch, zipped):
        path = tmp_path / "w.th"
        torch.save(self.tensors(torch), path, _use_new_zipfile_serialization=zipped)
        check(load_release_weights(path))

    def test_nested_state_dicts(self, tmp_path, torch):
        torch.save({"decoder": self.tensors(torch, "decoder.")}, tmp_path / "w.pt")
        check(load_release_weights(tmp_path / "w.pt"))

    def test_folder_of_the_released_code(self, tmp_path, torch):
        torch.save({}, tmp_path / "enc.th")
        torch.save(self.tensors(torch, "decoder."), tmp_path / "dec.th")
        check(load_release_weights(tmp_path))

    def test_code_is_not_run(self, tmp_path, torch):
        path = tmp_path / "w.pt"
        torch.save({"a": Loud()}, path)
        assert "a pickle of more than weights" in message(path)
        path.write_bytes(pickle.dumps({"a": Loud()}))
        assert message(path)

    @pytest.mark.parametrize("zipped", [True, False])
    def test_damaged(self, tmp_path, torch, zipped):
        path, draw = tmp_path / "w.pt", np.random.default_rng(0)
        torch.save(self.tensors(torch), path, _use_new_zipfile_serialization=zipped)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        assert message(path)
        num_errors = 0
        for _ in range(200):
            changed = bytearray(content)
            for position in draw.integers(min(len(content), 600), size=3):
                changed[position] = draw.integers(256)
            path.write_bytes(changed)
            try:
                load_release_weights(path)
            except WeightsError:
                num_errors += 1
        assert num_errors > 50

    def test_not_a_state_dict(self, tmp_path, torch):
        torch.save({"a": 3}, tmp_path / "w.pt")
        assert "int at a" in message(tmp_path / "w.pt")
