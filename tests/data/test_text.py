import pytest

from attnjax.config import DataConfig
from attnjax.data.text import configured_tokenizer, split_words, tokenizer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Not dull.", ["Not", "dull", "."]),
        ("don\u2019t", ["don\u2019t"]),
        ("3.5 stars, 1,000 laughs", ["3.5", "stars", ",", "1,000", "laughs"]),
        ("naïve café!", ["naïve", "café", "!"]),
        ("<script>", ["<", "script", ">"]),
        ("well-made - or not?", ["well-made", "-", "or", "not", "?"]),
        (" \t\n", []),
        ("东京 tower", ["东京", "tower"]),
    ],
)
def test_words_numbers_and_marks_stand_alone(text, words):
    assert split_words(text) == words


def test_auto_trusts_the_spaces_of_tokenised_sources_only():
    text = "So-so, it's DULL"
    assert tokenizer("auto", separated=True, lowercase=True)(text) == ["so-so,", "it's", "dull"]
    assert tokenizer("auto", separated=False, lowercase=False)(text) == [
        "So-so",
        ",",
        "it's",
        "DULL",
    ]
    assert tokenizer("whitespace", separated=False, lowercase=False)(text)[0] == "So-so,"
    assert tokenizer("words", separated=True, lowercase=False)(text)[1] == ","


def test_digits_are_replaced_where_the_config_says_so():
    text = "In 1993 the O's won 3-2, 21st"
    kept = configured_tokenizer(DataConfig(), separated=True)(text)
    replaced = configured_tokenizer(DataConfig(digits="replace"), separated=True)(text)
    assert kept == ["in", "1993", "the", "o's", "won", "3-2,", "21st"]
    assert replaced == ["in", "qqq", "the", "o's", "won", "qqq", "qqq"]
