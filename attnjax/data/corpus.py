"""A data set in words: what every source of text is turned into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Int

SPLITS = ("train", "dev", "test")

TokenLists = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Instances:
    """The texts of one split, tokenised, with their classes.

    Attributes:
        tokens: the words of each text, without start and end.
        label: the class of each text, from 0.
        instance_id: unique over the whole corpus; randomness is keyed by it.
        evidence: for each text which of its tokens decide the label, or None where nobody
            knows.
        kind: how each text was made (planted corpus), or None.
        origin: where each text stood, e.g. `reviews.csv, line 7`, for messages, or None.
        question: the words of what is asked of each text, or None.
        candidates: for each text which classes are possible answers, or None where all are.
        rationale: for each text which of its tokens people marked as the reason for its
            label, or None. Not `evidence`: what convinces people need not be what decides.
    """

    tokens: TokenLists
    label: Int[np.ndarray, " N"]
    instance_id: Int[np.ndarray, " N"]
    evidence: tuple[Bool[np.ndarray, "_"], ...] | None = None
    kind: tuple[str, ...] | None = None
    origin: tuple[str, ...] | None = None
    question: TokenLists | None = None
    candidates: tuple[tuple[int, ...], ...] | None = None
    rationale: tuple[Bool[np.ndarray, "_"], ...] | None = None

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Three splits and what is known about them.

    Attributes:
        name: of the data set.
        splits: `train`, `dev` and `test`.
        class_names: the label of each class as its source spells it.
        dropped: why instances were left out, and how many.
        published: under which name published results exist for this data, or None.
        counted: the texts a vocabulary is counted on where they are not exactly the
            instances of `train`, or None.
        notes: what a reader of results must know of the data, as sentences.
    """

    name: str
    splits: Mapping[str, Instances]
    class_names: tuple[str, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    published: str | None = None
    counted: TokenLists | None = None
    notes: tuple[str, ...] = ()


def instances(
    tokens: Sequence[Sequence[str]],
    label: Sequence[int],
    *,
    evidence: Sequence[Bool[np.ndarray, "_"]] | None = None,
    kind: Sequence[str] | None = None,
    origin: Sequence[str] | None = None,
    question: Sequence[Sequence[str]] | None = None,
    candidates: Sequence[Sequence[int]] | None = None,
    rationale: Sequence[Bool[np.ndarray, "_"]] | None = None,
) -> Instances:
    """Return the texts of one split, not numbered yet (every `instance_id` is -1).

    Args:
        tokens: the words of each text.
        label: the class of each text, from 0.
        evidence: for each text one flag a token.
        kind: how each text was made.
        origin: where each text stood.
        question: the words of each text's question.
        candidates: for each text the classes that are possible answers.
        rationale: for each text one flag a token.

    Example:
        >>> instances([["so", "dull"]], [0]).tokens
        (('so', 'dull'),)
    """
    return Instances(
        tokens=_lists(tokens),
        label=np.asarray(label, np.int32),
        instance_id=np.full(len(tokens), -1, np.int32),
        evidence=None if evidence is None else tuple(evidence),
        kind=None if kind is None else tuple(kind),
        origin=None if origin is None else tuple(origin),
        question=None if question is None else _lists(question),
        candidates=None if candidates is None else tuple(map(tuple, candidates)),
        rationale=None if rationale is None else tuple(rationale),
    )


def _lists(tokens: Sequence[Sequence[str]]) -> TokenLists:
    return tuple(tuple(words) for words in tokens)


def numbered(splits: Mapping[str, Instances]) -> dict[str, Instances]:
    """Return the splits with `instance_id` counted from 0 over train, dev and test.

    Args:
        splits: the three splits.

    Example:
        >>> split = instances([["a"], ["b"]], [0, 1])
        >>> numbered({"train": split, "dev": split, "test": split})["dev"].instance_id.tolist()
        [2, 3]
    """
    start, result = 0, {}
    for name in SPLITS:
        stop = start + len(splits[name])
        result[name] = replace(splits[name], instance_id=np.arange(start, stop, dtype=np.int32))
        start = stop
    return result


def subset(split: Instances, keep: Sequence[int]) -> Instances:
    """Return the instances at the given positions, in that order.

    Args:
        split: where to choose from.
        keep: positions, from 0.

    Example:
        >>> subset(instances([["a"], ["b"]], [0, 1]), [1]).tokens
        (('b',),)
    """
    positions = np.asarray(keep, np.int64)

    def chosen(values):
        return None if values is None else tuple(values[i] for i in positions)

    return Instances(
        tokens=tuple(split.tokens[i] for i in positions),
        label=split.label[positions],
        instance_id=split.instance_id[positions],
        evidence=chosen(split.evidence),
        kind=chosen(split.kind),
        origin=chosen(split.origin),
        question=chosen(split.question),
        candidates=chosen(split.candidates),
        rationale=chosen(split.rationale),
    )


def limited(corpus: Corpus, limit: int, *, seed: int) -> Corpus:
    """Return a corpus of at most `limit` instances of each split; the rest count as dropped.

    They are drawn at random, but first one of each class that the split has, as far as the
    limit allows, and stand in the order of the split. The vocabulary is counted on what is left.

    Args:
        corpus: all of it.
        limit: at least 2.
        seed: of the draw, at least 0.

    Example:
        >>> split = instances([["a"], ["b"], ["c"]], [0, 0, 1])
        >>> few = limited(Corpus("toy", dict.fromkeys(SPLITS, split), ("x", "y")), 2, seed=0)
        >>> few.splits["dev"].label.tolist(), few.dropped
        ([0, 1], {'beyond config.data.limit': 3})
    """
    splits, beyond = {}, 0
    for name, split in corpus.splits.items():
        order = np.random.default_rng(seed).permutation(len(split))
        _, first = np.unique(split.label[order], return_index=True)
        chosen = np.concatenate([order[np.sort(first)], np.delete(order, first)])[:limit]
        splits[name] = subset(split, sorted(chosen.tolist()))
        beyond += len(split) - len(splits[name])
    dropped = dict(corpus.dropped)
    if beyond:
        dropped["beyond config.data.limit"] = beyond
    return replace(corpus, splits=splits, dropped=dropped, published=None, counted=None)
