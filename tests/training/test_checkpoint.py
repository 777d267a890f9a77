import contextlib
import errno
import itertools
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
import pytest

from attnjax.config import ModelConfig, TrainingConfig
from attnjax.errors import WorkFolderError
from attnjax.training.checkpoint import CHECKSUMS, Checkpoints
from attnjax.training.optimizers import build_optimizer
from attnjax.training.state import Best, Progress, Snapshot, initial_state


def make_snapshot(value: float = 0.0, *, width: int = 3) -> Snapshot:
    """A state with every kind of leaf, different for each value."""
    params = {"embedding": {"table": jnp.full((7, width), float(value))}, "attention": {}}
    optimizer = build_optimizer(TrainingConfig(amsgrad="release"), ModelConfig())
    state = initial_state(params, optimizer, jax.random.key(int(value)))
    gradients = jax.tree.map(jnp.ones_like, params)
    _, opt_state = optimizer.update(gradients, state.opt_state, params)
    state = state._replace(opt_state=opt_state, step=jnp.int32(value), window_loss=jnp.float32(0.1))
    progress = Progress(
        epoch=int(value), epochs_since_best=1, seconds=1.5, iterator={"next_index": 3}
    )
    best = Best(jax.tree.map(lambda leaf: leaf + 1, params), score=0.1 + value, epoch=2)
    return Snapshot(state, best, progress)


def equal(first: Snapshot, second: Snapshot) -> None:
    chex.assert_trees_all_equal(
        first.state._replace(key=jax.random.key_data(first.state.key)),
        second.state._replace(key=jax.random.key_data(second.state.key)),
    )
    chex.assert_trees_all_equal(first.best.params, second.best.params)
    assert first.best[1:] == second.best[1:]
    assert first.progress == second.progress


@pytest.fixture
def two(tmp_path):
    """A folder with two checkpoints, and what the opened folder warned about."""
    folder = tmp_path / "checkpoints"
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(make_snapshot(1))
        checkpoints.save(make_snapshot(2))
    return folder


def reopen(folder):
    warnings = []
    with Checkpoints(folder, warnings.append) as checkpoints:
        return checkpoints.restore(make_snapshot()), warnings


def test_everything_comes_back_bit_for_bit(two):
    found, warnings = reopen(two)
    equal(found, make_snapshot(2))
    assert warnings == []
    assert found.state.key.dtype == jax.random.key(0).dtype
    # The key is usable, and the same one.
    drawn = jax.random.normal(found.state.key)
    assert float(drawn) == float(jax.random.normal(jax.random.key(2)))


def test_the_last_two_are_kept(two):
    with Checkpoints(two) as checkpoints:
        checkpoints.restore(make_snapshot())
        checkpoints.save(make_snapshot(3))
    assert sorted(path.name for path in two.iterdir()) == ["2", "3"]


def test_an_empty_folder_gives_nothing_and_says_nothing(tmp_path):
    assert reopen(tmp_path / "none") == (None, [])


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 64
    path.write_bytes(content)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [flip, halve, Path.unlink], ids=["flip", "halve", "remove"])
def test_any_damaged_file_falls_back_and_says_so(two, tmp_path, damage):
    names = [path.relative_to(two) for path in files_of(two / "2") if path.stat().st_size]
    assert len(names) > 5
    for number, name in enumerate(names):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(two, copy)
        damage(copy / name)
        found, warnings = reopen(copy)
        equal(found, make_snapshot(1))
        assert len(warnings) == 1
        assert "damaged" in warnings[0]
        assert str(copy / "2") in warnings[0]


def test_the_damaged_number_can_be_written_again(two):
    flip(two / "2" / CHECKSUMS)
    with Checkpoints(two, lambda _: None) as checkpoints:
        equal(checkpoints.restore(make_snapshot()), make_snapshot(1))
        checkpoints.save(make_snapshot(5))
        equal(checkpoints.restore(make_snapshot()), make_snapshot(5))


def test_if_all_are_damaged_training_starts_again_and_says_so(two):
    for number in "12":
        flip(max(files_of(two / number), key=lambda path: path.stat().st_size))
    found, warnings = reopen(two)
    assert found is None
    assert len(warnings) == 3
    assert "starts again" in warnings[-1]


def test_a_file_in_the_place_of_a_checkpoint(two):
    (two / "7").write_text("not a folder")
    found, warnings = reopen(two)
    equal(found, make_snapshot(2))
    assert len(warnings) == 1


def test_left_overs_of_a_killed_save_do_no_harm(two):
    # Killed while orbax writes, and between orbax's rename and our checksums.
    shutil.copytree(two / "2", two / "3.orbax-checkpoint-tmp")
    shutil.copytree(two / "2", two / "4")
    (two / "4" / CHECKSUMS).unlink()
    (two / "2" / f".{CHECKSUMS}.abc").write_text("half")
    found, warnings = reopen(two)
    equal(found, make_snapshot(2))
    assert len(warnings) == 1
    with Checkpoints(two) as checkpoints:
        checkpoints.save(make_snapshot(6))
    assert sorted(path.name for path in two.iterdir()) == ["2", "3"]


def test_another_models_checkpoint_is_refused_with_a_message(two):
    with (
        Checkpoints(two) as checkpoints,
        pytest.raises(WorkFolderError, match="another model") as error,
    ):
        checkpoints.restore(make_snapshot(width=4))
    assert "--workdir" in str(error.value)


def test_not_writable(tmp_path):
    (tmp_path / "file").write_text("")
    with Checkpoints(tmp_path / "file" / "x") as checkpoints, pytest.raises(WorkFolderError):
        checkpoints.save(make_snapshot())


FULL = """
import resource, sys, tempfile
from pathlib import Path
from attnjax.errors import WorkFolderError
from attnjax.training.checkpoint import Checkpoints
from tests.training.test_checkpoint import make_snapshot, equal
folder = Path(sys.argv[1])
with Checkpoints(folder) as kept:
    kept.save(make_snapshot(1))
for limit in (50, 400, 1500):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with Checkpoints(folder) as kept:
            kept.save(make_snapshot(2))
    except WorkFolderError as error:
        assert "no space left" in str(error), error
        print("refused", limit)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
with Checkpoints(folder) as kept:
    equal(kept.restore(make_snapshot()), make_snapshot(1))
    kept.save(make_snapshot(3))
    equal(kept.restore(make_snapshot()), make_snapshot(3))
"""


def test_a_failed_saves_last_thread_is_waited_for(two):
    """The folder of an unfinished save grows for half a second while it is deleted."""
    unfinished = two / "3.orbax-checkpoint-tmp" / "arrays"
    unfinished.mkdir(parents=True)
    stop = threading.Event()

    def write():
        for number in itertools.count():
            if stop.is_set():
                return
            with contextlib.suppress(FileNotFoundError):
                (unfinished / str(number)).write_text("x")

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    ending = threading.Timer(0.5, stop.set)
    ending.start()
    try:
        with Checkpoints(two) as checkpoints:
            checkpoints.save(make_snapshot(6))
            equal(checkpoints.restore(make_snapshot()), make_snapshot(6))
    finally:
        stop.set()
        for writer in [*writers, ending]:
            writer.join()


def test_a_folder_that_a_failed_save_makes_once_more_is_deleted_again(two, monkeypatch):
    """It comes after the old ones were deleted, and just before the new save."""
    save = ocp.CheckpointManager.save
    calls = []

    def late(manager, number, **more):
        calls.append(number)
        if len(calls) == 1:
            (two / f"{number}.orbax-checkpoint-tmp").mkdir()
            raise FileExistsError(errno.EEXIST, "File exists")
        return save(manager, number, **more)

    monkeypatch.setattr(ocp.CheckpointManager, "save", late)
    with Checkpoints(two) as checkpoints:
        checkpoints.save(make_snapshot(6))
        equal(checkpoints.restore(make_snapshot()), make_snapshot(6))
    assert calls == [3, 3]


ENDLESS = """
import sys
import threading
from pathlib import Path
from attnjax.training.checkpoint import Checkpoints
from tests.training.test_checkpoint import make_snapshot
with Checkpoints(Path(sys.argv[1])) as kept:
    for value in range(1, 10_000):
        kept.save(make_snapshot(value % 50))
        print(value, flush=True)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_is_explained_and_survived(tmp_path):
    done = start(FULL, str(tmp_path / "checkpoints"))
    output, errors = done.communicate(timeout=300)
    assert done.returncode == 0, errors[-3000:]
    assert output.splitlines() == ["refused 50", "refused 400", "refused 1500"]


def test_killed_while_saving(tmp_path):
    """SIGKILL at three moments of a stream of saves: always a whole checkpoint after."""
    folder = tmp_path / "checkpoints"
    for wait in (0.0, 0.013, 0.047):
        process = start(ENDLESS, str(folder))
        assert process.stdout is not None
        for _ in range(3):
            saved = int(process.stdout.readline())
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        reported = [int(line) for line in output.split()]
        found, _ = reopen(folder)
        # What was reported as saved is there, or one later that was not reported yet.
        last = max([saved, *reported])
        assert found.progress.epoch in (last, last + 1)


def test_orbax_keeps_quiet_and_nobody_elses_level_changes(two, caplog):
    logger = logging.getLogger("absl")
    before = logger.level
    with caplog.at_level(logging.DEBUG):
        reopen(two)
    assert [record for record in caplog.records if record.name == "absl"] == []
    assert logger.level == before


def test_the_record_can_be_read_by_people(two):
    record = json.loads((two / "2" / "record" / "metadata").read_text())
    assert record["best"] == {"score": 2.1, "epoch": 2}
    assert record["progress"]["iterator"] == {"next_index": 3}
