"""A text as its source gives it, and what can be wrong with what comes with it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from attnjax.data.text import Tokenizer
from attnjax.errors import DataError, UserError


class Record(NamedTuple):
    """A text as its source gives it.

    Attributes:
        text: not tokenised yet.
        label: as the source spells it.
        origin: where it stands, for messages.
        question: what is asked of the text, or None; all of a data set's records or none.
        candidates: the labels that are possible answers, the right one among them, or None
            where all are.
        rationale: for each word of the text (between white space) whether people marked it
            as a reason for the label, or None.
    """

    text: str
    label: str
    origin: str
    question: str | None = None
    candidates: tuple[str, ...] | None = None
    rationale: tuple[bool, ...] | None = None


def wrong_questions(
    records: Mapping[str, Sequence[Record]], tokenize: Tokenizer
) -> list[UserError]:
    """Return what is wrong with the questions of all splits: all texts have one, or none has.

    Args:
        records: by split.
        tokenize: text to words.

    Example:
        >>> asked = Record("so dull", "a", "line 2", "is it ?")
        >>> records = {"train": [asked], "dev": [asked._replace(question=None, origin="line 3")]}
        >>> [error.where for error in wrong_questions(records, str.split)]
        ['line 3']
    """
    every = [record for texts in records.values() for record in texts]
    asked = any(record.question is not None for record in every)
    errors: list[UserError] = []
    for record in every:
        if record.question is None and asked:
            found, expected = "a text without a question", "one, as the other texts have"
        elif record.question is None and record.candidates is not None:
            found, expected = "possible answers without a question", "what is asked of the text"
        elif record.question is not None and not tokenize(record.question):
            found, expected = "a question without words", "at least one word"
        else:
            continue
        action = "fill it in or remove the row"
        errors.append(DataError(record.origin, found=found, expected=expected, action=action))
    return errors


def wrong_columns(
    records: Sequence[Record], tokens: Sequence[Sequence[str]], names: Sequence[str]
) -> list[UserError]:
    """Return what is wrong with the labels, candidates and rationales of one split.

    Args:
        records: of the split.
        tokens: the words of each.
        names: of the classes.

    Example:
        >>> record = Record("so dull", "c", "line 2", "is it ?", ("a", "b"))
        >>> str(wrong_columns([record], [["so", "dull"]], ["a", "b"])[0])[:51]
        "line 2: found the answer 'c', which is no candidate"
    """
    errors: list[UserError] = []
    for record, words in zip(records, tokens, strict=True):
        if record.candidates is None and record.label not in names:
            errors.append(
                DataError(
                    record.origin,
                    found=f"label {record.label!r}",
                    expected="one of " + ", ".join(map(repr, names[:20])),
                    action="correct it or remove the text",
                )
            )
        if record.candidates is not None and record.label not in record.candidates:
            errors.append(
                DataError(
                    record.origin,
                    found=f"the answer {record.label!r}, which is no candidate",
                    expected="one of " + ", ".join(map(repr, record.candidates[:10])),
                    action="correct the answer or add it to the candidates",
                )
            )
        for name in sorted(set(record.candidates or ()) - set(names))[:1]:
            errors.append(
                DataError(
                    record.origin,
                    found=f"the candidate {name!r}",
                    expected="a class of the data set",
                    action="name it among the classes or remove it",
                )
            )
        if record.rationale is not None and len(record.rationale) != len(words):
            errors.append(
                DataError(
                    record.origin,
                    found=f"a rationale of {len(record.rationale)} words for {len(words)} tokens",
                    expected="one flag for each token",
                    action="set --config.data.tokenizer=whitespace, by which it was marked",
                )
            )
    return errors


def further_columns(
    records: Sequence[Record], names: Sequence[str], tokenize: Tokenizer
) -> dict[str, list | None]:
    """Return the columns of one split that only some data sets have; None where this one has not.

    Args:
        records: of the split.
        names: of the classes.
        tokenize: text to words.

    Example:
        >>> record = Record("so dull", "b", "line 2", "is it ?")
        >>> further_columns([record], ["a", "b"], str.split)["question"]
        [['is', 'it', '?']]
    """
    classes = {name: number for number, name in enumerate(names)}
    columns: dict[str, list | None] = dict.fromkeys(("question", "candidates", "rationale"))
    if any(record.question is not None for record in records):
        columns["question"] = [tokenize(record.question or "") for record in records]
    if any(record.candidates is not None for record in records):
        columns["candidates"] = [
            sorted(classes[name] for name in record.candidates or names) for record in records
        ]
    if any(record.rationale is not None for record in records):
        columns["rationale"] = [
            np.array(record.rationale or [False] * len(tokenize(record.text)), bool)
            for record in records
        ]
    return columns


def no_words(origin: str) -> DataError:
    """Return what to say of a text without words.

    Args:
        origin: of the text.
    """
    return DataError(
        origin,
        found="a text without words",
        expected="at least one word",
        action="fill it in or remove the row",
    )
