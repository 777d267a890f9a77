# ruff: noqa: RUF001, E501
import csv
import gzip
import string

import numpy as np
import pytest

pytest.importorskip("ftfy", reason="the extra `gpt` is not installed")
pytest.importorskip("spacy", reason="the extra `gpt` is not installed")
pytest.importorskip("tokenizers", reason="the extra `gpt` is not installed")

from attnjax.data.gpt.byte_pairs import BytePairs, read_byte_pairs, write_byte_pairs
from attnjax.data.gpt.tokenizer import Tokenizer, load_tokenizer
from attnjax.data.gpt.trained_pairs import train_byte_pairs
from attnjax.data.gpt.words import LONGEST_CHUNK, library_versions, original_words, standardize
from attnjax.errors import DataError, UserError
from tests.data.gpt.reference import Reference, standard

LONG = 100_000


@pytest.fixture(scope="module")
def release(shared_data) -> Tokenizer:
    return load_tokenizer(shared_data / "gpt1")


@pytest.fixture(scope="module")
def reference(release) -> Reference:
    return Reference(release.byte_pairs)


@pytest.fixture(scope="module")
def fast(shared_data) -> Tokenizer:
    return load_tokenizer(shared_data, pipeline="fast")


def news(folder, count):
    with gzip.open(folder / "ag_news" / "test.csv.gz", "rt", encoding="utf-8") as file:
        return [" ".join(row[1:]) for row, _ in zip(csv.reader(file), range(count), strict=False)]


def novel(folder, name="bleak-house_pg1023"):
    path = folder / "lm" / "gutenberg" / f"{name}.txt.gz"
    return gzip.decompress(path.read_bytes()).decode()


def hard_strings():
    """Return 100 short strings that a tokenizer may stumble over."""
    random = np.random.default_rng(0)
    fixed = [
        "", " ", "\n", "\n\n \n", "\t", "\x00", "\x00\x01\x1f\x7f", "\ufeff", "\u200b\u200d\u2060",
        "😀", "👩‍👩‍👧‍👦 family", "🇫🇷🇩🇪", "é", "e\u0301", "\u0301", "İstanbul", "ẞ ß", "ﬁne ﬂow",
        "שלום עולם", "مرحبا بالعالم", "\u202eabc\u202c", "日本語のテキスト", "ไทย", "नमस्ते", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
        "\ud83d", "\udc00\ud800", "\ufffd", "\uf074\uf068", "\u2028x\u2029y\x85z", "a\r\nb\rc",
        "don't can't won't it's y'all'd've", "'tis 'Twas O'Brien's", "U.S.A. e.g. i.e. Mr. Dr. p.m.",
        "—–―…´", "a—b–c―d…e´f", "-----", "!?!?!?", "((()))", "\\\\ \\n a\\b C:\\dir", "\"\"''``",
        "<b>bold</b> &amp; &lt;i&gt;", "AT&amp;T &#39;quoted&#39;", "<unk> <s> </s> </w>", "</w>",
        "_start_ _delimiter_ _classify_", "__init__", "#39; quot; \\$5", "a/b/c http://x.org/y?z=1&w=2",
        "me@example.com", "$1,000.50 3,14 1.000.000 5%", "1st 2nd 10km 5'11\"", ":) :-( (*_*) ^_^ <3 ¯\\_(ツ)_/¯",
        "C++ c# .NET f(x)=x^2+1", "a.b..c...d....e", "...word", "end..", "x" * 200, "ab" * 100, "-a" * 100,
        "schÃ¶n âœ” mojibake â€™s", "“curly” ‘quotes’ «guillemets»", "½ ² ™ © €", "\xa0nbsp\xa0", "\u3000wide",
        "ALL CAPS", "MiXeD", "newline at end\n", "\nat start", "two\n\nparagraphs", "tabs\tand  spaces",
        "a\u00adb soft", "word\u0300\u0301\u0302", "Ångström", "\u212b", "naïve café", "\x1b[31mred\x1b[0m",
    ]  # fmt: skip
    letters = string.printable + "éß—…´“”’😀אب語\u0301\u200d\x00\n"
    while len(fixed) < 100:
        fixed.append("".join(random.choice(list(letters), size=40)))
    return fixed


def test_the_release_has_its_known_ids(release):
    specials = release.byte_pairs.specials
    assert (specials.start, specials.delimiter, specials.classify) == (40478, 40479, 40480)
    assert release.byte_pairs.num_tokens == 40481
    assert len(release.byte_pairs.merges) == 40000
    # PAPERS.md B: zero-shot sentiment compares these words.
    assert [release.encode(word) for word in ("very", "positive", "negative")] == [
        [963],
        [6353],
        [9503],
    ]
    assert release.newline == 40477
    assert release.encode("a\nb")[1] == 40477


def test_equal_to_the_slow_reference(release, reference, shared_data):
    lines = news(shared_data, 50) + novel(shared_data).split("\n")[2000:2050]
    for line in lines:
        assert release.encode(line) == reference.encode(line), line


def test_equal_to_the_slow_reference_on_running_text(release, reference, shared_data):
    text = novel(shared_data)[100_000:120_000]
    ids = release.encode(text)
    assert ids == reference.encode(text)
    assert ids.count(40477) > 200


@pytest.mark.slow
def test_equal_to_the_slow_reference_on_5000_lines(release, reference, shared_data):
    lines = news(shared_data, 2500) + novel(shared_data).split("\n")[:2500]
    for line in lines:
        assert release.encode(line) == reference.encode(line), line


@pytest.mark.parametrize("position", range(0, 100, 10))
def test_equal_to_the_slow_reference_on_hard_strings(release, reference, fast, position):
    hard = hard_strings()
    assert len(hard) == 100
    for text in hard[position : position + 10]:
        ids = release.encode(text)
        assert ids == reference.encode(text), repr(text)
        assert max([0, *ids, *fast.encode(text)]) < 40478, repr(text)


@pytest.mark.parametrize(
    ("letter", "length"),
    [
        *((letter, LONG) for letter in ("a", "é", ".", "\u202e", "\x00", "ab.'")),
        *((letter, LONG // 10) for letter in ("(", "😀", "-a")),
        *(pytest.param(letter, LONG, marks=pytest.mark.slow) for letter in ("(", "😀", "-a")),
    ],
)
def test_100_kb_without_a_space(release, fast, letter, length):
    text = (letter * length)[:length]
    kept = release.decode(release.encode(text)).replace(" ", "")
    known = letter not in ("😀", "\u202e", "\x00")
    if known:
        assert kept == text
    elif letter == "😀":
        assert kept.count("<unk>") == length
    assert fast.encode(text) or letter in ("\u202e", "\x00")


def test_what_is_longer_than_a_chunk_is_cut_there():
    words = original_words("a" * (2 * LONGEST_CHUNK + 1))
    assert [len(word) for word in words] == [LONGEST_CHUNK, LONGEST_CHUNK, 1]


@pytest.mark.parametrize(
    "text", ["a--b", "so…", "((x))", "a\\b", " \n\n x \n", "1/2", "__a_", "!?", "a\u2028b", "\x85"]
)
def test_standard_text(text):
    assert standardize(text) == standard(text)


def test_decoding_gives_the_words(release, shared_data):
    """Ids of the decoded text may differ: spaCy cuts "U.S." by its capitals, which are gone."""
    for line in [*news(shared_data, 100), novel(shared_data)[5000:20_000]]:
        ids = release.encode(line)
        if 0 not in ids:
            assert release.decode(ids).split(" ") == original_words(line)
    text = "the quick brown fox , it 's said , did n't jump . \n he ran !"
    assert release.decode(release.encode(text)) == text


def test_special_tokens_are_decoded_by_name_or_left_out(release):
    ids = [40478, *release.encode("a joy"), 40480]
    assert release.decode(ids) == "_start_ a joy _classify_"
    assert release.decode(ids, specials=False) == "a joy"
    with pytest.raises(DataError, match="found 40481; expected 0 to 40480"):
        release.decode([40481])


def test_the_fast_pipeline_is_another_and_says_so(release, fast):
    text = "I don't know--really…"
    assert fast.decode(fast.encode(text)) == "i don ' t know - - really <unk>"
    assert release.decode(release.encode(text)) == "i do n't know -- really ..."
    assert (release.record["pipeline"], fast.record["pipeline"]) == ("original", "fast")
    assert release.record["vocabulary"] == fast.record["vocabulary"]
    assert fast.newline is None


def test_the_fast_pipeline_is_that_of_transformers(fast, shared_data, tmp_path):
    transformers = pytest.importorskip("transformers", reason="the extra `parity` is not installed")
    write_byte_pairs(fast.byte_pairs, tmp_path)
    theirs = transformers.OpenAIGPTTokenizerFast.from_pretrained(tmp_path)
    for text in [*news(shared_data, 50), *hard_strings()]:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert fast.encode(text) == theirs(whole)["input_ids"], repr(text)


def test_an_unknown_pipeline_is_refused(shared_data):
    with pytest.raises(DataError, match="found 'bert'; expected one of original, fast"):
        load_tokenizer(shared_data, pipeline="bert")


def test_versions_are_known():
    assert all(number[0].isdigit() for number in library_versions().values())


def test_merges_by_hand():
    """Sennrich et al.'s words: es, then est with its end, then lo, low."""
    text = "low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3
    trained = train_byte_pairs([text], 27)
    assert len(trained.pieces) <= 27
    # 9 for "es" and "st</w>"; "est</w>" then needs one more merge.
    assert trained.merges[:2] == (("e", "s"), ("es", "t</w>"))
    assert trained.merges[2] == ("l", "o")
    symbols = sorted(set("lowernewestwidest"))
    assert trained.pieces[: 1 + len(symbols)] == ("<unk>", *symbols)
    assert trained.pieces[-1] == "\n</w>"
    tokenizer = Tokenizer(trained)
    assert [trained.pieces[i] for i in tokenizer.encode("lowest")][-1] == "est</w>"


def test_trained_pairs_of_a_novel(shared_data, tmp_path):
    text = novel(shared_data, "frankenstein_pg84")[:60_000]
    trained = train_byte_pairs(text.split("\n\n"), 400, most_symbols=40)
    assert 300 < len(trained.pieces) <= 400
    write_byte_pairs(trained, tmp_path)
    again = read_byte_pairs(tmp_path)
    assert again == trained
    assert again.digest == trained.digest
    ids = Tokenizer(again).encode(text[:5000])
    assert ids == Reference(trained).encode(text[:5000])
    assert 0 in Tokenizer(again).encode("🙂")


def test_too_few_pieces_are_refused():
    with pytest.raises(DataError, match=r"10 pieces for 5 characters.*at least 13"):
        train_byte_pairs(["a b c d e"], 10)
    with pytest.raises(DataError, match="found no words"):
        train_byte_pairs(["", " \n"], 10)


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"vocab_40000.bpe or merges.txt.*name the folder"):
        read_byte_pairs(tmp_path)
    toy = BytePairs(("<unk>", "a", "b</w>", "ab</w>"), (("a", "b</w>"),))
    write_byte_pairs(toy, tmp_path)
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b</w>\nab\na c</w>\n")
    with pytest.raises(UserError) as raised:
        read_byte_pairs(tmp_path)
    assert "line 3: found 'ab'; expected two pieces" in str(raised.value)
    assert "line 4: found a merge with 'c</w>', 'ac</w>'" in str(raised.value)
    for content, message in [
        ('{"<unk>": 0, "a": 2}', "the piece 'a' with id 2"),
        ('{"a": 0}', "'a' with id 0"),
        ("[]", "a JSON list"),
        ("{", "no JSON"),
        ("{}", "no pieces"),
    ]:
        (tmp_path / "vocab.json").write_text(content)
        with pytest.raises(DataError, match=message):
            read_byte_pairs(tmp_path)


def test_gzipped_or_plain(shared_data, tmp_path):
    for path in (shared_data / "gpt1").glob("*40000*"):
        (tmp_path / path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
    assert read_byte_pairs(tmp_path) == read_byte_pairs(shared_data)
