import jax
import numpy as np

from attnjax.data.batching import evaluation_batches
from attnjax.training.predict import predict, predict_batch

from .toy import LENGTHS, make_toy, noisy_toy, toy, toy_split


def setting(count=11, num_logits=1):
    model = make_toy(num_logits=num_logits)
    split = toy_split(count, seed=3, first_id=100)
    one = jax.tree.map(lambda x: x[0], evaluation_batches(split, lengths=LENGTHS, batch_size=1)[0])
    return model, model.init(jax.random.key(0), one.inputs), split


def test_rows_are_whole_in_order_and_without_filling():
    model, params, split = setting()
    batches = evaluation_batches(split, lengths=LENGTHS, batch_size=4)
    found = predict(model, params, batches)
    expected = np.concatenate([batch.inputs.instance_id[batch.valid] for batch in batches])
    np.testing.assert_array_equal(found.instance_id, expected)
    assert sorted(found.instance_id) == list(range(100, 111))
    np.testing.assert_array_equal(found.label, split.label[found.instance_id - 100])
    assert found.logits.shape == (11, 1)
    assert found.probability.shape == (11, 2)
    np.testing.assert_array_equal(found.predicted, found.logits[:, 0] > 0)
    words = [len(split.token_ids[i - 100]) - 2 for i in found.instance_id]
    assert [len(weights) for weights in found.attention] == words
    np.testing.assert_allclose([w.sum() for w in found.attention], 1.0, rtol=1e-6)  # float32


def test_alone_equals_batched_equals_another_bucket():
    model, params, split = setting()
    by_id = []
    for lengths, size in ((LENGTHS, 4), ((16,), 11), (LENGTHS, 1)):
        found = predict(model, params, evaluation_batches(split, lengths=lengths, batch_size=size))
        order = np.argsort(found.instance_id)
        by_id.append((found.logits[order], np.concatenate([found.attention[i] for i in order])))
    for logits, attention in by_id[1:]:
        # Matrix products of other shapes may add in another order (float32).
        np.testing.assert_allclose(logits, by_id[0][0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(attention, by_id[0][1], rtol=1e-5, atol=1e-6)


def test_several_classes_and_no_dropout():
    model, params, split = setting(num_logits=3)
    batches = evaluation_batches(split, lengths=LENGTHS, batch_size=4)
    found = predict(model, params, batches)
    assert found.probability.shape == (11, 3)
    np.testing.assert_array_equal(found.predicted, found.logits.argmax(1))
    _, params, _ = setting()
    quiet, noisy = (predict(m, params, batches).logits for m in (toy, noisy_toy))
    np.testing.assert_array_equal(quiet, noisy)


def test_one_compilation_for_each_padded_length():
    model, params, split = setting(count=40)
    before = predict_batch._cache_size()
    for _ in range(2):
        predict(model, params, evaluation_batches(split, lengths=LENGTHS, batch_size=4))
    assert predict_batch._cache_size() - before == len(LENGTHS)
