"""Windows over every token of documents that are held out, for evaluation."""

from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
from jaxtyping import Bool, Int

from attnjax.data.gpt.windows import Documents


class HeldOut(NamedTuple):
    """Windows of a batch of an evaluation.

    Attributes:
        tokens: rows of context + 1 tokens, filled up with 0 behind a document's end.
        counted: which predictions count, i.e. which of `tokens[:, 1:]`; every token of a
            document but its first counts in exactly one window.
        document: of each row, as a position among the documents; 0 for a row that
            only fills a batch.
    """

    tokens: Int[np.ndarray, "B window"]
    counted: Bool[np.ndarray, "B context"]
    document: Int[np.ndarray, " B"]


class HeldOutBatches(Sequence[HeldOut]):
    """All windows of documents, in order, filled when they are asked for.

    Args:
        documents: held out.
        context: tokens from which the next ones are predicted, at least 1.
        batch_size: windows of a batch; the last one is filled up.
        stride: from one window to the next, from 1 to `context`: with fewer, a token is
            predicted from at least context - stride tokens (but at a document's beginning),
            at the cost of more windows. `context` if 0.
        limit: if above 0, only that many predictions of each document, from its beginning
            (rounded up to whole windows).

    Example:
        >>> from types import SimpleNamespace
        >>> book = SimpleNamespace(name="emma", start=0, end=5)
        >>> documents = Documents(np.arange(5, dtype=np.uint16), [book])
        >>> batch = HeldOutBatches(documents, context=3, batch_size=2)[0]
        >>> batch.tokens.tolist(), batch.counted.sum().item()
        ([[0, 1, 2, 3], [3, 4, 0, 0]], 4)
    """

    def __init__(
        self,
        documents: Documents,
        *,
        context: int,
        batch_size: int,
        stride: int = 0,
        limit: int = 0,
    ) -> None:
        stride = stride or context
        if not 1 <= stride <= context:
            raise ValueError(f"a stride of {stride} is not from 1 to the context's {context}")
        self.documents, self.context, self.batch_size = documents, context, batch_size
        windows = []
        for position, span in enumerate(documents.spans):
            begin, end = span.start, span.end
            starts = np.arange(begin, max(end - 1, begin), stride)
            # The window that reaches the end is the last one.
            starts = starts[: 1 + max(0, -(-(end - 1 - begin - context) // stride))]
            if limit:
                # The first window alone gives as many as the context.
                starts = starts[: 1 + max(0, -(-(limit - context) // stride))]
            first = np.where(starts == begin, 0, context - stride)
            ends = np.full_like(starts, end)
            windows.append(np.stack([starts, ends, first, np.full_like(starts, position)], axis=1))
        self.windows = np.concatenate(windows) if windows else np.zeros((0, 4), np.int64)

    def __len__(self) -> int:
        return (len(self.windows) + self.batch_size - 1) // self.batch_size

    @overload
    def __getitem__(self, index: int) -> HeldOut: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[HeldOut]: ...
    def __getitem__(self, index: int | slice) -> HeldOut | Sequence[HeldOut]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        chosen = self.windows[index * self.batch_size : (index + 1) * self.batch_size]
        tokens = np.zeros((self.batch_size, self.context + 1), np.int32)
        counted = np.zeros((self.batch_size, self.context), bool)
        document = np.zeros(self.batch_size, np.int32)
        for row, (start, end, first, position) in enumerate(chosen.tolist()):
            text = self.documents.tokens[start : min(start + self.context + 1, end)]
            tokens[row, : len(text)] = text
            counted[row, first : len(text) - 1] = True
            document[row] = position
        return HeldOut(tokens, counted, document)
