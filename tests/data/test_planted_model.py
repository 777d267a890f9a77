"""What a bag of words cannot learn on the planted corpus, a BiLSTM with attention can."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from attnjax.config import resolve
from attnjax.data.batching import evaluation_batches
from attnjax.experiments.prepare import prepare
from attnjax.models.build import build_model
from attnjax.training.loop import fit
from attnjax.training.predict import predict
from configs.quickstart import get_config


@pytest.mark.slow
def test_the_quickstarts_bilstm_beats_a_bag_of_words_by_ten_points(tmp_path):
    config = resolve(get_config())
    data = prepare(config)
    model = build_model(config.model, vocabulary_size=len(data.vocabulary), num_classes=2)
    params = fit(
        model,
        train=data.splits["train"],
        dev=data.splits["dev"],
        lengths=data.lengths,
        config=config,
        directory=tmp_path / "checkpoints",
        metrics_path=tmp_path / "metrics.jsonl",
        name="train",
        progress=False,
    ).params
    batches = evaluation_batches(data.splits["test"], lengths=data.lengths, batch_size=64)
    made = predict(model, params, batches)
    bilstm = float(np.mean(made.predicted == made.label))

    train, test = (data.corpus.splits[name] for name in ("train", "test"))
    counter = CountVectorizer(analyzer=lambda tokens: tokens)
    bag = LogisticRegression(max_iter=2000).fit(counter.fit_transform(train.tokens), train.label)
    words = bag.score(counter.transform(test.tokens), test.label)

    assert bilstm >= 0.95
    assert words <= bilstm - 0.10
