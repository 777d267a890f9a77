"""From the config of a fine-tuning to all that it reads, checked before anything is written."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.config import FineTuningRun
from attnjax.data.cache import cache_folder
from attnjax.data.gpt.tasks import load_task
from attnjax.data.gpt.tokenizer import Tokenizer, load_tokenizer
from attnjax.data.texts.places import data_folder
from attnjax.errors import ConfigError, UserError, WeightsError, raise_all
from attnjax.experiments.gpt.fine_tuning_checks import (
    NONE,
    check_batches,
    check_length,
    check_start,
)
from attnjax.experiments.gpt.fine_tuning_trial import PreparedTask
from attnjax.experiments.gpt.heuristics import read_heuristics
from attnjax.experiments.gpt.starting_point import (
    StartingPoint,
    check_kernel,
    gpt_settings,
    read_pretrained,
)
from attnjax.experiments.gpt.task_rows import TaskRows, task_rows
from attnjax.models.gpt.settings import GPTSettings


def prepare_task(config: FineTuningRun) -> PreparedTask:
    """Read weights, tokenizer and task that a config names.

    Args:
        config: resolved.

    Raises:
        UserError: for anything that cannot be used, as many mistakes together as can be found.
    """
    raise_all([*check_start(config), *check_kernel(config.gpt)])
    start = None if config.fine_tuning.start == NONE else read_pretrained(config.fine_tuning.start)
    tokenizer = tokenizer_of(config, start)
    settings = settings_of_start(config, start, tokenizer)
    errors = check_length(config, settings.context)
    lstm = _gathered(lambda: _lstm(config, tokenizer), errors)
    rows = _gathered(lambda: _rows(config, tokenizer, settings), errors)
    heuristics = _gathered(lambda: _heuristics(config, tokenizer, settings), errors)
    errors += check_batches(config, rows)
    raise_all(errors)
    return PreparedTask(
        tokenizer,
        settings,
        start,
        lstm,
        rows,
        heuristics or {},
        None if rows is None else digest_of_rows(rows),
    )


def fine_tunes(config: FineTuningRun) -> bool:
    """Return whether a run trains anything: one that asks for zero-shot scores alone does not.

    Args:
        config: resolved.
    """
    return bool(config.tests) or set(config.analyses) != {"zero_shot"}


def _gathered(read: Callable[[], Any], errors: list[UserError]) -> Any:
    """Return what a function reads, or None after gathering why it cannot."""
    try:
        return read()
    except UserError as error:
        errors += getattr(error, "errors", (error,))
        return None


def tokenizer_of(config: FineTuningRun, start: StartingPoint | None) -> Tokenizer:
    """Return the tokenizer that lies with the weights, or the one that the config names.

    Args:
        config: resolved.
        start: the weights.

    Raises:
        UserError: if there is none, or the two are not the same.
    """
    given = config.tokenizer
    folder = data_folder(given.dir)
    theirs = None if start is None else start.tokenizer
    if theirs is None and given.pieces == "trained":
        raise ConfigError(
            "config.tokenizer.pieces",
            found="'trained', with no pre-training here to start from",
            expected="'release': new pieces are learnt by a pre-training, on its own documents",
            action="pre-train first and name its work folder in config.fine_tuning.start",
        )
    if theirs is not None:
        if given.dir:
            _check_same(load_tokenizer(Path(given.dir).expanduser()), theirs, config)
        return theirs
    if folder is None:
        raise ConfigError(
            "config.tokenizer.dir",
            found="nothing, and no ATTNJAX_DATA_DIR",
            expected="the folder of the release's two files, or of a Hugging Face tokenizer",
            action="name it",
        )
    return load_tokenizer(folder, pipeline=given.pipeline)


def _check_same(named: Tokenizer, theirs: Tokenizer, config: FineTuningRun) -> None:
    if named.byte_pairs.digest != theirs.byte_pairs.digest:
        raise ConfigError(
            "config.tokenizer.dir",
            found=f"{len(named.byte_pairs.pieces)} pieces that are not the "
            f"{len(theirs.byte_pairs.pieces)} of {config.fine_tuning.start}",
            expected="the tokenizer that the weights were trained with",
            action="leave config.tokenizer.dir empty: the folder of the weights has it",
        )


def settings_of_start(
    config: FineTuningRun, start: StartingPoint | None, tokenizer: Tokenizer
) -> GPTSettings:
    """Return the model: sizes of the weights where there are some, habits of the config.

    Args:
        config: resolved.
        start: the weights.
        tokenizer: of the model.

    Raises:
        UserError: if the weights are of other pieces, of an LSTM, or of fewer layers than are
            to be transferred.
    """
    pieces = len(tokenizer.byte_pairs.pieces)
    settings = gpt_settings(config.gpt, vocabulary_size=pieces)
    if start is None:
        return settings
    where, errors = config.fine_tuning.start, []
    theirs = start.settings
    if theirs.vocabulary_size != pieces:
        errors.append(
            WeightsError(
                where,
                found=f"weights for {theirs.vocabulary_size} pieces",
                expected=f"as many as the tokenizer has, {pieces}",
                action="name the tokenizer that they were trained with",
            )
        )
    if theirs.lstm_units and config.fine_tuning.layers >= 0:
        errors.append(
            ConfigError(
                "config.fine_tuning.layers",
                found=f"{config.fine_tuning.layers}, of an LSTM",
                expected="-1: an LSTM is transferred whole",
                action="leave the field alone, or name a transformer in config.fine_tuning.start",
            )
        )
    elif config.fine_tuning.layers > theirs.num_layers:
        errors.append(
            ConfigError(
                "config.fine_tuning.layers",
                found=str(config.fine_tuning.layers),
                expected=f"at most the {theirs.num_layers} layers of {where}",
                action="lower it, or -1 for all",
            )
        )
    if theirs.lstm_units and "layers" in config.analyses:
        errors.append(
            ConfigError(
                "config.analyses",
                found="layers, of an LSTM",
                expected="a transformer in config.fine_tuning.start",
                action="name one, or leave the analysis out",
            )
        )
    wrong = [one for one in config.layers.counts if one > theirs.num_layers]
    if wrong:
        errors.append(
            ConfigError(
                "config.layers.counts",
                found=", ".join(map(str, wrong)),
                expected=f"at most the {theirs.num_layers} layers of {where}",
                action="lower them, or leave the field empty for all",
            )
        )
    raise_all(errors)
    return dataclasses.replace(
        settings,
        context=theirs.context,
        num_layers=theirs.num_layers,
        num_heads=theirs.num_heads,
        width=theirs.width,
        lstm_units=theirs.lstm_units,
    )


def _lstm(config: FineTuningRun, tokenizer: Tokenizer) -> StartingPoint | None:
    """Return the pre-trained LSTM of the ablations, where one is named."""
    named = config.ablations.lstm
    if "ablations" not in config.analyses or not named:
        return None
    found = read_pretrained(named)
    if not found.settings.lstm_units:
        raise ConfigError(
            "config.ablations.lstm",
            found=f"a transformer in {named}",
            expected="a pre-training with config.gpt.lstm_units above 0",
            action="name one, or leave the field empty",
        )
    theirs = found.tokenizer
    if theirs is None or theirs.byte_pairs.digest != tokenizer.byte_pairs.digest:
        raise ConfigError(
            "config.ablations.lstm",
            found=f"another tokenizer in {named}",
            expected="the pieces of the model that it is compared with",
            action="pre-train both with the same tokenizer",
        )
    return found


def _rows(config: FineTuningRun, tokenizer: Tokenizer, settings: GPTSettings) -> TaskRows | None:
    if not fine_tunes(config):
        return None
    chosen = config.fine_tuning
    found = load_task(chosen.task, chosen.dir, cache_folder())
    context = min(chosen.max_length or settings.context, settings.context)
    return task_rows(
        chosen.task,
        found,
        tokenizer,
        context=context,
        truncation=chosen.truncation,
        limit=chosen.limit,
        seed=config.seed,
    )


def _heuristics(
    config: FineTuningRun,
    tokenizer: Tokenizer,
    settings: GPTSettings,
) -> dict[str, Any]:
    if "zero_shot" not in config.analyses:
        return {}
    return read_heuristics(
        config.zero_shot.tasks,
        tokenizer,
        context=settings.context,
        folder=config.fine_tuning.dir,
        winograd=config.zero_shot.winograd,
        downloads=cache_folder(),
        limit=config.zero_shot.limit,
        seed=config.seed,
    )


def digest_of_rows(rows: TaskRows) -> str:
    """Return a sha256 of all that a model could learn from, or is judged by.

    Args:
        rows: of the task.
    """
    sha256 = hashlib.sha256(json.dumps([rows.name, list(rows.inputs)]).encode())
    for split, inputs in rows.inputs.items():
        for array in (inputs.token_ids, inputs.mask, rows.labels[split]):
            sha256.update(np.ascontiguousarray(array).tobytes())
    return sha256.hexdigest()
