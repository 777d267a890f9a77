"""From texts with labels, wherever they came from, to a corpus."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from attnjax.data.corpus import SPLITS, Corpus, instances, numbered
from attnjax.data.reading import raise_some
from attnjax.data.records import (
    Record,
    further_columns,
    no_words,
    wrong_columns,
    wrong_questions,
)
from attnjax.data.text import Tokenizer
from attnjax.errors import DataError, UserError


def label_corpus(
    name: str,
    records: Mapping[str, Sequence[Record]],
    *,
    tokenize: Tokenizer,
    dev_fraction: float,
    test_fraction: float,
    split_seed: int,
    class_names: Sequence[str] = (),
    dropped: Mapping[str, int] | None = None,
) -> Corpus:
    """Tokenise texts, number their classes and cut the splits that are not given from train.

    Args:
        name: of the data set.
        records: by split; `train` at least.
        tokenize: text to words.
        dev_fraction: share of all training texts that a cut dev split takes, in (0, 1).
        test_fraction: the same of test.
        split_seed: of the cut, at least 0.
        class_names: the classes in order, if the source knows it; else sorted labels and
            candidates.
        dropped: what was left out already.

    Returns:
        The corpus.

    Raises:
        DataError: for texts or questions without words, questions of some texts only, fewer
            than two classes, labels of dev or test that train never has, and splits without
            instances.

    Example:
        >>> train = [Record(f"text {i}", "ab"[i % 2], f"line {i}") for i in range(20)]
        >>> corpus = label_corpus("toy", {"train": train}, tokenize=str.split,
        ...     dev_fraction=0.1, test_fraction=0.2, split_seed=0)
        >>> {split: len(texts) for split, texts in corpus.splits.items()}, corpus.class_names
        ({'train': 14, 'dev': 2, 'test': 4}, ('a', 'b'))
    """
    given = {split: list(records[split]) for split in SPLITS if split in records}
    for split, texts in given.items():
        if not texts:
            raise _no_instances(name, split)
    missing = {
        split: fraction
        for split, fraction in (("dev", dev_fraction), ("test", test_fraction))
        if split not in given
    }
    raise_some(wrong_questions(given, tokenize))
    given = cut_splits(given, missing, seed=split_seed)
    names = tuple(class_names) or _names(given)
    check_labels(name, given)
    errors: list[UserError] = []
    splits = {}
    for split in SPLITS:
        # One copy of each word: a large data set says its words a thousand times over.
        tokens = [[sys.intern(word) for word in tokenize(each.text)] for each in given[split]]
        errors += [
            no_words(record.origin)
            for record, words in zip(given[split], tokens, strict=True)
            if not words
        ]
        errors += wrong_columns(given[split], tokens, names)
        if errors:
            continue
        splits[split] = instances(
            tokens,
            [names.index(record.label) for record in given[split]],
            origin=[record.origin for record in given[split]],
            **further_columns(given[split], names, tokenize),
        )
    raise_some(errors)
    return Corpus(name, numbered(splits), names, dict(dropped or {}))


def _names(records: Mapping[str, Sequence[Record]]) -> tuple[str, ...]:
    """Return the labels of train; where records name candidates, those of all splits."""
    labels = {record.label for record in records["train"]}
    for texts in records.values():
        labels.update(name for record in texts for name in record.candidates or ())
    return sorted_labels(labels)


def sorted_labels(labels) -> tuple[str, ...]:
    """Return the distinct labels, sorted: as numbers where all are integers.

    Args:
        labels: as the source spells them.

    Example:
        >>> sorted_labels(["10", "9", "10"])
        ('9', '10')
    """
    distinct = sorted(set(labels))
    if all(label.removeprefix("-").isdecimal() for label in distinct):
        distinct.sort(key=int)
    return tuple(distinct)


def cut_splits(
    records: Mapping[str, Sequence[Record]], fractions: Mapping[str, float], *, seed: int
) -> dict[str, list[Record]]:
    """Return the splits with further ones cut from train, every class in its proportion.

    Where texts have possible answers of their own, and these are more than a split would have
    texts, all are drawn alike: most answers are then too rare to have a proportion.

    Args:
        records: by split; `train` at least.
        fractions: of the training texts given, for every split to cut, in (0, 1).
        seed: of the draw, at least 0.

    Raises:
        DataError: if a split would be empty.

    Example:
        >>> train = [Record("text", "ab"[i % 2], "") for i in range(10)]
        >>> len(cut_splits({"train": train}, {"dev": 0.2}, seed=0)["dev"])
        2
    """
    result = {split: list(texts) for split, texts in records.items()}
    if not fractions:
        return result
    train = result["train"]
    rare = len({record.label for record in train}) > min(fractions.values()) * len(train)
    alike = rare and any(record.candidates is not None for record in train)
    members: dict[str, list[int]] = {}
    for position, record in enumerate(train):
        members.setdefault("" if alike else record.label, []).append(position)
    generator = np.random.default_rng(seed)
    chosen: dict[str, list[int]] = {split: [] for split in fractions}
    for label in sorted(members):
        order = generator.permutation(members[label])
        left = len(order) - 1  # train keeps one of every class
        start = 0
        for split, fraction in fractions.items():
            count = min(max(round(fraction * len(order)), 1), left)
            chosen[split] += order[start : start + count].tolist()
            start, left = start + count, left - count
    taken = {position for positions in chosen.values() for position in positions}
    for split, positions in chosen.items():
        if not positions:
            raise DataError(
                f"the {split} split",
                found=f"nothing to cut it from: {len(train)} training texts",
                expected="at least three texts of every class",
                action=f"add data, or name a {split} split",
            )
        result[split] = [train[position] for position in sorted(positions)]
    result["train"] = [record for i, record in enumerate(train) if i not in taken]
    return result


def check_labels(name: str, records: Mapping[str, Sequence[Record]]) -> None:
    """Raise if training on these labels could not work.

    Args:
        name: of the data set.
        records: the three splits.

    Raises:
        DataError: if train or dev has one class only, or dev or test a label that train
            never has.
    """
    errors: list[UserError] = []
    counts = {split: Counter(record.label for record in records[split]) for split in SPLITS}
    for split in ("train", "dev"):
        if len(counts[split]) == 1:
            ((label, count),) = counts[split].items()
            errors.append(
                DataError(
                    f"{name}, {split} split",
                    found=f"one class only: all {count} labels are {label!r}",
                    expected="at least two classes (the best epoch is chosen by a score on dev)",
                    action="check config.data.label_column, or add texts of another class",
                )
            )
    for split in ("dev", "test"):
        for label in sorted(set(counts[split]) - set(counts["train"])):
            first = next(record for record in records[split] if record.label == label)
            if first.candidates is not None:
                continue  # a name to choose among others; that none was trained on is no mistake
            errors.append(
                DataError(
                    first.origin,
                    found=f"label {label!r} ({counts[split][label]} times in {split})",
                    expected="a label of the training split: "
                    + ", ".join(map(repr, sorted_labels(counts["train"])[:20])),
                    action="spell the labels alike in every split, or add such texts to train",
                )
            )
    raise_some(errors)


def _no_instances(name: str, split: str) -> DataError:
    return DataError(
        f"{name}, {split} split",
        found="no instances",
        expected="at least one",
        action="name another split, or leave it out to have it cut from train",
    )
