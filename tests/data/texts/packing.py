"""Archives in the layout of official downloads, with a test's own texts."""

import io
import tarfile
from pathlib import Path


def tar_of(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    """Write a tar archive with these files, by their names in it."""
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path
