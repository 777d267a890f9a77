"""Padded batches of a few fixed shapes, in an order that can be saved and continued."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, overload

import grain
import numpy as np
from jaxtyping import Int

from attnjax.data.encoded import EncodedSplit
from attnjax.data.filling import Rows, fill
from attnjax.types import Batch


class TrainingBatch(NamedTuple):
    """A batch and the epoch, from 0, that it belongs to."""

    batch: Batch
    epoch: int


class Batches(Sequence[Batch]):
    """Batches that are filled when they are asked for.

    Args:
        split: the encoded texts.
        rows: which instances make up each batch.
        batch_size: rows of every batch.
    """

    def __init__(self, split: EncodedSplit, rows: Sequence[Rows], batch_size: int) -> None:
        self.split, self.rows, self.batch_size = split, tuple(rows), batch_size

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Batch: ...
    @overload
    def __getitem__(self, index: slice) -> "Batches": ...
    def __getitem__(self, index: int | slice) -> "Batch | Batches":
        if isinstance(index, slice):
            return Batches(self.split, self.rows[index], self.batch_size)
        return fill(self.split, self.rows[index], self.batch_size)


def evaluation_batches(
    split: EncodedSplit, *, lengths: Sequence[int], batch_size: int, limit: int = 0
) -> Batches:
    """Return every instance once, in a fixed order: by length, then as in the split.

    Texts of a batch are thus of nearly one length, and a loop over the positions that exist
    in any of them is not longer than it has to be for each.

    Args:
        split: the encoded texts.
        lengths: the padded lengths, increasing.
        batch_size: rows of every batch; the last one of a bucket is filled up.
        limit: if above 0, only that many instances, the first of a fixed shuffle: data
            sorted by label keeps its classes, and a smaller limit's instances are among
            a larger one's.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> len(evaluation_batches(split, lengths=(8,), batch_size=4))
        1
    """
    positions = np.arange(len(split))
    if 0 < limit < len(split):
        positions = np.random.default_rng(0).permutation(len(split))[:limit]
    rows = []
    for length, members in bucket_members(split, lengths):
        chosen = members[np.isin(members, positions)]
        chosen = chosen[np.argsort(split.lengths[chosen], kind="stable")]
        rows += [Rows(part, length) for part in _parts(chosen, batch_size)]
    return Batches(split, rows, batch_size)


def steps_per_epoch(split: EncodedSplit, *, lengths: Sequence[int], batch_size: int) -> int:
    """Return the batches of one epoch of `training_iterator`.

    Args:
        split: the encoded texts.
        lengths: the padded lengths, increasing.
        batch_size: rows of every batch.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),) * 5
        >>> split = EncodedSplit(ids, np.zeros(5, np.int32), np.arange(5, dtype=np.int32))
        >>> steps_per_epoch(split, lengths=(8,), batch_size=2)
        3
    """
    return sum(-(-len(members) // batch_size) for _, members in bucket_members(split, lengths))


class ShuffledPlan:
    """The batches of all epochs by number: a random-access source for grain.

    Args:
        split: the encoded texts.
        lengths: the padded lengths, increasing.
        batch_size: rows of every batch.
        seed: of the order; epoch e is shuffled by (seed, e) alone.
        num_epochs: how often every instance is seen.
    """

    def __init__(
        self,
        split: EncodedSplit,
        *,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        num_epochs: int,
    ) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.buckets = bucket_members(split, lengths)
        self.steps = steps_per_epoch(split, lengths=lengths, batch_size=batch_size)
        self.num_epochs = num_epochs
        # Two epochs are asked for at once where one ends and the next begins.
        self.plan = lru_cache(maxsize=2)(self._plan)

    def __len__(self) -> int:
        return self.steps * self.num_epochs

    def __getitem__(self, index: int) -> TrainingBatch:
        epoch, step = divmod(int(index), self.steps)
        return TrainingBatch(fill(self.split, self.plan(epoch)[step], self.batch_size), epoch)

    def _plan(self, epoch: int) -> list[Rows]:
        sizes = [len(members) for _, members in self.buckets]
        parts, order = shuffled_parts(sizes, self.batch_size, seed=self.seed, epoch=epoch)
        return [self._rows(*parts[i]) for i in order]

    def _rows(self, bucket: int, chosen: Int[np.ndarray, " n"]) -> Rows:
        length, members = self.buckets[bucket]
        return Rows(members[chosen], length)


def shuffled_parts(
    sizes: Sequence[int], batch_size: int, *, seed: int, epoch: int
) -> tuple[list[tuple[int, Int[np.ndarray, " n"]]], Int[np.ndarray, " steps"]]:
    """Shuffle within each bucket, cut into batches, and shuffle the batches.

    Args:
        sizes: how many texts each bucket has.
        batch_size: texts of a batch, at most.
        seed: of the order, together with the epoch.
        epoch: from 0.

    Returns:
        The batches, each as a bucket's number and which of its texts; and their order.

    Example:
        >>> parts, order = shuffled_parts([2, 3], 2, seed=0, epoch=0)
        >>> [bucket for bucket, _ in parts], sorted(order.tolist())
        ([0, 1, 1], [0, 1, 2])
    """
    generator = np.random.default_rng([seed, epoch])
    parts = [
        (bucket, part)
        for bucket, size in enumerate(sizes)
        for part in _parts(generator.permutation(size), batch_size)
    ]
    return parts, generator.permutation(len(parts))


def training_iterator(
    split: EncodedSplit, *, lengths: Sequence[int], batch_size: int, seed: int, num_epochs: int
) -> grain.DatasetIterator[TrainingBatch]:
    """Return an iterator over shuffled batches whose position can be saved and restored.

    Every instance occurs once an epoch; `get_state()` is a small JSON-able dictionary, and
    `set_state` with it continues with the very same batches.

    Args:
        split: the encoded texts.
        lengths: the padded lengths, increasing.
        batch_size: rows of every batch; the last one of a bucket is filled up.
        seed: of the order, at least 0.
        num_epochs: how often every instance is seen.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),) * 5
        >>> split = EncodedSplit(ids, np.zeros(5, np.int32), np.arange(5, dtype=np.int32))
        >>> batches = training_iterator(split, lengths=(8,), batch_size=2, seed=0, num_epochs=2)
        >>> [epoch for _, epoch in batches]
        [0, 0, 0, 1, 1, 1]
    """
    plan = ShuffledPlan(
        split, lengths=lengths, batch_size=batch_size, seed=seed, num_epochs=num_epochs
    )
    # No reader threads: a batch is filled in well under a millisecond.
    options = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    return iter(grain.MapDataset.source(plan).to_iter_dataset(options))


def bucket_members(
    split: EncodedSplit, lengths: Sequence[int]
) -> list[tuple[int, Int[np.ndarray, " n"]]]:
    """Return each padded length with the positions of the texts that belong to it."""
    lengths = tuple(lengths)
    if list(lengths) != sorted(set(lengths)) or split.lengths.max(initial=0) > lengths[-1]:
        longest = split.lengths.max(initial=0)
        raise ValueError(f"padded lengths {lengths} do not increase or do not hold {longest}")
    bucket = np.searchsorted(np.array(lengths), split.lengths)
    members = [(length, np.flatnonzero(bucket == i)) for i, length in enumerate(lengths)]
    return [(length, chosen) for length, chosen in members if len(chosen)]


def _parts(positions: Int[np.ndarray, " n"], batch_size: int) -> list[Int[np.ndarray, " m"]]:
    return [positions[i : i + batch_size] for i in range(0, len(positions), batch_size)]
