"""Official downloads that are archives, read member by member and never unpacked on the disk."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from attnjax.data.reading import decoded_lines, read_lines, unreadable
from attnjax.errors import DataError

LARGEST = 2**30
"""Bytes a member may unpack to: more is no text, and would fill the memory."""


class Member(NamedTuple):
    """One file of an archive: its name with folders, and its bytes."""

    name: str
    content: bytes


def is_archive(path: Path) -> bool:
    """Return whether a file's name is that of an archive that `read_members` reads.

    Args:
        path: of the file.

    Example:
        >>> is_archive(Path("aclImdb_v1.tar.gz")), is_archive(Path("train.jsonl.gz"))
        (True, False)
    """
    name = path.name.lower()
    return name.endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"))


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield the plain files of a tar (gzipped or not) or zip archive whose names are wanted.

    The archive is read from its beginning to its end, one member in memory at a time. Damage that
    only its last bytes tell of is raised after the last member: read them all. Links, devices and
    names that lead out of the archive are passed over, and `._name`, which a Mac adds to `name`.

    Args:
        path: of the archive.
        wanted: a member's name, folders separated by `/`, to whether it is read.

    Raises:
        DataError: if it is missing, damaged or no archive, or a member is beyond all texts.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "toy.zip"
        >>> with zipfile.ZipFile(path, "w") as archive:
        ...     archive.writestr("toy/a.txt", "so dull")
        >>> [member.content for member in read_members(path, lambda name: name == "toy/a.txt")]
        [b'so dull']
    """
    members = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    try:
        for name, size, read in members(path):
            if not _is_content(name) or not wanted(name):
                continue
            if size > LARGEST:
                raise DataError(
                    f"{path}, member {name}",
                    found=f"{size} bytes",
                    expected=f"a text of at most {LARGEST}",
                    action="get the archive from its official address",
                )
            yield Member(name, read())
    except _DAMAGED as error:
        raise DataError(
            str(path),
            found=f"a damaged archive ({error})",
            expected="a whole .zip or .tar.gz file",
            action="delete the file and download or copy it again",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error


class Line(NamedTuple):
    """A line of one part of a data set.

    Attributes:
        text: without its end.
        number: from 1.
        where: the file, with its folders and the archive it is in, for messages.
        name: the file's own name.
    """

    text: str
    number: int
    where: str
    name: str

    @property
    def origin(self) -> str:
        """Where it stands, the same wherever the file lies."""
        return f"{self.name}, line {self.number}"


def part_lines(path: Path, member: str, *, encoding: str = "utf-8") -> Iterator[Line]:
    r"""Yield the lines of a file, or of the one file of an archive that stands for it.

    Args:
        path: of the file, plain or gzipped, or of the archive.
        member: how the name of the archive's file ends.
        encoding: of the text.

    Raises:
        DataError: if it cannot be read, or the archive has no such file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.pos"
        >>> _ = path.write_text("a joy\n")
        >>> [(line.text, line.origin) for line in part_lines(path, "a.pos")]
        [('a joy', 'a.pos, line 1')]
    """
    if not is_archive(path):
        lines = read_lines(path, encoding=encoding)
        for number, text in enumerate(lines, start=1):
            yield Line(text, number, str(path), path.name)
        return
    found = False
    for name, content in read_members(path, lambda name: name.endswith(member)):
        found, where = True, f"{path}, member {name}"
        lines = decoded_lines(io.BytesIO(content), where, encoding=encoding)
        for number, text in enumerate(lines, start=1):
            yield Line(text, number, where, name)
    if not found:
        raise no_member(path, member)


def no_member(path: Path, member: str) -> DataError:
    """Return what to say of an archive that lacks a file.

    Args:
        path: of the archive.
        member: how the name of the file would end.
    """
    return DataError(
        str(path),
        found=f"no file in it whose name ends in {member}",
        expected="the official archive",
        action="delete the file and download or copy it again",
    )


def _is_content(name: str) -> bool:
    """Return whether a name stays in the archive's own folder, and no Mac has added it."""
    place = PurePosixPath(name)
    return not place.is_absolute() and ".." not in place.parts and not place.name.startswith("._")


def _zip_members(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                read = lambda entry=entry: _unzipped(archive, entry, path)  # noqa: E731
                yield entry.filename, entry.file_size, read


def _unzipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bytes:
    """Return the content of one file, or say why this program cannot unpack it."""
    where = f"{path}, member {entry.filename}"
    action = "unpack it with another program and name the folder of the files"
    if entry.flag_bits & 1:
        raise DataError(where, found="an encrypted file", expected="one to read", action=action)
    try:
        return archive.read(entry)
    except NotImplementedError as error:
        raise DataError(
            where,
            found=f"a file that cannot be unpacked ({error})",
            expected="one that is stored or deflated",
            action=action,
        ) from error


class _Entry(tarfile.TarInfo):
    """A header of which only the end of the archive may end it.

    Without this, `tarfile` takes a header that is cut or damaged, but for the first one, for
    the end, and what follows would be missing without a word.
    """

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> "_Entry":
        try:
            return super().fromtarfile(tarfile)
        except _END:
            raise
        except _HEADER as error:
            raise _READ(f"{error} at byte {tarfile.offset}, and no end of the archive") from error


_END = tarfile.EOFHeaderError  # pyright: ignore[reportAttributeAccessIssue]
_HEADER, _READ = tarfile.HeaderError, tarfile.ReadError

_OPENERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError),
    *(zlib.error, lzma.LZMAError),
)


def _unpacked(path: Path) -> io.BufferedIOBase:
    """Open a tar archive by what it is: its name may say otherwise."""
    with open(path, "rb") as file:
        start = file.read(6)
    for magic, opener in _OPENERS:
        if start.startswith(magic):
            return opener(path, "rb")
    return open(path, "rb")


def _tar_members(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    with (
        _unpacked(path) as file,
        tarfile.open(fileobj=file, mode="r|", tarinfo=_Entry) as archive,
    ):
        for entry in archive:
            if entry.isfile():
                yield (
                    entry.name.removeprefix("./"),
                    entry.size,
                    lambda entry=entry: archive.extractfile(entry).read(),  # pyright: ignore
                )
        # The checksum of a compressed file stands behind all that it holds.
        while file.read(2**20):
            pass
