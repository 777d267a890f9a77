"""Windows of a memory-mapped array of tokens, in an order that can be saved and continued."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import grain
import numpy as np
from jaxtyping import Int, Shaped

from attnjax.errors import DataError

Crossing = Literal["within", "across"]


class Span(Protocol):
    """Where a document's tokens are: from `start` to before `end`."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Documents(NamedTuple):
    """Some documents of a text corpus.

    Attributes:
        tokens: piece ids of the whole corpus, one document after the other; may be mapped.
        spans: where these documents are, in their order.
        num_characters: of each document's text, by name; None where nobody counted.
    """

    tokens: Shaped[np.ndarray, " tokens"]
    spans: Sequence[Span]
    num_characters: Mapping[str, int] | None = None


class Window(NamedTuple):
    """Windows of one training step, and the epoch, from 0, that they belong to.

    Attributes:
        tokens: rows of context + 1 tokens; every one but the first is predicted.
        epoch: from 0.
    """

    tokens: Int[np.ndarray, "B window"]
    epoch: int


class WindowPlan:
    """The windows of all epochs by step: a random-access source for grain.

    A window has context + 1 tokens and shares its last one with the next window's first, so
    every token is predicted once. What does not fill a window is left out at the beginning
    and at the end of a document, another part of it in every epoch.

    Args:
        documents: to train on.
        context: tokens from which the next ones are predicted, at least 1.
        batch_size: windows of a step, at least 1; what is left of an epoch is dropped.
        seed: of the order; epoch e is shuffled by (seed, e) alone.
        num_epochs: how often every window is seen.
        rows: which rows of every batch this process reads; all if None.
        crossing: "within" documents, or "across" the ends of those that are neighbours.

    Raises:
        DataError: if there are fewer windows than a batch has.

    Example:
        >>> from types import SimpleNamespace
        >>> book = SimpleNamespace(name="emma", start=0, end=10)
        >>> documents = Documents(np.arange(10, dtype=np.uint16), [book])
        >>> plan = WindowPlan(documents, context=3, batch_size=3, seed=0, num_epochs=1)
        >>> sorted(plan[0].tokens.tolist())
        [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    """

    def __init__(
        self,
        documents: Documents,
        *,
        context: int,
        batch_size: int,
        seed: int,
        num_epochs: int,
        rows: Int[np.ndarray, " R"] | None = None,
        crossing: Crossing = "within",
    ) -> None:
        self.tokens, self.context, self.batch_size = documents.tokens, context, batch_size
        self.seed, self.num_epochs = seed, num_epochs
        self.rows = np.arange(batch_size) if rows is None else rows
        spans = training_spans(documents, crossing)
        self.counts = np.maximum(spans[:, 1] - spans[:, 0] - 1, 0) // context
        self.spans = spans[self.counts > 0]
        short = spans[self.counts == 0]
        self.dropped = {
            "documents shorter than a window": len(short),
            "tokens of documents shorter than a window": int((short[:, 1] - short[:, 0]).sum()),
        }
        self.counts = self.counts[self.counts > 0]
        self.num_windows = int(self.counts.sum())
        self.steps = self.num_windows // batch_size
        self.dropped["windows that fill no batch, each epoch"] = self.num_windows % batch_size
        if self.steps == 0:
            raise DataError(
                "the corpus",
                found=f"{self.num_windows} windows of {context + 1} tokens",
                expected=f"at least the {batch_size} of one batch",
                action="give more text, a shorter context or a smaller batch",
            )
        # Two epochs are asked for at once where one ends and the next begins.
        self.starts = lru_cache(maxsize=2)(self._starts)

    def __len__(self) -> int:
        return self.steps * self.num_epochs

    def __getitem__(self, index: int) -> Window:
        epoch, step = divmod(int(index), self.steps)
        chosen = self.starts(epoch)[step * self.batch_size + self.rows]
        places = chosen[:, None] + np.arange(self.context + 1)
        return Window(self.tokens[places].astype(np.int32), epoch)

    def _starts(self, epoch: int) -> Int[np.ndarray, " windows"]:
        """Return where each window of an epoch begins, shuffled."""
        generator = np.random.default_rng([self.seed, epoch])
        lengths = self.spans[:, 1] - self.spans[:, 0] - 1
        # The place of the first window decides which of the tokens that are left over go.
        first = self.spans[:, 0] + generator.integers(0, lengths % self.context + 1)
        within = np.arange(self.num_windows) - np.repeat(
            np.cumsum(self.counts) - self.counts, self.counts
        )
        starts = np.repeat(first, self.counts) + within * self.context
        return generator.permutation(starts)


def training_spans(documents: Documents, crossing: Crossing) -> Int[np.ndarray, "spans 2"]:
    """Return the ranges of tokens within which windows may lie.

    Args:
        documents: to train on.
        crossing: "within" documents, or "across" the ends of those that are neighbours.

    Example:
        >>> from types import SimpleNamespace
        >>> ranges = [("emma", 0, 2), ("dracula", 2, 5), ("kim", 7, 9)]
        >>> books = [SimpleNamespace(name=name, start=a, end=b) for name, a, b in ranges]
        >>> training_spans(Documents(np.arange(9), books), "across").tolist()
        [[0, 5], [7, 9]]
    """
    spans = [(span.start, span.end) for span in documents.spans]
    if crossing == "within":
        return np.array(spans, np.int64).reshape(-1, 2)
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and merged[-1][1] == begin:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return np.array(merged, np.int64).reshape(-1, 2)


def window_iterator(plan: WindowPlan) -> grain.DatasetIterator[Window]:
    """Return an iterator over a plan whose position can be saved and restored.

    `get_state()` is a small JSON-able dictionary, and `set_state` with it continues with
    the very same windows.

    Args:
        plan: of all epochs.

    Example:
        >>> from types import SimpleNamespace
        >>> book = SimpleNamespace(name="emma", start=0, end=10)
        >>> documents = Documents(np.arange(10, dtype=np.uint16), [book])
        >>> plan = WindowPlan(documents, context=4, batch_size=1, seed=0, num_epochs=2)
        >>> [window.epoch for window in window_iterator(plan)]
        [0, 0, 1, 1]
    """
    # No reader threads: windows of a mapped file are gathered in well under a millisecond.
    options = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
    return iter(grain.MapDataset.source(plan).to_iter_dataset(options))


def check_ids(tokens: Int[np.ndarray, "B window"], vocabulary_size: int) -> None:
    """Refuse piece ids that the model does not have: on a device they would be clamped.

    Args:
        tokens: of a batch.
        vocabulary_size: of the model.

    Raises:
        DataError: naming the largest.

    Example:
        >>> check_ids(np.array([[0, 1]]), 2)
    """
    largest = int(tokens.max(initial=0))
    if largest >= vocabulary_size:
        raise DataError(
            "the token file",
            found=f"piece id {largest}",
            expected=f"ids below the model's {vocabulary_size}",
            action="encode the corpus with the vocabulary of this model",
        )
