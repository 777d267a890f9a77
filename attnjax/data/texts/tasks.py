"""The one table of data sets of labelled texts, by `config.data.name`."""

from attnjax.data.texts import ag_news, imdb, newsgroups, sentences, sst2, trec
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
}
"""Which texts each name stands for."""
