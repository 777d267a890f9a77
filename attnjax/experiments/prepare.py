"""From the config to encoded data: what a run does before its first stage."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from attnjax.config import Config
from attnjax.data.corpus import Corpus
from attnjax.data.encoded import ENDS, bucket_lengths, encode, longest_question
from attnjax.data.load import load_corpus, load_vocabulary
from attnjax.data.skip_gram import train_vectors
from attnjax.data.vectors import VectorCoverage, read_vectors
from attnjax.data.vocabulary import Vocabulary
from attnjax.experiments.trial import Prepared


def prepare(config: Config) -> Prepared:
    """Load, count and encode the data that a config names.

    Raises:
        DataError: for anything wrong with the data.
    """
    data = config.data
    corpus = load_corpus(data)
    if lost := answers_cut_off(corpus, data.max_length):
        corpus = replace(corpus, notes=(*corpus.notes, lost))
    vocabulary = load_vocabulary(data, corpus)
    splits, truncated = {}, 0
    question_length = longest_question(corpus.splits, max_length=data.max_length)
    for name, instances in corpus.splits.items():
        splits[name], count = encode(
            instances,
            vocabulary,
            max_length=data.max_length,
            on_long=data.on_long,
            unknown_only=data.unknown_only,
            question_length=question_length,
            num_classes=len(corpus.class_names),
        )
        truncated += count
    found = _vectors(config, corpus, vocabulary)
    coverage, vectors = None, None
    if found is not None:
        vectors = found.matrix
        coverage = {"found": found.found, "missing": found.missing, "share": found.share}
        coverage |= {"trained_epochs": data.skip_gram}
    lengths = bucket_lengths(splits, data.num_buckets)
    return Prepared(corpus, vocabulary, splits, lengths, truncated, coverage, vectors)


def answers_cut_off(corpus: Corpus, max_length: int) -> str:
    """Return how many questions have their answer only beyond what the model reads; "" for none.

    Known where the possible answers are words of the text, as the names of CNN are.

    Args:
        corpus: the words.
        max_length: positions of a text, start and end included.

    Example:
        >>> from attnjax.data.corpus import instances
        >>> text = instances([["so", "@entity1"]], [0], question=[["who"]], candidates=[[0]])
        >>> answers_cut_off(Corpus("x", {"test": text}, ("@entity1", "b")), 3)
        'The answer of 1 of 1 questions stands only beyond data.max_length.'
    """
    lost = size = 0
    for split in corpus.splits.values():
        if split.candidates is None:
            continue
        size += len(split)
        for words, label in zip(split.tokens, split.label, strict=True):
            answer = corpus.class_names[label]
            lost += answer in words and answer not in words[: max_length - ENDS]
    if not lost:
        return ""
    stand = "stands" if lost == 1 else "stand"
    return f"The answer of {lost:,} of {size:,} questions {stand} only beyond data.max_length."


def _vectors(config: Config, corpus: Corpus, vocabulary: Vocabulary) -> VectorCoverage | None:
    """Return word vectors from a file or trained on the training texts, where asked for."""
    data, size = config.data, config.model.embedding_size
    if data.vectors:
        return read_vectors(Path(data.vectors).expanduser(), vocabulary, size, seed=config.seed)
    if data.skip_gram:
        train = corpus.splits["train"]
        texts = (*train.tokens, *(train.question or ()))
        return train_vectors(texts, vocabulary, size, epochs=data.skip_gram, seed=config.seed)
    return None


def describe(data: Prepared) -> dict[str, Any]:
    """Return the summary of the data stage: counts, reasons, and a digest of the content."""
    return {
        "name": data.corpus.name,
        "published": data.corpus.published,
        "class_names": list(data.corpus.class_names),
        "splits": {name: len(split.label) for name, split in data.splits.items()},
        "kept": sum(len(split.label) for split in data.splits.values()),
        "dropped": dict(data.corpus.dropped),
        "notes": list(data.corpus.notes),
        "truncated": data.truncated,
        "vocabulary": len(data.vocabulary),
        "lengths": list(data.lengths),
        "vectors": data.coverage,
        "sha256": digest(data.corpus, data.vocabulary, data.vectors),
    }


def digest(corpus: Corpus, vocabulary: Vocabulary, vectors: np.ndarray | None) -> str:
    """Return a sha256 of everything a model could learn from or is compared with."""
    sha256 = hashlib.sha256()
    for name, instances in corpus.splits.items():
        sha256.update(name.encode())
        sha256.update(np.ascontiguousarray(instances.label).tobytes())
        for tokens in instances.tokens:
            sha256.update("\x1f".join(tokens).encode() + b"\x1e")
        for words in instances.question or ():
            sha256.update("\x1f".join(words).encode() + b"\x1e")
        for classes in instances.candidates or ():
            sha256.update(repr(classes).encode())
        for flags in instances.rationale or ():
            sha256.update(np.packbits(flags).tobytes() + b"\x1e")
    sha256.update("\x1f".join(vocabulary.tokens).encode())
    if vectors is not None:
        sha256.update(np.ascontiguousarray(vectors).tobytes())
    return sha256.hexdigest()
