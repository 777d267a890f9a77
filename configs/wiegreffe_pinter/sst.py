"""Stanford Sentiment Treebank, binary: the counter-tests of Wiegreffe & Pinter.

Paper:     Wiegreffe & Pinter (2019), rows SST of tables 2 to 4 and the figures of sections 3
           and 4; random embeddings instead of fastText's (config.data.vectors takes them).
           Their adversary has up to 80 epochs; --config.trained_adversary.epochs=80 gives it.
Command:   python train.py --config=configs/wiegreffe_pinter/sst.py --config.data.dir=DIR
           (without data.dir the builder downloads the authors' file)
Duration:  an hour or two on two cores, and 9 GB for the checkpoints of 8 models at a time.
Expected:  mean F1 of base and uniform within 0.02 of each other.
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
    config.seeds.count = 8
    config.trained_adversary.epochs = 20
    config.tests = (
        "adversary",
        "exact_adversary",
        "uniform",
        "seeds",
        "guides",
        "trained_adversary",
    )
    return config
