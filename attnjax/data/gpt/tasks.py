"""The tasks that GPT-1 is fine-tuned on, by name, and their texts as examples."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attnjax.data.gpt import tasks_choices, tasks_pairs, tasks_race
from attnjax.data.labelled import Record
from attnjax.data.texts import snli, sst2
from attnjax.data.texts.places import find_files
from attnjax.data.texts.source import Source
from attnjax.errors import DataError, suggestion

KINDS = ("classification", "entailment", "similarity", "multiple_choice")
"""How the texts of an example become sequences (`transform`)."""

FIELD = "config.fine_tuning.dir"
"""Where the config names the folder of a task's files."""

NEGATIVE_FIRST = ("negative", "positive")
THREE_CLASSES = ("entailment", "neutral", "contradiction")
TWO_CLASSES = ("not_entailment", "entailment")
SAME = ("different", "same")


class TaskTexts(NamedTuple):
    """A task as the model is given it.

    Attributes:
        kind: one of `KINDS`.
        source: where its files are.
        class_names: in the order of the label; empty for scores and for choices.
        num_choices: sequences of a question of multiple choice, else 0.
        metrics: what the paper or GLUE judges it by: `accuracy`, `f1`, `matthews`, `pearson`,
            `spearman`.
    """

    kind: str
    source: Source
    class_names: tuple[str, ...] = ()
    num_choices: int = 0
    metrics: tuple[str, ...] = ("accuracy",)


TASKS: dict[str, TaskTexts] = {
    "cola": TaskTexts(
        "classification", tasks_pairs.COLA, ("unacceptable", "acceptable"), metrics=("matthews",)
    ),
    "sst2": TaskTexts("classification", sst2.SST2, NEGATIVE_FIRST),
    "mrpc": TaskTexts("similarity", tasks_pairs.MRPC, SAME, metrics=("f1", "accuracy")),
    "stsb": TaskTexts("similarity", tasks_pairs.STSB, metrics=("pearson", "spearman")),
    "qqp": TaskTexts("similarity", tasks_pairs.QQP, SAME, metrics=("f1", "accuracy")),
    "mnli": TaskTexts("entailment", tasks_pairs.MNLI, THREE_CLASSES),
    "qnli": TaskTexts("entailment", tasks_pairs.QNLI, TWO_CLASSES),
    "rte": TaskTexts("entailment", tasks_pairs.RTE, TWO_CLASSES),
    "snli": TaskTexts("entailment", snli.SNLI, THREE_CLASSES),
    "scitail": TaskTexts("entailment", tasks_pairs.SCITAIL, ("neutral", "entailment")),
    "race": TaskTexts("multiple_choice", tasks_race.RACE, num_choices=4),
    "dream": TaskTexts("multiple_choice", tasks_choices.DREAM, num_choices=3),
    "story_cloze": TaskTexts("multiple_choice", tasks_choices.STORY_CLOZE, num_choices=2),
}
"""Every task; all data sets of the paper, and DREAM."""


class Example(NamedTuple):
    """The texts of one instance and what is to be said of them.

    Attributes:
        texts: one, or the two of a pair; of multiple choice the context and, if there is one,
            the question.
        choices: possible answers, else none.
        label: the class or the right choice, from 0; -1 where there is a score.
        score: NaN where there is a label.
        origin: where it stands.
    """

    texts: tuple[str, ...]
    choices: tuple[str, ...] = ()
    label: int = -1
    score: float = math.nan
    origin: str = ""


class TaskExamples(NamedTuple):
    """All examples of a task.

    Attributes:
        task: the task.
        splits: `test` is GLUE's dev where the labels of its test texts are not public; a split
            that the files lack is absent.
        dropped: why texts were left out, and how many.
        notes: what a reader of results must know.
    """

    task: TaskTexts
    splits: Mapping[str, Sequence[Example]]
    dropped: Counter[str]
    notes: tuple[str, ...]


def task_texts(name: str) -> TaskTexts:
    """Return the task of a name.

    Args:
        name: one of `TASKS`.

    Raises:
        DataError: for an unknown name.

    Example:
        >>> task_texts("stsb").kind
        'similarity'
    """
    if name not in TASKS:
        raise DataError(
            "the task",
            found=f"{name!r}{suggestion(name, TASKS)}",
            expected="one of " + ", ".join(TASKS),
            action="correct the name",
        )
    return TASKS[name]


def load_task(name: str, folder: str, downloads: Path, *, training: bool = True) -> TaskExamples:
    """Read all examples of a task.

    Args:
        name: one of `TASKS`.
        folder: where its files are (`config.fine_tuning.dir`); empty to look at
            `ATTNJAX_DATA_DIR`, or to download them.
        downloads: where downloads are kept.
        training: whether training texts must be among them.

    Raises:
        DataError: for an unknown task, missing files and mistakes in them.

    Example: `load_task("cola", "data", cache_folder()).splits["train"][0].texts`.
    """
    task = task_texts(name)
    reading = task.source.read(find_files(task.source, folder, downloads, field=FIELD))
    if training and not reading.records.get("train"):
        raise DataError(
            task.source.title,
            found="no training texts among " + (", ".join(reading.records) or "its files"),
            expected="a train split",
            action="add the official training file, or only evaluate on this task",
        )
    splits = {
        split: [example_of(record, task) for record in records]
        for split, records in reading.records.items()
    }
    return TaskExamples(task, splits, reading.dropped, reading.notes)


def example_of(record: Record, task: TaskTexts) -> Example:
    """Return a record of the task's source as an example.

    Of equal choices the first is the right one: the model cannot tell them apart.

    Args:
        record: of its source.
        task: what is asked of it.

    Example:
        >>> record = Record("A man sleeps.", "3.800", "line 1", question="A man naps.")
        >>> example_of(record, TASKS["stsb"]).score
        3.8
    """
    texts = (record.text,) if record.question is None else (record.text, record.question)
    if task.kind == "multiple_choice":
        choices = record.candidates or ()
        label = choices.index(record.label)
        return Example(texts, choices, label=label, origin=record.origin)
    if not task.class_names:
        return Example(texts, score=float(record.label), origin=record.origin)
    return Example(texts, label=task.class_names.index(record.label), origin=record.origin)
