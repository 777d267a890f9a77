# ruff: noqa: RUF001
"""The release's tokenizer, slowly and plainly: what the fast one is compared with."""

from itertools import pairwise

import ftfy
from spacy.lang.en import English

SIGNS = '-~!";?+,)(/*[]}{|_'
NLP = English()
NLP.max_length = 10**9


def standard(text):
    """Standard text, character by character (PAPERS.md B; the backslash is no sign there)."""
    for odd, plain in (("—", "-"), ("–", "-"), ("―", "-"), ("…", "..."), ("´", "'")):
        text = text.replace(odd, plain)
    spaced = ""
    for position, letter in enumerate(text):
        same_before = position > 0 and text[position - 1] == letter
        same_after = text[position + 1 : position + 2] == letter
        before = " " if letter in SIGNS and not same_before else ""
        after = " " if letter in SIGNS and not same_after else ""
        spaced += before + letter + after
    lines = [" ".join(line.split()) for line in spaced.split("\n")]
    return " \n ".join(line for line in lines if line)


def merged(symbols, ranks):
    """Merge all occurrences of the pair with the lowest rank until none has one."""
    while len(symbols) > 1:
        pairs = {pair: ranks[pair] for pair in pairwise(symbols) if pair in ranks}
        if not pairs:
            break
        left, right = min(pairs, key=pairs.__getitem__)
        result, position = [], 0
        while position < len(symbols):
            if symbols[position : position + 2] == [left, right]:
                result.append(left + right)
                position += 2
            else:
                result.append(symbols[position])
                position += 1
        symbols = result
    return symbols


class Reference:
    """Tokenises by the definition; words seen before are looked up."""

    def __init__(self, byte_pairs):
        self.ranks = {pair: rank for rank, pair in enumerate(byte_pairs.merges)}
        self.ids = {piece: index for index, piece in enumerate(byte_pairs.pieces)}
        self.known = {}

    def word(self, letters):
        if letters not in self.known:
            pieces = merged([*letters[:-1], letters[-1] + "</w>"], self.ranks)
            self.known[letters] = [self.ids.get(piece, 0) for piece in pieces]
        return self.known[letters]

    def encode(self, text):
        words = [word.text.lower() for word in NLP(standard(ftfy.fix_text(text)))]
        words = ["\n" if word == "\n " else word for word in words]
        return [each for word in words for each in self.word(word)]
