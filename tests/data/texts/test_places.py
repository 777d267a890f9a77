import gzip

import pytest

from attnjax.data.texts.places import content_digest, find_files, local_parts
from attnjax.data.texts.source import Source
from attnjax.errors import DataError

PARTS = {"train": ("train.jsonl", "toy.tar.gz"), "test": ("test.jsonl", "toy.tar.gz")}


def source(**changes):
    return Source("toy texts", PARTS, read=dict, folder="toy")._replace(**changes)


@pytest.fixture(autouse=True)
def no_folder_in_the_environment(monkeypatch):
    monkeypatch.delenv("ATTNJAX_DATA_DIR", raising=False)


@pytest.mark.parametrize("place", ["", "toy/"])
def test_files_lie_in_the_folder_or_its_subfolder_plain_or_gzipped(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    (folder / "train.jsonl").write_text("{}")
    (folder / "test.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    files = find_files(source(), str(tmp_path), tmp_path)
    assert files == {"train": folder / "train.jsonl", "test": folder / "test.jsonl.gz"}


def test_an_archive_stands_for_each_of_its_parts_where_nothing_goes_before(tmp_path):
    (tmp_path / "toy.tar.gz").write_bytes(b"")
    (tmp_path / "test.jsonl").write_text("{}")
    files = find_files(source(), str(tmp_path), tmp_path)
    assert files == {"train": tmp_path / "toy.tar.gz", "test": tmp_path / "test.jsonl"}


def test_the_environment_names_the_folder_where_the_config_does_not(tmp_path, monkeypatch):
    (tmp_path / "toy.tar.gz").write_bytes(b"")
    monkeypatch.setenv("ATTNJAX_DATA_DIR", str(tmp_path))
    assert set(find_files(source(), "", tmp_path)) == {"train", "test"}


def test_only_optional_parts_may_be_missing(tmp_path):
    (tmp_path / "train.jsonl").write_text("{}")
    with pytest.raises(DataError, match=r"a folder without them; expected test.jsonl or toy.tar"):
        find_files(source(), str(tmp_path), tmp_path)
    assert set(find_files(source(optional=("test",)), str(tmp_path), tmp_path)) == {"train"}


def test_files_of_two_places_are_not_mixed(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "train.jsonl").write_text("{}")
    (tmp_path / "toy" / "test.jsonl").write_text("{}")
    with pytest.raises(DataError, match="in it or in its folder toy"):
        local_parts(PARTS, tmp_path, subfolder="toy")


@pytest.mark.parametrize(("place", "other"), [("", "toy/"), ("toy/", "")])
def test_files_of_one_place_are_not_passed_over_for_those_of_the_other(tmp_path, place, other):
    (tmp_path / "toy").mkdir()
    (tmp_path / place / "train.jsonl").write_text("{}")
    (tmp_path / other / "test.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    message = rf"found train.jsonl in it, but test.jsonl.gz in .*{other.rstrip('/')}; expected"
    with pytest.raises(DataError, match=message):
        local_parts(PARTS, tmp_path, subfolder="toy", optional=("test",))


def test_a_file_that_both_places_lead_to_is_one_file(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "a.txt").write_text("a")
    found = local_parts({"all": ("toy/a.txt", "a.txt")}, tmp_path, subfolder="toy")
    assert found == {"all": tmp_path / "toy" / "a.txt"}


def test_a_folder_that_is_not_there_is_told_from_an_empty_one(tmp_path):
    with pytest.raises(DataError, match=r"no such folder; expected train.jsonl or toy.tar.gz, "):
        find_files(source(), str(tmp_path / "none"), tmp_path)


def test_without_a_folder_each_address_is_downloaded_once(tmp_path, capsys):
    (tmp_path / "toy.tar.gz").write_bytes(b"content")
    url = (tmp_path / "toy.tar.gz").as_uri()
    remote = source(addresses={"train": url, "test": url})
    files = find_files(remote, "", tmp_path / "downloads")
    assert set(files.values()) == {tmp_path / "downloads" / "toy" / "toy.tar.gz"}
    assert files["test"].read_bytes() == b"content"
    assert capsys.readouterr().out.count("Downloading toy texts") == 1


def test_without_folder_and_address_the_instructions_are_given(tmp_path):
    restricted = source(instructions="Ask its authors for the files.")
    with pytest.raises(DataError, match=r"toy texts: .*train.jsonl.*Ask its authors .*DIR"):
        find_files(restricted, "", tmp_path)


def test_the_digest_follows_every_content_and_name(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a").write_text("one")
    before = content_digest({"docs": folder})
    (folder / "a").rename(folder / "b")
    renamed = content_digest({"docs": folder})
    (folder / "b").write_text("two")
    assert len({before, renamed, content_digest({"docs": folder})}) == 3


def test_the_digest_follows_the_name_of_a_plain_file(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("one")
    before = content_digest({"train": path})
    renamed = path.rename(tmp_path / "train_subset.csv")
    assert content_digest({"train": renamed}) != before
    (tmp_path / "other").mkdir()
    assert content_digest({"train": renamed.rename(tmp_path / "other" / "train.csv")}) == before
