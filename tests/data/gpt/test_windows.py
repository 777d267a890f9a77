import json

import numpy as np
import pytest

from attnjax.data.gpt.held_out import HeldOutBatches
from attnjax.data.gpt.windows import Documents, WindowPlan, window_iterator
from attnjax.errors import DataError
from tests.training.gpt.toy import Book

ENDS = np.array([23, 25, 60, 100])
SPANS = [
    Book("emma", 0, 23),
    Book("note", 23, 25),
    Book("persuasion", 25, 60),
    Book("dracula", 60, 100),
]


@pytest.fixture
def documents(tmp_path):
    """Four documents whose tokens are their own places, in a mapped file of 16-bit numbers."""
    path = tmp_path / "tokens.bin"
    np.arange(100, dtype=np.uint16).tofile(path)
    return Documents(np.memmap(path, np.uint16, "r"), SPANS)


def plan(documents, **changes):
    settings = {"context": 5, "batch_size": 4, "seed": 7, "num_epochs": 3} | changes
    return WindowPlan(documents, **settings)


def test_windows_are_contiguous_and_stay_in_a_document(documents):
    source = plan(documents)
    # 22 // 5 + 1 // 5 + 34 // 5 + 39 // 5 predictions
    assert (source.num_windows, source.steps, len(source)) == (17, 4, 12)
    assert source.dropped == {
        "documents shorter than a window": 1,
        "tokens of documents shorter than a window": 2,
        "windows that fill no batch, each epoch": 1,
    }
    for index in range(len(source)):
        tokens, epoch = source[index]
        assert tokens.dtype == np.int32
        assert epoch == index // 4
        assert (np.diff(tokens, axis=1) == 1).all()
        of = np.searchsorted(ENDS, tokens, side="right")
        assert (of == of[:, :1]).all()


def test_no_token_is_predicted_twice_in_an_epoch_and_all_are_over_epochs(documents):
    source = plan(documents, batch_size=1, num_epochs=40)
    seen = [
        np.concatenate([source[epoch * 17 + i].tokens[0, 1:] for i in range(17)])
        for epoch in range(40)
    ]
    for predicted in seen:
        assert len(set(predicted.tolist())) == 17 * 5
    everywhere = {token for predicted in seen for token in predicted.tolist()}
    assert everywhere == set(range(100)) - {0, 23, 24, 25, 60}
    assert [part.tolist() for part in seen[:2]] != [seen[0].tolist()] * 2


def test_across_ends_a_window_may_hold_two_documents(documents):
    whole = plan(documents, crossing="across", batch_size=1)
    assert whole.num_windows == 99 // 5
    kept = documents._replace(spans=[SPANS[0], *SPANS[2:]])
    assert plan(kept, crossing="across", batch_size=1).num_windows == 22 // 5 + 74 // 5


def test_the_order_depends_on_seed_and_epoch_alone(documents):
    again = [plan(documents)[i].tokens.tolist() for i in (5, 6)]
    assert [plan(documents)[i].tokens.tolist() for i in (5, 6)] == again
    assert plan(documents, num_epochs=9)[5].tokens.tolist() == again[0]
    assert plan(documents, seed=8)[5].tokens.tolist() != again[0]


def test_a_process_reads_its_rows_alone(documents):
    rows = [plan(documents, rows=np.array(own))[3].tokens for own in ([0, 3], [1, 2])]
    whole = plan(documents)[3].tokens
    np.testing.assert_array_equal(whole[[0, 3]], rows[0])
    np.testing.assert_array_equal(whole[[1, 2]], rows[1])


def test_an_iterator_continues_from_a_saved_position(documents):
    steady = [tokens.tolist() for tokens, _ in window_iterator(plan(documents))]
    first = window_iterator(plan(documents))
    for _ in range(5):
        next(first)
    saved = json.loads(json.dumps(first.get_state()))
    second = window_iterator(plan(documents))
    second.set_state(saved)
    assert [tokens.tolist() for tokens, _ in second] == steady[5:]


def test_too_little_text_is_refused(documents):
    with pytest.raises(DataError, match="17 windows of 6 tokens; expected at least the 18"):
        plan(documents, batch_size=18)


@pytest.mark.parametrize("stride", [1, 2, 4, 5])
def test_every_token_but_the_first_is_judged_once(documents, stride):
    batches = HeldOutBatches(documents, context=5, batch_size=3, stride=stride)
    judged = []
    for tokens, counted, document in batches:
        assert tokens.shape == (3, 6)
        judged += [
            (int(owner), int(token))
            for row, which, owner in zip(tokens, counted, document, strict=True)
            for token in row[1:][which]
        ]
    begins = [0, *ENDS[:-1]]
    expected = [
        (number, token)
        for number, (begin, end) in enumerate(zip(begins, ENDS, strict=True))
        for token in range(begin + 1, end)
    ]
    assert sorted(judged) == expected


def test_a_smaller_stride_gives_more_to_read(documents):
    held = documents._replace(spans=SPANS[:1])
    for stride, at_least in ((5, 1), (2, 4)):
        for tokens, counted, _ in HeldOutBatches(held, context=5, batch_size=1, stride=stride):
            if tokens[0, 0] > 0:
                assert int(np.flatnonzero(counted[0])[0]) + 1 == at_least


def test_a_limit_reads_the_beginning_of_each(documents):
    batches = HeldOutBatches(documents, context=5, batch_size=100, limit=8)
    _, counted, document = batches[0]
    assert len(batches) == 1
    assert [int(counted[document == i].sum()) for i in range(1, 4)] == [1, 10, 10]
    # The first window gives 5, each further one 2: 5 + 2 + 2 are the least that are 8.
    batches = HeldOutBatches(documents, context=5, batch_size=100, stride=2, limit=8)
    _, counted, document = batches[0]
    assert [int(counted[document == i].sum()) for i in range(1, 4)] == [1, 9, 9]
