"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.data.texts import ag_news, imdb, newsgroups, sentences, sst2, trec
from attnjax.data.texts.ade import ADE_CORPUS
from attnjax.data.texts.ade import CLASSES as EFFECTS
from attnjax.data.texts.adr_tweets import ADR_TWEETS
from attnjax.data.texts.adr_tweets import LABELS as REACTIONS
from attnjax.data.texts.diagnoses import ANEMIA, DIABETES
from attnjax.data.texts.discharge import ANEMIA_NOTES, DIABETES_NOTES
from attnjax.data.texts.eraser import ERASER_MOVIES
from attnjax.data.texts.lengths import between
from attnjax.data.texts.source import Task

SENTIMENT = ("negative", "positive")

TASKS: dict[str, Task] = {
    "mr": Task(sentences.MR, class_names=SENTIMENT, whitespace=True),
    "cr": Task(sentences.CR, class_names=SENTIMENT, whitespace=True),
    "trec": Task(trec.TREC, class_names=trec.CLASSES, whitespace=True),
    "sst2": Task(sst2.SST2, class_names=SENTIMENT, whitespace=True),
    "newsgroups": Task(
        newsgroups.NEWSGROUPS,
        class_names=newsgroups.CLASSES,
        choose=newsgroups.choose_newsgroups,
        published="20News",
    ),
    "ag_news": Task(ag_news.AG_NEWS, class_names=ag_news.CLASSES),
    "ag_news_binary": Task(
        ag_news.AG_NEWS,
        class_names=ag_news.TWO,
        choose=ag_news.choose_two,
        published="AG News",
    ),
    "imdb": Task(imdb.IMDB, class_names=SENTIMENT, choose=imdb.choose_imdb, published="IMDB"),
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
