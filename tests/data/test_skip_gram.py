"""Word vectors trained on the texts: what they know, and that a seed decides."""

import os
import subprocess
import sys

import numpy as np
import pytest

from attnjax.data.skip_gram import train_vectors
from attnjax.data.vocabulary import PAD, UNK, build_vocabulary
from attnjax.errors import ConfigError

gensim = pytest.importorskip("gensim", reason="the extra `vectors` is not installed")

SWEET = tuple(f"sweet{i}" for i in range(40))
STONE = tuple(f"stone{i}" for i in range(40))


@pytest.fixture(scope="module")
def texts():
    """Sentences in which sweets stand beside sweets and stones beside stones."""
    generator = np.random.default_rng(0)
    return [
        [str(word) for word in generator.permutation(kind)[:6]]
        for _ in range(400)
        for kind in (SWEET, STONE)
    ]


def test_words_of_like_company_are_alike(texts):
    vocabulary = build_vocabulary(texts, min_count=1)
    matrix = train_vectors(texts, vocabulary, 16, epochs=20, seed=0).matrix
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    rows = unit[[vocabulary.ids[word] for word in (*SWEET, *STONE)]]
    alike = rows @ rows.T
    others = ~np.eye(40, dtype=bool)
    within = (alike[:40, :40][others].mean() + alike[40:, 40:][others].mean()) / 2
    assert within > alike[:40, 40:].mean() + 0.2
    assert not matrix[PAD].any()


def test_rare_words_share_the_unknown_words_vector(texts):
    vocabulary = build_vocabulary(texts, min_count=1)
    strange = [["never", "sweet0", "seen"]] * 5
    found = train_vectors([*texts, *strange], vocabulary, 8, epochs=1, seed=0)
    assert len(found.matrix) == len(vocabulary)
    assert found.matrix[UNK].any()


def test_words_that_no_text_has_are_drawn_at_the_size_of_the_others(texts):
    vocabulary = build_vocabulary([*texts, [f"w{i}" for i in range(500)]], min_count=1)
    found = train_vectors(texts, vocabulary, 16, epochs=2, seed=0)
    assert (found.found, found.missing) == (80, 500)
    known = found.matrix[[vocabulary.ids[word] for word in (*SWEET, *STONE)]]
    drawn = found.matrix[[vocabulary.ids[f"w{i}"] for i in range(500)]]
    # Start and end are among the rows whose size is taken, so this is not exact.
    assert drawn.std() == pytest.approx(known.std(), rel=0.3)


def test_a_vocabulary_of_special_words_alone_is_none_found():
    vocabulary = build_vocabulary([["once"]], min_count=2)
    found = train_vectors([["once", "more"]] * 9, vocabulary, 4, epochs=1, seed=0)
    assert (found.found, found.missing, found.share) == (0, 0, 0.0)
    assert np.isfinite(found.matrix).all()


def test_a_seed_decides_whatever_the_process():
    code = (
        "from attnjax.data.skip_gram import train_vectors as t\n"
        "from attnjax.data.vocabulary import build_vocabulary as b\n"
        "import hashlib\n"
        "x = [['so', 'dull'], ['so', 'fine', 'too']] * 50\n"
        "m = t(x, b(x, min_count=1), 8, epochs=2, seed=SEED).matrix\n"
        "print(hashlib.sha256(m.tobytes()).hexdigest())"
    )
    digests = [
        subprocess.run(
            [sys.executable, "-c", code.replace("SEED", seed)],
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, salt in (("0", "1"), ("0", "2"), ("1", "1"))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_without_gensim_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(ConfigError, match=r"attnjax\[vectors\]"):
        train_vectors([["a"]], build_vocabulary([["a"]], min_count=1), 4, epochs=1, seed=0)
