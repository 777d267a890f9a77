import numpy as np

from attnjax.models.inputs import single_inputs


def test_start_end_and_padding_cannot_be_attended():
    inputs = single_inputs([2, 7, 9, 3], length=6, label=1, instance_id=4)
    np.testing.assert_array_equal(inputs.token_ids, [[2, 7, 9, 3, 0, 0]])
    np.testing.assert_array_equal(inputs.mask, [[1, 1, 1, 1, 0, 0]])
    np.testing.assert_array_equal(inputs.attendable, [[0, 1, 1, 0, 0, 0]])
    assert (int(inputs.label), int(inputs.instance_id)) == (1, 4)
    assert inputs.guide is None


def test_a_question_is_padded_apart_from_the_text():
    inputs = single_inputs(
        [2, 7, 3], question=[2, 5, 6, 3], question_length=5, candidates=[True, False]
    )
    np.testing.assert_array_equal(inputs.question, [2, 5, 6, 3, 0])
    np.testing.assert_array_equal(inputs.question_mask, [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(inputs.candidates, [True, False])
    assert single_inputs([2, 7, 3], question=[2, 5, 3]).question_mask.all()
    assert single_inputs([2, 7, 3]).question is None


def test_without_a_length_there_is_no_padding():
    assert single_inputs([2, 7, 3]).mask.all()
