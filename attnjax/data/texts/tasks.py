"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.data.texts.sentences import MOVIE_REVIEWS
from attnjax.data.texts.source import Task

SENTIMENT = ("negative", "positive")

TASKS: dict[str, Task] = {
    "mr": Task(MOVIE_REVIEWS, class_names=SENTIMENT, whitespace=True),
}
"""Which texts each name stands for."""
