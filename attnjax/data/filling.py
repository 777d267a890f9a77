"""One padded batch, filled with the instances that it is made of."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from attnjax.data.encoded import EncodedSplit
from attnjax.data.vocabulary import PAD
from attnjax.types import Batch, Inputs


class Rows(NamedTuple):
    """One batch before it is filled: which instances, and padded to what."""

    positions: Int[np.ndarray, " n"]
    length: int


def fill(split: EncodedSplit, rows: Rows, batch_size: int) -> Batch:
    """Return the batch of the given instances, on the host (NumPy arrays).

    Rows beyond the instances are invalid: all padding, nothing attendable, id and label -1.
    `guide` is that of the split or, where it has none, uniform over the evidence of a text
    (all zero where a text has none).

    Args:
        split: the encoded texts.
        rows: which of them, and the padded length.
        batch_size: rows of the batch.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> fill(split, Rows(np.array([0]), 4), 2).inputs.token_ids.tolist()
        [[[2, 7, 3, 0]], [[0, 0, 0, 0]]]
    """
    positions, length = rows
    shape = (batch_size, 1, length)
    token_ids = np.full(shape, PAD, np.int32)
    mask, attendable = np.zeros(shape, bool), np.zeros(shape, bool)
    label, instance_id = np.full(batch_size, -1, np.int32), np.full(batch_size, -1, np.int32)
    for row, position in enumerate(positions):
        ids = split.token_ids[position]
        token_ids[row, 0, : len(ids)] = ids
        mask[row, 0, : len(ids)] = True
        attendable[row, 0, 1 : len(ids) - 1] = True
    label[: len(positions)] = split.label[positions]
    instance_id[: len(positions)] = split.instance_id[positions]
    inputs = Inputs(
        token_ids=token_ids,
        mask=mask,
        attendable=attendable,
        label=label,
        instance_id=instance_id,
        guide=_of_words(_guides(split, positions), (batch_size, length), np.float32),
        reference=_reference(split, positions, batch_size),
        marked=_of_words(_chosen(split.marked, positions), (batch_size, length), bool),
        candidates=_candidates(split, positions, batch_size),
        **_questions(split, positions, batch_size),
    )
    return Batch(inputs, np.arange(batch_size) < len(positions))


def _questions(
    split: EncodedSplit, positions: np.ndarray, batch_size: int
) -> dict[str, np.ndarray]:
    """Return question and mask, all of one padded length: they are short."""
    if split.question is None:
        return {}
    shape = (batch_size, split.question_length)
    question, mask = np.full(shape, PAD, np.int32), np.zeros(shape, bool)
    for row, position in enumerate(positions):
        ids = split.question[position]
        question[row, : len(ids)] = ids
        mask[row, : len(ids)] = True
    return {"question": question, "question_mask": mask}


def _candidates(split: EncodedSplit, positions: np.ndarray, batch_size: int) -> np.ndarray | None:
    if split.candidates is None:
        return None
    # Rows that only fill a batch may have any answer: none at all would be no distribution.
    candidates = np.ones((batch_size, split.candidates.shape[1]), bool)
    candidates[: len(positions)] = split.candidates[positions]
    return candidates


def _guides(split: EncodedSplit, positions: np.ndarray) -> list[np.ndarray] | None:
    """Return the guides of some texts, over their words."""
    if split.guide is not None or split.evidence is None:
        return _chosen(split.guide, positions)
    return [flags / max(flags.sum(), 1) for flags in _chosen(split.evidence, positions) or ()]


def _chosen(
    of_texts: Sequence[np.ndarray] | None, positions: np.ndarray
) -> list[np.ndarray] | None:
    return None if of_texts is None else [of_texts[position] for position in positions]


def _of_words(
    of_texts: Sequence[np.ndarray] | None, shape: tuple[int, int], dtype: type
) -> np.ndarray | None:
    """Return what belongs to words as one array over positions, zero at start, end and padding."""
    if of_texts is None:
        return None
    array = np.zeros(shape, dtype)
    for row, values in enumerate(of_texts):
        array[row, 1 : len(values) + 1] = values
    return array


def _reference(split: EncodedSplit, positions: np.ndarray, batch_size: int) -> np.ndarray | None:
    if split.reference is None:
        return None
    reference = np.zeros((batch_size, split.reference.shape[1]), np.float32)
    reference[: len(positions)] = split.reference[positions]
    return reference
