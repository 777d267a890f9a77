"""The texts and weights that every side gets: the same in every process, by seed."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# fmt: off
SST_TEST = (
    60, 71, 81, 58, 67, 78, 67, 66, 73, 77, 94, 72, 75, 77, 81, 76, 63, 62, 67, 48, 48,
    35, 35, 31, 26, 19, 19, 25, 13, 15, 9, 10, 3, 4, 2, 5, 5, 3, 2, 2, 1,
)
# fmt: on
"""Texts of the 1,725 of SST's test split that have 6, 7, 8, ... words."""

SHORTEST = 6
"""Words of the shortest of them."""

PAD, UNKNOWN, START, END = 0, 1, 2, 3


@dataclass(frozen=True)
class Options:
    """What is measured; every field is a flag of `python -m benchmarks.compare`.

    Attributes:
        weights: `.npz` of a trained BiLSTM under the released code's names, or `random`.
        threads: cores that both sides may use; 0 for all.
        instances: texts with SST's lengths.
        long_instances: texts of `long_length`.
        long_length: positions of a long text, start and end included.
        erased: long texts of which every token is deleted; each costs `long_length` passes.
        permutations: shuffles of a text.
        candidates: of the search.
        steps: of the search.
        epsilon: output change that an adversary may cause.
        train_instances: texts of the training epoch; SST's.
        vocabulary: rows of its embedding table; those of SST, counted on its training split.
        buckets: padded lengths of our batches; 3 in `configs/sst.py`.
        batch: instances of our batches; 0 for as many as a run takes.
        gated: instances on which a stochastic or costly reference is shown to be equal.
        repeats: timed runs of each side.
        row_seconds: after so long a group of rows has no more rounds than three.
        seed: of texts, noise and random weights.
    """

    weights: str = "../shared/reference/parity/lstm.npz"
    threads: int = 0
    instances: int = 1725
    long_instances: int = 8
    long_length: int = 1000
    erased: int = 1
    permutations: int = 100
    candidates: int = 5
    steps: int = 500
    epsilon: float = 0.01
    train_instances: int = 6355
    vocabulary: int = 13_826
    buckets: int = 3
    batch: int = 0
    gated: int = 64
    repeats: int = 5
    row_seconds: float = 120.0
    seed: int = 0


QUICK = {
    "weights": "random",
    "instances": 24,
    "long_instances": 2,
    "long_length": 64,
    "erased": 1,
    "permutations": 10,
    "steps": 20,
    "train_instances": 48,
    "vocabulary": 500,
    "gated": 8,
    "repeats": 1,
}
"""Fields that `--quick` sets: seconds, to see that everything runs and agrees."""


@dataclass(frozen=True)
class Workload:
    """One setting: weights and texts.

    Attributes:
        setting: `sst` or `long`.
        state: weights by the released code's names.
        texts: token ids, start and end included.
        options: how much of what.
    """

    setting: str
    state: Mapping[str, np.ndarray]
    texts: tuple[np.ndarray, ...]
    options: Options

    @property
    def lengths(self) -> np.ndarray:
        """Positions of each text, start and end included."""
        return np.array([len(ids) for ids in self.texts])

    def first(self, count: int) -> "Workload":
        """Return the same with `count` texts only, evenly spaced over all."""
        chosen = np.unique(np.linspace(0, len(self.texts) - 1, count).round().astype(int))
        return dataclasses.replace(self, texts=tuple(self.texts[i] for i in chosen))


def make_workload(setting: str, options: Options) -> Workload:
    """Return the texts and weights of a setting.

    The texts' words are those of the parity sentences, in their order, cut anew to the wanted
    lengths; with random weights they are random.
    """
    state, words = load(options)
    if setting == "sst":
        lengths = sst_lengths(options.instances) + 2
    else:
        lengths = np.full(options.long_instances, options.long_length)
    texts = cut(words, lengths)
    return Workload(setting, state, texts, options)


def sst_lengths(count: int) -> np.ndarray:
    """Return `count` numbers of words, distributed as in SST's test split, in a mixed order."""
    all_lengths = np.repeat(np.arange(SHORTEST, SHORTEST + len(SST_TEST)), SST_TEST)
    chosen = np.linspace(0, len(all_lengths) - 1, count).round().astype(int)
    return np.random.default_rng(0).permutation(all_lengths[chosen])


def cut(words: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return texts of the given lengths from an endless repetition of `words`."""
    texts, begin = [], 0
    for length in lengths:
        inner = words[np.arange(begin, begin + length - 2) % len(words)]
        texts.append(np.concatenate([[START], inner, [END]]).astype(np.int32))
        begin += length - 2
    return tuple(texts)


def load(options: Options) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return weights and words.

    Raises:
        FileNotFoundError: naming the file and what to give instead.
    """
    if options.weights == "random":
        generator = np.random.default_rng(options.seed)
        return random_state(generator), generator.integers(4, 1612, 5000)
    path = Path(options.weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"--weights: found no file {path}; expected an .npz of a BiLSTM with additive "
            "attention under the released code's names. What to do: name one, or give "
            "--weights=random"
        )
    with np.load(path) as file:
        state = {name[8:]: file[name] for name in file.files if name.startswith("weights/")}
        rows = zip(file["token_ids"], file["lengths"], strict=True)
        words = np.concatenate([ids[1 : length - 1] for ids, length in rows])
    return state, words


def random_state(
    generator: np.random.Generator, *, vocabulary: int = 1612, embedding: int = 300
) -> dict[str, np.ndarray]:
    """Return weights of the parity BiLSTM's sizes; attention and decoder large enough to matter."""
    hidden = 128

    def uniform(*shape: int, scale: float = 1.0) -> np.ndarray:
        bound = scale / np.sqrt(hidden)
        return generator.uniform(-bound, bound, shape).astype(np.float32)

    table = generator.standard_normal((vocabulary, embedding)).astype(np.float32)
    table[PAD] = 0
    state = {"encoder.embedding.weight": table}
    for direction in ("", "_reverse"):
        state[f"encoder.rnn.weight_ih_l0{direction}"] = uniform(4 * hidden, embedding)
        state[f"encoder.rnn.weight_hh_l0{direction}"] = uniform(4 * hidden, hidden)
        state[f"encoder.rnn.bias_ih_l0{direction}"] = uniform(4 * hidden)
        state[f"encoder.rnn.bias_hh_l0{direction}"] = uniform(4 * hidden)
    state["decoder.attention.attn1.weight"] = uniform(hidden, 2 * hidden)
    state["decoder.attention.attn1.bias"] = uniform(hidden)
    state["decoder.attention.attn2.weight"] = uniform(1, hidden, scale=8)
    state["decoder.linear_1.weight"] = uniform(1, 2 * hidden, scale=4)
    state["decoder.linear_1.bias"] = uniform(1)
    return state


def training_workload(options: Options) -> tuple[Workload, np.ndarray]:
    """Return random weights with SST's whole vocabulary, texts to train on, and their labels."""
    generator = np.random.default_rng(options.seed + 1)
    state = random_state(generator, vocabulary=options.vocabulary)
    # Words as rare as in a text: the k-th most frequent one has a share proportional to 1 / k.
    share = 1 / np.arange(1, options.vocabulary - 3)
    words = 4 + generator.choice(len(share), size=200_000, p=share / share.sum())
    texts = cut(words, sst_lengths(options.train_instances) + 2)
    labels = generator.integers(0, 2, len(texts)).astype(np.int32)
    return Workload("sst", state, texts, options), labels
