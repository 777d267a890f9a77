"""Where the official files of a data set are: in a folder of the user's, or downloaded."""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from attnjax.data.download import download
from attnjax.data.reading import unreadable
from attnjax.data.texts.source import Source
from attnjax.errors import DataError

FIELD = "config.data.dir"
"""What a user changes to name the folder of a data set, but for a GPT's tasks."""


def find_files(
    source: Source, named: str, downloads: Path, *, field: str = FIELD
) -> dict[str, Path]:
    """Return where each part of a source is.

    A folder that the config or the environment names is the only place looked at; without one
    the parts are downloaded, once.

    Args:
        source: which files.
        named: the folder that the config names.
        downloads: the folder where downloads are kept.
        field: of the config, for messages.

    Raises:
        DataError: saying which files are missing, and how to come by them.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "toy.pos").write_text("a joy")
        >>> source = Source("toy", {"positive": ("toy.pos",)}, dict, folder="toy")
        >>> find_files(source, str(folder), folder)["positive"].name
        'toy.pos'
    """
    folder = data_folder(named)
    if folder is not None:
        hint = source.instructions
        if not hint and source.addresses:
            hint = "or clear both to download them"
        return local_parts(
            source.parts,
            folder,
            subfolder=source.folder,
            optional=source.optional,
            action=f"correct --{field} or ATTNJAX_DATA_DIR",
            hint=hint,
        )
    unaddressed = [part for part in _required(source) if part not in source.addresses]
    if unaddressed:
        raise DataError(
            source.title,
            found="no folder with its files, which cannot be downloaded by this program",
            expected=_listed(source.parts, unaddressed),
            action=f"{source.instructions} Then name their folder by --{field}=DIR or the "
            "environment variable ATTNJAX_DATA_DIR".strip(),
        )
    files = {}
    for part, url in source.addresses.items():
        path = downloads / source.folder / url.rsplit("/", maxsplit=1)[-1]
        files[part] = download(url, path, name=source.title)
    return files


def data_folder(named: str) -> Path | None:
    """Return the folder of local copies that the config or the environment names, if any.

    Args:
        named: `config.data.dir`; it goes before `ATTNJAX_DATA_DIR`.

    Example:
        >>> data_folder("copies").name
        'copies'
    """
    chosen = named or os.environ.get("ATTNJAX_DATA_DIR", "")
    return Path(chosen).expanduser() if chosen else None


def local_parts(
    parts: Mapping[str, tuple[str, ...]],
    folder: Path,
    *,
    subfolder: str,
    optional: Collection[str] = (),
    action: str = f"correct --{FIELD} or ATTNJAX_DATA_DIR",
    hint: str = "or clear both to download them",
) -> dict[str, Path]:
    """Return the files in a folder, or in a subfolder of it, each plain or gzipped.

    Args:
        parts: the names of each part, tried in this order.
        folder: of local copies.
        subfolder: its name; files of the two places are not mixed, and those of one are not
            passed over for those of the other.
        optional: parts that may be missing.
        action: what the user changes to name another folder, for the message.
        hint: how else to come by the files, for the message.

    Raises:
        DataError: naming the files that are missing, or that lie in both places.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "b.txt.gz").write_bytes(b"")
        >>> local_parts({"all": ("a.txt", "b.txt")}, folder, subfolder="toy")["all"].name
        'b.txt.gz'
    """
    places = (folder, folder / subfolder)
    present = [_present(parts, place) for place in places]
    missing: list[str] = list(parts)
    for here, elsewhere in ((0, 1), (1, 0)):
        found = present[here]
        lacking = [part for part in parts if part not in found and part not in optional]
        if found and not lacking:
            # A name with folders in it leads to the same file from both places.
            same = {path.resolve() for path in found.values()}
            others = [path for path in present[elsewhere].values() if path.resolve() not in same]
            if others:
                raise _two_places(places[here], found.values(), places[elsewhere], others)
            return found
        if found and len(lacking) < len(missing):
            missing = lacking
    raise DataError(
        str(folder),
        found="no such folder" if not folder.is_dir() else "a folder without them",
        expected=f"{_listed(parts, missing)} (each also with .gz), in it or in its folder "
        f"{subfolder}",
        action=action + (f", {hint}" if hint else ""),
    )


def _present(parts: Mapping[str, tuple[str, ...]], place: Path) -> dict[str, Path]:
    """Return the parts that lie in one place, each by the first of its names."""
    found = {}
    for part, names in parts.items():
        paths = (place / each for name in names for each in (name, f"{name}.gz"))
        first = next((path for path in paths if path.exists()), None)
        if first is not None:
            found[part] = first
    return found


def _two_places(
    place: Path, found: Iterable[Path], other: Path, others: Iterable[Path]
) -> DataError:
    """Return what to say of files of which some would be passed over in silence."""
    names = [", ".join(dict.fromkeys(path.name for path in one)) for one in (found, others)]
    return DataError(
        str(place),
        found=f"{names[0]} in it, but {names[1]} in {other}",
        expected="the files of a data set in one place",
        action="move them together, or name the folder of those to be used",
    )


def _required(source: Source) -> list[str]:
    return [part for part in source.parts if part not in source.optional]


def _listed(parts: Mapping[str, tuple[str, ...]], chosen: Collection[str]) -> str:
    """Return the file names of some parts, in words."""
    return ", ".join(dict.fromkeys(" or ".join(parts[part]) for part in chosen))


def content_digest(files: Mapping[str, Path]) -> str:
    """Return 16 hexadecimal digits that are others if any file's content or name is.

    Names count, because readers go by them: an archive and a plain file are read differently.

    Args:
        files: by part; of a folder every file in it counts.

    Raises:
        DataError: if one cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "words.txt"
        >>> _ = path.write_text("dull")
        >>> content_digest({"all": path})
        '3c928e9ab7706600'
    """
    digest = hashlib.sha256()
    for part in sorted(files):
        path = files[part]
        digest.update(f"{part}/{path.name}".encode())
        if path.is_dir():
            for each in sorted(entry for entry in path.rglob("*") if entry.is_file()):
                digest.update(each.relative_to(path).as_posix().encode())
                digest.update(_file_digest(each))
        else:
            digest.update(_file_digest(path))
    return digest.hexdigest()[:16]


def _file_digest(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise unreadable(path, error) from error
