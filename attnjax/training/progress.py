"""What a person watching a training run sees."""

import sys
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from attnjax.training.hosts import is_writer
from attnjax.training.metrics import Scores

AnyScores = Scores | Mapping[str, Any]
"""Of a classifier; or of anything else by name, with a "loss" among them."""


@runtime_checkable
class Display(Protocol):
    """Shows steps and epochs while it is entered as a context."""

    def __enter__(self) -> "Display": ...
    def __exit__(self, *exception: object) -> None: ...
    def show_step(self, step: int, loss: float, tokens_per_second: float) -> None: ...
    def show_epoch(
        self, epoch: int, loss: float, scores: AnyScores, seconds_left: float
    ) -> None: ...


def make_display(
    name: str, *, progress: bool, num_epochs: int, num_steps: int, period: str = "epoch"
) -> Display:
    """Return a progress bar where somebody watches a terminal, else one line per epoch.

    Args:
        name: of the run.
        progress: whether a bar is wanted at all.
        num_epochs: of the whole run.
        num_steps: of the whole run.
        period: what an epoch is called.

    Returns:
        A display; one that shows nothing where another process of the run writes.

    Example:
        >>> type(make_display("train", progress=False, num_epochs=1, num_steps=9)).__name__
        'Lines'
    """
    if not is_writer():
        return Silent()
    if progress and sys.stderr.isatty():
        return Bar(name, num_epochs=num_epochs, num_steps=num_steps, period=period)
    return Lines(name, num_epochs=num_epochs, period=period)


def describe_scores(scores: AnyScores) -> str:
    """Return dev scores in a few words; of named ones the numbers.

    Example:
        >>> describe_scores(Scores(accuracy=0.5, f1=0.25, f1_macro=0.4, auc=None, loss=0.7))
        'dev accuracy 0.500, F1 0.250, AUC undefined'
        >>> describe_scores({"loss": 1.5, "perplexity": 4.48169, "documents": {}})
        'dev loss 1.500, perplexity 4.482'
    """
    if isinstance(scores, Mapping):
        numbers = {name: value for name, value in scores.items() if isinstance(value, float)}
        return "dev " + ", ".join(
            f"{name.replace('_', ' ')} {value:.3f}" for name, value in numbers.items()
        )
    auc = "undefined" if scores.auc is None else f"{scores.auc:.3f}"
    return f"dev accuracy {scores.accuracy:.3f}, F1 {scores.f1:.3f}, AUC {auc}"


class Silent:
    """Shows nothing."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def show_step(self, step: int, loss: float, tokens_per_second: float) -> None:
        pass

    def show_epoch(self, epoch: int, loss: float, scores: AnyScores, seconds_left: float) -> None:
        pass


class Lines:
    """One line per epoch on standard error, and one for the first step.

    Args:
        name: of the run.
        num_epochs: of the whole run.
        period: what an epoch is called.
    """

    def __init__(self, name: str, *, num_epochs: int, period: str = "epoch") -> None:
        self.name, self.num_epochs, self.period = name, num_epochs, period
        self.tokens_per_second = 0.0

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def show_step(self, step: int, loss: float, tokens_per_second: float) -> None:
        self.tokens_per_second = tokens_per_second
        if step == 1:
            print(f"{self.name}: step 1, loss {loss:.4f}", file=sys.stderr, flush=True)

    def show_epoch(self, epoch: int, loss: float, scores: AnyScores, seconds_left: float) -> None:
        print(
            f"{self.name}: {self.period} {epoch + 1} of {self.num_epochs}, loss {loss:.4f}, "
            f"{describe_scores(scores)}, {self.tokens_per_second:,.0f} tokens/s, "
            f"{seconds_left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


class Bar:
    """A progress bar over all steps of a run.

    Args:
        name: of the run.
        num_epochs: of the whole run.
        num_steps: of the whole run.
        period: what an epoch is called.
    """

    def __init__(
        self, name: str, *, num_epochs: int, num_steps: int, period: str = "epoch"
    ) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
            TextColumn("{task.fields[loss]}"),
            TextColumn("{task.fields[scores]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        self.name, self.num_epochs, self.period = name, num_epochs, period
        self.bar = Progress(*columns, console=Console(stderr=True))
        self.task = self.bar.add_task(name, total=num_steps, loss="", scores="", speed="")

    def __enter__(self) -> "Bar":
        self.bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.stop()

    def show_step(self, step: int, loss: float, tokens_per_second: float) -> None:
        speed = f"{tokens_per_second:,.0f} tokens/s"
        self.bar.update(self.task, completed=step, loss=f"loss {loss:.4f}", speed=speed)

    def show_epoch(self, epoch: int, loss: float, scores: AnyScores, seconds_left: float) -> None:
        del loss, seconds_left
        description = f"{self.name}: {self.period} {epoch + 1} of {self.num_epochs}"
        self.bar.update(self.task, description=description, scores=describe_scores(scores))
