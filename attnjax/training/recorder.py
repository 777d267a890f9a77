"""From a step's metrics on the device to the journal, the display and the stop on NaN."""

import math
import time
from typing import NamedTuple

import jax

from attnjax.errors import UserError
from attnjax.training.journal import Journal
from attnjax.training.metrics import Scores
from attnjax.training.progress import Display
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
    """

    def __init__(
        self, journal: Journal, display: Display, *, log_every: int, num_steps: int, seconds: float
    ) -> None:
        self.journal, self.display = journal, display
        self.log_every, self.num_steps = log_every, num_steps
        self.started = time.perf_counter() - seconds
        self.late: TakenStep | None = None
        self.loss = math.nan
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
        if not math.isfinite(metrics.loss):
            raise TrainingDivergedError(
                f"training, step {step.number} (epoch {step.epoch})",
                found=f"loss {float(metrics.loss)}",
                expected="a finite number",
                action="lower config.training.learning_rate, or look for extreme word vectors",
            )
        self.loss = float(metrics.window_loss)
        self.num_done += 1
        self.num_tokens += step.num_tokens
        # The first step too: it tells the user that all is well.
        if step.number == 1 or step.number % self.log_every == 0:
            self._log(step)

    def _log(self, step: TakenStep) -> None:
        now = time.perf_counter()
        speed = self.num_tokens / max(now - self.since, 1e-9)
        self.num_tokens, self.since = 0, now
        self.journal.write(
            step=step.number,
            epoch=step.epoch,
            loss=self.loss,
            tokens_per_second=round(speed, 1),
            seconds=round(self.seconds, 3),
        )
        self.display.show_step(step.number, self.loss, speed)

    def evaluate(self, step: int, epoch: int, scores: Scores) -> None:
        """Record the dev scores after an epoch.

        Raises:
            TrainingDivergedError: if the model predicts something that is not a number.
        """
        if not math.isfinite(scores.loss):
            raise TrainingDivergedError(
                f"evaluation after epoch {epoch} (step {step})",
                found=f"loss {scores.loss}",
                expected="a finite number",
                action="lower config.training.learning_rate, or look for extreme word vectors",
            )
        dev = {name: value for name, value in scores._asdict().items() if name != "auc_undefined"}
        if scores.auc_undefined is not None:
            dev["auc_undefined"] = scores.auc_undefined
        self.journal.write(step=step, epoch=epoch, dev=dev, seconds=round(self.seconds, 3))
        pace = (time.perf_counter() - self.begun) / max(self.num_done, 1)
        left = pace * (self.num_steps - step)
        self.display.show_epoch(epoch, self.loss, scores, left)
        self.num_tokens, self.since = 0, time.perf_counter()
