"""20 Newsgroups, baseball against hockey: the trial of Jain & Wallace.

Paper:     Jain & Wallace (2019), rows 20News. Header, signature and quotations are removed, and
           with data.filter "paper" messages of 6 tokens or fewer or 500 or more are left out:
           of 1,993 messages 60 are left empty and 182 are too short or long, 1,751 remain. Dev
           and test are cut anew, as in the paper; data.filter "none" keeps the official split
           by date, which is harder.
Command:   python train.py --config=configs/newsgroups.py --config.data.dir=DIR
           (without data.dir the official archive is downloaded)
Duration:  DURATION
Expected:  test accuracy at least 0.85.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "newsgroups"
    config.data.filter = "paper"
    config.data.digits = "replace"
    config.data.min_count = 2
    config.data.num_buckets = 4
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    return config
