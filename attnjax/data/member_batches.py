"""The batches of several models that are trained together: row numbers, one list a member.

The texts stay on the device, a table for each padded length; a step's batch is looked up
there.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from attnjax.data.batching import bucket_members, shuffled_parts
from attnjax.data.encoded import EncodedSplit
from attnjax.data.filling import Rows, fill
from attnjax.types import Batch


class MemberRows(NamedTuple):
    """The batches of one step.

    Attributes:
        table: which padded length, from 0.
        rows: of that table, for each member; the last row of a table only fills.
        num_tokens: real tokens, of all members together.
    """

    table: int
    rows: Int[np.ndarray, "M B"]
    num_tokens: int


class MemberPlan:
    """Batches by epoch and step: the same sequence of padded lengths for all members.

    Within a padded length each member has a shuffle of its own, by its seed and the epoch.
    A member whose seed is `seed` sees the very batches of `training_iterator`.

    Args:
        split: the encoded texts.
        lengths: the padded lengths, increasing.
        batch_size: rows of every batch; the last one of a padded length is filled up.
        seed: of the sequence of padded lengths.
        member_seeds: one for each member.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),) * 5
        >>> split = EncodedSplit(ids, np.zeros(5, np.int32), np.arange(5, dtype=np.int32))
        >>> seeds = np.array([0, 1])
        >>> plan = MemberPlan(split, lengths=(4,), batch_size=2, seed=0, member_seeds=seeds)
        >>> sorted(np.concatenate([step.rows[1] for step in plan.epoch(0)]).tolist())
        [0, 1, 2, 3, 4, 5]
    """

    def __init__(
        self,
        split: EncodedSplit,
        *,
        lengths: Sequence[int],
        batch_size: int,
        seed: int,
        member_seeds: Int[np.ndarray, " M"],
    ) -> None:
        self.split, self.batch_size = split, batch_size
        self.seed, self.member_seeds = seed, tuple(int(each) for each in member_seeds)
        self.buckets = bucket_members(split, lengths)
        # Words of each row of each table; none in the row that only fills.
        self.num_words = [np.append(split.lengths[members] - 2, 0) for _, members in self.buckets]
        self.epoch = lru_cache(maxsize=1)(self._epoch)

    def tables(self) -> list[Batch]:
        """Return all texts of each padded length, and one row that only fills."""
        return [
            fill(self.split, Rows(members, length), len(members) + 1)
            for length, members in self.buckets
        ]

    def _epoch(self, epoch: int) -> list[MemberRows]:
        sizes = [len(members) for _, members in self.buckets]
        _, order = shuffled_parts(sizes, self.batch_size, seed=self.seed, epoch=epoch)
        of_members = [
            shuffled_parts(sizes, self.batch_size, seed=each, epoch=epoch)[0]
            for each in self.member_seeds
        ]
        return [self._step(of_members, i) for i in order.tolist()]

    def _step(self, of_members: Sequence[Sequence[tuple[int, np.ndarray]]], i: int) -> MemberRows:
        """Return the i-th batch of every member, in the order before the batches' shuffle."""
        table = of_members[0][i][0]
        nobody = len(self.buckets[table][1])
        rows = np.full((len(of_members), self.batch_size), nobody, np.int32)
        for row, parts in zip(rows, of_members, strict=True):
            chosen = parts[i][1]
            row[: len(chosen)] = chosen
        return MemberRows(table, rows, int(self.num_words[table][rows].sum()))
