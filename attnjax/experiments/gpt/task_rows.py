"""From the examples of a task to the rows that fine-tuning reads, with everything counted."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float, Int

from attnjax.data.gpt.tasks import Example, TaskExamples, TaskTexts
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.transform import EncodedTask, encode_task, inputs_of, pad_task
from attnjax.errors import DataError
from attnjax.models.gpt.settings import GPTSettings
from attnjax.training.gpt.metrics import FUNCTIONS, TASK_METRICS, Labels, MetricName, soft_scores
from attnjax.types import Inputs

Value = TypeVar("Value")

DEV_SHARE = 0.05
"""Of the training rows, where a task has no dev split: each epoch's scores are of it."""

WHOLE_SCORES = 6
"""Classes of STS-B: the whole scores from 0 to 5."""


class TaskRows(NamedTuple):
    """A task as arrays.

    Attributes:
        name: of the task.
        task: what is asked.
        inputs: by split: train, dev, test and, where a task has several tests, the others; with
            the rows first.
        labels: by split: classes, or scores.
        length: positions of every sequence.
        counts: `splits` (rows), `dropped` (by reason), `truncated` (texts and tokens by split),
            `notes`.
    """

    name: str
    task: TaskTexts
    inputs: Mapping[str, Inputs]
    labels: Mapping[str, Labels]
    length: int
    counts: dict[str, Any]

    @property
    def metrics(self) -> tuple[MetricName, ...]:
        """What the task is judged by, the paper's first."""
        return TASK_METRICS[self.name]

    @property
    def is_score(self) -> bool:
        """Whether a score is predicted instead of a class."""
        return not self.task.class_names and not self.task.num_choices


def split_examples(found: TaskExamples, *, seed: int) -> dict[str, Sequence[Example]]:
    """Return a task's splits, with a dev split cut from train where there is none.

    Args:
        found: all examples.
        seed: of the cut.

    Raises:
        DataError: for a task without test or training texts, or too few to cut dev from.
    """
    splits = dict(found.splits)
    for split in ("train", "test"):
        if not splits.get(split):
            raise DataError(
                f"the task {found.task.source.title}",
                found=f"no {split} texts among " + (", ".join(splits) or "its files"),
                expected="texts with labels to train on, and others to judge by",
                action="add the official files, or choose another task",
            )
    if "dev" not in splits:
        splits["train"], splits["dev"] = _cut(splits["train"], seed)
    order = ("train", "dev", "test")
    return {name: splits[name] for name in (*order, *(one for one in splits if one not in order))}


def _cut(examples: Sequence[Example], seed: int) -> tuple[Sequence[Example], Sequence[Example]]:
    """Return the examples without a share, and the share; both in their order."""
    count = max(1, round(DEV_SHARE * len(examples)))
    if len(examples) < 2:
        raise DataError(
            "the training texts",
            found=f"{len(examples)}",
            expected="at least 2: one is judged by after each epoch",
            action="give more texts",
        )
    chosen = set(np.random.default_rng([seed, 0]).permutation(len(examples))[:count].tolist())
    kept = [one for place, one in enumerate(examples) if place not in chosen]
    return kept, [examples[place] for place in sorted(chosen)]


def drawn(values: Sequence[Value], limit: int, seed: int) -> Sequence[Value]:
    """Return at most so many values, drawn by a seed, in their order.

    Args:
        values: all of them.
        limit: how many; 0: all.
        seed: of the draw.

    Example:
        >>> len(drawn(range(9), 4, 0)), len(drawn(range(9), 0, 0))
        (4, 9)
    """
    if not limit or len(values) <= limit:
        return values
    chosen = np.random.default_rng([seed, 1]).permutation(len(values))[:limit]
    return [values[place] for place in sorted(chosen.tolist())]


def task_rows(
    name: str,
    found: TaskExamples,
    tokenizer: Tokenizer,
    *,
    context: int,
    truncation: str = "release",
    limit: int = 0,
    seed: int = 0,
) -> TaskRows:
    """Tokenise a task's examples and make them rows of one length.

    The length is that of the longest sequence, as in the release, which has so many positions.

    Args:
        name: of the task.
        found: its examples.
        tokenizer: of the model.
        context: positions that the model has at most.
        truncation: of what is longer: see `encode_task`.
        limit: rows of each split; 0: all.
        seed: of the draw, and of a dev split that is cut from train.

    Raises:
        DataError: for a task without test or training texts, and choices that vary in number.
    """
    every = split_examples(found, seed=seed)
    examples = {split: drawn(those, limit, seed) for split, those in every.items()}
    encoded = {
        split: encode_task(those, found.task, tokenizer, context=context, truncation=truncation)
        for split, those in examples.items()
    }
    length = max(
        len(sequence) for one in encoded.values() for row in one.sequences for sequence in row
    )
    counts = {
        "splits": {split: len(those) for split, those in examples.items()},
        "dropped": dict(found.dropped),
        "truncated": {split: dict(one.truncated) for split, one in encoded.items()},
        "notes": list(found.notes),
    }
    if "dev" not in found.splits:
        note = "The task has no dev split: one training text in 20 was taken out for one."
        counts["notes"].append(note)
    if limit:
        counts["left_out_by_limit"] = {
            split: len(those) - len(examples[split]) for split, those in every.items()
        }
    return TaskRows(
        name,
        found.task,
        {split: _inputs(one, found.task, length) for split, one in encoded.items()},
        {split: _labels(one, found.task) for split, one in encoded.items()},
        length,
        counts,
    )


def _inputs(encoded: EncodedTask, task: TaskTexts, length: int) -> Inputs:
    inputs = inputs_of(pad_task(encoded, length=length))
    if task.class_names or task.num_choices:
        return inputs
    return dataclasses.replace(
        inputs, reference=soft_scores(encoded.score, WHOLE_SCORES).astype(np.float32)
    )


def _labels(encoded: EncodedTask, task: TaskTexts) -> Labels:
    if task.class_names or task.num_choices:
        return encoded.label
    return encoded.score.astype(np.float64)


def head_of(task: TaskTexts) -> dict[str, Any]:
    """Return the fields of `GPTSettings` that a task decides.

    Args:
        task: what is asked.

    Example:
        >>> from attnjax.data.gpt.tasks import TASKS
        >>> head_of(TASKS["stsb"]), head_of(TASKS["rte"])["head"]
        ({'head': 'similarity', 'num_logits': 6}, 'classification')
    """
    # An entailment is one sequence, like a classification.
    head = "classification" if task.kind == "entailment" else task.kind
    if task.num_choices:
        return {"head": head, "num_logits": 1}
    return {"head": head, "num_logits": len(task.class_names) or WHOLE_SCORES}


def model_settings(settings: GPTSettings, rows: TaskRows) -> GPTSettings:
    """Return the settings of a model for a task, its positions cut to the longest sequence.

    Args:
        settings: of the model that the task is put on.
        rows: of the task.
    """
    return dataclasses.replace(settings, context=rows.length, **head_of(rows.task))


def without_learning(rows: TaskRows) -> dict[str, float | None]:
    """Return the scores on test of who has learnt nothing from the texts.

    Of choices that is guessing; else the most frequent training class, or the mean training
    score, is always answered. F1 is highest where the second class is always answered, which
    needs no text either: it is 0 for the first. None where a score is undefined.

    Args:
        rows: of the task.
    """
    test, train = rows.labels["test"], rows.labels["train"]
    if rows.task.num_choices:
        return {"accuracy": 1.0 / rows.task.num_choices}
    if rows.is_score:
        answer: Float[np.ndarray, " N"] | Int[np.ndarray, " N"] = np.full(
            len(test), float(np.mean(train))
        )
    else:
        answer = np.full(len(test), np.bincount(train).argmax())
    second = np.ones(len(test), np.int64)
    return {
        name: FUNCTIONS[name](test, second if name == "f1" else answer) for name in rows.metrics
    }
