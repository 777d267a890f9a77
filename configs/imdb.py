"""IMDB, the Large Movie Review Dataset: the trial of Jain & Wallace.

Paper:     Jain & Wallace (2019), rows IMDB: reviews of fewer than 400 words, a fifth of those
           for testing, words that occur ten times.
Command:   python train.py --config=configs/imdb.py --config.data.dir=DIR
           (without data.dir the official archive, 84 MB, is downloaded)
Duration:  27 minutes of training and 10 of tests on two cores, beside other work.
Expected:  test accuracy 0.892, F1 0.897 after the second of eight epochs (seed 0); the paper
           has F1 0.88.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "imdb"
    config.data.filter = "paper"
    config.data.min_count = 10
    config.data.max_length = 600  # words are counted without punctuation, tokens with it
    config.data.num_buckets = 4
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    # The cost of leaving out each token in turn grows with the square of a text's length.
    config.leave_one_out.limit = 1000
    return config
