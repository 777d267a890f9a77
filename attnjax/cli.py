"""The command: parse, lock the work folder, run the stages, write the report."""

import contextlib
import itertools
import os
import platform
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from attnjax import __version__
from attnjax.commandline import Command, parse, usage
from attnjax.config import AnyConfig, Config, FineTuningRun, PretrainingRun
from attnjax.errors import UserError
from attnjax.workspace import WRITE_ERRORS, explain_os_error, work_folder

OK, OURS, USERS = 0, 1, 2
INTERRUPTED, BROKEN_PIPE, TERMINATED = (
    128 + number for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)
)
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy", "chex")


def main(arguments: Sequence[str], *, root: Path) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: everything after the program's name.
        root: the folder that holds `configs/`.

    Returns:
        0 if all is done, 2 for a mistake of the user, 1 for one of ours; 130 after Ctrl-C, 143
        after SIGTERM, 141 where whoever read the output has gone.
    """
    try:
        return _explained(arguments, root)
    except BrokenPipeError:  # as `head` does with --help: whoever was reading has gone
        _forget_output()
        return BROKEN_PIPE


def _explained(arguments: Sequence[str], root: Path) -> int:
    """Run, turning whatever goes wrong into one message and an exit code."""
    directory = None
    try:
        command = parse(arguments, configs=root / "configs")
        if command.help:
            print(usage(root / "configs"), flush=True)
            return OK
        given = command.workdir
        directory = Path(given).expanduser() if given else _fresh_folder(command.name)
        with _asked_to_stop() as stop:
            return _run(command, directory, arguments, stop)
    except KeyboardInterrupt:
        _say(f"interrupted; {_continuing(directory)}")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the outermost boundary: whatever is left becomes an exit code
        mistake = _of_the_user(error, directory)
        if mistake is None:
            _keep_traceback(directory)
            return OURS
        _say(f"error: {mistake}")
        return USERS


def _of_the_user(error: Exception, directory: Path | None) -> UserError | None:
    """Return an error as the user can mend it, or None where it is a mistake of ours."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and error.errno in WRITE_ERRORS:
        return explain_os_error(error, error.filename or directory or Path.cwd())
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return UserError(
            "memory",
            found=f"less than this run needs ({reason})",
            expected="room for the model, and for a batch of its longest texts",
            action="lower config.memory.bytes and give the same command again: all finished "
            "stages are kept; if it was training, begin anew with a lower batch_size, or go on "
            "with --config.gpt.recompute=true where the model is a GPT",
        )
    return None


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Yield whether SIGTERM has come; the process's own handler is back after the block."""
    event = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    try:
        yield event.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


def _continuing(directory: Path | None) -> str:
    """Return how to go on after a stop."""
    if directory is None:
        return "nothing was begun"
    return f"the same command with --workdir={shlex.quote(str(directory))} continues"


def _forget_output() -> None:
    """Send what is still buffered, and all that follows, nowhere: nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _keep_traceback(directory: Path | None) -> None:
    """Keep the traceback where it can be sent from, and say so in one message."""
    text = traceback.format_exc()
    path = (directory or Path()) / "error.log"
    try:
        path.write_text(text, encoding="utf-8")
        where = f"the details are in {path}"
    except OSError:
        where = f"the details:\n{text}"
    last = text.strip().splitlines()[-1]
    print(
        f"error: a mistake in attnjax, not in your command ({last}); please report it, {where}. "
        "All finished stages are kept.",
        file=sys.stderr,
    )


def _fresh_folder(name: str) -> Path:
    """Make a folder below runs/ that nobody else has and return it."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    for number in itertools.count(1):
        path = Path("runs") / (f"{name}-{stamp}" + (f"-{number}" if number > 1 else ""))
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
    raise AssertionError("there is always another number")


def _run(
    command: Command, directory: Path, arguments: Sequence[str], stop: Callable[[], bool]
) -> int:
    first = _join_hosts(command)
    with work_folder(directory) if first else contextlib.nullcontext():
        _say(f"work folder: {directory}")
        _use_compilation_cache()
        _multiply_in_float32()
        if isinstance(command.config, Config):
            _make_cpu_devices()
        from attnjax.experiments.runner import run_stages
        from attnjax.training.host import Interrupted

        try:
            results = run_stages(
                command.config,
                directory,
                made_with=_made_with(arguments),
                progress=sys.stderr is not None and sys.stderr.isatty(),
                stop=stop,
                say=_say if first else lambda line: None,  # one speaks for all
            )
        except Interrupted:
            _say(f"stopped as asked; {_continuing(directory)}")
            return TERMINATED
        if first:
            _write_report(command.config, directory, results)
    return OK


def _join_hosts(command: Command) -> bool:
    """Join the other processes of a run, if there are some; return whether this one writes."""
    config = command.config
    if not isinstance(config, PretrainingRun) or config.hosts.count == 1:
        return True
    if not command.workdir:
        raise UserError(
            "--workdir",
            found="none, with config.hosts.count above 1",
            expected="one folder that every host can reach",
            action="name it",
        )
    from attnjax.training.hosts import join_hosts

    hosts = config.hosts
    join_hosts(hosts.coordinator, num_processes=hosts.count, process_id=hosts.process)
    return hosts.process == 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write_report(config: AnyConfig, directory: Path, results: dict[str, Any]) -> None:
    """Write the report of a run of any kind, and say how it ended."""
    _say("report ...")
    if isinstance(config, Config):
        _write_classifier_report(config, directory, results)
    elif isinstance(config, PretrainingRun):
        from attnjax.report.gpt.pretraining import outcome, write_pretraining_report

        write_pretraining_report(directory, title=config.report.title)
        _say(outcome(results))
    else:
        _write_fine_tuning_report(config, directory, results)
    print(
        f"report:  {directory / 'report.html'}\nresults: {directory / 'results.json'}", flush=True
    )


def _write_fine_tuning_report(
    config: FineTuningRun, directory: Path, results: dict[str, Any]
) -> None:
    from attnjax.report.gpt.fine_tuning import outcome, write_fine_tuning_report

    write_fine_tuning_report(directory, title=config.report.title)
    _say(outcome(results))


def _write_classifier_report(config: Config, directory: Path, results: dict[str, Any]) -> None:
    from attnjax.report.page import write_report

    title = config.report.title or f"{results['dataset']['name']}: is the attention an explanation?"
    write_report(directory, instances_limit=config.report.instances, title=title)
    scores = results["performance"]["test"]
    _say(f"test accuracy {scores['accuracy']:.3f}, F1 {scores['f1']:.3f}")


def _use_compilation_cache() -> None:
    """Keep compiled programs in the user's cache folder, so that a second run starts at once."""
    import jax

    from attnjax.data.cache import cache_folder

    if jax.config.values["jax_compilation_cache_dir"] is not None:
        return
    try:
        folder = cache_folder()
    except UserError as error:
        _say(f"compiled programs are not kept: {error}")
        return
    jax.config.update("jax_compilation_cache_dir", str(folder / "jax"))
    # Every program: to read a tiny one takes a third of the time of compiling it.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def _multiply_in_float32() -> None:
    """Make accelerators multiply matrices in float32, as a CPU does.

    Left to itself a TPU keeps 8 and a GPU 11 of the 24 bits of each factor, while whether an
    adversary is feasible is judged to 1e-6.
    """
    import jax

    if jax.config.values["jax_default_matmul_precision"] is None:
        jax.config.update("jax_default_matmul_precision", "highest")


def _make_cpu_devices() -> None:
    """Let a CPU work on the members of a population beside one another."""
    from attnjax.training.mesh import make_cpu_devices

    make_cpu_devices()


def _made_with(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the command, and the versions and the device that it runs on."""
    from attnjax.training.mesh import batch_devices

    try:
        devices = batch_devices()
    except RuntimeError as error:
        raise UserError(
            "JAX",
            found=f"no device to compute on ({str(error).splitlines()[0]})",
            expected="a CPU, GPU or TPU that this process may use",
            action="correct or clear the environment variable JAX_PLATFORMS (cpu always works), "
            "or end the process that holds the device",
        ) from error
    return {
        "attnjax": __version__,
        "command": shlex.join(["python", "train.py", *arguments]),
        "device": f"{len(devices)} x {devices[0].device_kind} ({devices[0].platform})",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }
