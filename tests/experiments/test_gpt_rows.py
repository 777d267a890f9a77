"""The rows of an adversary of a GPT: one weight a token of every instance."""

import jax
import numpy as np

from attnjax.adversaries.settings import SearchSettings
from attnjax.experiments.adversary import adversary
from attnjax.models.gpt.model import build_gpt
from attnjax.models.gpt.parts import LAST_CLASSIFY_ROW, restrict
from attnjax.types import Batch
from tests.models.gpt.tiny import EXAMPLES, START, example_batch, tiny_params, tiny_settings


def test_winners_have_a_weight_for_every_token_of_every_sequence():
    settings = tiny_settings(head="similarity")
    model = restrict(build_gpt(settings), LAST_CLASSIFY_ROW)
    batch = Batch(
        example_batch("similarity", settings, empty_rows=1), np.array([True, True, False])
    )
    rows = adversary(
        model,
        tiny_params(settings),
        [batch],
        jax.random.key(0),
        settings=SearchSettings(candidates=2, steps=2),
        memory_bytes=2**24,
    )
    assert rows["instance_id"].tolist() == [0, 1]
    texts = [[one for ids in row for one in ids if one < START] for row in EXAMPLES["similarity"]]
    assert list(map(len, rows["adversary.attention"])) == list(map(len, texts))
    for weights in rows["adversary.attention"]:
        assert np.all(weights >= 0)
        assert 0 < weights.sum() <= 2 + 1e-5  # two sequences, each with a distribution
