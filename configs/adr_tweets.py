"""Adverse drug reactions in tweets: the trial of Jain & Wallace, for those who have the tweets.

Paper:     Jain & Wallace (2019), rows ADR Tweets of tables 1 and 2; random embeddings instead of
           fastText's, which are not shipped (config.data.vectors takes them).
Command:   python train.py --config=configs/adr_tweets.py --config.data.dir=DIR
           (DIR has adr_tweets.tsv or adr_dataset.csv)
Duration:  not measured here: the tweets may not be passed on.
Expected:  the paper reports a test F1 of 0.61.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "adr_tweets"
    config.data.filter = "paper"
    config.data.min_count = 2
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    config.training.class_weights = True  # one tweet in nine tells of a reaction
    return config
