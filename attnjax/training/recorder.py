"""From a step's metrics on the device to the journal, the display and the stop on NaN."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from attnjax.errors import UserError
from attnjax.training.journal import Journal
from attnjax.training.progress import AnyScores, Display
from attnjax.training.step import StepMetrics


class TrainingDivergedError(UserError):
    """A loss or a prediction that is not a finite number."""


class TakenStep(NamedTuple):
    """A step handed to the device, whose metrics nobody has asked for yet.

    Attributes:
        number: steps taken, this one included.
        epoch: of the step, from 0.
        metrics: on the device.
        num_tokens: real tokens of its batch.
    """

    number: int
    epoch: int
    metrics: StepMetrics
    num_tokens: int


class Judged(NamedTuple):
    """How good the weights after an epoch are on dev.

    Attributes:
        scores: of a population the mean of its members'.
        members: scores of each member by name; empty for one model.
    """

    scores: AnyScores
    members: Sequence[dict[str, Any]] = ()


class Pace(NamedTuple):
    """How fast a run is when a step is logged.

    Attributes:
        step: steps taken, this one included.
        tokens_per_second: since the last logged step or evaluation.
        seconds_left: until the last step, at the pace of this process.
    """

    step: int
    tokens_per_second: float
    seconds_left: float


def nothing_else(pace: Pace) -> dict[str, Any]:
    """Return no further fields of a logged step.

    Example:
        >>> nothing_else(Pace(1, 10.0, 5.0))
        {}
    """
    del pace
    return {}


class Recorder:
    """Writes what a run does, and keeps its time.

    Metrics are asked for one step late, so that the device always has a next step to do
    while the host waits for the last one.

    Args:
        journal: the metrics file.
        display: what a person sees.
        log_every: steps between two lines.
        num_steps: of the whole run.
        seconds: spent on this run before this process.
        members: what each member of a population is called; empty for one model.
        period: what an epoch is called.
        described_pace: from the pace to further fields of a logged step.
    """

    def __init__(
        self,
        journal: Journal,
        display: Display,
        *,
        log_every: int,
        num_steps: int,
        seconds: float,
        members: Sequence[str] = (),
        period: str = "epoch",
        described_pace: Callable[[Pace], dict[str, Any]] = nothing_else,
    ) -> None:
        self.journal, self.display, self.members = journal, display, members
        self.period, self.described_pace = period, described_pace
        self.log_every, self.num_steps = log_every, num_steps
        self.started = time.perf_counter() - seconds
        self.late: TakenStep | None = None
        self.loss, self.losses = math.nan, np.array([math.nan])
        # Of this process alone: steps and seconds tell how long the rest will take.
        self.num_done, self.begun = 0, time.perf_counter()
        self.num_tokens, self.since = 0, time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds spent on the run, earlier processes included."""
        return time.perf_counter() - self.started

    def take(self, step: TakenStep) -> None:
        """Remember a step and record the one before it; the very first is recorded at once."""
        self.flush()
        self.late = step
        if step.number == 1:
            # The next one may have another shape, and would be compiled first.
            self.flush()

    def flush(self) -> None:
        """Record the step that is still outstanding, if any.

        Raises:
            TrainingDivergedError: if its loss is not finite.
        """
        if self.late is None:
            return
        step, self.late = self.late, None
        metrics = jax.device_get(step.metrics)
        self._check(f"training, step {step.number} ({self.period} {step.epoch})", metrics.loss)
        self.losses = self._of_members(metrics.window_loss)
        self.loss = float(self.losses.mean())
        self.num_done += 1
        self.num_tokens += step.num_tokens
        # The first step too: it tells the user that all is well.
        if step.number == 1 or step.number % self.log_every == 0:
            self._log(step, metrics.others)

    def _of_members(self, values: Any) -> np.ndarray:
        """Return one number for each member, without those that only fill devices."""
        return np.atleast_1d(values)[: max(len(self.members), 1)]

    def _check(self, where: str, losses: Any) -> None:
        """Raise if a loss is not a finite number, naming the members at fault."""
        losses = self._of_members(losses)
        at_fault = np.flatnonzero(~np.isfinite(losses))
        if len(at_fault):
            names = [self.members[i] for i in at_fault.tolist()] if self.members else []
            raise TrainingDivergedError(
                ", ".join([where, *names]),
                found=f"loss {float(losses[at_fault[0]])}",
                expected="a finite number",
                action="lower config.training.learning_rate (of a GPT that of config.pretraining "
                "or config.fine_tuning), or look for extreme word vectors",
            )

    def _seconds_left(self, step: int) -> float:
        pace = (time.perf_counter() - self.begun) / max(self.num_done, 1)
        return pace * (self.num_steps - step)

    def _log(self, step: TakenStep, others: dict[str, Any] | None) -> None:
        now = time.perf_counter()
        speed = self.num_tokens / max(now - self.since, 1e-9)
        self.num_tokens, self.since = 0, now
        self.journal.write(
            step=step.number,
            **{self.period: step.epoch},
            loss=self.loss,
            **({"losses": self.losses.tolist()} if self.members else {}),
            **{name: float(value) for name, value in (others or {}).items()},
            tokens_per_second=round(speed, 1),
            **self.described_pace(Pace(step.number, speed, self._seconds_left(step.number))),
            seconds=round(self.seconds, 3),
        )
        self.display.show_step(step.number, self.loss, speed)

    def evaluate(self, step: int, epoch: int, judged: Judged) -> None:
        """Record the dev scores after an epoch.

        Raises:
            TrainingDivergedError: if the model predicts something that is not a number.
        """
        scores, members = judged
        named = described(scores)
        losses = [each["loss"] for each in members] or named["loss"]
        self._check(f"evaluation after {self.period} {epoch} (step {step})", losses)
        values = {"dev": named} | ({"members": members} if members else {})
        seconds = round(self.seconds, 3)
        self.journal.write(step=step, **{self.period: epoch}, **values, seconds=seconds)
        self.display.show_epoch(epoch, self.loss, scores, self._seconds_left(step))
        self.num_tokens, self.since = 0, time.perf_counter()


def described(scores: AnyScores) -> dict[str, Any]:
    """Return scores by name; why the area is undefined only where it is.

    Example:
        >>> from attnjax.training.metrics import Scores
        >>> sorted(described(Scores(0.5, 0.5, 0.5, 0.5, 0.7)))
        ['accuracy', 'auc', 'f1', 'f1_macro', 'loss']
    """
    if isinstance(scores, Mapping):
        return dict(scores)
    named = scores._asdict()
    return (
        named
        if scores.auc_undefined is not None
        else {name: value for name, value in named.items() if name != "auc_undefined"}
    )
