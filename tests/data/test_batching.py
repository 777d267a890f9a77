import json

import chex
import jax
import numpy as np
import pytest

from attnjax.data.batching import (
    ShuffledPlan,
    evaluation_batches,
    steps_per_epoch,
    training_iterator,
)
from attnjax.data.encoded import EncodedSplit

LENGTHS = (16, 32)


@pytest.fixture(scope="module")
def split():
    generator = np.random.default_rng(0)
    counts = generator.integers(1, 30, 101)
    return EncodedSplit(
        tuple(np.r_[2, generator.integers(4, 50, n), 3].astype(np.int32) for n in counts),
        generator.integers(0, 2, 101).astype(np.int32),
        np.arange(1000, 1101, dtype=np.int32),
        tuple(generator.random(n) < 0.3 for n in counts),
    )


def ids_of(batches):
    return [id for batch in batches for id in batch.inputs.instance_id[batch.valid].tolist()]


def same(left, right):
    chex.assert_trees_all_equal(left, right)
    return True


def test_every_instance_occurs_once_and_whole(split):
    seen = {}
    for batch in evaluation_batches(split, lengths=LENGTHS, batch_size=8):
        inputs = batch.inputs
        assert inputs.token_ids.shape[:2] == (8, 1)
        assert inputs.token_ids.shape[2] in LENGTHS
        for row in np.flatnonzero(batch.valid):
            position = int(inputs.instance_id[row]) - 1000
            seen[position] = seen.get(position, 0) + 1
            ids = split.token_ids[position]
            assert inputs.token_ids[row, 0, inputs.mask[row, 0]].tolist() == ids.tolist()
            assert (
                inputs.token_ids[row, 0, inputs.attendable[row, 0]].tolist() == ids[1:-1].tolist()
            )
            assert not inputs.token_ids[row, 0, ~inputs.mask[row, 0]].any()
            assert inputs.label[row] == split.label[position]
            flags = split.evidence[position]
            guide = inputs.guide[row, inputs.attendable[row, 0]]
            # float32 sums of at most 29 equal shares
            np.testing.assert_allclose(guide.sum(), float(flags.any()), atol=1e-6)
            assert np.array_equal(guide > 0, flags)
            assert not inputs.guide[row, ~inputs.attendable[row, 0]].any()
    assert seen == dict.fromkeys(range(len(split)), 1)


def test_rows_that_only_fill_are_empty(split):
    batches = evaluation_batches(split, lengths=LENGTHS, batch_size=8)
    filled = [batch for batch in batches if not batch.valid.all()]
    assert len(filled) == 2  # 101 texts do not fill the batches of both buckets
    for batch in filled:
        empty = jax.tree.map(lambda leaf, batch=batch: leaf[~batch.valid], batch.inputs)
        assert np.all(empty.instance_id == -1)
        assert np.all(empty.label == -1)
        assert not empty.mask.any()
        assert not empty.attendable.any()
        assert not empty.token_ids.any()
        assert not empty.guide.any()


def test_each_text_goes_to_the_least_length_that_holds_it(split):
    for batch in evaluation_batches(split, lengths=LENGTHS, batch_size=8):
        if batch.inputs.token_ids.shape[-1] == 32:
            assert (batch.inputs.mask[batch.valid].sum(axis=(1, 2)) > 16).all()


def test_a_slice_of_batches_is_batches(split):
    batches = evaluation_batches(split, lengths=LENGTHS, batch_size=8)
    assert same(batches[1:3][0], batches[1])
    assert len(batches[1:3]) == 2
    assert len(list(batches)) == len(batches)


def test_without_evidence_there_is_no_guide(split):
    bare = EncodedSplit(split.token_ids, split.label, split.instance_id)
    assert evaluation_batches(bare, lengths=LENGTHS, batch_size=8)[0].inputs.guide is None


def test_a_limit_takes_instances_from_the_whole_split(split):
    batches = evaluation_batches(split, lengths=LENGTHS, batch_size=8, limit=11)
    ids = set(ids_of(batches))
    assert len(ids) == 11
    assert ids <= set(range(1000, 1101))
    # From both halves, and within what a larger limit takes.
    assert min(ids) < 1050 < max(ids)
    more = evaluation_batches(split, lengths=LENGTHS, batch_size=8, limit=30)
    assert ids < set(ids_of(more))
    everything = evaluation_batches(split, lengths=LENGTHS, batch_size=8, limit=500)
    assert len(ids_of(everything)) == 101


def test_lengths_that_hold_not_every_text_are_refused(split):
    with pytest.raises(ValueError, match="do not hold"):
        evaluation_batches(split, lengths=(16,), batch_size=8)
    with pytest.raises(ValueError, match="do not increase"):
        evaluation_batches(split, lengths=(32, 16, 32), batch_size=8)


def run(split, seed=0, num_epochs=3):
    return training_iterator(split, lengths=LENGTHS, batch_size=8, seed=seed, num_epochs=num_epochs)


def test_every_epoch_has_every_instance_in_another_order(split):
    epochs = {0: [], 1: [], 2: []}
    for batch, epoch in run(split):
        epochs[epoch].append(batch)
    orders = [ids_of(batches) for batches in epochs.values()]
    assert all(sorted(order) == list(range(1000, 1101)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    steps = steps_per_epoch(split, lengths=LENGTHS, batch_size=8)
    assert [len(batches) for batches in epochs.values()] == [steps] * 3
    shapes = [batch.inputs.token_ids.shape[-1] for batch in epochs[0]]
    assert shapes not in (sorted(shapes), sorted(shapes, reverse=True))  # buckets are mixed


def test_the_seed_decides_the_order(split):
    first, again, other = (ids_of(b for b, _ in run(split, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_an_epoch_does_not_depend_on_how_many_follow(split):
    long = [element for element in run(split, num_epochs=3) if element.epoch < 2]
    for left, right in zip(long, run(split, num_epochs=2), strict=True):
        assert same(left.batch, right.batch)


@pytest.mark.parametrize("done", [0, 1, 9, 14, 15, 40])
def test_a_saved_position_continues_with_the_same_batches(split, done):
    iterator = run(split)
    for _ in range(done):
        next(iterator)
    state = json.loads(json.dumps(iterator.get_state()))
    rest = list(iterator)
    other = run(split)
    other.set_state(state)
    resumed = list(other)
    assert (
        len(resumed)
        == len(rest)
        == 3 * ShuffledPlan(split, lengths=LENGTHS, batch_size=8, seed=0, num_epochs=3).steps - done
    )
    for left, right in zip(rest, resumed, strict=True):
        assert left.epoch == right.epoch
        assert same(left.batch, right.batch)


def test_one_compiled_shape_per_bucket(split):
    traced = jax.jit(chex.assert_max_traces(lambda batch: batch.inputs.mask.sum(), n=len(LENGTHS)))
    for batch, _ in run(split):
        traced(batch)
    for batch in evaluation_batches(split, lengths=LENGTHS, batch_size=8):
        traced(batch)
