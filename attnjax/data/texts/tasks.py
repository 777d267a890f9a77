"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.config import DataConfig
from attnjax.data.texts import babi, cnn, snli
from attnjax.data.texts.sentences import MOVIE_REVIEWS
from attnjax.data.texts.source import Task

SENTIMENT = ("negative", "positive")

TASKS: dict[str, Task] = {
    "mr": Task(MOVIE_REVIEWS, class_names=SENTIMENT, whitespace=True),
    "babi": Task(babi.babi_source(1, "official_10k"), class_names=babi.PLACES, whitespace=True),
    "snli": Task(snli.SNLI, class_names=snli.CLASSES, published="SNLI"),
    "cnn": Task(cnn.CNN, whitespace=True, published="CNN"),
}
"""Which texts each name stands for; `task_of` says which of the bAbI tasks."""


def task_of(config: DataConfig) -> Task:
    """Return the task that a config names.

    Args:
        config: `name`, and for bAbI `task` and `stories`, are read.

    Example:
        >>> task_of(DataConfig(name="babi", task=3)).published
        'bAbI 3'
    """
    task = TASKS[config.name]
    if config.name != "babi":
        return task
    published = f"bAbI {config.task}" if config.stories == "official_10k" else None
    return task._replace(source=babi.babi_source(config.task, config.stories), published=published)
