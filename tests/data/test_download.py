import pytest

from attnjax.data.cache import cache_folder
from attnjax.data.download import download
from attnjax.errors import DataError


def test_a_download_is_announced_and_made_once(tmp_path, capsys):
    (tmp_path / "source").write_bytes(b"content")
    url = (tmp_path / "source").as_uri()
    path = download(url, tmp_path / "cache" / "copy", name="toy")
    assert path.read_bytes() == b"content"
    assert capsys.readouterr().out == f"Downloading toy from {url}\n"
    (tmp_path / "source").unlink()
    assert download(url, path, name="toy") == path
    assert not capsys.readouterr().out
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["copy"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/file", "file:///none/such", "http://x.invalid/"]
)
def test_a_failed_download_says_where_to_put_the_file(tmp_path, url):
    with pytest.raises(
        DataError, match=r"download of toy.*--config.data.dir=DIR.*ATTNJAX_DATA_DIR"
    ):
        download(url, tmp_path / "copy", name="toy")
    assert not list(tmp_path.iterdir())


def test_a_download_that_cannot_be_written(tmp_path):
    (tmp_path / "source").write_bytes(b"content")
    with pytest.raises(DataError, match="ATTNJAX_CACHE_DIR"):
        download((tmp_path / "source").as_uri(), tmp_path / "source" / "copy", name="toy")


def test_the_cache_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNJAX_CACHE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "own"
    assert cache_folder(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("ATTNJAX_CACHE_DIR")
    assert cache_folder() == tmp_path / "xdg" / "attnjax"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "attnjax"
    assert not list(cache_folder().iterdir())


def test_a_cache_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="ATTNJAX_CACHE_DIR"):
        cache_folder(tmp_path / "file" / "cache")
