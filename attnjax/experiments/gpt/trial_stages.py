"""The stages that put a fine-tuned GPT on trial: those of every model, and its predictions."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from attnjax.config import FineTuningRun
from attnjax.data.gpt.byte_pairs import END
from attnjax.errors import ConfigError, UserError
from attnjax.experiments.evened import evened, summarise_evened
from attnjax.experiments.gpt.fine_tune import settings_of, trained_variant
from attnjax.experiments.gpt.fine_tuning_trial import FineTuningTrial
from attnjax.experiments.gpt.task_rows import model_settings
from attnjax.experiments.gpt.trial import GPTTrial, layer_weights
from attnjax.experiments.gpt.variants import FULL, stage_name
from attnjax.experiments.importance import Collected
from attnjax.experiments.result import Result
from attnjax.experiments.stage import Stage
from attnjax.experiments.stages_attention import ATTENTION_STAGES
from attnjax.experiments.training import check_recorded
from attnjax.models.gpt.model import build_gpt
from attnjax.models.gpt.settings import GPTSettings
from attnjax.outputs import token_mask
from attnjax.training.mesh import make_mesh, replicate
from attnjax.training.metrics import score
from attnjax.training.predict import predict
from attnjax.types import Inputs

CONTINUES = "\N{MIDDLE DOT}"
"""Stands behind a piece that does not end its word."""


def trial_stages(trial: FineTuningTrial) -> list[Stage]:
    """Return the stages that a run's tests need, in an order in which each finds what it reads.

    Args:
        trial: of the run; nothing where it asks for no test.
    """
    if not trial.config.tests:
        return []
    trained = stage_name(FULL, trial.seeds[0])
    found = {
        one.name: Stage(
            one.name,
            _on_gpt(one.run),
            tuple(trained if name == "train" else name for name in one.requires),
            (*one.sections, "part"),
        )
        for one in (
            Stage("predictions", gpt_predictions, ("train",)),
            *ATTENTION_STAGES,
            Stage("uniform", _uniform, ("train",), ("bootstrap",)),
        )
    }
    order = dict.fromkeys(("predictions",))
    for test in trial.config.tests:
        order |= dict.fromkeys((*found[test].requires, test))
    return [found[name] for name in order if name in found]


def check_trial(config: FineTuningRun, settings: GPTSettings, *, is_score: bool) -> list[UserError]:
    """Return what of a config cannot be put on trial.

    Args:
        config: resolved.
        settings: of the model.
        is_score: whether the task asks for a score.
    """
    if not config.tests:
        return []
    errors: list[UserError] = []
    most, part = settings.num_layers, config.part
    if abs(part.layer) > most:
        expected = f"1 to {most}, -1 to -{most} from the last one, or 0 for all layers"
        errors.append(_wrong("config.part.layer", part.layer, expected, "choose another layer"))
    if part.head > settings.num_heads:
        expected = f"1 to {settings.num_heads}, or 0 for all heads"
        errors.append(_wrong("config.part.head", part.head, expected, "choose another head"))
    if settings.lstm_units:
        expected = "a transformer: an LSTM has no attention"
        errors.append(_wrong("config.tests", ", ".join(config.tests), expected, "remove them"))
    if is_score:
        expected = "tests of a task of classes or choices: an output change is one of those"
        action = "remove them, or choose another task"
        errors.append(_wrong("config.tests", ", ".join(config.tests), expected, action))
    return errors


def _wrong(where: str, found: object, expected: str, action: str) -> ConfigError:
    return ConfigError(where, found=str(found), expected=expected, action=action)


def _on_gpt(run: Callable[[Any], Result]) -> Callable[[FineTuningTrial], Result]:
    """Return a stage of any trial as a stage of a fine-tuning."""
    return lambda trial: run(put_on_trial(trial))


def put_on_trial(trial: FineTuningTrial) -> GPTTrial:
    """Return the model of the first seed on trial; its training is finished.

    Args:
        trial: of the run.

    Raises:
        WorkFolderError: if its checkpoints no longer hold what the stage recorded.
    """
    stage = stage_name(FULL, trial.seeds[0])
    if stage not in trial.params:
        trained_variant(FULL, trial.seeds[0], trial)
    params = jax.device_get(trial.params[stage])
    check_recorded(trial.directory, stage, params)
    settings = model_settings(settings_of(FULL, trial), trial.rows_of_task)
    return GPTTrial(trial, build_gpt(settings), replicate(params, make_mesh()))


def gpt_predictions(trial: GPTTrial) -> Result:
    """Record what the model makes of each test instance, and where its layers look.

    Args:
        trial: of the model.

    Returns:
        `performance` of dev and test; rows with `attention`, one weight a token for the part on
        trial, and `attention.layer_1` and so on: each layer's row of the classify token, a
        mean over its heads.
    """
    splits = {split: trial.batches(split=split) for split in ("dev", "test")}
    made = {split: predict(trial.model, trial.params, batches) for split, batches in splits.items()}
    summary = {split: score(one.label, one.probability)._asdict() for split, one in made.items()}
    test, settings = made["test"], trial.gpt.settings
    layers = [Collected(f"attention.layer_{n + 1}") for n in range(settings.num_layers)]
    for batch in splits["test"]:
        weights = layer_weights(trial.params, batch.inputs, gpt=trial.gpt)
        for number, collected in enumerate(layers):
            collected.add(batch, weights[:, number])
    rows: dict[str, Any] = {
        "instance_id": test.instance_id,
        "tokens": shown_tokens(trial, test.instance_id),
        "label": test.label,
        "predicted": test.predicted,
        "probability": list(test.probability),
        "max_attention": np.array([one.max(initial=0.0) for one in test.attention], np.float32),
        "attention": list(test.attention),
    }
    for number, collected in enumerate(layers):
        name = f"attention.layer_{number + 1}"
        rows[name] = collected.rows()[name]
    return Result(summary, rows)


def shown_tokens(trial: GPTTrial, instance_id: np.ndarray) -> list[list[str]]:
    """Return the pieces of each instance's texts, all of its sequences one after another.

    Args:
        trial: of the model.
        instance_id: numbers of test rows.
    """
    unknown, *pieces = trial.run.data.tokenizer.byte_pairs.pieces
    whole = [one.removesuffix(END) if one.endswith(END) else one + CONTINUES for one in pieces]
    shown = [unknown, *whole]
    inputs: Inputs = trial.run.rows_of_task.inputs["test"]
    ids = np.asarray(inputs.token_ids).reshape(len(inputs.label), -1)
    where = np.asarray(token_mask(inputs))
    return [[shown[piece] for piece in ids[row][where[row]]] for row in instance_id]


def _uniform(trial: GPTTrial) -> Result:
    rows = evened(
        trial.model,
        trial.params,
        trial.batches(),
        memory_bytes=trial.config.memory.bytes,
    )
    return summarise_evened(rows, **trial.intervals)
