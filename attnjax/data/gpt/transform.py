"""From the texts of an example to the sequences that a GPT reads, in the release's ids."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from attnjax.data.gpt.byte_pairs import BytePairs, Specials
from attnjax.data.gpt.tasks import Example, TaskTexts
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.errors import DataError
from attnjax.types import Inputs

TRUNCATIONS = ("release", "fit")
"""`release`: each of two texts has half of the context; `fit`: one has what the other leaves."""

SHORTEST = 8
"""Positions that a context must have."""

CUT = "texts cut to the context"
TOKENS_CUT = "tokens cut off"


class EncodedTask(NamedTuple):
    """The sequences of examples, not padded yet.

    Attributes:
        sequences: for each example one, the two orders of a pair, or one a choice.
        specials: the ids of start, delimiter and classify in them.
        label: the class or the right choice; -1 where there is a score.
        score: NaN where there is a label.
        truncated: how many texts were cut, and how many tokens of them.
    """

    sequences: tuple[tuple[Int[np.ndarray, " T"], ...], ...]
    specials: Specials
    label: Int[np.ndarray, " N"]
    score: Float[np.ndarray, " N"]
    truncated: Counter[str]


class TaskArrays(NamedTuple):
    """Examples of one padded length.

    Attributes:
        token_ids: padded with 0, on the right.
        mask: positions that exist.
        attendable: tokens of a text: no special token, no padding.
        classify: the position of the classify token of each sequence.
        label: the class or the right choice; -1 where there is a score.
        score: NaN where there is a label.
        instance_id: the examples' numbers.
    """

    token_ids: Int[np.ndarray, "N S L"]
    mask: Bool[np.ndarray, "N S L"]
    attendable: Bool[np.ndarray, "N S L"]
    classify: Int[np.ndarray, "N S"]
    label: Int[np.ndarray, " N"]
    score: Float[np.ndarray, " N"]
    instance_id: Int[np.ndarray, " N"]


def encode_task(
    examples: Sequence[Example],
    task: TaskTexts,
    tokenizer: Tokenizer,
    *,
    context: int,
    truncation: str = "release",
) -> EncodedTask:
    """Tokenise examples and put them between the start, delimiter and classify tokens.

    With s, $ and e for these: classification [s text e]; entailment [s premise $ hypothesis e];
    similarity both orders of the pair; multiple choice [s context question $ choice e], one
    sequence a choice.

    A pair's texts, and a context with its question, and a choice, have `context // 2 - 2` tokens
    each in the release; a single text has `context - 2`. What is longer loses its end; a context
    loses its own, so that its question stays whole up to half of that. All of it is counted.

    Args:
        examples: of the task.
        task: its kind decides what becomes of the texts.
        tokenizer: of the model.
        context: positions the model has.
        truncation: one of `TRUNCATIONS`.

    Raises:
        DataError: for a context too short for any text, and choices that vary in number.

    Source: Radford et al. (2018), section 3.3 and figure 1.
    """
    if context < SHORTEST or truncation not in TRUNCATIONS:
        raise DataError(
            "the sequences of a task",
            found=f"a context of {context} positions and truncation {truncation!r}",
            expected=f"at least {SHORTEST}, and one of " + ", ".join(TRUNCATIONS),
            action="correct the settings",
        )
    truncated: Counter[str] = Counter({CUT: 0, TOKENS_CUT: 0})
    specials = tokenizer.byte_pairs.specials
    sequences = []
    for example in examples:
        _check_choices(example, task)
        parts = [tokenizer.encode(text) for text in example.texts]
        choices = [tokenizer.encode(choice) for choice in example.choices]
        pairs = _pairs(
            task.kind,
            parts,
            choices,
            context=context,
            truncation=truncation,
            truncated=truncated,
        )
        sequences.append(tuple(_sequence(pair, specials) for pair in pairs))
    return EncodedTask(
        tuple(sequences),
        specials,
        np.array([example.label for example in examples], np.int32),
        np.array([example.score for example in examples], np.float32),
        truncated,
    )


def pad_task(
    encoded: EncodedTask, rows: Sequence[int] | None = None, *, length: int | None = None
) -> TaskArrays:
    """Return some examples as arrays.

    Args:
        encoded: all of them.
        rows: their numbers, in order; None for all.
        length: positions; None for the longest of these, as in the release.

    Raises:
        ValueError: if a sequence is longer than `length`.
    """
    chosen = range(len(encoded.sequences)) if rows is None else rows
    sequences = [encoded.sequences[row] for row in chosen]
    longest = max(len(each) for example in sequences for each in example)
    size = longest if length is None else length
    if longest > size:
        raise ValueError(f"a sequence of {longest} tokens does not fit {size} positions")
    shape = (len(sequences), len(sequences[0]), size)
    token_ids, mask = np.zeros(shape, np.int32), np.zeros(shape, bool)
    for row, example in enumerate(sequences):
        for column, sequence in enumerate(example):
            token_ids[row, column, : len(sequence)] = sequence
            mask[row, column, : len(sequence)] = True
    special = token_ids >= encoded.specials.start
    index = np.asarray(chosen, np.int32)
    return TaskArrays(
        token_ids,
        mask,
        mask & ~special,
        # The classify token is the last of its sequence.
        (mask.sum(-1) - 1).astype(np.int32),
        encoded.label[index],
        encoded.score[index],
        index,
    )


def inputs_of(arrays: TaskArrays) -> Inputs:
    """Return what a model reads; a batch of instances.

    Args:
        arrays: of some examples.
    """
    return Inputs(
        token_ids=arrays.token_ids,
        mask=arrays.mask,
        attendable=arrays.attendable,
        label=arrays.label,
        instance_id=arrays.instance_id,
    )


def position_ids(byte_pairs: BytePairs, length: int) -> Int[np.ndarray, " L"]:
    """Return the rows of the positions in the release's one table of embeddings.

    Args:
        byte_pairs: of the model.
        length: positions.

    Example:
        >>> position_ids(BytePairs(("<unk>", "a"), ()), 3).tolist()
        [5, 6, 7]
    """
    return np.arange(byte_pairs.num_tokens, byte_pairs.num_tokens + length, dtype=np.int32)


def _check_choices(example: Example, task: TaskTexts) -> None:
    if len(example.choices) != task.num_choices:
        raise DataError(
            example.origin or "an example",
            found=f"{len(example.choices)} choices",
            expected=f"{task.num_choices}, as every example of its task has",
            action="correct the example",
        )


def _pairs(
    kind: str,
    parts: list[list[int]],
    choices: list[list[int]],
    *,
    context: int,
    truncation: str,
    truncated: Counter[str],
) -> list[tuple[list[int], ...]]:
    """Return the texts of each sequence, cut to fit."""
    if kind == "classification":
        return [(_cut(parts[0], context - 2, truncated),)]
    if kind == "multiple_choice":
        question = parts[1] if len(parts) > 1 else []
        answer = max(map(len, choices))
        first, second = _shares(
            len(parts[0]) + len(question), answer, context=context, truncation=truncation
        )
        asked = _cut(question, max(first // 2, first - len(parts[0])), truncated)
        read = _cut(parts[0], first - len(asked), truncated) + asked
        return [(read, _cut(choice, second, truncated)) for choice in choices]
    first, second = _shares(*map(len, parts), context=context, truncation=truncation)
    pair = (_cut(parts[0], first, truncated), _cut(parts[1], second, truncated))
    return [pair, pair[::-1]] if kind == "similarity" else [pair]


def _shares(first: int, second: int, *, context: int, truncation: str) -> tuple[int, int]:
    """Return how many tokens each of two texts may have."""
    if truncation == "release":
        return context // 2 - 2, context // 2 - 2
    room = context - 3
    left = min(first, max(room - second, room // 2))
    return left, room - left


def _cut(ids: list[int], most: int, truncated: Counter[str]) -> list[int]:
    """Return the beginning of a text, and count what is lost."""
    if len(ids) > most:
        truncated[CUT] += 1
        truncated[TOKENS_CUT] += len(ids) - most
    return ids[:most]


def _sequence(parts: tuple[list[int], ...], specials: Specials) -> Int[np.ndarray, " T"]:
    """Return texts between start and classify, with a delimiter between two."""
    ids = [specials.start, *parts[0]]
    for part in parts[1:]:
        ids += [specials.delimiter, *part]
    return np.array([*ids, specials.classify], np.int32)
