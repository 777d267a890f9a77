"""Text sets of tensorflow-datasets (lm1b, pg19) as documents, read in blocks."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from attnjax.data.gpt.documents import Document
from attnjax.data.tfds_source import FORMAT, prepare
from attnjax.errors import DataError

BLOCK = 1000
"""Rows that are read at once: one at a time is many times slower."""


def tfds_document(name: str, split: str, *, folder: Path, column: str = "text") -> Document:
    """Return a split as one document, each of its texts a line or several.

    Args:
        name: of the data set, prepared or to be prepared.
        split: an expression of tensorflow-datasets, such as `train[:10%]`; a document of its
            own, so what is held out is named as another split.
        folder: of the prepared data.
        column: of the text.

    Raises:
        DataError: for an unknown name, split or column, or data that cannot be had.

    Example: `write_tokens([tfds_document("lm1b", "train[:1%]", folder=Path("tfds"))], path,
    tokenizer)`.
    """
    import tensorflow_datasets as tfds

    builder = prepare(
        lambda: tfds.builder(name, data_dir=str(folder), file_format=FORMAT), name=name
    )
    if column not in builder.info.features:
        raise DataError(
            f"{name}, column {column!r}",
            found="no such column",
            expected="one of " + ", ".join(builder.info.features),
            action="name the column of the text",
        )
    try:
        source = builder.as_data_source(split=split)
    except (ValueError, KeyError, NotImplementedError, ImportError, OSError) as error:
        raise DataError(
            f"{name}, split {split!r}",
            found=str(error).strip()[:200],
            expected="a split of data in the format " + FORMAT,
            action="correct the split, or delete the folder of the data and run again",
        ) from error
    digest = f"{builder.info.full_name} {split}, {len(source)} texts"
    return Document(f"{name} {split}", digest, partial(_lines, source, column))


def _lines(source: Any, column: str) -> Iterator[str]:
    """Yield every text with a line end."""
    for start in range(0, len(source), BLOCK):
        for row in source.__getitems__(range(start, min(start + BLOCK, len(source)))):
            text = row[column]
            yield (text.decode() if isinstance(text, bytes) else str(text)).rstrip("\n") + "\n"
