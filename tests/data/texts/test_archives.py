import io
import os
import tarfile
import zipfile

import pytest

from attnjax.data.texts import archives
from attnjax.data.texts.archives import read_members
from attnjax.errors import DataError

FILES = {"toy/a.txt": b"so dull", "toy/b.txt": b"a joy"}


def packed(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def everything(path):
    return {member.name: member.content for member in read_members(path, lambda name: True)}


@pytest.mark.parametrize(("name", "mode"), [("toy.tar.gz", "w:gz"), ("toy.tar", "w")])
def test_tar_members_are_read(tmp_path, name, mode):
    assert everything(packed(tmp_path / name, FILES, mode)) == FILES


def test_zip_members_are_read_and_only_the_wanted(tmp_path):
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    members = read_members(tmp_path / "toy.zip", lambda name: name.endswith("b.txt"))
    assert [(member.name, member.content) for member in members] == [("toy/b.txt", b"a joy")]


def test_links_and_names_that_lead_out_are_passed_over(tmp_path):
    path = tmp_path / "toy.tar"
    packed(path, {"../out.txt": b"out", "/root.txt": b"root", **FILES}, "w")
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo("toy/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert everything(path) == FILES
    assert os.listdir(tmp_path) == ["toy.tar"]


@pytest.mark.parametrize("name", ["toy.tar.gz", "toy.zip"])
def test_what_is_no_archive_or_half_of_one_is_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=f"{name}: found a damaged archive"):
        everything(path)
    noise = {"toy/a.txt": os.urandom(5000)}
    path.write_bytes(packed(tmp_path / "whole.tar.gz", noise).read_bytes()[:3000])
    with pytest.raises(DataError, match="download or copy it again"):
        everything(path)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        everything(tmp_path / "none.zip")


def test_a_member_beyond_all_texts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 6)
    with pytest.raises(DataError, match=r"member toy/a.txt: found 7 bytes; expected .* at most 6"):
        everything(packed(tmp_path / "toy.tar.gz", FILES))
