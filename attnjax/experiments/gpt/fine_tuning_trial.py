"""What every stage of a fine-tuning reads: the config, the task's rows, the first weights."""

from dataclasses import dataclass, field

from attnjax.config import FineTuningRun
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.experiments.gpt.starting_point import StartingPoint
from attnjax.experiments.gpt.task_rows import TaskRows
from attnjax.experiments.gpt.zero_shot import Heuristic
from attnjax.experiments.in_progress import InProgress
from attnjax.models.gpt.settings import GPTSettings
from attnjax.types import Params


@dataclass(frozen=True)
class PreparedTask:
    """What a run needs beside its config.

    Attributes:
        tokenizer: of the model.
        settings: of the model that the task is put on.
        start: the weights it starts from; None for new ones.
        lstm: the pre-trained LSTM that it is compared with, or None.
        rows: of the task; None where nothing is fine-tuned.
        heuristics: of the zero-shot analysis, by task.
        digest: of the rows.
    """

    tokenizer: Tokenizer
    settings: GPTSettings
    start: StartingPoint | None
    lstm: StartingPoint | None
    rows: TaskRows | None
    heuristics: dict[str, Heuristic]
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class FineTuningTrial(InProgress):
    """A fine-tuning in progress.

    Attributes:
        config: of the run.
        data: what it reads.
        params: the params of trainings finished or restored so far, by stage.
    """

    config: FineTuningRun
    data: PreparedTask
    params: dict[str, Params] = field(default_factory=dict)

    @property
    def rows_of_task(self) -> TaskRows:
        """The rows of the task; there are some wherever a stage asks for them."""
        assert self.data.rows is not None
        return self.data.rows

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the models, the run's own first."""
        return seeds_of(self.config)

    @property
    def intervals(self) -> dict[str, int]:
        """The bootstrap's settings, as keyword arguments."""
        return {"samples": self.config.bootstrap.samples, "seed": self.config.seed}


def seeds_of(config: FineTuningRun) -> tuple[int, ...]:
    """Return the seeds of a run's models: its own, then the numbers that follow it."""
    return tuple(range(config.seed, config.seed + config.fine_tuning.seeds))
