"""Stanford Natural Language Inference: a premise, and what follows from it."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attnjax.data.corpus import SPLITS
from attnjax.data.labelled import Record
from attnjax.data.reading import raise_some
from attnjax.data.texts.lines import Line, lines_of, mistake
from attnjax.data.texts.source import Reading, Source
from attnjax.errors import UserError

CLASSES = ("neutral", "contradiction", "entailment")
"""In the order of Jain & Wallace's rows: the sizes of their table 1 are those of 0, 1, 2."""

NO_WORDS = "a sentence without words"
"""Why a labelled pair is left out."""

NO_GOLD = "-"
"""The label of a pair on which the annotators found no majority."""

TRAIN_PAIRS = 549_367
"""Labelled training pairs of SNLI 1.0 (Bowman et al. 2015)."""

ADDRESS = "https://nlp.stanford.edu/projects/snli/snli_1.0.zip"

FIELDS = (("sentence1", "sentence2", "gold_label"), ("premise", "hypothesis", "label"))
"""The names of premise, hypothesis and label: in the official files, and in common copies."""

# Two marks apart are a quote only where both stand alone: in "the boys' 'cool' hats" the first
# belongs to its word.
_QUOTES = re.compile(r"` ?`|''|(?<!\S)' '(?!\S)")
_LEFT_BRACKET = re.compile("-lrb-", re.IGNORECASE)
_RIGHT_BRACKET = re.compile("-rrb-", re.IGNORECASE)
_CLITIC = re.compile(r"(?<=\w) (?='(?:s|m|d|re|ve|ll)\b|n't\b)", re.IGNORECASE)


def joined(text: str) -> str:
    r"""Undo what a Treebank tokeniser does inside words, so that all texts are cut alike.

    Clitics go back to their word ("is n't" to "isn't", "man 's" to "man's"), and
    two-character quotes and "-LRB-" become the marks they stand for. Spaces before
    punctuation stay: the tokenizer "words" takes them as they are. "can not" stays two words,
    since nothing says whether it was "cannot".

    Args:
        text: running text, tokenised or not.

    Example:
        >>> joined("it 's `` n't good '' , is n't it ?")
        'it\'s " n\'t good " , isn\'t it ?'
    """
    text = _QUOTES.sub('"', text)
    text = _RIGHT_BRACKET.sub(")", _LEFT_BRACKET.sub("(", text))
    return _CLITIC.sub("", text)


def read_snli(files: Mapping[str, Path]) -> Reading:
    """Read pairs: the premise is the text, the hypothesis what is asked of it.

    Pairs without a majority label or without words in one sentence are left out and counted.
    A note says so where the training pairs are only a part of the official ones.

    Args:
        files: by split; JSON lines with the official names or with premise, hypothesis and
            label.

    Returns:
        Records with a question, labelled by one of `CLASSES`.

    Raises:
        DataError: naming file and line of what is not a pair.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "test.jsonl"
        >>> pair = {"premise": "A dog .", "hypothesis": "A pet .", "label": "entailment"}
        >>> _ = path.write_text(json.dumps(pair))
        >>> read_snli({"test": path}).records["test"][0].question
        'A pet .'
    """
    dropped: Counter[str] = Counter()
    records: dict[str, list[Record]] = {}
    labelled: Counter[str] = Counter()
    for split, path in files.items():
        own: Counter[str] = Counter()
        records[split] = read_pairs(path, f"snli_1.0/snli_1.0_{split}.jsonl", own)
        labelled[split] = len(records[split]) + own[NO_WORDS]
        dropped += own
    return Reading(records, dropped, _notes(labelled["train"]) if "train" in records else ())


def read_pairs(path: Path, member: str, dropped: Counter[str]) -> list[Record]:
    """Return the labelled pairs of one file in the format of SNLI and MNLI.

    Args:
        path: of JSON lines, or of the archive.
        member: the file's name in the archive.
        dropped: reasons and numbers of the pairs left out, added to.

    Raises:
        DataError: naming file and line of what is not a pair.
    """
    errors: list[UserError] = []
    pairs = []
    for line in lines_of(path, member, dropped):
        pair = _pair(line, errors)
        if pair is None:
            continue
        if reason := _reason(pair):
            dropped[reason] += 1
        else:
            pairs.append(pair)
    raise_some(errors)
    return pairs


def _notes(found: int) -> tuple[str, ...]:
    """Return that the labelled training pairs are a part of the official ones, where they are."""
    if found >= TRAIN_PAIRS:
        return ()
    return (
        f"Trained on a part of SNLI: {found:,} of its {TRAIN_PAIRS:,} labelled training pairs.",
    )


def _reason(pair: Record) -> str:
    """Return why a pair is left out, or nothing."""
    if pair.label == NO_GOLD:
        return "no majority label"
    if not pair.text.strip() or not (pair.question or "").strip():
        return NO_WORDS
    return ""


def _pair(line: Line, errors: list[UserError]) -> Record | None:
    """Return one line's pair; what is wrong with it is added to the errors."""
    expected = "an object with " + " or ".join(", ".join(names) for names in FIELDS)
    try:
        row = json.loads(line.text)
    except json.JSONDecodeError as error:
        found = f"no JSON ({error.msg} at column {error.colno})"
        errors.append(mistake(line, found=found, expected=expected))
        return None
    if not isinstance(row, dict):
        errors.append(mistake(line, found=f"a JSON {type(row).__name__}", expected=expected))
        return None
    names = next((names for names in FIELDS if names[0] in row), FIELDS[0])
    wrong = [name for name in names if not _is_text(row.get(name))]
    if wrong:
        found = "no text in " + ", ".join(wrong)
        errors.append(mistake(line, found=found, expected=expected))
        return None
    premise, hypothesis, label = (row[name] for name in names)
    if label not in (*CLASSES, NO_GOLD):
        known = "one of " + ", ".join((*CLASSES, NO_GOLD))
        errors.append(mistake(line, found=f"label {label!r}", expected=known))
        return None
    return Record(joined(premise), label, line.origin, question=joined(hypothesis))


def _is_text(value: Any) -> bool:
    """Return whether a value of JSON is a string that UTF-8 can hold (half a pair it cannot)."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


SNLI = Source(
    title="SNLI",
    parts={
        split: (
            f"snli_1.0_{split}.jsonl",
            f"snli_1.0/snli_1.0_{split}.jsonl",
            f"{split}.jsonl",
            *(("train_18k.jsonl",) if split == "train" else ()),
            "snli_1.0.zip",
        )
        for split in SPLITS
    },
    read=read_snli,
    folder="snli",
    addresses=dict.fromkeys(SPLITS, ADDRESS),
)
