"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.data.texts.ade import ADE_CORPUS
from attnjax.data.texts.ade import CLASSES as EFFECTS
from attnjax.data.texts.adr_tweets import ADR_TWEETS
from attnjax.data.texts.adr_tweets import LABELS as REACTIONS
from attnjax.data.texts.diagnoses import ANEMIA, DIABETES
from attnjax.data.texts.discharge import ANEMIA_NOTES, DIABETES_NOTES
from attnjax.data.texts.eraser import ERASER_MOVIES
from attnjax.data.texts.lengths import between
from attnjax.data.texts.sentences import MOVIE_REVIEWS
from attnjax.data.texts.source import Task

SENTIMENT = ("negative", "positive")

TASKS: dict[str, Task] = {
    "mr": Task(MOVIE_REVIEWS, class_names=SENTIMENT, whitespace=True),
    "ade_corpus": Task(ADE_CORPUS, class_names=EFFECTS),
    "adr_tweets": Task(
        ADR_TWEETS,
        class_names=tuple(REACTIONS.values()),
        choose=between(5, 100),
        whitespace=True,
        published="ADR Tweets",
    ),
    # Its rationales mark the words between white space.
    "eraser_movies": Task(ERASER_MOVIES, class_names=SENTIMENT, whitespace=True),
    "diabetes": Task(
        DIABETES_NOTES,
        class_names=DIABETES,
        choose=between(6, 4000),
        whitespace=True,
        published="Diabetes",
    ),
    "anemia": Task(
        ANEMIA_NOTES,
        class_names=ANEMIA,
        choose=between(None, 4000),
        whitespace=True,
        published="Anemia",
    ),
}
"""Which texts each name stands for."""
