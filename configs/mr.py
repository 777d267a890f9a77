"""MR, sentences of film reviews, positive or negative.

Paper:     Pang & Lee (2005), sentence polarity data set v1.0; no official split: dev and test
           are cut by data.split_seed. The sentences of SST are among these.
Command:   python train.py --config=configs/mr.py --config.data.dir=DIR
           (without data.dir the official archive is downloaded)
Duration:  DURATION
Expected:  EXPECTED
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "mr"
    config.data.min_count = 2
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 100
    config.model.hidden_size = 64  # per direction
    config.training.epochs = 4
    return config
