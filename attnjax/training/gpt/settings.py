"""How a GPT is pre-trained and fine-tuned; the defaults are the paper's."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from attnjax.data.gpt.windows import Crossing
from attnjax.errors import ConfigError, UserError, raise_all
from attnjax.training.gpt.optimizer import OptimizerSettings


def _raise_small(section: str, values: Iterable[tuple[str, float | int, int]]) -> None:
    """Raise all values that are below their smallest one."""
    mistakes: list[UserError] = [
        ConfigError(
            f"{section}.{name}",
            found=str(value),
            expected=f"at least {smallest}",
            action="change it",
        )
        for name, value, smallest in values
        if value < smallest
    ]
    raise_all(mistakes)


@dataclass(frozen=True)
class PretrainSettings:
    """Pre-training on windows of running text.

    Attributes:
        context: tokens from which the next ones are predicted.
        batch_size: windows of a step, over all devices.
        epochs: passes over the windows.
        num_steps: if above 0, the training ends there, wherever that is in an epoch.
        warmup_steps: over which the learning rate rises.
        optimizer: its `num_steps` and `warmup` are set from the other fields.
        crossing: whether a window may hold the end of one document and the beginning of
            the next.
        evaluate_every: steps between two evaluations of what is held out.
        checkpoint_every: steps, beside every evaluation.
        log_every: steps between two lines of the journal.
        evaluation_batch: windows of a batch of an evaluation.
        evaluation_stride: see `HeldOutBatches`; 0: the context.
        evaluation_limit: see `HeldOutBatches`; 0: whole documents.
        keep_at: shares of the steps, from 0 to 1, after which weights are kept for good.
        seed: of the order of windows and of dropout.
    """

    context: int = 512
    batch_size: int = 64
    epochs: int = 100
    num_steps: int = 0
    warmup_steps: int = 2000
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    crossing: Crossing = "within"
    evaluate_every: int = 1000
    checkpoint_every: int = 1000
    log_every: int = 20
    evaluation_batch: int = 64
    evaluation_stride: int = 0
    evaluation_limit: int = 0
    keep_at: tuple[float, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        ones = ("context", "batch_size", "epochs", "evaluate_every", "checkpoint_every")
        ones += ("log_every", "evaluation_batch")
        zeros = ("num_steps", "warmup_steps", "evaluation_stride", "evaluation_limit", "seed")
        values = vars(self)
        smallest = [(name, values[name], 1) for name in ones]
        _raise_small("pretraining", smallest + [(name, values[name], 0) for name in zeros])


def kept_steps(settings: PretrainSettings, num_steps: int) -> tuple[int, ...]:
    """Return after which steps weights are kept, in order; 0 is before the first one.

    Args:
        settings: of the pre-training.
        num_steps: of the whole of it.

    Example:
        >>> kept_steps(PretrainSettings(keep_at=(0.5, 0.0, 1.0)), 9)
        (0, 4, 9)
    """
    return tuple(sorted({round(share * num_steps) for share in settings.keep_at}))


def pretraining_optimizer(settings: PretrainSettings, num_steps: int) -> OptimizerSettings:
    """Return the optimizer's settings for a pre-training of so many steps.

    Args:
        settings: of the pre-training.
        num_steps: of the whole of it.

    Raises:
        ConfigError: if the training is shorter than its warm-up.

    Example:
        >>> pretraining_optimizer(PretrainSettings(warmup_steps=20), 100).warmup
        0.2
    """
    if settings.warmup_steps >= num_steps:
        raise ConfigError(
            "pretraining.warmup_steps",
            found=str(settings.warmup_steps),
            expected=f"fewer than the {num_steps} steps of the whole training",
            action="warm up for fewer steps, or train for more epochs",
        )
    warmup = settings.warmup_steps / num_steps
    return dataclasses.replace(settings.optimizer, num_steps=num_steps, warmup=warmup)


def _finetuning_optimizer() -> OptimizerSettings:
    return OptimizerSettings(learning_rate=6.25e-5, schedule="warmup_linear", warmup=0.002)


@dataclass(frozen=True)
class FinetuneSettings:
    """Fine-tuning on a task.

    Attributes:
        epochs: passes over the training rows.
        batch_size: rows of a step, over all devices.
        language_weight: lambda, of the language model's loss beside the task's.
        drop_last: whether what is left of an epoch is dropped, as in the release, or is a
            smaller batch of its own.
        keep: the weights of the "best" epoch on dev, or of the "last" one.
        optimizer: its `num_steps` is set from the number of rows.
        checkpoint_every: steps, beside every epoch's end.
        log_every: steps between two lines of the journal.
        seed: of the order of rows and of dropout.
    """

    epochs: int = 3
    batch_size: int = 32
    language_weight: float = 0.5
    drop_last: bool = True
    keep: Literal["best", "last"] = "best"
    optimizer: OptimizerSettings = field(default_factory=_finetuning_optimizer)
    checkpoint_every: int = 1000
    log_every: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        ones = ("epochs", "batch_size", "checkpoint_every", "log_every")
        values = vars(self)
        smallest = [(name, values[name], 1) for name in ones]
        zeros = ("language_weight", "seed")
        _raise_small("finetuning", smallest + [(name, values[name], 0) for name in zeros])


class Beat(NamedTuple):
    """When the host loop of a GPT's training does what.

    Attributes:
        epochs: how many there are; of a pre-training, what lies between two evaluations.
        log_every: steps.
        checkpoint_every: steps.
        patience: epochs without a better one after which the training ends; 0: none does.

    Example:
        >>> Beat(3, log_every=20, checkpoint_every=100).patience
        0
    """

    epochs: int
    log_every: int
    checkpoint_every: int
    patience: int = 0
