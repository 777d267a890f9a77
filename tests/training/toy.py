"""A model of plain functions and a data set that it can learn, both tiny."""

import jax
import jax.numpy as jnp
import numpy as np

from attnjax.config import Config, resolve
from attnjax.data.encoded import EncodedSplit
from attnjax.types import AttentionModel, Output, States

VOCABULARY = 12
LENGTHS = (8, 12)


def make_toy(*, num_logits: int = 1, dropout: float = 0.0) -> AttentionModel:
    """Embedding, one tanh layer, attention by a vector, a linear decoder."""

    def init(key, inputs):
        del inputs
        keys = jax.random.split(key, 4)
        return {
            "embedding": 0.5 * jax.random.normal(keys[0], (VOCABULARY, 4)),
            "encoder": {"kernel": 0.5 * jax.random.normal(keys[1], (4, 5))},
            "attention": 0.5 * jax.random.normal(keys[2], (5,)),
            "decoder": {
                "kernel": 0.5 * jax.random.normal(keys[3], (5, num_logits)),
                "bias": jnp.zeros(num_logits),
            },
        }

    def embed(params, inputs, *, key=None):
        embeddings = params["embedding"][inputs.token_ids]
        if key is None or not dropout:
            return embeddings
        # One draw per position: a longer padding must not change a token's draw.
        kept = jax.random.uniform(key, inputs.token_ids.shape[-1:]) >= dropout
        return jnp.where(kept[None, :, None], embeddings / (1 - dropout), 0.0)

    def encode(params, embeddings, inputs, *, key=None):
        del inputs, key
        return States(jnp.tanh(embeddings @ params["encoder"]["kernel"]))

    def attend(params, states, inputs, *, key=None):
        del key
        scores = states.tokens[0] @ params["attention"]
        where = inputs.attendable[0]
        weights = jnp.where(where, jnp.exp(scores), 0.0)
        return weights / jnp.maximum(weights.sum(), 1e-30)

    def decode(params, states, attention, inputs, *, key=None):
        del inputs, key
        decoder = params["decoder"]
        return Output(attention @ states.tokens[0] @ decoder["kernel"] + decoder["bias"])

    return AttentionModel(init, embed, encode, attend, decode)


toy = make_toy()
noisy_toy = make_toy(dropout=0.3)


def toy_split(
    count: int, *, seed: int, num_classes: int = 2, first_id: int = 0, evidence: bool = False
) -> EncodedSplit:
    """Texts of 3 to 9 words, the label decided by a word that occurs; one in ten wrong."""
    generator = np.random.default_rng(seed)
    texts, labels, flags = [], [], []
    for _ in range(count):
        label = generator.integers(num_classes)
        words = generator.integers(4 + num_classes, VOCABULARY, generator.integers(3, 10))
        place = generator.integers(len(words))
        words[place] = 4 + label
        texts.append(np.array([2, *words, 3], np.int32))
        labels.append(label if generator.random() > 0.1 else generator.integers(num_classes))
        flags.append(np.arange(len(words)) == place)
    return EncodedSplit(
        tuple(texts),
        label=np.array(labels, np.int32),
        instance_id=np.arange(first_id, first_id + count, dtype=np.int32),
        evidence=tuple(flags) if evidence else None,
    )


def toy_config(setting: str = "fixed", **training) -> Config:
    values = {"batch_size": 6, "epochs": 3, "learning_rate": 0.01, "log_every": 4}
    values |= {"checkpoint_every": 3, **training}
    return resolve({"protocol": {"setting": setting}, "training": values, "seed": 5})
