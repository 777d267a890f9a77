"""bAbI tasks 1, 2 and 3 without any file: a corpus of generated stories."""

from itertools import chain, islice

import numpy as np

from attnjax.config import DataConfig
from attnjax.data.corpus import SPLITS, Corpus, Instances, instances, numbered
from attnjax.data.text import Tokenizer, configured_tokenizer
from attnjax.data.texts.babi import PLACES, as_record, evidence_of
from attnjax.data.texts.babi_world import stories


def lowercased(text: str) -> list[str]:
    """Return the words of a text, lowercased.

    Args:
        text: with its words between spaces.

    Example:
        >>> lowercased("Mary left .")
        ['mary', 'left', '.']
    """
    return text.lower().split()


def generated_split(
    task: int, split: str, size: int, *, seed: int, tokenize: Tokenizer = lowercased
) -> Instances:
    """Return generated questions of one split; the splits share no story.

    Their evidence is the words of the statements that decide the answer.

    Args:
        task: 1, 2 or 3: how many statements decide an answer.
        split: `train`, `dev` or `test`.
        size: questions, five of a story.
        seed: of the draw, at least 0.
        tokenize: text to words; any that leaves each statement's words and its full stop.

    Example:
        >>> generated_split(2, "test", 3, seed=0).question[0][:3]
        ('where', 'is', 'the')
    """
    drawn = stories(task, seed=len(SPLITS) * seed + SPLITS.index(split))
    questions = list(islice(chain.from_iterable(drawn), size))
    records = [as_record(question) for question in questions]

    return instances(
        [tokenize(record.text) for record in records],
        [PLACES.index(record.label) for record in records],
        question=[tokenize(record.question or "") for record in records],
        origin=[record.origin for record in records],
        evidence=[np.array(evidence_of(question), bool) for question in questions],
    )


def generated_corpus(config: DataConfig) -> Corpus:
    """Return a corpus of generated stories of `config.task`, of `config.size` training questions.

    Dev and test are further questions, `config.dev_fraction` and `config.test_fraction` of that
    size, from stories of their own.

    Args:
        config: `task`, `size`, the two fractions, `split_seed` and the tokenizer are read.

    Example:
        >>> corpus = generated_corpus(DataConfig(name="babi", size=100))
        >>> {split: len(texts) for split, texts in corpus.splits.items()}
        {'train': 100, 'dev': 10, 'test': 20}
    """
    sizes = {
        "train": config.size,
        "dev": max(1, round(config.dev_fraction * config.size)),
        "test": max(1, round(config.test_fraction * config.size)),
    }
    tokenize = configured_tokenizer(config, separated=True)
    splits = {
        split: generated_split(config.task, split, size, seed=config.split_seed, tokenize=tokenize)
        for split, size in sizes.items()
    }
    return Corpus(f"babi {config.task}, generated", numbered(splits), PLACES)
