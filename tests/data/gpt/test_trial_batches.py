"""Batches of a trial: each row once, cut to few lengths, drawn alike for every limit."""

import numpy as np
import pytest

from attnjax.data.gpt.trial_batches import trial_batches
from attnjax.types import Inputs

LENGTHS = np.array([[5, 3], [9, 12], [20, 4], [8, 8], [2, 2]])
"""Of the two sequences of five rows."""


def table():
    positions = np.arange(24)
    mask = positions < LENGTHS[..., None]
    ids = np.where(mask, 1 + positions + 100 * np.arange(5)[:, None, None], 0).astype(np.int32)
    return Inputs(
        token_ids=ids,
        mask=mask,
        attendable=mask & (positions > 0),
        label=np.arange(5, dtype=np.int32),
        instance_id=10 + np.arange(5, dtype=np.int32),
        reference=np.eye(5, dtype=np.float32),
    )


def test_every_row_once_with_its_arrays():
    batches = trial_batches(table(), batch_size=2)
    seen = []
    for batch in batches:
        assert batch.inputs.token_ids.shape[:2] == (2, 2)
        for row in np.flatnonzero(batch.valid):
            number = int(batch.inputs.label[row])
            seen.append(number)
            assert batch.inputs.instance_id[row] == 10 + number
            length = batch.inputs.mask.shape[-1]
            np.testing.assert_array_equal(
                batch.inputs.token_ids[row], table().token_ids[number, :, :length]
            )
            np.testing.assert_array_equal(batch.inputs.reference[row], np.eye(5)[number])
            assert LENGTHS[number].max() <= length
        assert np.all(batch.inputs.instance_id[~batch.valid] == -1)
        assert not batch.inputs.mask[~batch.valid].any()
    # By the longer sequence: 2, 5 and 8 positions (the median), then 12 and 20.
    assert seen == [4, 0, 3, 1, 2]
    assert [batch.inputs.mask.shape[-1] for batch in batches] == [8, 8, 24]


@pytest.mark.parametrize("limit", [1, 3, 4])
def test_a_smaller_limits_rows_are_among_a_larger_ones(limit):
    def rows(limit):
        batches = trial_batches(table(), batch_size=2, limit=limit)
        return {int(one) for batch in batches for one in batch.inputs.instance_id[batch.valid]}

    assert len(rows(limit)) == limit
    assert rows(limit) <= rows(limit + 1)
