"""The trained model of another work folder, on this run's data."""

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import Any

from attnjax.config import Config, resolve
from attnjax.data.vocabulary import read_vocabulary
from attnjax.errors import WorkFolderError
from attnjax.experiments.finished import read_finished
from attnjax.experiments.identity import read_record
from attnjax.experiments.prepare import digest
from attnjax.experiments.trial import Trial
from attnjax.workspace import read_json

KEPT = "others"
"""Folder of the work folder that keeps what was taken from others."""

_NAMES = {"config.guides.file": "guide", "config.trained_adversary.base": "base"}
"""Field to the name of the copy."""

_TRAINING = ("config.json", "stages/train.json", "checkpoints/train")


def names_run(trial: Trial, given: str, field: str) -> bool:
    """Return whether a field names a work folder, or named one of which there is a copy."""
    path = Path(given).expanduser()
    return path.is_dir() or (not path.exists() and _digest_of(_copy_of(trial, field)) is not None)


def _copy_of(trial: Trial, field: str) -> Path:
    return trial.directory / KEPT / _NAMES[field]


def check_run(trial: Trial, given: str, field: str) -> str:
    """Return the digest of another run's training, whose model fits this run's data.

    Where the other work folder is gone the copy that was taken of it stands for it.

    Args:
        trial: of this run.
        given: the other work folder, as the config names it.
        field: the config field that names it.

    Raises:
        WorkFolderError: if nothing was trained there, or on other data.
    """
    folder = Path(given).expanduser()
    copied = _digest_of(_copy_of(trial, field))
    if copied is not None and not folder.exists():
        return copied
    if folder.resolve() == trial.directory.resolve():
        raise _refused(folder, field, "this run's own work folder", "leave it empty")
    record = read_record(folder) if folder.is_dir() else None
    finished = record and read_finished(folder / "stages", "train", _ignore)
    if record is None or finished is None:
        found = "a run whose training is not finished" if record else "no run"
        raise _refused(folder, field, found, "name the work folder of a finished run")
    difference = _difference(trial, folder, record)
    if difference is not None:
        raise _refused(
            folder, field, difference, "train it on the same data, or give this run its data"
        )
    return finished["sha256"]


def _ignore(line: str) -> None:
    del line


def _refused(folder: Path, field: str, found: str, action: str) -> WorkFolderError:
    return WorkFolderError(
        f"{folder} ({field})",
        found=found,
        expected="another work folder with a model trained on the very data of this run, with "
        "the same vocabulary",
        action=action,
    )


def _difference(trial: Trial, folder: Path, record: dict[str, Any]) -> str | None:
    """Return in which way a run's data are not this run's, or None."""
    data, described = trial.data, read_json(folder / "stages" / "data.json")["summary"]
    if record["inputs"].get("data") == digest(data.corpus, data.vocabulary, data.vectors):
        limits = ("max_length", "on_long")
        cut = {name: record["identity"]["data"].get(name) for name in limits}
        ours = {name: getattr(trial.config.data, name) for name in limits}
        if cut == ours:
            return None
        return f"texts shortened otherwise ({cut}, in this run {ours})"
    sizes = {name: len(split) for name, split in data.splits.items()}
    if (described["name"], described["splits"]) != (data.corpus.name, sizes):
        return (
            f"another data set ({described['name']} {described['splits']}, in this run "
            f"{data.corpus.name} {sizes})"
        )
    theirs = read_vocabulary(folder / "vocabulary.txt")
    if theirs != data.vocabulary:
        return f"another vocabulary ({len(theirs)} tokens, in this run {len(data.vocabulary)})"
    return "other texts, labels or word vectors under the same names"


def adopt(trial: Trial, given: str, field: str) -> Trial:
    """Return a trial of another run's model on this run's data.

    The training is copied into this work folder first: the other one is never written to.

    Args:
        trial: of this run.
        given: the other work folder.
        field: the config field that names it.

    Raises:
        WorkFolderError: as `check_run`.
    """
    kept = _copy_of(trial, field)
    source = Path(given).expanduser()
    if check_run(trial, given, field) != _digest_of(kept):
        _copy(source, kept)
    config = resolve(read_json(kept / "config.json")["config"])
    assert isinstance(config, Config)  # `check_run` has seen its data
    return dataclasses.replace(trial, config=_to_restore(config), directory=kept, params={})


def _digest_of(kept: Path) -> str | None:
    path = kept / "stages" / "train.json"
    return read_json(path)["sha256"] if path.is_file() else None


def _copy(source: Path, kept: Path) -> None:
    """Copy a training so that a kill leaves the whole copy or none."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=f".{kept.name}.") as temporary:
        partly = Path(temporary) / kept.name
        for part in _TRAINING:
            target = partly / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, target)
            elif (source / part).exists():  # a model of imported weights has no checkpoints
                shutil.copyfile(source / part, target)
        partly.rename(kept)


def _to_restore(config: Config) -> Config:
    """Return a config without the weights that its training began with, which are not read."""
    if config.training.epochs == 0:
        return config
    return dataclasses.replace(config, model=dataclasses.replace(config.model, weights=""))
