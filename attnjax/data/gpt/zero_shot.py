"""What a language model that was never fine-tuned is asked, as sequences of ids.

Each question has one sequence for each answer that it chooses between, and of each sequence
some tokens count: their mean log-probability, given all before, is the answer's score.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from attnjax.data.gpt.tasks import Example
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.winograd import Schema
from attnjax.errors import DataError

CUT = "texts of which only the end is read, because the context is shorter"
TOO_SHORT = "texts of which no token is predicted"
LONG_ANSWER = "answers (or sentences asked about) longer than the context, of which the end is read"

WORDS = ("negative", "positive")
"""What SST-2's two classes are called, in the order of the label."""

APPENDED = "very"
"""What is written behind a text of SST-2."""


class Sequences(NamedTuple):
    """Questions as sequences.

    Attributes:
        ids: of every sequence, of all questions.
        counted: the first token of each that counts; from there on all do.
        question: which question each sequence belongs to.
        label: the right answer of each question, or its class.
        num_answers: sequences of a question.
        notes: what was cut or left out, and how often.
    """

    ids: tuple[tuple[int, ...], ...]
    counted: Int[np.ndarray, " sequences"]
    question: Int[np.ndarray, " sequences"]
    label: Int[np.ndarray, " questions"]
    num_answers: int
    notes: Counter[str]


class PaddedSequences(NamedTuple):
    """Some sequences as arrays, padded on the right.

    Attributes:
        ids: 0 where there is no token.
        counted: which tokens' log-probabilities are averaged; never the first.
    """

    ids: Int[np.ndarray, "B L"]
    counted: Bool[np.ndarray, "B L"]


def acceptability(examples: Iterable[Example], tokenizer: Tokenizer, *, context: int) -> Sequences:
    """Return sentences whose tokens' mean log-probability says how acceptable they are (CoLA).

    The first token has nothing before it that would predict it: it does not count.

    Args:
        examples: of CoLA.
        tokenizer: of the model.
        context: positions the model has.

    Source: Radford et al. (2018), section 5.
    """
    made = ((example.label, [([], tokenizer.encode(example.texts[0]))]) for example in examples)
    return _sequences(made, context=context, num_answers=1)


def sentiment(examples: Iterable[Example], tokenizer: Tokenizer, *, context: int) -> Sequences:
    """Return sentences followed by "very" and each of "negative" and "positive" (SST-2).

    With the released pieces each word is one token, so that the choice is the paper's: the
    larger probability of the two. Words of several pieces are compared by the mean.

    Args:
        examples: of SST-2.
        tokenizer: of the model.
        context: positions the model has.

    Source: Radford et al. (2018), section 5.
    """
    words = [tokenizer.encode(word) for word in WORDS]

    def made() -> Iterable[tuple[int, list[tuple[list[int], list[int]]]]]:
        for example in examples:
            before = tokenizer.encode(f"{example.texts[0]} {APPENDED}")
            yield example.label, [(before, word) for word in words]

    return _sequences(made(), context=context, num_answers=2)


def choices(
    examples: Iterable[Example], tokenizer: Tokenizer, *, context: int, num_answers: int
) -> Sequences:
    """Return each answer behind its document and question (RACE).

    Args:
        examples: of multiple choice.
        tokenizer: of the model.
        context: positions the model has; of what is longer the end is read, next to which the
            answer stands.
        num_answers: choices of every question.

    Raises:
        DataError: for another number of choices.

    Source: Radford et al. (2018), section 5.
    """

    def made() -> Iterable[tuple[int, list[tuple[list[int], list[int]]]]]:
        for example in examples:
            if len(example.choices) != num_answers:
                raise DataError(
                    example.origin or "an example",
                    found=f"{len(example.choices)} choices",
                    expected=f"{num_answers}, as every example of its task has",
                    action="correct the example",
                )
            before = [each for text in example.texts for each in tokenizer.encode(text)]
            yield example.label, [(before, tokenizer.encode(one)) for one in example.choices]

    return _sequences(made(), context=context, num_answers=num_answers)


def referents(schemas: Iterable[Schema], tokenizer: Tokenizer, *, context: int) -> Sequences:
    """Return sentences with each referent in place of the pronoun; what follows it counts.

    Args:
        schemas: to be resolved.
        tokenizer: of the model.
        context: positions the model has.

    Source: Radford et al. (2018), section 5.
    """

    def made() -> Iterable[tuple[int, list[tuple[list[int], list[int]]]]]:
        for schema in schemas:
            rest = tokenizer.encode(schema.after)
            answers = [
                (tokenizer.encode(f"{schema.before} {each}"), rest) for each in schema.candidates
            ]
            yield schema.label, answers

    return _sequences(made(), context=context, num_answers=2)


def _sequences(
    made: Iterable[tuple[int, Sequence[tuple[list[int], list[int]]]]],
    *,
    context: int,
    num_answers: int,
) -> Sequences:
    """Return questions, each a label and for each answer what is given and what counts."""
    ids, counted, question, labels = [], [], [], []
    notes: Counter[str] = Counter({CUT: 0, TOO_SHORT: 0, LONG_ANSWER: 0})
    for label, answers in made:
        pairs = [_fitted(*pair, context=context, notes=notes) for pair in answers]
        if any(first >= len(whole) for whole, first in pairs):
            notes[TOO_SHORT] += 1
            continue
        ids += [tuple(whole) for whole, _ in pairs]
        counted += [first for _, first in pairs]
        question += [len(labels)] * len(pairs)
        labels.append(label)
    return Sequences(
        tuple(ids),
        np.array(counted, np.int32),
        np.array(question, np.int32),
        np.array(labels, np.int32),
        num_answers,
        notes,
    )


def _fitted(
    before: list[int], after: list[int], *, context: int, notes: Counter[str]
) -> tuple[list[int], int]:
    """Return the end of a sequence that fits, and where what counts begins in it."""
    if len(after) > context:
        notes[LONG_ANSWER] += 1
    elif len(before) + len(after) > context:
        notes[CUT] += 1
    whole = (before + after)[-context:]
    # Nothing predicts the first token.
    return whole, max(len(whole) - len(after), 1)


def pad_sequences(sequences: Sequences, rows: Sequence[int], *, length: int) -> PaddedSequences:
    """Return some sequences as arrays.

    Args:
        sequences: all of them.
        rows: their numbers.
        length: positions to pad to, at least those of the longest.

    Example:
        >>> one = Sequences(((5, 6, 7),), np.array([2]), np.array([0]), np.array([0]), 1, Counter())
        >>> pad_sequences(one, [0], length=4).counted.astype(int).tolist()
        [[0, 0, 1, 0]]
    """
    ids, counted = np.zeros((len(rows), length), np.int32), np.zeros((len(rows), length), bool)
    for place, row in enumerate(rows):
        whole = sequences.ids[row]
        ids[place, : len(whole)] = whole
        counted[place, sequences.counted[row] : len(whole)] = True
    return PaddedSequences(ids, counted)
