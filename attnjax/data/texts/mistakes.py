"""What to say of a line that is not as its data set's files are."""

from attnjax.errors import DataError


def wrong_line(origin: str, found: str, expected: str) -> DataError:
    """Return the error of one line of an official file.

    Args:
        origin: file and line.
        found: what stands there.
        expected: what should.

    Example:
        >>> print(wrong_line("toy.txt, line 2", "label 'x'", "0 or 1"))
        toy.txt, line 2: found label 'x'; expected 0 or 1. What to do: correct the line, or get an
        undamaged copy of the file
    """
    return DataError(
        origin,
        found=found,
        expected=expected,
        action="correct the line, or get an undamaged copy of the file",
    )
