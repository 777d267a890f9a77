"""Exceptions whose text is written for the person who has to act on it."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake in what the user typed or fed: exit code 2, one message, no traceback.

    Args:
        where: the config field, file (with line), array or folder at fault.
        found: what stood there.
        expected: what should have stood there.
        action: what to do next.

    Example:
        >>> print(UserError("config.seed", found="-1", expected="0 or more", action="set it"))
        config.seed: found -1; expected 0 or more. What to do: set it
    """

    def __init__(self, where: str, *, found: str, expected: str, action: str) -> None:
        self.where = where
        super().__init__(f"{where}: found {found}; expected {expected}. What to do: {action}")


class ConfigError(UserError):
    """A config field, or several, with an unknown name or an impossible value."""


class DataError(UserError):
    """A data file or data set that cannot be used as it is."""


class WeightsError(UserError):
    """A weights file that cannot be read or does not fit the model."""


class WorkFolderError(UserError):
    """A work folder that cannot be used: another run's, newer, locked or not writable."""


class UserErrors(UserError):
    """Several mistakes of one kind, reported together.

    Example:
        >>> one = UserError("a", found="1", expected="2", action="write 2")
        >>> print(UserErrors([one, one]))
        2 problems:
          a: found 1; expected 2. What to do: write 2
          a: found 1; expected 2. What to do: write 2
    """

    def __init__(self, errors: Iterable[UserError]) -> None:
        self.errors = tuple(errors)
        self.where = self.errors[0].where
        lines = [f"{len(self.errors)} problems:", *(f"  {error}" for error in self.errors)]
        ValueError.__init__(self, "\n".join(lines))


def raise_all(errors: list[UserError]) -> None:
    """Raise the errors gathered so far, if any: one as itself, several together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UserErrors(errors)


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest choice, or nothing.

    Example:
        >>> suggestion("lsmt", ["lstm", "cnn"])
        " (did you mean 'lstm'?)"
    """
    near = difflib.get_close_matches(name, list(choices), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
