"""What every reader of JSON lines checks in a row."""

from collections.abc import Collection
from pathlib import Path

from attnjax.data.reading import line_error
from attnjax.data.tables import Row
from attnjax.errors import UserError


def text_and_label(
    row: Row, path: Path, labels: Collection[str], errors: list[UserError]
) -> tuple[str, str] | None:
    """Return the fields `text` and `label` of a row, or None after noting what is wrong.

    Args:
        row: of a table.
        path: of its file.
        labels: that there are; one of the file may also be a number.
        errors: of the file so far, added to.

    Example:
        >>> text_and_label(Row(1, {"text": "a joy", "label": 1}), Path("a.jsonl"), ("0", "1"), [])
        ('a joy', '1')
    """
    text, label = row.values.get("text"), str(row.values.get("label"))
    known = len(errors)
    if not isinstance(text, str):
        errors.append(line_error(str(path), row.line, "no string in 'text'", "a text"))
    elif any("\ud800" <= letter <= "\udfff" for letter in text):
        found = "half of a surrogate pair"
        errors.append(line_error(str(path), row.line, found, "text that UTF-8 can hold"))
    if label not in labels:
        expected = "one of " + ", ".join(labels)
        errors.append(line_error(str(path), row.line, f"label {label!r}", expected))
    return (str(text), label) if len(errors) == known else None
