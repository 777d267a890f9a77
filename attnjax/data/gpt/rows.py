"""Rows of a fine-tuning task in batches, in an order that can be saved and continued."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import grain
import jax
import numpy as np
from jaxtyping import Int

from attnjax.errors import DataError


class RowBatch(NamedTuple):
    """Rows of one training step.

    Attributes:
        rows: a tree of arrays with this process's rows first.
        size: rows of the batch, over all processes.
        epoch: from 0.
    """

    rows: Any
    size: int
    epoch: int


class RowPlan:
    """The batches of all epochs by step: a random-access source for grain.

    Args:
        table: a tree of arrays with all rows first.
        batch_size: rows of a step, at least 1.
        seed: of the order; epoch e is shuffled by (seed, e) alone.
        num_epochs: how often every row is seen.
        drop_last: whether what is left of an epoch is dropped, or is a smaller batch.
        own_rows: from a batch's size to which of its rows this process reads.

    Raises:
        DataError: if there is no batch.

    Example:
        >>> plan = RowPlan(np.arange(5), batch_size=2, seed=0, num_epochs=1, drop_last=False)
        >>> [plan[step].size for step in range(len(plan))]
        [2, 2, 1]
    """

    def __init__(
        self,
        table: Any,
        *,
        batch_size: int,
        seed: int,
        num_epochs: int,
        drop_last: bool = True,
        own_rows: Callable[[int], Int[np.ndarray, " R"]] = np.arange,
    ) -> None:
        self.table, self.batch_size, self.own_rows = table, batch_size, own_rows
        self.seed, self.num_epochs = seed, num_epochs
        self.num_rows = num_rows(table)
        left = self.num_rows % batch_size
        self.dropped = {"rows that fill no batch, each epoch": left if drop_last else 0}
        self.steps = self.num_rows // batch_size + (left > 0 and not drop_last)
        if self.steps == 0:
            raise DataError(
                "the task's training rows",
                found=f"{self.num_rows}",
                expected=f"at least the {batch_size} of one batch",
                action="give more rows or a smaller batch, or keep the last, smaller one",
            )
        # Two epochs are asked for at once where one ends and the next begins.
        self.order = lru_cache(maxsize=2)(self._order)

    def __len__(self) -> int:
        return self.steps * self.num_epochs

    def __getitem__(self, index: int) -> RowBatch:
        epoch, step = divmod(int(index), self.steps)
        chosen = self.order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]
        own = chosen[self.own_rows(len(chosen))]
        return RowBatch(jax.tree.map(lambda array: array[own], self.table), len(chosen), epoch)

    def _order(self, epoch: int) -> Int[np.ndarray, " rows"]:
        return np.random.default_rng([self.seed, epoch]).permutation(self.num_rows)


def num_rows(table: Any) -> int:
    """Return the rows of a table.

    Args:
        table: a tree of arrays with the rows first.

    Raises:
        ValueError: if its arrays do not have equally many.

    Example:
        >>> num_rows({"a": np.ones((3, 2)), "b": np.ones(3)})
        3
    """
    counts = {len(array) for array in jax.tree.leaves(table)}
    if len(counts) != 1:
        raise ValueError(f"arrays of one table with {sorted(counts)} rows")
    return counts.pop()


def row_iterator(plan: RowPlan) -> grain.DatasetIterator[RowBatch]:
    """Return an iterator over a plan whose position can be saved and restored.

    Args:
        plan: of all epochs.

    Example:
        >>> plan = RowPlan(np.arange(4), batch_size=2, seed=0, num_epochs=2)
        >>> [batch.epoch for batch in row_iterator(plan)]
        [0, 0, 1, 1]
    """
    options = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    return iter(grain.MapDataset.source(plan).to_iter_dataset(options))
