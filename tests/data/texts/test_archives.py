import gzip
import os
import tarfile
import zipfile

import numpy as np
import pytest

from attnjax.data.texts import archives
from attnjax.data.texts.archives import part_lines, read_members
from attnjax.data.texts.lines import lines_of
from attnjax.errors import DataError
from tests.data.texts.packing import tar_of

FILES = {"toy/a.txt": b"so dull", "toy/b.txt": b"a joy"}


def everything(path):
    return {member.name: member.content for member in read_members(path, lambda name: True)}


@pytest.mark.parametrize(("name", "mode"), [("toy.tar.gz", "w:gz"), ("toy.tar", "w")])
def test_tar_members_are_read(tmp_path, name, mode):
    assert everything(tar_of(tmp_path / name, FILES, mode)) == FILES


def test_zip_members_are_read_and_only_the_wanted(tmp_path):
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    members = read_members(tmp_path / "toy.zip", lambda name: name.endswith("b.txt"))
    assert [(member.name, member.content) for member in members] == [("toy/b.txt", b"a joy")]


@pytest.mark.parametrize("name", ["toy.tar.gz", "toy.zip"])
def test_what_a_mac_adds_is_no_content(tmp_path, name):
    files = {"toy/._a.txt": b"\0\xff", "__MACOSX/toy/._b.txt": b"\0", **FILES}
    if name.endswith("zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for each, content in files.items():
                archive.writestr(each, content)
    else:
        tar_of(tmp_path / name, files)
    assert everything(tmp_path / name) == FILES
    assert [line.text for line in part_lines(tmp_path / name, "a.txt")] == ["so dull"]


def test_links_and_names_that_lead_out_are_passed_over(tmp_path):
    path = tmp_path / "toy.tar"
    tar_of(path, {"../out.txt": b"out", "/root.txt": b"root", **FILES}, "w")
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
    path.write_bytes(tar_of(tmp_path / "whole.tar.gz", noise).read_bytes()[:3000])
    with pytest.raises(DataError, match="download or copy it again"):
        everything(path)


def whole(folder, name, mode):
    """An archive of four members of noise, of which three are not wanted."""
    noise = np.random.default_rng(0)
    return tar_of(folder / name, {f"toy/{i}.txt": noise.bytes(1500) for i in range(4)}, mode)


PLACES = (0.02, 0.3, 0.6, 0.9, 0.999)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("name", "mode"),
    [("toy.tar.gz", "w:gz"), ("toy.tar.bz2", "w:bz2"), ("toy.tar.xz", "w:xz")],
)
def test_a_flipped_bit_anywhere_is_damage(tmp_path, name, mode, place):
    path = whole(tmp_path, name, mode)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=name):
        list(read_members(path, lambda name: name == "toy/0.txt"))


@pytest.mark.parametrize("blocks", [0.5, 1, 2.5, 4, 5, 8, 8.2, 12, 16])
@pytest.mark.parametrize(("name", "opener"), [("toy.tar", open), ("toy.tar.gz", gzip.open)])
def test_an_archive_that_was_cut_is_damaged(tmp_path, name, opener, blocks):
    """A header and three blocks of content a member, 512 bytes each, then the end."""
    content = whole(tmp_path, "whole.tar", "w").read_bytes()
    with opener(tmp_path / name, "wb") as file:
        file.write(content[: int(512 * blocks)])
    with pytest.raises(DataError, match=f"{name}: found a damaged archive"):
        list(read_members(tmp_path / name, lambda name: name == "toy/0.txt"))


@pytest.mark.parametrize("member", [1, 3])
def test_a_damaged_header_does_not_end_an_archive(tmp_path, member):
    path = whole(tmp_path, "toy.tar", "w")
    content = bytearray(path.read_bytes())
    content[512 * 4 * member] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"bad checksum at byte {512 * 4 * member}"):
        everything(path)


def test_what_lies_behind_the_member_wanted_is_checked_too(tmp_path):
    path = whole(tmp_path, "toy.tar.gz", "w:gz")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match="found a damaged archive"):
        list(lines_of(path, "toy/0.txt"))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (6, 1, "found an encrypted file"),
        (8, 97, "found a file that cannot be unpacked .*compression"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_is_named(tmp_path, place, value, message):
    """The field stands in the local header, and two bytes further in the central one."""
    path = tmp_path / "toy.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy/a.txt", "so dull")
    content = bytearray(path.read_bytes())
    content[place] = content[content.index(b"PK\x01\x02") + place + 2] = value
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"member toy/a.txt: {message}.* What to do: unpack it"):
        everything(path)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        everything(tmp_path / "none.zip")


def test_a_member_beyond_all_texts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 6)
    with pytest.raises(DataError, match=r"member toy/a.txt: found 7 bytes; expected .* at most 6"):
        everything(tar_of(tmp_path / "toy.tar.gz", FILES))


def test_the_lines_of_a_part_come_from_its_file_or_from_the_archive(tmp_path):
    content = "\ufeffso d\xfcll\r\na\u2028joy\n".encode()
    (tmp_path / "a.txt").write_bytes(content)
    packed = tar_of(tmp_path / "toy.tar.gz", {"toy/a.txt": content, "toy/b.txt": b"other"})
    for path, name in ((tmp_path / "a.txt", "a.txt"), (packed, "toy/a.txt")):
        lines = list(part_lines(path, "/a.txt"))
        assert [line.text for line in lines] == ["so d\xfcll", "a\u2028joy"]
        assert [line.origin for line in lines] == [f"{name}, line 1", f"{name}, line 2"]
    with pytest.raises(DataError, match=r"no file in it whose name ends in /c.txt"):
        list(part_lines(packed, "/c.txt"))
    broken = tar_of(tmp_path / "latin.tar", {"toy/a.txt": b"fine\nd\xfcll\n"}, "w")
    with pytest.raises(DataError, match=r"member toy/a.txt, line 2: found byte 0xfc .*not UTF-8"):
        list(part_lines(broken, "/a.txt"))
