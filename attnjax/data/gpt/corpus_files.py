"""The text files of a corpus: single ones, and all in a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.data.reading import raise_some
from attnjax.data.texts.places import data_folder
from attnjax.errors import DataError, UserError

ENDINGS = (".txt", ".txt.gz")


_NO_FILE = "a link that leads nowhere, or no file"


class CorpusFiles(NamedTuple):
    """Files of a corpus.

    Attributes:
        texts: to be read.
        passed_over: what else is in the folders: files that are no texts by their names, and
            folders, which are not looked into.
    """

    texts: tuple[Path, ...]
    passed_over: tuple[Path, ...]


def corpus_files(paths: Sequence[str]) -> CorpusFiles:
    """Return the files that paths name; of a folder all that end in `.txt` or `.txt.gz`.

    Args:
        paths: of files and folders; one that is not where it says is looked for below the
            folder that `ATTNJAX_DATA_DIR` names.

    Raises:
        DataError: naming every path that leads nowhere, every folder without texts, and what is
            called like a text and is no file.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("emma.txt", "notes.pdf"):
        ...     _ = (folder / name).write_text("words")
        >>> [[path.name for path in found] for found in corpus_files([str(folder)])]
        [['emma.txt'], ['notes.pdf']]
    """
    errors: list[UserError] = []
    texts: list[Path] = []
    passed_over: list[Path] = []
    for given in paths:
        path = _place(given)
        if path.is_dir():
            inside = sorted(path.iterdir())
            wanted = [one for one in inside if one.name.endswith(ENDINGS) and not one.is_dir()]
            if not wanted:
                errors.append(_refused(path, "a folder without such files", "name another"))
            lost = [one for one in wanted if not one.is_file()]
            errors += [_refused(one, _NO_FILE, "take it away") for one in lost]
            texts += wanted
            passed_over += [one for one in inside if one not in wanted]
        elif path.is_file():
            texts.append(path)
        elif path.exists() or path.is_symlink():
            errors.append(_refused(path, _NO_FILE, "name another"))
        else:
            action = "correct config.corpus.paths, or ATTNJAX_DATA_DIR, below which it is sought"
            errors.append(_refused(path, "no such file or folder", action))
    raise_some(errors)
    return CorpusFiles(tuple(texts), tuple(passed_over))


def _place(given: str) -> Path:
    """Return where a path leads: as it stands, or below the folder of local copies."""
    path, folder = Path(given).expanduser(), data_folder("")
    if path.exists() or folder is None or path.is_absolute():
        return path
    return folder / path if (folder / path).exists() else path


def _refused(path: Path, found: str, action: str) -> DataError:
    expected = "a text file, or a folder of files that end in " + " or ".join(ENDINGS)
    return DataError(str(path), found=found, expected=expected, action=action)
