"""CR, sentences of customer reviews, positive or negative.

Paper:     Hu & Liu (2004), as sentences with their polarity by Kim (2014); no official split:
           dev and test are cut by data.split_seed.
Command:   python train.py --config=configs/cr.py --config.data.dir=DIR
           (without data.dir the files are downloaded)
Duration:  DURATION
Expected:  EXPECTED
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "cr"
    config.data.min_count = 2
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 100
    config.model.hidden_size = 64  # per direction
    config.training.epochs = 8
    return config
