"""From words to token ids, and the few padded lengths that batches may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from attnjax.data.corpus import Instances
from attnjax.data.reading import raise_some
from attnjax.data.vocabulary import EOS, SOS, UNK, Vocabulary
from attnjax.errors import DataError, UserError

ENDS = 2
"""Positions of a text that are not words: its start and its end."""


@dataclass(frozen=True, eq=False)
class EncodedSplit:
    """The texts of one split as numbers, not padded yet.

    Attributes:
        token_ids: of each text: start, words, end.
        label: the class of each text, from 0.
        instance_id: unique over the corpus.
        evidence: for each text one flag for each of its *words* (start and end have none),
            or None.
        guide: for each text a distribution over its words, which becomes `Inputs.guide`;
            where it is None, evidence that is known is spread evenly.
        reference: the class distribution of another model for each text, or None.
        marked: for each text one flag for each of its words, or None.
        question: ids of each text's question: start, words, end; or None.
        question_length: what questions are padded to, the same in all splits; 0 without them.
        candidates: which classes are possible answers to each text's question, or None.
        rationale: for each text one flag for each of its words that people marked, or None.
    """

    token_ids: tuple[Int[np.ndarray, "_"], ...]
    label: Int[np.ndarray, " N"]
    instance_id: Int[np.ndarray, " N"]
    evidence: tuple[Bool[np.ndarray, "_"], ...] | None = None
    guide: tuple[Float[np.ndarray, "_"], ...] | None = None
    reference: Float[np.ndarray, "N classes"] | None = None
    marked: tuple[Bool[np.ndarray, "_"], ...] | None = None
    question: tuple[Int[np.ndarray, "_"], ...] | None = None
    question_length: int = 0
    candidates: Bool[np.ndarray, "N classes"] | None = None
    rationale: tuple[Bool[np.ndarray, "_"], ...] | None = None

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def lengths(self) -> Int[np.ndarray, " N"]:
        """Positions of each text, start and end included."""
        return np.array([len(ids) for ids in self.token_ids], np.int64)


class Encoded(NamedTuple):
    """A split as numbers, and of how many instances text or question were shortened."""

    split: EncodedSplit
    truncated: int


def encode(
    instances: Instances,
    vocabulary: Vocabulary,
    *,
    max_length: int,
    on_long: str = "truncate",
    unknown_only: str = "refuse",
    question_length: int = 0,
    num_classes: int = 0,
) -> Encoded:
    """Return the token ids of every text.

    Args:
        instances: one split.
        vocabulary: which words have an id.
        max_length: positions a text, and a question, may have, start and end included; at
            least 3.
        on_long: `truncate` keeps the beginning of what is longer, `refuse` raises.
        unknown_only: whether texts and questions in which no word has an id `refuse` or `keep`.
        question_length: positions of the longest question, start and end included (see
            `longest_question`); 0 where there are none.
        num_classes: of the corpus; needed where texts have candidates.

    Returns:
        The encoded split and the number of instances whose text or question is truncated.

    Raises:
        DataError: naming the texts that are refused.

    Example:
        >>> from attnjax.data.corpus import instances
        >>> from attnjax.data.vocabulary import build_vocabulary
        >>> split = instances([["so", "very", "dull"]], [0])
        >>> encode(split, build_vocabulary(split.tokens, min_count=1), max_length=4).truncated
        1
    """
    if max_length <= ENDS:
        raise ValueError(f"max_length {max_length} leaves no room for a word")
    errors: list[UserError] = []
    long: set[int] = set()
    columns: dict[str, list[np.ndarray]] = {}
    for name, texts in (("", instances.tokens), (", its question", instances.question or ())):
        columns[name] = []
        for i, words in enumerate(texts):
            if len(words) + ENDS > max_length:
                long.add(i)
                if on_long == "refuse":
                    errors.append(_too_long(describe(instances, i) + name, words, max_length))
            ids = vocabulary.encode(words[: max_length - ENDS])
            if unknown_only == "refuse" and np.all(ids[1:-1] == UNK):
                errors.append(_unknown_only(describe(instances, i) + name))
            columns[name].append(ids)
    raise_some(errors)
    encoded, questions = map(tuple, columns.values())
    split = EncodedSplit(
        encoded,
        instances.label,
        instances.instance_id,
        _cut(instances.evidence, max_length),
        rationale=_cut(instances.rationale, max_length),
        question=None if instances.question is None else questions,
        question_length=question_length,
        candidates=_candidates(instances, num_classes),
    )
    return Encoded(split, len(long))


def _cut(flags: tuple[np.ndarray, ...] | None, max_length: int) -> tuple[np.ndarray, ...] | None:
    return None if flags is None else tuple(each[: max_length - ENDS] for each in flags)


def _candidates(instances: Instances, num_classes: int) -> np.ndarray | None:
    if instances.candidates is None:
        return None
    possible = np.zeros((len(instances), num_classes), bool)
    for row, classes in enumerate(instances.candidates):
        possible[row, list(classes)] = True
    return possible


def longest_question(splits: Mapping[str, Instances], *, max_length: int | None = None) -> int:
    """Return the positions of the longest question, start and end included; 0 without any.

    Args:
        splits: of a corpus.
        max_length: positions that `encode` leaves of a question; None for all.

    Example:
        >>> from attnjax.data.corpus import instances
        >>> longest_question({"train": instances([["a"]], [0], question=[["who", "?"]])})
        4
    """
    questions = [words for split in splits.values() for words in split.question or ()]
    longest = max((len(words) + ENDS for words in questions), default=0)
    return longest if max_length is None else min(longest, max_length)


def describe(instances: Instances, position: int) -> str:
    """Return the words by which a user finds a text again.

    Args:
        instances: one split.
        position: of the text in it, from 0.

    Example:
        >>> from attnjax.data.corpus import instances
        >>> describe(instances([["so", "dull"]], [0], origin=["reviews.csv, line 2"]), 0)
        "reviews.csv, line 2 ('so dull')"
    """
    words = instances.tokens[position]
    text = " ".join(words[:8]) + (" ..." if len(words) > 8 else "")
    place = f"instance {instances.instance_id[position]}"
    if instances.origin is not None:
        place = instances.origin[position]
    return f"{place} ({text[:80]!r})"


def _too_long(where: str, words: Sequence[str], max_length: int) -> DataError:
    return DataError(
        where,
        found=f"{len(words)} tokens",
        expected=f"at most {max_length - ENDS} (config.data.max_length less start and end)",
        action="shorten it, raise config.data.max_length or set config.data.on_long=truncate",
    )


def _unknown_only(where: str) -> DataError:
    return DataError(
        where,
        found="only unknown words",
        expected="at least one word of the vocabulary",
        action="remove the text, lower config.data.min_count or set config.data.unknown_only=keep",
    )


def check_token_ids(split: EncodedSplit, vocabulary_size: int) -> None:
    """Raise if an id has no row in a table of embeddings (indexing on a device would clamp).

    Args:
        split: the encoded texts.
        vocabulary_size: rows of the table.

    Raises:
        DataError: naming the first text at fault.

    Example:
        >>> ids = (np.array([2, 9, 3], np.int32),)
        >>> check_token_ids(EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32)), 10)
    """
    for ids, instance_id in zip(split.token_ids, split.instance_id, strict=True):
        if ids.min() < 0 or ids.max() >= vocabulary_size or ids[0] != SOS or ids[-1] != EOS:
            raise DataError(
                f"instance {instance_id}",
                found=f"token ids from {ids.min()} to {ids.max()}, first {ids[0]}, last {ids[-1]}",
                expected=f"ids in [0, {vocabulary_size}), first {SOS}, last {EOS}",
                action="encode the text with the vocabulary that the model was built for",
            )


def bucket_lengths(
    splits: Mapping[str, EncodedSplit], num_buckets: int, multiple: int = 8
) -> tuple[int, ...]:
    r"""Return the padded lengths of batches: those with the fewest padded positions.

    Minimises \\( \sum_i b(n_i) \\), where \\( b(n) \\) is the least of the chosen lengths
    that is at least n, exactly (over multiples of `multiple`, of which at most 256 evenly
    spaced ones are tried).

    Args:
        splits: all the texts that will be batched, by split.
        num_buckets: how many lengths at most; each costs a compilation.
        multiple: what every length is a multiple of.

    Returns:
        Increasing lengths; the last one holds the longest text.

    Example:
        >>> ids = tuple(np.zeros(n, np.int32) for n in (5, 6, 30))
        >>> split = EncodedSplit(ids, np.zeros(3, np.int32), np.arange(3, dtype=np.int32))
        >>> bucket_lengths({"train": split}, num_buckets=2)
        (8, 32)
    """
    lengths = np.concatenate([split.lengths for split in splits.values()])
    if not len(lengths):
        return (multiple,)
    needed = np.unique(-(-lengths // multiple))
    if len(needed) > 256:
        needed = needed[np.linspace(0, len(needed) - 1, 256).round().astype(int)]
    width = needed * multiple
    # below[j]: texts that fit into width[j - 1]; cost[j]: padded positions of those texts.
    below = np.concatenate([[0], np.searchsorted(np.sort(lengths), width, side="right")])
    size = len(width)
    cost = np.full(size + 1, np.inf)
    cost[0] = 0.0
    origins = []
    for _ in range(min(num_buckets, size)):
        # candidates[i, j]: the next bucket takes the texts between below[i] and below[j + 1].
        candidates = cost[:-1, None] + (below[None, 1:] - below[:-1, None]) * width[None, :]
        candidates[np.tril_indices(size, -1)] = np.inf
        origins.append(candidates.argmin(axis=0))
        cost = np.concatenate([[np.inf], candidates.min(axis=0)])
    chosen, end = [], size
    for origin in reversed(origins):
        chosen.append(int(width[end - 1]))
        end = int(origin[end - 1])
        if end == 0:
            break
    return tuple(reversed(chosen))
