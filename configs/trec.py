"""TREC questions with their six coarse classes: very short texts, an uncertain model.

Paper:     the corpus of Li & Roth (2002), official train and test.
Command:   python train.py --config=configs/trec.py --config.data.dir=DIR
           (without data.dir the official files are downloaded)
Duration:  about a minute on two cores, the tests not counted.
Expected:  test accuracy 0.872 (seed 0).
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "trec"
    # With rare words unknown in training too, "What is UNKNOWN ?" is learnt to ask for an
    # abbreviation, and half of the test split's definitions are taken for one.
    config.data.min_count = 1
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 64
    config.model.hidden_size = 32  # per direction
    config.training.epochs = 6
    config.training.learning_rate = 3e-3
    return config
