"""What a fine-tuning's config asks of its weights and rows that they cannot give."""

from attnjax.config import FineTuningRun
from attnjax.errors import ConfigError, UserError
from attnjax.experiments.gpt.task_rows import TaskRows

NONE = "none"
"""`config.fine_tuning.start` of a model that begins anew."""


def check_start(config: FineTuningRun) -> list[UserError]:
    """Return what is asked of a pre-training where there is none.

    Without one "no pre-training" and every number of layers are the same training, a page that
    compares them would say that pre-training is worth nothing, and zero-shot answers are guesses.

    Args:
        config: resolved.
    """
    if not config.fine_tuning.start:
        return [
            ConfigError(
                "config.fine_tuning.start",
                found="''",
                expected="the folder of a pre-trained model, or 'none'",
                action="name one",
            )
        ]
    if config.fine_tuning.start != NONE:
        return []
    asked = [f"the analysis {one}" for one in config.analyses]
    if config.fine_tuning.layers != -1:
        asked.append(f"config.fine_tuning.layers {config.fine_tuning.layers}")
    return [
        ConfigError(
            "config.fine_tuning.start",
            found=f"{NONE!r}, with {found}",
            expected="a pre-trained model: of one that begins anew nothing is transferred",
            action="name one, or leave the other out",
        )
        for found in asked
    ]


def check_length(config: FineTuningRun, context: int) -> list[UserError]:
    """Return whether sequences may be longer than the model's positions.

    Args:
        config: resolved.
        context: positions that the model has.
    """
    if config.fine_tuning.max_length <= context:
        return []
    return [
        ConfigError(
            "config.fine_tuning.max_length",
            found=str(config.fine_tuning.max_length),
            expected=f"at most the {context} positions that the model has",
            action="lower it, or 0 for all positions",
        )
    ]


def check_batches(config: FineTuningRun, rows: TaskRows | None) -> list[UserError]:
    """Return whether the training rows fill no batch.

    Args:
        config: resolved.
        rows: of the task; None where nothing is fine-tuned.
    """
    chosen = config.fine_tuning
    if rows is None or not chosen.drop_last:
        return []
    count = rows.counts["splits"]["train"]
    if count >= chosen.batch_size:
        return []
    return [
        ConfigError(
            "config.fine_tuning.batch_size",
            found=f"{chosen.batch_size} for {count} training rows",
            expected="at most as many as there are rows",
            action="lower it, give more rows, or set config.fine_tuning.drop_last=False",
        )
    ]
