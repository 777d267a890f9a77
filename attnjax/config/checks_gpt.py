"""What no field of a GPT's config can know alone."""

from attnjax.config.checks import config_error
from attnjax.config.gpt import FineTuningRun, GPTConfig, PretrainingRun
from attnjax.errors import UserError


def check_pretraining(config: PretrainingRun, errors: list[UserError]) -> None:
    """Check the fields of a pre-training against one another."""
    _check_decoder(config.gpt, errors)
    corpus, settings, hosts = config.corpus, config.pretraining, config.hosts
    if not corpus.paths and not corpus.tfds:
        errors.append(
            config_error(
                "config.corpus.paths",
                "nothing",
                "text files, folders of them, or splits in config.corpus.tfds",
                "name some",
            )
        )
    for name in corpus.tfds:
        if not all(name.partition(":")):
            action = "write the data set and the split, such as lm1b:train[:1%]"
            errors.append(config_error("config.corpus.tfds", repr(name), "NAME:SPLIT", action))
    if not corpus.held_out:
        errors.append(
            config_error(
                "config.corpus.held_out",
                "nothing",
                "whole documents by which the model is judged and on which it is not trained",
                "name some",
            )
        )
    if 0 < settings.num_steps <= settings.warmup_steps:
        errors.append(
            config_error(
                "config.pretraining.warmup_steps",
                str(settings.warmup_steps),
                f"fewer than config.pretraining.num_steps, {settings.num_steps}",
                "warm up for fewer steps, or train longer",
            )
        )
    if settings.evaluation_stride > config.gpt.context:
        errors.append(
            config_error(
                "config.pretraining.evaluation_stride",
                str(settings.evaluation_stride),
                f"at most config.gpt.context, {config.gpt.context}",
                "lower it",
            )
        )
    if hosts.process >= hosts.count:
        errors.append(
            config_error(
                "config.hosts.process",
                str(hosts.process),
                f"from 0 to {hosts.count - 1}, of config.hosts.count processes",
                "number the processes from 0",
            )
        )
    if hosts.count > 1 and settings.data_devices:
        errors.append(
            config_error(
                "config.pretraining.data_devices",
                f"{settings.data_devices} with {hosts.count} hosts",
                "0: all devices of all hosts",
                "remove it",
            )
        )


def check_fine_tuning(config: FineTuningRun, errors: list[UserError]) -> None:
    """Check the fields of a fine-tuning against one another."""
    _check_decoder(config.gpt, errors)
    if "zero_shot" in config.analyses and not config.zero_shot.tasks:
        errors.append(
            config_error(
                "config.zero_shot.tasks",
                "nothing, with the analysis zero_shot",
                "at least one task",
                "name some, or leave the analysis out",
            )
        )


def _check_decoder(gpt: GPTConfig, errors: list[UserError]) -> None:
    if gpt.width % gpt.num_heads:
        errors.append(
            config_error(
                "config.gpt.num_heads",
                str(gpt.num_heads),
                f"a divisor of config.gpt.width, {gpt.width}",
                "choose one",
            )
        )
    if gpt.kernel == "cudnn" and gpt.dtype != "bfloat16":
        errors.append(
            config_error(
                "config.gpt.kernel",
                "'cudnn' with config.gpt.dtype 'float32'",
                "'auto' or 'xla', or config.gpt.dtype 'bfloat16'",
                "choose one",
            )
        )
