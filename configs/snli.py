"""SNLI: whether a hypothesis follows from a premise; attention is over the premise.

Paper:     Jain & Wallace (2019), rows SNLI of tables 1 and 2: 25 epochs, batches of 128,
           epsilon 0.05; random embeddings instead of GloVe's, which are not shipped
           (config.data.vectors takes them).
Command:   python train.py --config=configs/snli.py --config.data.dir=DIR
           (without data.dir the official archive is downloaded; a part of the training
           pairs is enough, and the report says so)
Duration:  DURATION
Expected:  test accuracy at least 0.60 with 18,000 training pairs; the paper has 0.78 with all.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "snli"
    config.data.min_count = 2
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 25
    config.training.batch_size = 128
    config.training.patience = 4
    config.adversary.epsilon = 0.05
    return config
