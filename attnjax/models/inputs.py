"""Inputs of a single text, for trying a model out and for initialising one."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.data.encoded import EncodedSplit
from attnjax.data.filling import Rows, fill
from attnjax.types import Inputs


def single_inputs(
    token_ids: Sequence[int],
    *,
    length: int = 0,
    label: int = -1,
    instance_id: int = 0,
    question: Sequence[int] | None = None,
    question_length: int = 0,
    candidates: Sequence[bool] | None = None,
) -> Inputs:
    """Return one instance, start and end marked as not attendable, padded to `length`.

    Args:
        token_ids: vocabulary ids with those of start and end, as `Vocabulary.encode` gives.
        length: positions to pad to; 0 for no padding.
        label: the class, or -1.
        instance_id: what the instance's randomness is keyed by.
        question: ids of what is asked of the text, with those of start and end; or None.
        question_length: positions to pad that to; 0 for no padding.
        candidates: for each class whether it is a possible answer; None where all are.

    Example:
        >>> inputs = single_inputs([2, 7, 3], length=5)
        >>> inputs.token_ids.tolist(), inputs.attendable.astype(int).tolist()
        ([[2, 7, 3, 0, 0]], [[0, 1, 0, 0, 0]])
    """
    ids = np.asarray(token_ids, np.int32)
    asked = None if question is None else (np.asarray(question, np.int32),)
    split = EncodedSplit(
        (ids,),
        np.array([label], np.int32),
        np.array([instance_id], np.int32),
        question=asked,
        question_length=question_length or len(question or ()),
        candidates=None if candidates is None else np.array([candidates], bool),
    )
    batch = fill(split, Rows(np.array([0]), length or len(ids)), 1)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), batch.inputs)
