"""Weights and tokenizer that a fine-tuning starts from, wherever they come from."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from attnjax.config import GPTConfig
from attnjax.data.gpt.tokenizer import Tokenizer, load_tokenizer
from attnjax.errors import ConfigError, UserError, WorkFolderError
from attnjax.experiments.identity import read_record
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights_huggingface import read_huggingface
from attnjax.models.gpt.weights_names import Pretrained
from attnjax.models.gpt.weights_release import SHAPES, read_release
from attnjax.workspace import read_json

TOKENIZER, WEIGHTS, SNAPSHOTS = "tokenizer", "weights", "snapshots"
"""Folders of a pre-training's work folder: pieces, the last weights, those on the way."""


class StartingPoint(NamedTuple):
    """Pre-trained weights with the tokenizer that they know the pieces of.

    Attributes:
        settings: of the model; a folder of weights alone has the default mode, "exact".
        weights: as `models.gpt.weights.transfer` takes them.
        tokenizer: of the text that they were trained on; None where the folder has none.
        digest: of the weights, by which a run knows them again.
        steps: of a pre-training here, taken when these were the weights; else None.
    """

    settings: GPTSettings
    weights: Pretrained
    tokenizer: Tokenizer | None
    digest: str
    steps: int | None = None


def gpt_settings(
    config: GPTConfig, *, vocabulary_size: int, head: str = "language_model", num_logits: int = 2
) -> GPTSettings:
    """Return the settings of the model that a config describes.

    Args:
        config: its section `gpt`.
        vocabulary_size: pieces of the tokenizer.
        head: what is put on the last states.
        num_logits: of a task.

    Example:
        >>> gpt_settings(GPTConfig(width=24), vocabulary_size=9).num_tokens
        12
    """
    fields = dataclasses.asdict(config)
    return GPTSettings(vocabulary_size=vocabulary_size, head=head, num_logits=num_logits, **fields)


def check_kernel(config: GPTConfig) -> list[UserError]:
    """Return whether a GPU's attention is asked for where there is no GPU.

    Args:
        config: the section `gpt`.

    Example:
        >>> check_kernel(GPTConfig())
        []
    """
    if config.kernel != "cudnn" or jax.default_backend() == "gpu":
        return []
    return [
        ConfigError(
            "config.gpt.kernel",
            found=f"'cudnn' on a {jax.default_backend().upper()}",
            expected="'auto' or 'xla' where there is no GPU",
            action="choose one",
        )
    ]


def read_pretrained(path: Path | str, *, step: int | None = None) -> StartingPoint:
    """Read a pre-training's work folder, a folder of the release, or a Hugging Face folder.

    Args:
        path: of the folder.
        step: of a pre-training here: the snapshot at this step; the last weights if None.

    Raises:
        WorkFolderError: if the folder has no weights of a GPT, or a pre-training is not
            finished, or kept no weights at this step.
        WeightsError: if the weights are damaged.
        DataError: if the files of the tokenizer are.
    """
    folder = Path(path).expanduser()
    if (folder / "stages").is_dir() or (folder / "checkpoints").is_dir():
        return _of_run(folder, step)
    if step is not None:
        raise _refused(folder, "no pre-training", "name the work folder of one")
    if (folder / SHAPES).is_file():
        return _whole(read_release(folder), _tokenizer_in(folder))
    if (folder / "config.json").is_file():
        return _whole(read_huggingface(folder), _tokenizer_in(folder))
    found = "neither weights nor a run" if folder.is_dir() else "no such folder"
    raise _refused(folder, found, "correct the path")


def snapshot_steps(path: Path | str) -> tuple[int, ...]:
    """Return the steps at which a pre-training kept its weights, in order.

    Args:
        path: of its work folder.

    Example:
        >>> snapshot_steps("no/such/run")
        ()
    """
    folder = Path(path).expanduser() / SNAPSHOTS
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    return tuple(sorted(int(name) for name in names if name.isdecimal()))


def _of_run(folder: Path, step: int | None) -> StartingPoint:
    """Read what a pre-training left in its work folder."""
    record = read_record(folder)
    kind = record["config"].get("kind", "classifier") if record else None
    if record is None or kind != "pretraining":
        raise _refused(folder, f"a run of the kind {kind!r}", "name that of a pre-training")
    finished = folder / "stages" / "pretrain.json"
    if not finished.is_file():
        action = "give its command again: it continues where it stopped"
        raise _refused(folder, "a pre-training that is not finished", action)
    summary = read_json(finished)["summary"]
    tokenizer = load_tokenizer(
        folder / TOKENIZER, pipeline=record["config"]["tokenizer"]["pipeline"]
    )
    place = folder / WEIGHTS if step is None else folder / SNAPSHOTS / str(step)
    if step is None and not place.is_dir():
        action = f"delete {finished} and give its command again: it takes them from checkpoints/"
        raise _refused(place, "no such folder", action)
    if not place.is_dir():
        steps = ", ".join(map(str, snapshot_steps(folder))) or "none"
        action = "choose another step, or set config.pretraining.keep_at before pre-training"
        raise _refused(folder, f"no weights of step {step} (there are: {steps})", action)
    weights = read_huggingface(place)
    found = digest_of(weights.arrays)
    if step is None and found != summary["params_sha256"]:
        raise _refused(place, "weights that are not those that were trained", "restore them")
    settings = gpt_settings(
        GPTConfig(**record["config"]["gpt"]), vocabulary_size=weights.settings.vocabulary_size
    )
    steps = summary["steps"] if step is None else step
    return StartingPoint(settings, weights, tokenizer, found, steps)


def _whole(weights: Pretrained, tokenizer: Tokenizer | None) -> StartingPoint:
    return StartingPoint(weights.settings, weights, tokenizer, digest_of(weights.arrays))


def _tokenizer_in(folder: Path) -> Tokenizer | None:
    """Return the tokenizer that lies beside weights, if any does."""
    names = ("merges.txt", "vocab_40000.bpe", "vocab_40000.bpe.gz", "merges.txt.gz")
    return load_tokenizer(folder) if any((folder / name).is_file() for name in names) else None


def digest_of(arrays: Mapping[str, Any]) -> str:
    """Return a sha256 of named arrays.

    Args:
        arrays: of any shapes.

    Example:
        >>> digest_of({"w": np.zeros(2)})[:8]
        'ff8e60ef'
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _refused(folder: Path, found: str, action: str) -> WorkFolderError:
    return WorkFolderError(
        str(folder),
        found=found,
        expected="the work folder of a finished pre-training, or a folder with the weights of a "
        "GPT as the release or Hugging Face has them",
        action=action,
    )
