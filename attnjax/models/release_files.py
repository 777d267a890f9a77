"""Reading files of weights without ever running what is in them."""

import hashlib
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.errors import WeightsError

PREFIX = "weights/"
TORCH_SUFFIXES = (".pt", ".pth", ".th")
NPZ_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
TORCH_DAMAGE = (
    *(RuntimeError, EOFError, OSError, ValueError, LookupError),
    *(TypeError, AttributeError, AssertionError, struct.error),
)
"""What readers raise on damaged bytes: found by changing bytes at random."""

FOLDER = {"encoder": "enc.th", "decoder": "dec.th"}
"""The two files that the released code saves for a model, and their prefixes."""


def load_release_weights(path: Path | str) -> dict[str, np.ndarray]:
    """Read arrays by the released code's state-dict names.

    `.npz` (where names begin with `weights/`, only those, without it), `.safetensors`, and
    with PyTorch installed `.pt`, `.pth` and `.th` by its weights-only loading, or a folder
    with the `enc.th` and `dec.th` that the released code writes. Pickles are refused: to
    load one is to run what its author put in it.

    Args:
        path: the file or folder.

    Raises:
        WeightsError: for a file that is missing, of another format, damaged or a pickle.

    Example:
        >>> import numpy as np, tempfile
        >>> file = tempfile.NamedTemporaryFile(suffix=".npz")
        >>> np.savez(file, **{"decoder.linear_1.bias": np.zeros(1)})
        >>> list(load_release_weights(file.name))
        ['decoder.linear_1.bias']
    """
    path = Path(path)
    if path.is_dir() and all((path / name).is_file() for name in FOLDER.values()):
        parts = {part: _read_torch(path / name) for part, name in FOLDER.items()}
        return {f"{part}.{name}": a for part, state in parts.items() for name, a in state.items()}
    if not path.is_file():
        raise _error(path, "no such file", "a file of weights", "correct the path")
    suffix = path.suffix.lower()
    if suffix in TORCH_SUFFIXES:
        return _read_torch(path)
    if _is_pickle(path):
        raise _refused(path, "a pickle")
    if suffix == ".npz":
        return _read_npz(path)
    if suffix == ".safetensors":
        return _read_safetensors(path)
    raise _error(
        path,
        f"a file named *{path.suffix}",
        "one of .npz, .safetensors, " + ", ".join(TORCH_SUFFIXES),
        "save the weights in one of these formats and name the file so",
    )


def weights_sha256(path: Path) -> str:
    """Return a digest of the bytes of what `load_release_weights` reads.

    Args:
        path: the file or folder.

    Raises:
        WeightsError: if it cannot be read.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "weights.npz"
        >>> _ = file.write_bytes(b"1")
        >>> weights_sha256(file)[:8]
        '6b86b273'
    """
    names = FOLDER.values() if path.is_dir() else ("",)
    sha256 = hashlib.sha256()
    try:
        for name in names:
            sha256.update((path / name).read_bytes())
    except OSError as error:
        raise _error(
            path,
            f"weights that cannot be read ({error.strerror})",
            "a file of weights, or a folder with " + " and ".join(FOLDER.values()),
            "correct the path",
        ) from error
    return sha256.hexdigest()


def _error(path: Path, found: str, expected: str, action: str) -> WeightsError:
    return WeightsError(f"weights {path}", found=found, expected=expected, action=action)


def _refused(path: Path, what: str) -> WeightsError:
    return _error(
        path,
        what,
        "plain arrays: loading a pickle runs whatever code its author put in it",
        "save the arrays with numpy.savez or safetensors where you trust the file",
    )


def _damaged(path: Path, error: Exception) -> WeightsError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return _error(path, f"an unreadable file ({reason})", "a whole file", "copy it again")


def _is_pickle(path: Path) -> bool:
    """Tell a pickle by its name or its first bytes (protocol 2 and later begin with these)."""
    with path.open("rb") as file:
        start = file.read(2)
    return path.suffix.lower() in (".pkl", ".pickle") or (
        len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5
    )


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("not a zip archive, or not all of it")
        # Opened here: NumPy leaves its own handle open where the file is damaged.
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            names = [name for name in file.files if name.startswith(PREFIX)] or file.files
            state = {name.removeprefix(PREFIX): file[name] for name in names}
    except NPZ_DAMAGE as error:
        if "allow_pickle" in str(error):
            raise _refused(path, "an array of Python objects, that is, a pickle") from error
        raise _damaged(path, error) from error
    if foreign := [name for name, array in state.items() if not isinstance(array, np.ndarray)]:
        raise _damaged(path, TypeError(f"{foreign[0]} is no array"))
    return state


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    return {name.removeprefix(PREFIX): array for name, array in state.items()}


def _read_torch(path: Path) -> dict[str, np.ndarray]:
    """Read a state dict with PyTorch's weights-only loading, which runs no code."""
    from pickle import UnpicklingError  # the exception only: nothing is unpickled here

    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise _error(
            path,
            "a PyTorch file, and PyTorch is not installed",
            "PyTorch to read it with, or another format",
            "pip install 'attnjax[parity]', or save the arrays as .npz or .safetensors",
        ) from error
    try:
        with warnings.catch_warnings():
            # About a pickle of another protocol than its own: loaded or refused all the same.
            warnings.simplefilter("ignore", UserWarning)
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise _refused(path, "a pickle of more than weights") from error
    except TORCH_DAMAGE as error:
        raise _damaged(path, error) from error
    return _flatten(path, loaded, "")


def _flatten(path: Path, value: Any, name: str) -> dict[str, np.ndarray]:
    """Return the tensors of nested dicts, names joined by dots."""
    if isinstance(value, Mapping):
        flat = {}
        for key, inner in value.items():
            flat |= _flatten(path, inner, f"{name}.{key}" if name else str(key))
        return flat
    if not hasattr(value, "detach"):
        raise _error(
            path,
            f"{type(value).__name__} at {name or 'the top'}",
            "a state dict: tensors by name",
            "save encoder.state_dict() and decoder.state_dict() in one dict",
        )
    return {name.removeprefix(PREFIX): value.detach().float().numpy()}
