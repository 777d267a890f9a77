"""SST-2 as GLUE has it: 67,349 phrases to train on, 872 sentences to test on.

Paper:     Wang et al. (2019), GLUE. The labels of its own test sentences are not public, so its
           dev sentences are the test split, and dev is cut from the phrases.
Command:   python train.py --config=configs/sst2.py --config.data.dir=DIR
           (without data.dir the official archive is downloaded)
Duration:  DURATION
Expected:  EXPECTED
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "sst2"
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 100
    config.model.hidden_size = 64  # per direction
    config.training.epochs = 3
    return config
