"""Where prepared data sets are kept between runs."""

import os
from pathlib import Path

from attnjax.errors import DataError


def cache_folder(cache_dir: Path | None = None) -> Path:
    """Return the folder for prepared data, made if it is not there.

    Args:
        cache_dir: the folder to use; else `ATTNJAX_CACHE_DIR`, else `attnjax` in
            `XDG_CACHE_HOME` or `~/.cache`.

    Raises:
        DataError: if nothing can be written there.

    Example:
        >>> import tempfile
        >>> cache_folder(Path(tempfile.mkdtemp()) / "prepared").is_dir()
        True
    """
    chosen = cache_dir
    if chosen is None and os.environ.get("ATTNJAX_CACHE_DIR"):
        chosen = Path(os.environ["ATTNJAX_CACHE_DIR"]).expanduser()
    if chosen is None:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        chosen = Path(base) / "attnjax"
    try:
        chosen.mkdir(parents=True, exist_ok=True)
        probe = chosen / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise not_writable(chosen, error) from error
    return chosen


def not_writable(folder: Path, error: OSError) -> DataError:
    """Return what to say about a cache that cannot be written."""
    return DataError(
        str(folder),
        found=str(error),
        expected="a folder with room, in which files can be written",
        action="set the environment variable ATTNJAX_CACHE_DIR to another folder",
    )
