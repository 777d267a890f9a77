"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.config import DataConfig
from attnjax.data.texts import (
    ade,
    adr_tweets,
    ag_news,
    babi,
    cnn,
    diagnoses,
    discharge,
    eraser,
    imdb,
    newsgroups,
    sentences,
    snli,
    sst2,
    trec,
)
from attnjax.data.texts.lengths import between
from attnjax.data.texts.source import Task, keep_all

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
    "ade_corpus": Task(ade.ADE_CORPUS, class_names=ade.CLASSES),
    "adr_tweets": Task(
        adr_tweets.ADR_TWEETS,
        class_names=tuple(adr_tweets.LABELS.values()),
        choose=between(5, 100),
        whitespace=True,
        published="ADR Tweets",
    ),
    # Its rationales mark the words between white space.
    "eraser_movies": Task(eraser.ERASER_MOVIES, class_names=SENTIMENT, whitespace=True),
    "diabetes": Task(
        discharge.DIABETES,
        class_names=diagnoses.DIABETES,
        choose=between(6, 4000),
        whitespace=True,
        published="Diabetes",
    ),
    "anemia": Task(
        discharge.ANEMIA,
        class_names=diagnoses.ANEMIA,
        choose=between(None, 4000),
        whitespace=True,
        published="Anemia",
    ),
    "babi": Task(
        babi.babi_source(1, "official_10k"),
        class_names=babi.PLACES,
        choose=babi.choose_babi,
        whitespace=True,
        published_size=babi.SIZES["official_10k"],
    ),
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


def is_filtered(name: str) -> bool:
    """Return whether the papers leave out some texts of a data set.

    Args:
        name: `config.data.name`.

    Example:
        >>> [is_filtered(name) for name in ("sst", "diabetes", "mr", "planted")]
        [True, True, False, False]
    """
    return name == "sst" or (
        name in TASKS and TASKS[name].choose not in (keep_all, babi.choose_babi)
    )
