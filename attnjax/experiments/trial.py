"""What every stage of a run reads: the config, the data, the model, finished stages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np

from attnjax.config import Config
from attnjax.data.batching import evaluation_batches
from attnjax.data.corpus import Corpus
from attnjax.data.encoded import EncodedSplit
from attnjax.data.vocabulary import Vocabulary
from attnjax.experiments.in_progress import InProgress
from attnjax.models.build import build_model
from attnjax.training.mesh import SplitBatches, make_mesh
from attnjax.types import AttentionModel, Batch, Params

MAX_EVALUATION_BATCH = 128


@dataclass(frozen=True)
class Prepared:
    """The data of a run, encoded."""

    corpus: Corpus
    vocabulary: Vocabulary
    splits: dict[str, EncodedSplit]
    lengths: tuple[int, ...]
    truncated: int
    coverage: dict[str, Any] | None
    vectors: np.ndarray | None


@dataclass(frozen=True, kw_only=True)
class Trial(InProgress):
    """A classifier's run in progress.

    Attributes:
        config: of the run.
        data: the encoded data.
        params: the params of the training stages finished or restored so far, by stage.
        described: what the data are, as `prepare.describe` says it.
    """

    config: Config
    data: Prepared
    params: dict[str, Params] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> AttentionModel:
        """The model of the run."""
        return self.model_like(self.config)

    @property
    def has_questions(self) -> bool:
        """Whether each text of the data comes with a question."""
        return self.data.splits["train"].question is not None

    def model_like(self, config: Config) -> AttentionModel:
        """Return the model of a config on this run's data."""
        return build_model(
            config.model,
            vocabulary_size=len(self.data.vocabulary),
            num_classes=len(self.data.corpus.class_names),
            vectors=self.data.vectors,
            question=self.has_questions,
        )

    def own_params(self) -> Params:
        """Return the weights of the run's own model, from memory or its checkpoints."""
        # What trains a trial's model takes a trial.
        from attnjax.experiments.training import best_params

        return best_params(self)

    def batches(self, limit: int = 0, split: str = "test") -> Sequence[Batch]:
        """Return a split's padded batches (at most `limit` instances; 0: all).

        They are split over the devices of `batch_devices`; a trained model's params are on
        each. Going through them raises `Interrupted` between two once the run was asked to stop.
        """
        batches = evaluation_batches(
            self.data.splits[split],
            lengths=self.data.lengths,
            batch_size=evaluation_batch_size(self.config, self.data.lengths[-1]),
            limit=limit,
        )
        return Interruptible(SplitBatches(batches, make_mesh()), self.raise_if_stopped)

    @property
    def intervals(self) -> dict[str, int]:
        """The bootstrap's settings, as keyword arguments."""
        return {"samples": self.config.bootstrap.samples, "seed": self.config.seed}


class Interruptible(Sequence[Batch]):
    """Batches; a check that may raise is made before each that an iteration comes to.

    Args:
        batches: filled when they are asked for.
        check: called without arguments.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> batches = evaluation_batches(split, lengths=(4,), batch_size=1)
        >>> checked = [batch.valid for batch in Interruptible(batches, lambda: print("check"))]
        check
    """

    def __init__(self, batches: Sequence[Batch], check: Callable[[], None]) -> None:
        self.batches, self.check = batches, check

    def __len__(self) -> int:
        return len(self.batches)

    @overload
    def __getitem__(self, index: int) -> Batch: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Batch]: ...
    def __getitem__(self, index: int | slice) -> Batch | Sequence[Batch]:
        return self.batches[index]

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.batches:
            self.check()
            yield batch


def evaluation_batch_size(config: Config, length: int) -> int:
    """Return how many instances of a length fit the memory bound, at most 128.

    Counted are the float32 arrays of one forward and backward pass: embeddings twice and
    eight arrays of the encoder's width (an LSTM's gates and states) per position.
    """
    per_position = 4 * (2 * config.model.embedding_size + 16 * config.model.hidden_size)
    return int(np.clip(config.memory.bytes // (length * per_position), 1, MAX_EVALUATION_BATCH))
