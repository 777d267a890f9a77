"""A user's own files with a text and a label in every row."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attnjax.config import DataConfig
from attnjax.data.corpus import Corpus
from attnjax.data.labelled import Record, label_corpus, sorted_labels
from attnjax.data.reading import raise_some
from attnjax.data.tables import Table, read_table
from attnjax.data.text import configured_tokenizer
from attnjax.errors import DataError, UserError, suggestion

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "test": "test",
}


def file_corpus(config: DataConfig) -> Corpus:
    r"""Read `config.path`, and its dev and test files if they are named.

    Splits are those of the files, or of `config.split_column`; one that is not given is cut
    from train, with `config.split_seed`. With `config.question_column` each text comes with
    a question; with `config.candidates_column` only the answers listed there are possible,
    and every answer listed anywhere is a class.

    Args:
        config: which files and columns.

    Raises:
        DataError: naming file and line, several mistakes together.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "reviews.tsv"
        >>> rows = "".join(f"{'so dull' if i % 2 else 'a joy'}\t{i % 2}\n" for i in range(20))
        >>> _ = path.write_text("text\tlabel\n" + rows)
        >>> file_corpus(DataConfig(name="file", path=str(path))).class_names
        ('0', '1')
    """
    if config.split_column and (config.dev_path or config.test_path):
        raise DataError(
            "config.data.split_column",
            found=f"{config.split_column!r} beside config.data.dev_path or test_path",
            expected="splits from a column or from files, not both",
            action="clear one of them",
        )
    paths = {"train": config.path, "dev": config.dev_path, "test": config.test_path}
    records: dict[str, list[Record]] = {}
    errors: list[UserError] = []
    for split, name in paths.items():
        if name:
            path = Path(name).expanduser()
            _gather(path, split, config, records=records, errors=errors)
    raise_some(errors)
    if "train" not in records:
        raise DataError(
            config.path,
            found=f"no row whose {config.split_column!r} is train",
            expected="training texts",
            action="check config.data.split_column",
        )
    return label_corpus(
        Path(config.path).name,
        records,
        tokenize=configured_tokenizer(config, separated=False),
        dev_fraction=config.dev_fraction,
        test_fraction=config.test_fraction,
        split_seed=config.split_seed,
        class_names=_answers(records) if config.candidates_column else (),
    )


def _answers(records: Mapping[str, Sequence[Record]]) -> tuple[str, ...]:
    """Return the answers that are right for a text of train or possible for any text."""
    listed = {name for split in records.values() for one in split for name in one.candidates or ()}
    return sorted_labels(listed | {record.label for record in records["train"]})


def _gather(
    path: Path,
    split: str,
    config: DataConfig,
    *,
    records: dict[str, list[Record]],
    errors: list[UserError],
) -> None:
    """Add the rows of one file to the records of their splits, and their mistakes to errors."""
    table = read_table(path)
    needed = {
        "config.data.text_column": config.text_column,
        "config.data.label_column": config.label_column,
    }
    optional = {
        "config.data.question_column": config.question_column,
        "config.data.candidates_column": config.candidates_column,
        "config.data.split_column": config.split_column,
    }
    needed |= {setting: column for setting, column in optional.items() if column}
    missing = [
        _missing_column(path, table, setting, column)
        for setting, column in needed.items()
        if column not in table.columns
    ]
    if missing:
        errors += missing
        return
    for row in table.rows:
        origin = f"{path}, line {row.line}"
        found = len(errors)
        record = _record(row.values, origin, config, errors)
        into = split
        if config.split_column:
            into = _split(row.values.get(config.split_column), origin, errors)
        if len(errors) == found:
            records.setdefault(into, []).append(record)


def _record(
    values: Mapping[str, Any], origin: str, config: DataConfig, errors: list[UserError]
) -> Record:
    """Return one row as a record; what is wrong with it goes to errors."""
    text = _text(values.get(config.text_column), origin, config.text_column, errors)
    label = _label(values.get(config.label_column), origin, config.label_column, errors)
    question, candidates = None, None
    if column := config.question_column:
        question = _text(values.get(column), origin, column, errors)
    if column := config.candidates_column:
        candidates = _candidates(values.get(column), origin, column, errors)
    return Record(text, label, origin, question, candidates)


def _missing_column(path: Path, table: Table, setting: str, column: str) -> DataError:
    return DataError(
        str(path),
        found=f"no column {column!r}{suggestion(column, table.columns)}",
        expected=f"the column that {setting} names; the file has {', '.join(table.columns)}",
        action=f"set --{setting}=NAME",
    )


def _text(value: Any, origin: str, column: str, errors: list[UserError]) -> str:
    """Return a text that can be written as UTF-8 and is not blank."""
    if not isinstance(value, str):
        found = "no text" if value is None else f"{value!r}, which is no string,"
    elif not value.strip():
        found = "an empty text"
    elif not _encodable(value):
        found = "half of a surrogate pair"
    else:
        return value
    errors.append(
        DataError(
            origin,
            found=f"{found} in column {column!r}",
            expected="a text of at least one word",
            action="fill it in or remove the row",
        )
    )
    return ""


def _encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _label(value: Any, origin: str, column: str, errors: list[UserError]) -> str:
    """Return a label as a string: strings, integers and truth values may be labels."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # what a table with gaps makes of 0 and 1
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.strip() and _encodable(value):
        return value.strip()
    empty = value is None or (isinstance(value, str) and not value.strip())
    errors.append(
        DataError(
            origin,
            found=f"{'no label' if empty else repr(value)} in column {column!r}",
            expected="a label: a string, an integer, true or false",
            action="fill it in or remove the row",
        )
    )
    return ""


def _candidates(value: Any, origin: str, column: str, errors: list[UserError]) -> tuple[str, ...]:
    """Return the possible answers: a list, one written as JSON, or words joined by `|`."""
    listed = value
    if isinstance(value, str):
        try:
            listed = json.loads(value) if value.strip().startswith("[") else value.split("|")
        except ValueError:
            listed = None
    if not isinstance(listed, list) or not listed or (isinstance(value, str) and not value.strip()):
        errors.append(
            DataError(
                origin,
                found=f"{value!r} in column {column!r}",
                expected='the possible answers: a JSON list such as ["yes", "no"], or yes|no',
                action="list them, the right one among them",
            )
        )
        return ()
    return tuple(dict.fromkeys(_label(one, origin, column, errors) for one in listed))


def _split(value: Any, origin: str, errors: list[UserError]) -> str:
    name = SPLIT_NAMES.get(str(value).strip().lower())
    if name is None:
        near = suggestion(str(value).strip().lower(), SPLIT_NAMES)
        errors.append(
            DataError(
                origin,
                found=f"split {value!r}{near}",
                expected="one of " + ", ".join(SPLIT_NAMES),
                action="correct the line",
            )
        )
    return name or ""
