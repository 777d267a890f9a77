"""The importance of every token of the test instances, by gradient and by leave-one-out."""

from collections.abc import Iterable

import jax
import numpy as np

from attnjax.config import GradientConfig
from attnjax.experiments.result import Result
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.outputs import token_mask
from attnjax.types import AttentionModel, Batch, Params


def gradient(
    model: AttentionModel, params: Params, batches: Iterable[Batch], *, settings: GradientConfig
) -> Result:
    """Return signed gradient importances as rows (column `gradient`).

    Source: Jain & Wallace (2019), section 4.1, algorithm 1, lines 1 to 4.
    """
    collected = Collected("gradient")
    for batch in batches:
        scores = gradient_importances(
            model, params, batch.inputs, target=settings.target, attention=settings.attention
        )
        collected.add(batch, scores)
    return Result({"n": collected.count}, collected.rows())


def leave_one_out_importance(
    model: AttentionModel, params: Params, batches: Iterable[Batch], *, memory_bytes: int
) -> Result:
    """Return the output change of deleting each token as rows (column `leave_one_out`).

    Source: Jain & Wallace (2019), section 4.1, algorithm 1, lines 5 to 7.
    """
    collected = Collected("leave_one_out")
    for batch in batches:
        scores = leave_one_out(model, params, batch.inputs, memory_bytes=memory_bytes).change
        collected.add(batch, scores)
    return Result({"n": collected.count}, collected.rows())


class Collected:
    """Rows gathered batch by batch, without those that only fill a batch.

    One batch's arrays stay on the device until the next batch is under way, so that the
    device never waits for the host.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ids: list[np.ndarray] = []
        self._scores: list[np.ndarray] = []
        self._waiting: tuple[Batch, jax.Array] | None = None

    def add(self, batch: Batch, scores: jax.Array) -> None:
        """Take one batch's scores of every token, `[B, tokens]`."""
        self._take()
        self._waiting = (batch, scores)

    def _take(self) -> None:
        if self._waiting is None:
            return
        batch, device_scores = self._waiting
        self._waiting = None
        valid = np.flatnonzero(np.asarray(batch.valid))
        scores = np.asarray(device_scores)
        attendable = np.asarray(token_mask(batch.inputs))
        self._ids.append(np.asarray(batch.inputs.instance_id)[valid])
        self._scores.extend(scores[row][attendable[row]] for row in valid)

    @property
    def count(self) -> int:
        """The number of instances so far."""
        self._take()
        return len(self._scores)

    def rows(self) -> dict:
        """Return the columns `instance_id` and the scores, one array an instance."""
        self._take()
        return {"instance_id": np.concatenate(self._ids), self._name: self._scores}
