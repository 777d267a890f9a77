"""From a task's examples to rows: splits, lengths, labels, and everything that is counted."""

import math
from collections import Counter

import numpy as np
import pytest

from attnjax.data.gpt.byte_pairs import BytePairs
from attnjax.data.gpt.tasks import TASKS, Example, TaskExamples
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.errors import DataError
from attnjax.experiments.gpt.task_rows import (
    head_of,
    model_settings,
    split_examples,
    task_rows,
    without_learning,
)
from attnjax.models.gpt.settings import GPTSettings

WORDS = Tokenizer(BytePairs(("<unk>", *(f"{one}</w>" for one in "abcdefgh")), ()), "fast")
START, DELIMITER, CLASSIFY = 9, 10, 11


def found(task, **splits):
    return TaskExamples(TASKS[task], splits, Counter({"no label": 3}), ("a note",))


def sentences(count, length=2):
    return [Example(("a " * length,), label=number % 2) for number in range(count)]


def test_a_dev_split_is_cut_from_train_where_there_is_none():
    texts = [Example((f"text {number}",), label=0) for number in range(40)]
    splits = split_examples(found("cola", train=texts, test=texts[:1]), seed=0)
    assert list(splits) == ["train", "dev", "test"]
    # One in twenty of 40.
    assert len(splits["dev"]) == 2
    both = sorted([*splits["train"], *splits["dev"]], key=lambda one: int(one.texts[0][5:]))
    assert both == texts
    again = split_examples(found("cola", train=texts, test=texts[:1]), seed=0)
    other = split_examples(found("cola", train=texts, test=texts[:1]), seed=1)
    assert splits["dev"] == again["dev"] != other["dev"]


def test_a_dev_split_that_is_there_is_kept():
    splits = split_examples(
        found("stsb", train=sentences(4), dev=sentences(3), test=sentences(2)), seed=0
    )
    assert [len(one) for one in splits.values()] == [4, 3, 2]


def test_a_limit_draws_from_each_split_and_is_counted():
    rows = task_rows(
        "cola", found("cola", train=sentences(40), test=sentences(9)), WORDS, context=16, limit=8
    )
    assert rows.counts["splits"] == {"train": 8, "dev": 2, "test": 8}
    # Two of the 40 are the dev split.
    assert rows.counts["left_out_by_limit"] == {"train": 30, "dev": 0, "test": 1}
    assert rows.counts["dropped"] == {"no label": 3}
    assert rows.counts["notes"][0] == "a note"


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_task_without_texts_is_refused(missing):
    splits = {"train": sentences(4), "test": sentences(4)} | {missing: []}
    with pytest.raises(DataError, match=f"no {missing} texts"):
        split_examples(found("cola", **splits), seed=0)


def test_rows_have_the_length_of_the_longest_and_the_model_as_many_positions():
    train = [Example(("a b c d e",), label=1), *sentences(3, length=1)]
    rows = task_rows("cola", found("cola", train=train, test=sentences(2)), WORDS, context=16)
    # Five words, the start and the classify token.
    assert rows.length == 7
    longest = rows.inputs["train"].token_ids.tolist() + rows.inputs["dev"].token_ids.tolist()
    assert [[START, 1, 2, 3, 4, 5, CLASSIFY]] in longest
    settings = model_settings(GPTSettings(vocabulary_size=9, context=512), rows)
    assert (settings.context, settings.head, settings.num_logits) == (7, "classification", 2)


def test_texts_longer_than_the_context_are_cut_and_counted():
    test = [Example(("a b c d e f g h",), label=1), Example(("a",), label=0)]
    rows = task_rows("cola", found("cola", train=sentences(4), test=test), WORDS, context=8)
    # Six of eight words stay between the two special tokens.
    assert rows.inputs["test"].token_ids[0, 0].tolist() == [START, 1, 2, 3, 4, 5, 6, CLASSIFY]
    cut = {"texts cut to the context": 1, "tokens cut off": 2}
    assert rows.counts["truncated"]["test"] == cut


def test_scores_become_soft_labels_over_the_whole_scores_beside_them():
    pairs = [Example(("a", "b"), score=score) for score in (0.0, 1.25, 5.0)]
    rows = task_rows("stsb", found("stsb", train=pairs, dev=pairs, test=pairs), WORDS, context=16)
    expected = np.zeros((3, 6))
    expected[0, 0], expected[1, 1], expected[1, 2], expected[2, 5] = 1.0, 0.75, 0.25, 1.0
    np.testing.assert_allclose(rows.inputs["test"].reference, expected, atol=1e-7)
    assert rows.labels["test"].tolist() == [0.0, 1.25, 5.0]
    assert head_of(rows.task) == {"head": "similarity", "num_logits": 6}
    first, second = rows.inputs["test"].token_ids[0].tolist()
    assert first == [START, 1, DELIMITER, 2, CLASSIFY]
    assert second == [START, 2, DELIMITER, 1, CLASSIFY]


def test_what_needs_no_learning():
    train = [Example(("a",), label=label) for label in (0, 1, 1, 1)]
    test = [Example(("a",), label=label) for label in (0, 1, 1, 0, 0)]
    rows = task_rows(
        "mrpc",
        found(
            "mrpc",
            **{
                name: [one._replace(texts=("a", "b")) for one in those]
                for name, those in (("train", train), ("dev", train), ("test", test))
            },
        ),
        WORDS,
        context=16,
    )
    # Always "same": precision 2/5, recall 1.
    least = without_learning(rows)
    assert least["accuracy"] == pytest.approx(0.4)
    assert least["f1"] == pytest.approx(2 * 0.4 / 1.4)
    asked = [Example(("a", "b"), ("c", "d", "e"), label=1)] * 2
    dream = task_rows(
        "dream", found("dream", train=asked, dev=asked, test=asked), WORDS, context=16
    )
    assert without_learning(dream)["accuracy"] == pytest.approx(1 / 3)
    assert head_of(dream.task) == {"head": "multiple_choice", "num_logits": 1}


def test_f1_without_learning_is_that_of_the_second_class():
    """Where the first class is the frequent one (QQP), answering it would have an F1 of 0."""
    pairs = [Example(("a", "b"), label=label) for label in (0, 0, 0, 1)]
    rows = task_rows("qqp", found("qqp", train=pairs, dev=pairs, test=pairs), WORDS, context=16)
    assert without_learning(rows) == {"f1": pytest.approx(0.4), "accuracy": 0.75}


def test_a_correlation_with_a_constant_is_undefined():
    pairs = [Example(("a", "b"), score=score) for score in (0.0, 1.25, 5.0)]
    rows = task_rows("stsb", found("stsb", train=pairs, dev=pairs, test=pairs), WORDS, context=16)
    assert without_learning(rows) == {"pearson": None, "spearman": None}
    assert not any(math.isnan(one) for one in rows.labels["test"])
