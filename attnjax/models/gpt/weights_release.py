"""The weights that the authors of GPT-1 released: ten flat pieces and a list of shapes."""

import json
import math
import re
from pathlib import Path

import numpy as np

from attnjax.data.reading import raise_some
from attnjax.errors import UserError, WeightsError, raise_all
from attnjax.models.checked_arrays import listed
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights_names import BLOCK, Pretrained, body_shapes

NUM_SHARDS = 10
SHAPES = "params_shapes.json"
HEAD_WIDTH = 64
"""Of the release, which does not say how many heads there are."""

Shape = tuple[int, ...]


def read_release(folder: Path | str, *, num_heads: int | None = None) -> Pretrained:
    """Read a folder with `params_0.npy` to `params_9.npy` and `params_shapes.json`.

    The pieces are parts of one long vector of numbers, which is cut into arrays of the
    listed shapes: positions, tokens, then twelve arrays a block. Nothing is unpickled.

    Args:
        folder: what the release calls `model`.
        num_heads: of each block; None for heads 64 wide.

    Raises:
        WeightsError: naming every file that is missing, too many or damaged, and every
            array of another shape.

    Source: the released code of Radford et al. (2018).
    """
    folder = Path(folder)
    errors: list[UserError] = []
    shapes = _read_shapes(folder / SHAPES, errors)
    shards = _read_shards(folder, errors)
    raise_some(errors)
    settings = _settings_of(folder / SHAPES, shapes, num_heads)
    flat = np.concatenate(shards)
    sizes = [math.prod(shape) for shape in shapes]
    if len(flat) != sum(sizes):
        raise _error(
            folder,
            f"{len(flat)} numbers in {NUM_SHARDS} files",
            f"{sum(sizes)}, by {SHAPES}",
            "copy the files again",
        )
    if not np.isfinite(flat).all():
        raise _error(folder, "NaN or infinite numbers", "weights", "copy the files again")
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    expected = body_shapes(settings)
    arrays = {
        name: part.reshape(shape)
        for (name, shape), part in zip(expected.items(), parts, strict=True)
    }
    return Pretrained(settings, arrays)


def _error(path: Path, found: str, expected: str, action: str) -> WeightsError:
    return WeightsError(str(path), found=found, expected=expected, action=action)


def _read_shapes(path: Path, errors: list[UserError]) -> list[Shape]:
    expected = "a JSON list of shapes, each a list of whole numbers of at least 1"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        errors.append(_error(path, "no such file", expected, "copy it beside the pieces"))
        return []
    except (OSError, ValueError) as error:
        errors.append(_error(path, f"an unreadable file ({error})", expected, "copy it again"))
        return []
    if not isinstance(content, list) or not all(_is_shape(one) for one in content):
        errors.append(_error(path, "something else", expected, "copy it again"))
        return []
    return [tuple(shape) for shape in content]


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(type(size) is int and size >= 1 for size in value)


def _read_shards(folder: Path, errors: list[UserError]) -> list[np.ndarray]:
    names = [f"params_{number}.npy" for number in range(NUM_SHARDS)]
    found = [path.name for path in folder.glob("*") if re.fullmatch(r"params_.*\.npy", path.name)]
    if surplus := sorted(set(found) - set(names)):
        expected = f"params_0.npy to params_{NUM_SHARDS - 1}.npy"
        errors.append(_error(folder, f"also {listed(surplus)}", expected, "move them elsewhere"))
    shards = []
    for name in names:
        path = folder / name
        try:
            # Opened here: NumPy leaves its own handle open where the file is damaged.
            with path.open("rb") as file:
                shard = np.load(file, allow_pickle=False)
        except FileNotFoundError:
            errors.append(_error(path, "no such file", "a piece of the weights", "copy it"))
            continue
        except (OSError, EOFError, ValueError) as error:
            found_text = f"an unreadable file ({error})"
            errors.append(_error(path, found_text, "a whole .npy file", "copy it again"))
            continue
        if not isinstance(shard, np.ndarray) or shard.ndim != 1 or shard.dtype.kind != "f":
            what = f"{getattr(shard, 'dtype', type(shard).__name__)} {list(np.shape(shard))}"
            errors.append(_error(path, what, "a vector of floating-point numbers", "copy it again"))
            continue
        shards.append(shard.astype(np.float32))
    return shards


def _settings_of(path: Path, shapes: list[Shape], num_heads: int | None) -> GPTSettings:
    """Return the sizes of a list of shapes, having compared every one of them."""
    num_layers, rest = divmod(len(shapes) - 2, len(BLOCK))
    if num_layers < 1 or rest or [len(shape) for shape in shapes[:2]] != [2, 2]:
        raise _error(
            path,
            f"{len(shapes)} shapes, beginning with {[list(shape) for shape in shapes[:2]]}",
            f"those of positions and tokens, then {len(BLOCK)} a block",
            "copy the file again",
        )
    (context, width), (vocabulary_size, _) = shapes[:2]
    if num_heads is None and width % HEAD_WIDTH:
        raise _error(
            path,
            f"a width of {width}",
            f"a multiple of {HEAD_WIDTH}, the width of a head",
            "say how many heads there are with num_heads",
        )
    settings = GPTSettings(
        vocabulary_size=vocabulary_size,
        num_special=0,
        context=context,
        num_layers=num_layers,
        num_heads=num_heads or width // HEAD_WIDTH,
        width=width,
    )
    raise_all(_other_shapes(path, shapes, settings))
    return settings


def _other_shapes(path: Path, shapes: list[Shape], settings: GPTSettings) -> list[UserError]:
    expected = body_shapes(settings)
    wrong = [
        f"{name} {list(shape)} instead of {list(right)}"
        for shape, (name, right) in zip(shapes, expected.items(), strict=True)
        # Kernels are those of convolutions of width 1.
        if (shape[1:] if len(right) == 2 and shape[:1] == (1,) else shape) != right
    ]
    if not wrong:
        return []
    found = f"{listed(wrong, most=len(wrong))}"
    return [_error(path, found, f"the shapes of blocks {settings.width} wide", "copy it again")]
