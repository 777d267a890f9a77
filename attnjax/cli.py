"""The command: parse, lock the work folder, run the stages, write the report."""

import dataclasses
import platform
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from attnjax import __version__
from attnjax.commandline import Command, parse, usage
from attnjax.config import Config
from attnjax.errors import UserError
from attnjax.workspace import SCHEMA, WRITE_ERRORS, explain_os_error, work_folder

OK, OURS, USERS, TERMINATED = 0, 1, 2, 128 + signal.SIGTERM
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy", "chex")


def main(arguments: Sequence[str], *, root: Path) -> int:
    """Run a command and return its exit code.

    Args:
        arguments: everything after the program's name.
        root: the folder that holds `configs/`.

    Returns:
        0 if all is done, 2 for a mistake of the user, 1 for one of ours, 143 after SIGTERM.
    """
    try:
        command = parse(arguments, configs=root / "configs")
    except UserError as error:
        _print_error(error)
        return USERS
    if command.help:
        print(usage(root / "configs"))
        return OK
    directory = Path(command.workdir or _fresh_folder(command.name))
    return _guarded(command, directory, arguments)


def _guarded(command: Command, directory: Path, arguments: Sequence[str]) -> int:
    """Run, turning whatever goes wrong into one message and an exit code."""
    code = OURS
    try:
        code = _run(command, directory, arguments)
    except UserError as error:
        _print_error(error)
        code = USERS
    except KeyboardInterrupt:
        _say("interrupted; the same command with this --workdir continues")
        code = 128 + signal.SIGINT
    except OSError as error:
        if error.errno in WRITE_ERRORS:
            _print_error(explain_os_error(error, error.filename or directory))
            code = USERS
        else:
            _keep_traceback(directory)
    except Exception:  # the last resort: whatever it is, it is a mistake of ours
        _keep_traceback(directory)
    return code


def _print_error(error: UserError) -> None:
    print(f"error: {error}", file=sys.stderr)


def _keep_traceback(directory: Path) -> None:
    """Keep the traceback where it can be sent from, and say so in one message."""
    text = traceback.format_exc()
    path = directory / "error.log"
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


def _fresh_folder(name: str) -> str:
    """Return a folder below runs/ that does not exist yet."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    path = Path("runs") / f"{name}-{stamp}"
    number = 1
    while path.exists():
        number += 1
        path = Path("runs") / f"{name}-{stamp}-{number}"
    return str(path)


def _run(command: Command, directory: Path, arguments: Sequence[str]) -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    _use_compilation_cache()
    _multiply_in_float32()
    from attnjax.experiments.runner import identity, run_stages
    from attnjax.training.loop import Interrupted

    record = _record(command.config, identity(command.config), arguments)
    with work_folder(directory, record):
        _say(f"work folder: {directory}")
        try:
            results = run_stages(
                command.config,
                directory,
                progress=sys.stderr.isatty(),
                stop=stop.is_set,
                say=_say,
            )
        except Interrupted:
            _say("stopped as asked; the same command with this --workdir continues")
            return TERMINATED
        _write_report(command.config, directory, results)
    return OK


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write_report(config: Config, directory: Path, results: dict[str, Any]) -> None:
    from attnjax.report.page import write_report

    _say("report ...")
    title = config.report.title or f"{results['dataset']['name']}: is the attention an explanation?"
    write_report(directory, instances_limit=config.report.instances, title=title)
    scores = results["performance"]["test"]
    _say(f"test accuracy {scores['accuracy']:.3f}, F1 {scores['f1']:.3f}")
    print(f"report:  {directory / 'report.html'}\nresults: {directory / 'results.json'}")


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


def _record(config: Config, identity: dict[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    """Return what `config.json` holds."""
    import jax

    device = jax.local_devices()[0]
    return {
        "schema": SCHEMA,
        "attnjax": __version__,
        "command": shlex.join(["python", "train.py", *arguments]),
        "seed": config.seed,
        "device": f"{len(jax.local_devices())} x {device.device_kind} ({device.platform})",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "identity": identity,
        "config": dataclasses.asdict(config),
    }
