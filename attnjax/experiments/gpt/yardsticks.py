"""N-grams over the same pieces: what a pre-trained model is compared with."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from attnjax.data.gpt.windows import Documents
from attnjax.experiments.gpt.corpus_stages import documents_of
from attnjax.experiments.gpt.pretraining_work import PretrainingWork
from attnjax.experiments.result import Result
from attnjax.measures.ngrams import (
    Text,
    Trigram,
    kneser_ney,
    trigram_costs,
    unigram,
    unigram_costs,
)
from attnjax.training.gpt.evaluate import held_out_scores

SHARES = (1 / 16, 1 / 4, 1.0)
"""Of the tokens that trigrams are counted on: a curve beside the model's."""


def yardsticks_stage(work: PretrainingWork) -> Result:
    """Judge n-grams by the held-out documents, counted on what the model has seen.

    Args:
        work: in progress.
    """
    train, held_out = (documents_of(work, part) for part in ("train", "held_out"))
    seen = work.summary("pretrain")["tokens_seen"]
    size = work.summary("tokenizer")["num_pieces"]
    count = min(seen, work.config.yardsticks.limit, sum(len(one) for one in texts_of(train)))
    curve = []
    for share in SHARES:
        work.raise_if_stopped()
        part = first_tokens(texts_of(train), max(3, round(share * count)))
        model = kneser_ney(part, size)
        tokens = sum(map(len, part))
        curve.append({"tokens": tokens, **trigram_scores(model, held_out)})
    chances = unigram(np.concatenate(first_tokens(texts_of(train), count)), size)
    costs = [unigram_costs(chances, text) for text in texts_of(held_out)]
    return Result(
        {
            "tokens": curve[-1]["tokens"],
            "tokens_seen_by_model": seen,
            "limit": work.config.yardsticks.limit,
            "unigram": _scores(held_out, costs),
            "trigram": {name: value for name, value in curve[-1].items() if name != "tokens"},
            "trigram_curve": [_without_documents(point) for point in curve],
        },
        {},
    )


def texts_of(documents: Documents) -> list[Text]:
    """Return the tokens of each document, mapped.

    Args:
        documents: of a token file.

    Example:
        >>> from attnjax.data.gpt.token_file import Span
        >>> books = Documents(np.arange(3, dtype=np.uint16), [Span("emma", 1, 3)])
        >>> [text.tolist() for text in texts_of(books)]
        [[1, 2]]
    """
    return [documents.tokens[span.start : span.end] for span in documents.spans]


def first_tokens(texts: Sequence[Text], count: int) -> list[Text]:
    """Return the first tokens of texts, the last text cut.

    Args:
        texts: in order.
        count: tokens in all, at least 1.

    Example:
        >>> texts = [np.arange(3), np.arange(5)]
        >>> [text.tolist() for text in first_tokens(texts, 4)]
        [[0, 1, 2], [0]]
    """
    found: list[Text] = []
    for text in texts:
        if count <= 0:
            break
        found.append(np.asarray(text[:count]))
        count -= len(found[-1])
    return found


def trigram_scores(model: Trigram, held_out: Documents) -> dict[str, Any]:
    """Return how well a trigram predicts documents, in the form of the model's own scores.

    Args:
        model: counted on other documents.
        held_out: documents.
    """
    return _scores(held_out, [trigram_costs(model, text) for text in texts_of(held_out)])


def _scores(held_out: Documents, costs: Sequence[np.ndarray]) -> dict[str, Any]:
    totals = np.array([one.sum() for one in costs])
    return held_out_scores(held_out, totals, np.array([len(one) for one in costs]))


def _without_documents(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scores.items() if name != "documents"}
