"""What makes a work folder one run's and no other's, and `config.json`, which keeps it."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from attnjax.config import AnyConfig, Config, resolve, root_of
from attnjax.errors import UserError, WorkFolderError
from attnjax.models.release_files import weights_sha256
from attnjax.workspace import SCHEMA, check_schema, flatten, read_json, write_json

_RESTORE = "restore it, or give another --workdir"


class _Identity(NamedTuple):
    """Which fields make a work folder one config's.

    Attributes:
        sections: of the config, and single fields.
        without: fields of sections that say where something lies (what lies there is compared
            by its digest) or how fast the same is computed.
    """

    sections: tuple[str, ...]
    without: dict[str, tuple[str, ...]]


_SPEED = {"gpt": ("recompute", "kernel")}

_IDENTITIES = {
    "classifier": _Identity(
        ("seed", "protocol", "data", "model", "training", "selection"),
        {
            "data": ("dir", "path", "dev_path", "test_path", "vocabulary", "vectors"),
            "model": ("weights",),
        },
    ),
    "pretraining": _Identity(
        ("kind", "seed", "gpt", "tokenizer", "corpus", "pretraining"),
        {
            "tokenizer": ("dir",),
            "corpus": ("paths", "tfds_dir", "cache"),
            "pretraining": ("data_devices", "model_devices"),
        }
        | _SPEED,
    ),
    "fine_tuning": _Identity(
        ("kind", "seed", "gpt", "tokenizer", "fine_tuning"),
        {
            "tokenizer": ("dir",),
            # Each seed is a stage of its own: more of them may be added later.
            "fine_tuning": ("dir", "start", "seeds", "checkpoint_every", "log_every"),
        }
        | _SPEED,
    ),
}


def identity(config: AnyConfig) -> dict[str, Any]:
    """Return the fields that make a work folder this config's and no other's.

    Left out are where files lie, which tests are run and what their own settings are (each
    stage keeps those), the memory bound and the report's looks.

    Example:
        >>> from attnjax.config import resolve
        >>> sorted(identity(resolve({})))
        ['data', 'model', 'protocol', 'seed', 'selection', 'training']
    """
    nested = dataclasses.asdict(config)
    wanted = _IDENTITIES[config.kind]
    kept = {name: nested[name] for name in wanted.sections}
    for section, names in wanted.without.items():
        for name in names:
            kept[section].pop(name)
    return _plain(kept)


def _plain(value: Any) -> Any:
    """Return nested fields as JSON gives them back."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return list(value) if isinstance(value, tuple) else value


def input_digests(config: Config, described: dict[str, Any]) -> dict[str, str | None]:
    """Return the digests of all that a run reads from outside.

    Args:
        config: of the run.
        described: what `prepare.describe` says of its data.

    Raises:
        WeightsError: if the weights that the config names cannot be read.
    """
    weights = config.model.weights
    return {
        "data": described["sha256"],
        "weights": weights_sha256(Path(weights).expanduser()) if weights else None,
    }


def read_record(directory: Path) -> dict[str, Any] | None:
    """Return what `config.json` of a work folder says, or None where nothing was begun.

    Raises:
        WorkFolderError: if it is damaged or newer, or gone from a folder with results.
    """
    path = directory / "config.json"
    if not path.exists():
        if any(any((directory / name).glob("*")) for name in ("stages", "checkpoints")):
            raise WorkFolderError(
                str(path),
                found="no such file beside the results of a run",
                expected="the record of the run that they belong to",
                action=_RESTORE,
            )
        return None
    record = read_json(path, action=_RESTORE)
    check_schema(record, path)
    if not all(isinstance(record.get(name), dict) for name in ("identity", "inputs")):
        raise WorkFolderError(
            str(path),
            found="a record without the identity or the inputs of its run",
            expected="the record as the run wrote it",
            action=_RESTORE,
        )
    return record


def differing_fields(
    directory: Path, before: dict[str, Any] | None, config: AnyConfig
) -> list[UserError]:
    """Return one error for each field in which a config is not the one of the record."""
    if before is None:
        return []
    kind = before["identity"].get("kind", "classifier")
    if kind != config.kind:
        return [
            WorkFolderError(
                f"{directory} (config.kind)",
                found=f"{config.kind!r} in this command",
                expected=f"{kind!r}, with which the folder was begun",
                action="give another --workdir",
            )
        ]
    # A field that an older version did not know had what is its default now.
    old = flatten(identity(_defaults(kind))) | flatten(before["identity"])
    new = flatten(identity(config))
    return [
        WorkFolderError(
            f"{directory} (config.{name})",
            found=f"{new.get(name)!r} in this command",
            expected=f"{old.get(name)!r}, with which the folder was begun",
            action="give the same value, or another --workdir",
        )
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _defaults(kind: str) -> AnyConfig:
    """Return the defaults of a kind of run; not all of them together are a run that could be."""
    return resolve({}) if kind == "classifier" else root_of({"kind": kind})()


def differing_inputs(
    directory: Path, before: dict[str, Any] | None, inputs: dict[str, str | None]
) -> list[UserError]:
    """Return one error for data, and one for weights, that are not those of the record."""
    if before is None:
        return []
    texts = {
        "data": ("data, a vocabulary or word vectors", "the same instances in the same order"),
        "weights": ("model weights (config.model.weights)", "the same file of weights"),
        "corpus": ("documents (config.corpus)", "the same texts under the same names"),
        "tokenizer": ("files of the tokenizer (config.tokenizer.dir)", "the same pieces"),
        "task": ("files of the task (config.fine_tuning.dir)", "the same rows"),
        "start": ("weights to start from (config.fine_tuning.start)", "the same weights"),
    }
    return [
        WorkFolderError(
            str(directory),
            found=f"{found} that differ from those the folder was begun with",
            expected=expected,
            action="restore them, or give another --workdir",
        )
        for name, (found, expected) in texts.items()
        if before["inputs"].get(name) != inputs.get(name)
    ]


def write_record(
    directory: Path,
    before: dict[str, Any] | None,
    config: AnyConfig,
    *,
    inputs: dict[str, str | None],
    made_with: dict[str, Any],
) -> None:
    """Write `config.json`; what the folder was begun with stays, a new command is added.

    Args:
        directory: the work folder.
        before: what `read_record` returned.
        config: of this command.
        inputs: digests of what it reads.
        made_with: the command, and the versions and the device that it runs on.
    """
    first, history = made_with, []
    if before is not None:
        first = {name: before.get(name) for name in made_with}
        history = list(before.get("history", ()))
        if made_with != (history[-1] if history else first):
            history.append(made_with)
    record = {
        "schema": SCHEMA,
        "seed": config.seed,
        **first,
        "history": history,
        "inputs": inputs,
        "identity": identity(config),
        "config": dataclasses.asdict(config),
    }
    write_json(directory / "config.json", record)
