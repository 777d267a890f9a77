"""Checkpoints of a training run: written so that any kill, or any damage, is survived.

The only file that knows orbax. A checkpoint is a folder `<number>/` with orbax's items
`arrays` and `record` and our own `checksums.json`, written last: a folder without it, or
with a file that differs from it, is never read. (Orbax itself returns wrong numbers for
some flipped bits.)
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from attnjax.errors import WorkFolderError
from attnjax.training.hosts import is_writer, wait_for_hosts
from attnjax.training.state import Best, Progress, Snapshot, TrainState
from attnjax.workspace import explain_os_error, write_json

KEPT = 2
CHECKSUMS = "checksums.json"

# Seconds to wait, again and again, for a failed save's last thread to stop writing.
SETTLING = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, None)


class Checkpoints:
    """The checkpoints of one training run, in a folder of their own.

    Args:
        directory: made if it does not exist.
        warn: told, in one line, about every checkpoint that cannot be used.

    Example:
        >>> import tempfile, jax, jax.numpy as jnp, optax
        >>> from attnjax.training.state import Best, Progress, Snapshot, initial_state
        >>> state = initial_state({"w": jnp.ones(2)}, optax.sgd(0.1), jax.random.key(0))
        >>> snapshot = Snapshot(state, Best(state.params), Progress(epoch=3))
        >>> with tempfile.TemporaryDirectory() as folder, Checkpoints(Path(folder)) as kept:
        ...     kept.save(snapshot)
        ...     kept.restore(snapshot).progress.epoch
        3
    """

    def __init__(self, directory: Path, warn: Callable[[str], None] = print) -> None:
        self.directory = directory.absolute()
        self.warn = warn
        self.manager: ocp.CheckpointManager | None = None

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def _close(self) -> None:
        if self.manager is not None:
            with _quiet():
                self.manager.close()
            self.manager = None

    def save(self, snapshot: Snapshot) -> None:
        """Write a checkpoint and forget all but the last two.

        Raises:
            WorkFolderError: if the folder cannot be written or the disk is full.
        """
        wait_for_hosts("a checkpoint begins")
        number = max(self._numbers(), default=0) + 1
        wait_for_hosts(f"checkpoint {number} has its number")
        arrays = _arrays(snapshot)
        record = {
            "progress": snapshot.progress._asdict(),
            "best": {"score": snapshot.best.score, "epoch": snapshot.best.epoch},
            "structure": _structure(arrays),
        }
        items = ocp.args.Composite(
            arrays=ocp.args.StandardSave(arrays), record=ocp.args.JsonSave(record)
        )
        with _explained(self.directory), _quiet():
            self._write(number, items)
        if is_writer():
            folder = self.directory / str(number)
            write_json(folder / CHECKSUMS, _checksums(folder))
        wait_for_hosts(f"checkpoint {number} is written")

    def _write(self, number: int, items: ocp.args.Composite) -> None:
        """Save under a number.

        A failed save's last thread may make the folder of it once more after that was deleted:
        then it is deleted again.
        """
        for pause in SETTLING:
            try:
                self._open().save(number, args=items)
                return
            except (OSError, ValueError) as error:
                if pause is None or _error_number(error) != errno.EEXIST:
                    raise
            self._close()
            time.sleep(pause)

    def restore(self, like: Snapshot) -> Snapshot | None:
        """Return the newest checkpoint that is whole, or None; delete newer, damaged ones.

        Args:
            like: a snapshot of the same run, for shapes, types and placement on devices.

        Raises:
            WorkFolderError: if the checkpoint is whole but of another model.
        """
        # One process reads and deletes; for all of them the newest is then the one to use.
        if is_writer():
            self._remove_damaged()
        wait_for_hosts("checkpoints are whole")
        newest = max(self._numbers(), default=None)
        return None if newest is None else self._read(newest, like)

    def _remove_damaged(self) -> None:
        """Delete what is newer than the newest whole checkpoint."""
        numbers = sorted(self._numbers(), reverse=True)
        for number in numbers:
            folder = self.directory / str(number)
            damage = _damage(folder)
            if damage is None:
                return
            self.warn(f"{folder}: this checkpoint is damaged ({damage}) and is not used")
            with _explained(folder):
                _remove(folder)
        if numbers:
            self.warn(f"{self.directory}: no checkpoint can be used, training starts again")

    def _numbers(self) -> list[int]:
        if not self.directory.is_dir():
            return []
        return [int(path.name) for path in self.directory.iterdir() if path.name.isdecimal()]

    def _open(self) -> ocp.CheckpointManager:
        """Return the manager, which from its start sees whole checkpoints only."""
        if self.manager is None:
            if is_writer() and self.directory.is_dir():
                with _explained(self.directory):
                    _remove_unfinished(self.directory)
            options = ocp.CheckpointManagerOptions(
                max_to_keep=KEPT,
                enable_async_checkpointing=False,
                save_root_metadata=False,
            )
            self.manager = ocp.CheckpointManager(self.directory, options=options)
        return self.manager

    def _read(self, number: int, like: Snapshot) -> Snapshot:
        wanted = _arrays(like)
        with _quiet():
            record = self._open().restore(
                number, args=ocp.args.Composite(record=ocp.args.JsonRestore())
            )["record"]
            if record["structure"] != _structure(wanted):
                raise WorkFolderError(
                    str(self.directory / str(number)),
                    found="a checkpoint of another model or optimizer",
                    expected="the arrays of this config's model",
                    action="give another --workdir, or the version of attnjax that wrote it",
                )
            abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, wanted)
            arrays = self._open().restore(
                number, args=ocp.args.Composite(arrays=ocp.args.StandardRestore(abstract))
            )["arrays"]
        return _snapshot(arrays, record, like)


def _arrays(snapshot: Snapshot) -> dict[str, Any]:
    """Return everything of a snapshot that lives on devices; the key as its raw words."""
    state = snapshot.state._asdict()
    return {
        **state,
        "key": jax.random.key_data(state["key"]),
        "best_params": snapshot.best.params,
    }


def _snapshot(arrays: dict[str, Any], record: dict[str, Any], like: Snapshot) -> Snapshot:
    """Return the snapshot that `_arrays` and the record were made of."""
    best_params = arrays.pop("best_params")
    words = arrays.pop("key")
    key = jax.random.wrap_key_data(words, impl=str(jax.random.key_impl(like.state.key)))
    if key.is_fully_addressable:
        # On several hosts a key lies where its words were read to, and cannot be moved.
        key = jax.device_put(key, like.state.key.sharding)
    return Snapshot(
        state=TrainState(**arrays, key=key),
        best=Best(params=best_params, **record["best"]),
        progress=Progress(**record["progress"]),
    )


def _structure(arrays: dict[str, Any]) -> str:
    """Return a digest of the names, shapes and types of a tree's arrays."""
    leaves = jax.tree_util.tree_leaves_with_path(arrays)
    lines = [f"{jax.tree_util.keystr(path)} {leaf.dtype}{leaf.shape}" for path, leaf in leaves]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _checksums(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, by its relative name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damage(folder: Path) -> str | None:
    """Return what is wrong with a checkpoint's files, or None."""
    try:
        expected = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        for name, digest in expected.items():
            if _digest(folder / name) != digest:
                return f"{name} has changed"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, AttributeError, TypeError) as error:
        return f"it cannot be read: {error}"
    return None


def _remove(folder: Path) -> None:
    """Delete a damaged checkpoint, whatever stands under its name."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink()


def _remove_unfinished(directory: Path) -> None:
    """Delete what saves that did not end have left.

    Where such a save failed in this process a thread of it may still be writing: then the
    folder changes while it is deleted, and is tried again. (Orbax's own deletion gives up.)
    """
    for pause in SETTLING:
        unfinished = [Path(found.get()) for found in ocp.utils.tmp_checkpoints(directory)]
        try:
            for path in unfinished:
                shutil.rmtree(path)
            return
        except OSError as error:
            if pause is None or error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                raise
            time.sleep(pause)


def _error_number(error: OSError | ValueError) -> int | None:
    """Return what the system calls an error; None for one that is not of a file.

    Orbax's storage layer reports a failed write as a ValueError with this text.
    """
    if isinstance(error, OSError):
        return error.errno
    code = re.search(r"os_error_code='(\d+)'", str(error))
    return int(code[1]) if code else None


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a failed write into the user's view of it."""
    try:
        yield
    except OSError as error:
        raise explain_os_error(error, path) from error
    except ValueError as error:
        number = _error_number(error)
        if number is None:
            raise
        raise explain_os_error(OSError(number, os.strerror(number)), path) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back orbax's notes on its own progress, and nothing after the block."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(max(level, logging.ERROR))
    try:
        yield
    finally:
        logger.setLevel(level)
