"""Word vectors trained on the texts themselves, where none are to be had."""

from collections.abc import Iterable, Sequence

import numpy as np

from attnjax.data.vectors import VectorCoverage
from attnjax.data.vocabulary import PAD, SPECIALS, Vocabulary
from attnjax.errors import ConfigError

WINDOW = 5
"""Words on either side that a word predicts, at most."""

NEGATIVES = 5
"""Words drawn at random against each one that is predicted."""


def train_vectors(
    token_lists: Iterable[Sequence[str]],
    vocabulary: Vocabulary,
    embedding_size: int,
    *,
    epochs: int,
    seed: int,
) -> VectorCoverage:
    r"""Train skip-gram vectors with negative sampling on texts, by gensim.

    Maximises \\( \log\sigma(v_w \cdot u_c) + \sum_{k} \log\sigma(-v_w \cdot u_k) \\) over words
    w, their neighbours c within `WINDOW` and `NEGATIVES` words k drawn for each. Unknown words
    are one word, start and end are words too. The most frequent words are passed over at random,
    which gensim does unless told otherwise (`sample=1e-3`). In one thread, so that a seed decides.

    Args:
        token_lists: the words of the training texts (no others: a test text's words must not
            be learnt from).
        vocabulary: the words.
        embedding_size: numbers of every vector (`config.model.embedding_size`).
        epochs: passes over the texts, at least 1.
        seed: of first vectors and draws, at least 0.

    Returns:
        The vectors; `missing` are words of the vocabulary that no text has, whose rows are
        drawn at the size of the others. `share` is 0 for a vocabulary without words.

    Raises:
        ConfigError: if gensim is not installed.

    Source: Mikolov et al. (2013), Distributed Representations of Words and Phrases and their
    Compositionality, section 2.2.

    Example:
        >>> from attnjax.data.vocabulary import build_vocabulary
        >>> texts = [["so", "dull"], ["so", "fine"]] * 20
        >>> found = train_vectors(texts, build_vocabulary(texts, min_count=1), 4, epochs=1, seed=0)
        >>> found.matrix.shape, found.missing
        ((7, 4), 0)
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ConfigError(
            "config.data.skip_gram",
            found=f"gensim, which trains the vectors, cannot be imported ({error})",
            expected="the extra `vectors`",
            action='pip install "attnjax[vectors]", or set config.data.skip_gram=0',
        ) from error
    sentences = [[str(id) for id in vocabulary.encode(words)] for words in token_lists]
    trained = Word2Vec(
        sentences,
        vector_size=embedding_size,
        window=WINDOW,
        negative=NEGATIVES,
        sg=1,
        min_count=1,
        epochs=epochs,
        seed=seed,
        workers=1,
    ).wv
    size = len(vocabulary)
    known = np.array([str(id) in trained.key_to_index for id in range(size)])
    rows = np.zeros((size, embedding_size), np.float32)
    for id in np.flatnonzero(known):
        rows[id] = trained[str(id)]
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(rows.shape).astype(np.float32) * rows[known].std()
    matrix = np.where(known[:, None], rows, noise)
    matrix[PAD] = 0.0
    found = int(known[len(SPECIALS) :].sum())
    total = size - len(SPECIALS)
    return VectorCoverage(matrix, found, total - found, found / max(total, 1))
