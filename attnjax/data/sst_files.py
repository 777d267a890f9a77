"""The source files of the Stanford Sentiment Treebank: where they are and what is in them."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from attnjax.data.corpus import SPLITS
from attnjax.data.download import download, write_whole
from attnjax.data.reading import raise_some
from attnjax.data.tables import read_table
from attnjax.data.texts.places import local_parts
from attnjax.data.trees import read_trees
from attnjax.errors import DataError

ADDRESSES = {
    "authors_csv": "https://raw.githubusercontent.com/successar/AttentionExplanation/master/"
    "preprocess/SST/sst_dataset.csv",
    "trees": "https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip",
}
COUNTS = {
    "authors_csv": {"train": 6920, "dev": 872, "test": 1821},
    "trees": {"train": 8544, "dev": 1101, "test": 2210},
}
NAMES = {
    "authors_csv": {"all": "sst_dataset.csv"},
    "trees": {split: f"{split}.txt" for split in SPLITS},
}
LABELS = {
    "authors_csv": ("negative", "positive"),
    "trees": ("very negative", "negative", "neutral", "positive", "very positive"),
}


class Example(NamedTuple):
    """A sentence, words separated by spaces, with the label of its source."""

    text: str
    label: int


def local_files(source: str, folder: Path) -> dict[str, Path]:
    """Return the source files in a folder or in its subfolder `sst`, plain or gzipped.

    Args:
        source: `authors_csv` or `trees`.
        folder: of local copies.

    Raises:
        DataError: naming the file that is missing.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "sst_dataset.csv").write_text("text,label,exp_split")
        >>> local_files("authors_csv", folder)["all"].name
        'sst_dataset.csv'
    """
    parts = {part: (name,) for part, name in NAMES[source].items()}
    return local_parts(parts, folder, subfolder="sst")


def downloaded_files(source: str, folder: Path) -> dict[str, Path]:
    """Return the source files, downloaded from their official address if they must be.

    Args:
        source: `authors_csv` or `trees`.
        folder: where downloads are kept.

    Raises:
        DataError: if they cannot be had, or are not the whole treebank.
    """
    url = ADDRESSES[source]
    path = download(url, folder / url.rsplit("/", maxsplit=1)[-1], name=f"SST ({source})")
    files = {"all": path} if source == "authors_csv" else _unpacked(path)
    counts = {split: len(rows) for split, rows in read_examples(source, files).items()}
    if counts != COUNTS[source]:
        raise DataError(
            str(path),
            found=f"{counts} sentences, downloaded from {url}",
            expected=f"{COUNTS[source]}",
            action="delete the file and run again",
        )
    return files


def _unpacked(path: Path) -> dict[str, Path]:
    files = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for split, name in NAMES["trees"].items():
                files[split] = path.parent / name
                write_whole(files[split], archive.read(f"trees/{name}"))
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataError(
            str(path),
            found=str(error),
            expected="a zip file with trees/train.txt, trees/dev.txt and trees/test.txt",
            action="delete the file and run again",
        ) from error
    return files


def read_examples(source: str, files: Mapping[str, Path]) -> dict[str, list[Example]]:
    """Return the sentences of every split as the source has them.

    Args:
        source: `authors_csv` (binary) or `trees` (five classes).
        files: as `local_files` returns them.

    Raises:
        DataError: naming file and line of what is not as it should be.
    """
    if source == "trees":
        return {
            split: [Example(" ".join(tree.tokens), tree.label) for _, tree in read_trees(path)]
            for split, path in files.items()
        }
    examples: dict[str, list[Example]] = {split: [] for split in SPLITS}
    errors = []
    path = files["all"]
    for row in read_table(path).rows:
        text, label, split = (row.values.get(name, "") for name in ("text", "label", "exp_split"))
        if split in examples and label in ("0", "1") and text.strip():
            examples[split].append(Example(text, int(label)))
        else:
            errors.append(
                DataError(
                    f"{path}, line {row.line}",
                    found=f"split {split!r}, label {label!r}, text {text[:40]!r}",
                    expected="train, dev or test; 0 or 1; a text",
                    action="get an undamaged copy of the file",
                )
            )
    raise_some(errors)
    return examples
