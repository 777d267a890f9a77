import gzip
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("ftfy", reason="the extra `gpt` is not installed")
pytest.importorskip("spacy", reason="the extra `gpt` is not installed")
pytest.importorskip("tokenizers", reason="the extra `gpt` is not installed")

from attnjax.data.gpt import documents, token_writer
from attnjax.data.gpt.byte_pairs import NEWLINE, BytePairs, write_byte_pairs
from attnjax.data.gpt.documents import Document, pieces_of, text_files
from attnjax.data.gpt.token_file import Header, Span, header_path, hold_out, open_tokens, part_path
from attnjax.data.gpt.token_writer import write_tokens
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.errors import DataError, UserError

LETTERS = "abcdefghijklmnopqrstuvwxyz.,'<>&;"
TOY = Tokenizer(
    BytePairs(
        ("<unk>", *LETTERS, *(f"{each}</w>" for each in LETTERS), "th", NEWLINE), (("t", "h"),)
    )
)
TEXT = "The cat &amp; the\ndog.\n\n \nA <b>bird</b> &amp; so.\n   \n\n  it's\tdone  \nend"


class Killed(Exception):
    """What stands for a kill: nothing after it runs."""


def document(name, text):
    return Document(name, f"digest of {name}", lambda: iter(text.splitlines(keepends=True)))


def tokens_of(text, tmp_path, tokenizer=TOY):
    file = write_tokens([document("toy", text)], tmp_path / "toy.bin", tokenizer)
    return file.tokens.tolist()


@pytest.mark.parametrize("size", [1, 7, 30, 10**6])
def test_pieces_give_the_tokens_of_the_whole(tmp_path, monkeypatch, size):
    monkeypatch.setattr(documents, "PIECE", size)
    assert tokens_of(TEXT, tmp_path) == TOY.encode(TEXT)


@pytest.mark.parametrize("longest", [4, 9, 20])
def test_a_line_beyond_all_lines_is_cut_at_spaces(tmp_path, monkeypatch, longest):
    monkeypatch.setattr(documents, "PIECE", 1)
    monkeypatch.setattr(documents, "LONGEST_LINE", longest)
    text = "one two three \n four five six seven eight \n\n nine ten"
    assert "".join(piece.text for piece in pieces_of(document("toy", text))) == text
    words = text.replace("three", "thre e").replace("seven", "seve n").replace("eight", "eigh t")
    expected = TOY.encode(words if longest == 4 else text)
    assert tokens_of(text, tmp_path) == expected


def test_fast_pieces_have_no_line_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "PIECE", 5)
    fast = Tokenizer(TOY.byte_pairs, "fast")
    assert tokens_of(TEXT, tmp_path, fast) == fast.encode(TEXT)


def test_a_novel_in_pieces(tmp_path, shared_data, monkeypatch):
    from attnjax.data.gpt.tokenizer import load_tokenizer

    monkeypatch.setattr(documents, "PIECE", 3000)
    path = shared_data / "lm" / "gutenberg" / "the-time-machine_pg35.txt.gz"
    tokenizer = load_tokenizer(shared_data)
    file = write_tokens(text_files([path]), tmp_path / "novel.bin", tokenizer)
    text = gzip.decompress(path.read_bytes()).decode()
    np.testing.assert_array_equal(file.tokens, tokenizer.encode(text))
    assert file.header.dtype == "uint16"
    assert file.documents == (Span("the-time-machine_pg35", 0, len(file.tokens)),)
    assert set(file.header.versions) == {"ftfy", "spacy", "tokenizers"}


def test_documents_and_their_ends(tmp_path):
    books = [document("one", "cat\n"), document("two", "dog\nhen\n"), document("three", "ox")]
    file = write_tokens(books, tmp_path / "books.bin", TOY)
    assert [TOY.decode(file.tokens_of(name)) for name in ("one", "two", "three")] == [
        "cat",
        "dog \n hen",
        "ox",
    ]
    assert file.header.ends == (3, 10, 12)
    assert file.header.count == 12
    assert isinstance(file.tokens, np.memmap)
    header = json.loads(header_path(tmp_path / "books.bin").read_text())
    assert header["tokenizer"] == {"pipeline": "original", "vocabulary": TOY.byte_pairs.digest}
    split = hold_out(file.documents, ["two"])
    assert [span.name for span in split.training] == ["one", "three"]
    assert split.held_out == (Span("two", 3, 10),)


def test_unknown_books_are_all_named():
    books = (Span("emma", 0, 5), Span("dracula", 5, 9))
    with pytest.raises(DataError, match=r"'ema' \(did you mean 'emma'\?\), 'x'; expected names"):
        hold_out(books, ["ema", "x"])


def test_four_bytes_where_two_are_not_enough(tmp_path):
    many = BytePairs(("<unk>", *(chr(0x10000 + i) for i in range(2**16)), "a</w>", NEWLINE), ())
    file = write_tokens([document("toy", "a b")], tmp_path / "t.bin", Tokenizer(many))
    assert file.header.dtype == "uint32"
    assert file.tokens.tolist() == [2**16 + 1, 0]


@pytest.mark.parametrize("killed_at", range(1, 12))
def test_a_killed_run_continues_bit_for_bit(tmp_path, monkeypatch, killed_at):
    monkeypatch.setattr(documents, "PIECE", 10)
    monkeypatch.setattr(token_writer, "COMMITTED", 2)
    books = [document("one", TEXT), document("two", TEXT[::-1]), document("three", "ox\n" * 20)]
    whole = write_tokens(books, tmp_path / "whole.bin", TOY)
    path, calls = tmp_path / "killed.bin", 0
    encode = Tokenizer.encode

    def dying(self, text, **options):
        nonlocal calls
        calls += 1
        if calls == killed_at:
            raise Killed
        return encode(self, text, **options)

    monkeypatch.setattr(Tokenizer, "encode", dying)
    with pytest.raises(Killed):
        write_tokens(books, path, TOY)
    with pytest.raises(DataError, match="was not finished"):
        open_tokens(path)
    again = write_tokens(books, path, TOY)
    assert path.read_bytes() == (tmp_path / "whole.bin").read_bytes()
    assert again.header == whole.header
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"whole.bin", "whole.json", "killed.bin", "killed.json"}
    # Nothing that was known to be on the disk is tokenised twice, but for an uncommitted piece.
    num_pieces = sum(len(list(pieces_of(book))) for book in books)
    assert calls <= num_pieces + 2


def test_killed_between_the_tokens_and_their_header(tmp_path, monkeypatch):
    books, path = [document("one", "cat")], tmp_path / "t.bin"

    def dying(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Header, "as_json", dying)
        with pytest.raises(Killed):
            write_tokens(books, path, TOY)
    assert path.exists()
    assert not header_path(path).exists()
    assert write_tokens(books, path, TOY).tokens.tolist() == TOY.encode("cat")


def _pieces_done(progress):
    return json.loads(progress.read_text())["pieces"] if progress.exists() else 0


@pytest.mark.kill
def test_a_real_kill(tmp_path):
    """A process is killed four times at random moments of its work, then left to finish."""
    write_byte_pairs(TOY.byte_pairs, tmp_path / "pairs")
    book = tmp_path / "book.txt"
    book.write_text("the cat sat on the mat , and the dog sat beside it .\n" * 60_000)
    program = (
        "from pathlib import Path; from attnjax.data.gpt import token_writer, documents\n"
        "from attnjax.data.gpt.tokenizer import load_tokenizer\n"
        "documents.PIECE = 20_000; token_writer.COMMITTED = 2\n"
        f"token_writer.write_tokens(documents.text_files([Path('{book}')]), "
        f"Path('{tmp_path}/t.bin'), load_tokenizer(Path('{tmp_path}/pairs')))"
    )
    random, progress = np.random.default_rng(0), tmp_path / "t.bin.progress"
    done = [0]
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", program]) as process:
            while process.poll() is None and _pieces_done(progress) == done[-1]:
                time.sleep(0.01)
            time.sleep(0.2 * random.random())
            process.send_signal(signal.SIGKILL)
        done.append(_pieces_done(progress))
        assert process.returncode == -signal.SIGKILL
    assert done == sorted(set(done)), "every run goes on where the last one stopped"
    subprocess.run([sys.executable, "-c", program], check=True)
    other = write_tokens(text_files([book]), tmp_path / "other.bin", TOY)
    assert (tmp_path / "t.bin").read_bytes() == (tmp_path / "other.bin").read_bytes()
    assert open_tokens(tmp_path / "t.bin", tokenizer=TOY).header == other.header


def test_another_plan_does_not_continue_it(tmp_path, monkeypatch):
    path = tmp_path / "t.bin"
    books = [document("one", "cat"), Document("two", "d", lambda: iter(()))]
    with pytest.raises(DataError, match="the document 'two': found no tokens"):
        write_tokens(books, path, TOY)
    with pytest.raises(DataError, match="half-finished file with other names, digests"):
        write_tokens([document("three", "cat")], path, TOY)
    assert part_path(path).exists(), "nothing is lost"


def test_a_finished_file_is_opened_or_refused(tmp_path):
    path = tmp_path / "t.bin"
    write_tokens([document("one", "cat")], path, TOY)
    before = path.stat().st_mtime_ns
    assert write_tokens([document("one", "cat")], path, TOY).header.count == 3
    assert path.stat().st_mtime_ns == before
    with pytest.raises(DataError, match="token file of other documents"):
        write_tokens([document("two", "cat")], path, TOY)


def test_a_file_that_is_none_of_ours_is_kept(tmp_path):
    (tmp_path / "t.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match="a file without a header"):
        write_tokens([document("one", "cat")], tmp_path / "t.bin", TOY)
    assert (tmp_path / "t.bin").read_bytes() == b"mine"


def test_another_vocabulary_or_pipeline_is_refused(tmp_path):
    path = tmp_path / "t.bin"
    write_tokens([document("one", "cat")], path, TOY)
    other = Tokenizer(BytePairs(("<unk>", "a", NEWLINE), ()))
    with pytest.raises(DataError, match=f"pipeline original, vocabulary {TOY.byte_pairs.digest}"):
        open_tokens(path, tokenizer=other)
    with pytest.raises(DataError, match="expected pipeline fast"):
        open_tokens(path, tokenizer=Tokenizer(TOY.byte_pairs, "fast"))


def test_changed_tokens_are_refused(tmp_path):
    path = tmp_path / "t.bin"
    write_tokens([document("one", "cat")], path, TOY)
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"found sha256 .*delete the token file"):
        open_tokens(path)
    assert len(open_tokens(path, verify=False).tokens) == 3
    path.write_bytes(content[:-2])
    with pytest.raises(DataError, match="found 4 bytes; expected 6 bytes for 3 tokens"):
        open_tokens(path, verify=False)
    path.unlink()
    with pytest.raises(DataError, match="no such file"):
        open_tokens(path)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}', '{"schema": 2}'])
def test_a_header_that_is_none(tmp_path, content):
    header_path(tmp_path / "t.bin").write_text(content)
    with pytest.raises(DataError, match=r"t\.json: found (no header|another schema)"):
        open_tokens(tmp_path / "t.bin")


@pytest.mark.parametrize("wrong", [{"ends": [1]}, {"dtype": "float99"}, {"names": ["a", "b"]}])
def test_a_header_whose_counts_do_not_fit(tmp_path, wrong):
    path = tmp_path / "t.bin"
    write_tokens([document("toy", TEXT)], path, TOY)
    beside = header_path(path)
    beside.write_text(json.dumps(json.loads(beside.read_text()) | wrong))
    with pytest.raises(DataError, match="counts that do not fit together"):
        open_tokens(path)


def test_wrapped_lines_are_joined_to_paragraphs(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("\n  the cat\nsat .\n\n\nthe dog\nsat .\n")
    (kept,), (joined,) = text_files([path]), text_files([path], wrapped=True)
    assert list(joined.lines()) == ["the cat sat .\n", "the dog sat .\n"]
    assert joined.digest == f"{kept.digest} unwrapped"
    file = write_tokens([joined], tmp_path / "t.bin", TOY)
    assert TOY.decode(file.tokens) == "the cat sat . \n the dog sat ."


def test_two_writers(tmp_path):
    path = tmp_path / "t.bin"
    with (
        token_writer._opened(part_path(path)),
        pytest.raises(DataError, match="another process is writing"),
    ):
        write_tokens([document("one", "cat")], path, TOY)


def test_wrong_files_are_all_named_before_anything_is_written(tmp_path):
    good = tmp_path / "good.txt"
    good.write_text("a cat\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (tmp_path / "zeros.txt").write_bytes(b"abc\x00\x00")
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(b"a cat\n" * 1000)[:-10])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "good.txt.gz").write_bytes(gzip.compress(b"a dog\n"))
    paths = [*sorted(tmp_path.glob("*.*")), tmp_path / "gone.txt", tmp_path / "other/good.txt.gz"]
    with pytest.raises(UserError) as raised:
        text_files(paths)
    text = str(raised.value)
    for part in (
        "7 problems",
        "empty.txt: found an empty file",
        "blank.txt: found no words",
        "picture.txt, line 1: found byte 0x89 that is not UTF-8",
        "zeros.txt: found a binary file",
        "cut.txt.gz: found a damaged gzip file",
        "gone.txt: found no such file",
        "other/good.txt.gz: found a second document 'good'",
    ):
        assert part in text
    with pytest.raises(DataError, match="no files"):
        text_files([])
    assert [each.name for each in text_files([good])] == ["good"]
