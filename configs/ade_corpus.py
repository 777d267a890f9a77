"""Adverse drug effects in sentences of case reports: the stand-in for the ADR tweets.

Paper:     Gurulingappa et al. (2012); Jain & Wallace (2019) use tweets (configs/adr_tweets.py),
           with which these figures cannot be compared.
Command:   python train.py --config=configs/ade_corpus.py --config.data.dir=DIR
Duration:  training about 70 seconds an epoch on two busy cores.
Expected:  test F1 of the class "adverse effect" at least 0.6 (0.65 measured after three epochs
           with random embeddings; all eight were not run).
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "ade_corpus"
    config.data.min_count = 2
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    config.training.class_weights = True  # one sentence in five has an effect
    return config
