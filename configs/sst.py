"""Stanford Sentiment Treebank, binary: the trial of Jain & Wallace on their own split.

Paper:     Jain & Wallace (2019), rows SST of tables 1 and 2; random embeddings instead of
           fastText's, which are not shipped (config.data.vectors takes them).
Command:   python train.py --config=configs/sst.py --config.data.dir=DIR
           (without data.dir the builder downloads the authors' file)
Duration:  about three minutes on two cores.
Expected:  test accuracy at least 0.76, mean over seeds.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "sst"
    config.data.source = "authors_csv"
    config.data.filter = "paper"
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    config.tests = (*config.tests, "capped_adversary")
    return config
