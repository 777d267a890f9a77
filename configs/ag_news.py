"""AG News with its four classes: an adversary whose strength is known up to an interval.

Paper:     the corpus of Zhang, Zhao & LeCun (2015); Jain & Wallace (2019) use two of its
           classes (configs/ag_news_binary.py).
Command:   python train.py --config=configs/ag_news.py --config.data.dir=DIR
           (without data.dir the official files are downloaded)
Duration:  about a minute on two cores, the tests not counted (30,550 texts).
Expected:  test accuracy 0.890 with a part of the training texts (30,550), seed 0.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "ag_news"
    config.data.min_count = 2
    config.data.max_length = 100
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 64
    config.model.hidden_size = 32  # per direction
    config.training.epochs = 2
    config.training.learning_rate = 3e-3
    return config
