import numpy as np
import pytest

pytest.importorskip("ftfy", reason="the extra `gpt` is not installed")
pytest.importorskip("spacy", reason="the extra `gpt` is not installed")
pytest.importorskip("tokenizers", reason="the extra `gpt` is not installed")

from attnjax.data.gpt.byte_pairs import NEWLINE, BytePairs
from attnjax.data.gpt.tasks import TASKS, Example, load_task
from attnjax.data.gpt.tokenizer import Tokenizer, load_tokenizer
from attnjax.data.gpt.transform import encode_task, inputs_of, pad_task, position_ids
from attnjax.errors import DataError

WORDS = ["a", "b", "c", "d", "e", "f", "g", "h"]
TOY = Tokenizer(BytePairs(("<unk>", *(f"{word}</w>" for word in WORDS), NEWLINE), ()))
S, D, E = TOY.byte_pairs.specials
A, B, C, DD = range(1, 5)


def ids(name, *examples, context=32, truncation="release"):
    encoded = encode_task(examples, TASKS[name], TOY, context=context, truncation=truncation)
    return [[each.tolist() for each in example] for example in encoded.sequences]


def test_specials_follow_the_pieces():
    assert (S, D, E) == (10, 11, 12)
    assert position_ids(TOY.byte_pairs, 2).tolist() == [13, 14]


def test_the_four_kinds():
    assert ids("cola", Example(("a b",), label=1)) == [[[S, A, B, E]]]
    assert ids("rte", Example(("a b", "c"), label=1)) == [[[S, A, B, D, C, E]]]
    assert ids("mrpc", Example(("a b", "c"), label=1)) == [[[S, A, B, D, C, E], [S, C, D, A, B, E]]]
    question = Example(("a", "b"), ("c", "d d", "a"), label=0)
    assert ids("dream", question) == [
        [[S, A, B, D, C, E], [S, A, B, D, DD, DD, E], [S, A, B, D, A, E]]
    ]
    assert ids("story_cloze", Example(("a",), ("c", "d"), label=0)) == [
        [[S, A, D, C, E], [S, A, D, DD, E]]
    ]


def test_arrays_are_padded_to_the_longest():
    examples = [Example(("a b", "c"), label=1), Example(("a", "b c d"), score=2.5)]
    encoded = encode_task(examples, TASKS["mrpc"], TOY, context=32)
    arrays = pad_task(encoded)
    assert arrays.token_ids.shape == (2, 2, 7)
    assert arrays.token_ids[0, 1].tolist() == [S, C, D, A, B, E, 0]
    assert arrays.mask[0, 1].tolist() == [True] * 6 + [False]
    assert arrays.attendable[0, 1].tolist() == [False, True, False, True, True, False, False]
    assert arrays.classify.tolist() == [[5, 5], [6, 6]]
    for row, column in np.ndindex(2, 2):
        assert arrays.token_ids[row, column, arrays.classify[row, column]] == E
    assert arrays.label.tolist() == [1, -1]
    np.testing.assert_array_equal(arrays.score, np.array([np.nan, 2.5], np.float32))
    one = pad_task(encoded, [1], length=9)
    assert one.token_ids.shape == (1, 2, 9)
    assert one.instance_id.tolist() == [1]
    with pytest.raises(ValueError, match="7 tokens does not fit 6"):
        pad_task(encoded, length=6)


def test_inputs_of_a_model():
    encoded = encode_task([Example(("a", "b"), label=0)] * 3, TASKS["rte"], TOY, context=32)
    inputs = inputs_of(pad_task(encoded))
    assert inputs.token_ids.shape == inputs.mask.shape == inputs.attendable.shape == (3, 1, 5)
    assert inputs.instance_id.tolist() == [0, 1, 2]


def test_the_release_cuts_each_part_to_half():
    """`n_ctx // 2 - 2` tokens of each: 10 // 2 - 2 = 3."""
    encoded = encode_task(
        [Example(("a b c d e", "a"), label=0), Example(("a", "b c"), label=0)],
        TASKS["rte"],
        TOY,
        context=10,
    )
    assert encoded.sequences[0][0].tolist() == [S, A, B, C, D, A, E]
    assert encoded.truncated == {"texts cut to the context": 1, "tokens cut off": 2}
    assert ids("cola", Example((" ".join(WORDS) + " a b",), label=0), context=10) == [
        [[S, *range(1, 9), E]]
    ]


def test_fit_gives_one_text_what_the_other_leaves():
    long = Example(("a b c d e f g h", "a"), label=0)
    assert ids("rte", long, context=10, truncation="fit") == [[[S, 1, 2, 3, 4, 5, 6, D, A, E]]]
    both = Example(("a b c d e f g h", "h g f e d c b a"), label=0)
    assert ids("rte", both, context=11, truncation="fit") == [[[S, 1, 2, 3, 4, D, 8, 7, 6, 5, E]]]


def test_a_question_outlives_its_context():
    """Four tokens of twelve are the share of context and question: two at most are asked."""
    example = Example(("a b c d", "e f"), ("g", "h", "a"), label=0)
    assert ids("dream", example, context=12)[0][0] == [S, 1, 2, 5, 6, D, 7, E]
    example = Example(("a", "e f g h"), ("g", "h", "a"), label=0)
    assert ids("dream", example, context=12)[0][0] == [S, 1, 5, 6, 7, D, 7, E]


def test_no_sequence_is_longer_than_the_context():
    random = np.random.default_rng(0)
    for context in (8, 9, 15, 16):
        for name, task in TASKS.items():
            texts = [" ".join(random.choice(WORDS, size)) for size in random.integers(1, 30, 6)]
            num_texts = 1 if task.kind == "classification" else 2
            example = Example(tuple(texts[:num_texts]), tuple(texts[2 : 2 + task.num_choices]), 0)
            for truncation in ("release", "fit"):
                encoded = encode_task([example], task, TOY, context=context, truncation=truncation)
                longest = max(map(len, encoded.sequences[0]))
                assert longest <= context, (name, context, truncation)


def test_wrong_settings_and_examples():
    with pytest.raises(DataError, match="a context of 7 positions"):
        ids("cola", Example(("a",), label=0), context=7)
    with pytest.raises(DataError, match="truncation 'none'"):
        ids("cola", Example(("a",), label=0), truncation="none")
    with pytest.raises(DataError, match="line 3: found 2 choices; expected 3"):
        ids("dream", Example(("a", "b"), ("c", "d"), label=0, origin="line 3"))


def test_race_in_the_release_s_context(shared_data, tmp_path):
    found = load_task("race", str(shared_data), tmp_path, training=False)
    tokenizer = load_tokenizer(shared_data)
    encoded = encode_task(found.splits["test"][:20], found.task, tokenizer, context=512)
    arrays = pad_task(encoded)
    assert arrays.token_ids.shape[:2] == (20, 4)
    assert arrays.token_ids.shape[2] <= 512
    assert encoded.truncated["texts cut to the context"] > 0
    example = found.splits["test"][0]
    text = tokenizer.decode(encoded.sequences[0][example.label])
    assert text.startswith("_start_ hotels can make a person")
    assert "_delimiter_ to give information about an uncommon hotel . _classify_" in text
    asked = tokenizer.decode(tokenizer.encode(example.texts[1]))
    assert f"{asked} _delimiter_" in text
