"""The planted-evidence corpus: sentences whose label is decided by words that are known.

Every sentence is made of one clause with evidence (two, where it is redundant) and of
clauses that decide nothing. What decides is a strong phrase, or a negator with the phrase it
flips. What only looks like it is drawn independently of the label: evidence words inside a
quoted title or in someone else's overruled opinion, and negators that belong to something
else. So no single word settles a sentence, but its place does.
"""

import random

import numpy as np

from attnjax.data.corpus import SPLITS, Corpus, Instances, instances, numbered
from attnjax.data.planted_frames import divided
from attnjax.data.planted_writer import PLANTED, PlantedParameters, Writer


def planted_split(
    split: str, size: int, *, seed: int, parameters: PlantedParameters = PLANTED
) -> Instances:
    """Return the sentences of one split, with their evidence and kinds.

    Args:
        split: `train`, `dev` or `test`: which frames.
        size: sentences.
        seed: of the draw, at least 0.
        parameters: of the grammar.

    Example:
        >>> split = planted_split("test", 20, seed=0)
        >>> all(flags.any() for flags in split.evidence)
        True
    """
    stream = random.Random(len(SPLITS) * seed + SPLITS.index(split))
    writer = Writer(stream, divided()[split], parameters)
    tokens, labels, evidence, kinds = [], [], [], []
    names = [name for name, _ in parameters.kinds]
    bounds = np.cumsum([share for _, share in parameters.kinds]).tolist()
    for _ in range(size):
        draw = writer.random.random()
        kind = next(
            (name for name, bound in zip(names, bounds, strict=True) if draw < bound), names[-1]
        )
        positive = writer.chance(0.5)
        words = writer.sentence(kind, positive)
        tokens.append([word for word, _ in words])
        evidence.append(np.array([flag for _, flag in words], bool))
        labels.append(int(positive))
        kinds.append(kind)
    return instances(tokens, labels, evidence=evidence, kind=kinds)


def planted_corpus(size: int, *, seed: int, parameters: PlantedParameters = PLANTED) -> Corpus:
    """Return the planted-evidence corpus for binary sentiment.

    Args:
        size: sentences of train; dev has an eighth, test a quarter of that.
        seed: of the draw, at least 0.
        parameters: of the grammar; `PLANTED` are frozen.

    Example:
        >>> corpus = planted_corpus(100, seed=0)
        >>> {name: len(split) for name, split in corpus.splits.items()}
        {'train': 100, 'dev': 12, 'test': 25}
    """
    sizes = {
        "train": size,
        "dev": max(1, int(size * parameters.dev_share)),
        "test": max(1, int(size * parameters.test_share)),
    }
    splits = {
        name: planted_split(name, count, seed=seed, parameters=parameters)
        for name, count in sizes.items()
    }
    return Corpus(name="planted", splits=numbered(splits), class_names=("negative", "positive"))
