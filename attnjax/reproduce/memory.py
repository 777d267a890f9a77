"""The most memory that this process held since it was last asked to forget."""

import re
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FORGET = Path("/proc/self/clear_refs")


def forget_peak() -> bool:
    """Begin anew to watch the most resident memory; return whether the system can.

    Only Linux can; elsewhere peaks of single runs within one process are not known.
    """
    try:
        _FORGET.write_text("5")
    except OSError:
        return False
    return True


def peak_bytes() -> int | None:
    """Return the most resident memory since `forget_peak`, in bytes, or None.

    Example:
        >>> peak = peak_bytes()
        >>> peak is None or peak > 2**20
        True
    """
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024
